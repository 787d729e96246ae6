"""Answers kept on disk: asked once, the same again, nothing kept of a failure."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from index.errors import StorageError
from qa.answer import Answerer
from qa.answer_cache import key
from qa.settings import Settings
from qa.types import Answer, Turn
from tests.scripted_model import Scripted, use

CRANE = "How many workers were injured when the crane collapsed?"
SAID = ["Eleven workers were injured. [1] ", "It was a blue crane. [1]"]
USAGE = {"input_tokens": 700, "output_tokens": 20, "total_tokens": 720}
SETTINGS = Settings(model="scripted:model", model_retries=0)
MESSAGES = [("system", "Be brief."), ("user", "Who?")]


def ask(answerer: Answerer, cache: Path, **changes: Any) -> Answer:
    settings = replace(answerer.settings, model="scripted:model", model_retries=0, model_cache=cache, **changes)
    return replace(answerer.with_settings(settings).answer(CRANE), timings_ms={})


def test_a_question_is_asked_once(answerer: Answerer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Scripted(pieces=SAID, usage=USAGE)
    use(monkeypatch, model)
    first = ask(answerer, tmp_path / "cache")
    assert first.usage == {"prompt_tokens": 700, "answer_tokens": 20, "estimated": False}
    assert ask(answerer, tmp_path / "cache") == first and len(model.heard) == 1
    assert len(list((tmp_path / "cache").iterdir())) == 1
    use(monkeypatch, RuntimeError("nothing is set up for an answer that is kept"))
    assert ask(answerer, tmp_path / "cache") == first
    assert ask(answerer, tmp_path / "cache", policy="strict").claims == first.claims[:1]


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", "null", '{"answer": 7}', '{"answer": "", "prompt_tokens": 1, "answer_tokens": 1}']
)
def test_a_damaged_entry_is_replaced(answerer: Answerer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    model = Scripted(pieces=SAID)
    use(monkeypatch, model)
    first = ask(answerer, tmp_path)
    [entry] = tmp_path.iterdir()
    sound = json.loads(entry.read_text())
    entry.write_text(damage)
    assert ask(answerer, tmp_path) == first and len(model.heard) == 2
    assert json.loads(entry.read_text()) | {"seconds": 0} == sound | {"seconds": 0}


@pytest.mark.parametrize(
    "model",
    [Scripted(failure=ConnectionError("refused")), Scripted(pieces=SAID, failure=ConnectionError("cut")), Scripted(pieces=[" "])],
    ids=["at once", "in the middle", "empty"],
)
def test_nothing_is_kept_of_a_failure(
    answerer: Answerer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: Scripted
) -> None:
    use(monkeypatch, model)
    assert ask(answerer, tmp_path / "cache").notices
    assert not (tmp_path / "cache").exists()


def test_without_the_setting_nothing_is_kept(answerer: Answerer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model = Scripted(pieces=SAID)
    use(monkeypatch, model)
    settings = replace(answerer.settings, model="scripted:model")
    for _ in range(2):
        answerer.with_settings(settings).answer(CRANE)
    assert len(model.heard) == 2 and not list(tmp_path.iterdir())


def test_all_that_decides_an_answer_is_in_its_key() -> None:
    changes: list[dict[str, Any]] = [
        {"model": "scripted:other"},
        {"model_url": "http://127.0.0.1:1/v1"},
        {"temperature": 0.5},
        {"max_answer_tokens": 7},
    ]
    keys = [key(replace(SETTINGS, **change), "p", MESSAGES) for change in changes]
    keys += [key(SETTINGS, "p", MESSAGES), key(SETTINGS, "q", MESSAGES), key(SETTINGS, "p", [*MESSAGES, ("user", "Why?")])]
    assert len(set(keys)) == len(keys) and all(len(name) == 64 for name in keys)
    assert key(SETTINGS, "p", MESSAGES) == key(replace(SETTINGS, policy="strict", model_timeout_s=1.0), "p", MESSAGES)


def test_rewritten_questions_are_kept_too(answerer: Answerer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Scripted(pieces=["How many workers were injured when the crane collapsed?"])
    use(monkeypatch, model)
    settings = replace(answerer.settings, model="scripted:model", model_cache=tmp_path, rewrite="model")
    told = [Turn("When did the crane collapse?", "In March 1929. [1]")]
    for _ in range(2):
        answer = answerer.with_settings(settings).answer("And how many were hurt?", told)
        assert answer.standalone_question == CRANE
    assert len(model.heard) == 2 and len(list(tmp_path.iterdir())) == 2


def test_a_folder_that_cannot_be_written_is_told(answerer: Answerer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Scripted(pieces=SAID))
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"model_cache .*file cannot be written"):
        ask(answerer, tmp_path / "file")


def test_the_seconds_of_a_kept_answer_are_told_apart(answerer: Answerer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Scripted(pieces=SAID, delay=0.05))
    asking = answerer.with_settings(replace(answerer.settings, model="scripted:model", model_cache=tmp_path))
    first, again = asking.answer(CRANE).timings_ms, asking.answer(CRANE).timings_ms
    assert "kept" not in first and first["generate"] >= 100
    assert again["kept"] >= 100 and again["generate"] < 100
