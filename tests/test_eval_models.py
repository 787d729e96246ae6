"""A language model beside the extractive reader and a plain chain: the order, the chain, the table, and a run that goes on."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from eval.cli import add_commands
from eval.model_table import in_turn, table
from eval.plain.chain import PlainChain, cited
from eval.questions import Question
from qa.answer import Answerer
from qa.types import Turn
from tests.scripted_model import Scripted, use
from tests.test_cite import passage

CRANE = "How many workers were injured when the crane collapsed?"
WIDTH = "How wide is the bridge?"


def test_the_categories_take_turns_in_a_fixed_order() -> None:
    rows = [Question(f"{name}{n}", name, "?") for name, count in (("a", 40), ("b", 20), ("c", 4)) for n in range(count)]
    order = in_turn(rows)
    assert sorted(q.id for q in order) == sorted(q.id for q in rows) and order == in_turn(rows[::-1])
    for asked in (16, 32, 48):
        counts = Counter(q.category for q in order[:asked])
        assert counts["a"] == pytest.approx(asked * 40 / 64, abs=1) and counts["c"] == pytest.approx(asked * 4 / 64, abs=1)


def test_the_chain_says_what_the_model_says(answerer: Answerer, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Scripted(pieces=["Eleven workers were injured. [1] The crane was blue. [2] See [99]."])
    use(monkeypatch, model)
    answer = PlainChain(answerer.with_settings(replace(answerer.settings, model="scripted:model"))).answer(CRANE)
    assert answer.status == "answered" and answer.answer == "Eleven workers were injured. [1] The crane was blue. [2] See [99]."
    assert [claim.support for claim in answer.claims][:2] == ["quoted", "unsupported"]
    assert [citation.number for citation in answer.citations] == [1, 2]
    system, user = model.heard[0]
    assert user.text == CRANE and "[1] " in system.text and "Eleven workers were injured" in system.text


@pytest.mark.parametrize("question", [CRANE, "Who built the lighthouse, and what did the Orrin Bridge cost?"])
def test_the_chain_is_given_the_passages_that_ours_answers_from(
    answerer: Answerer, monkeypatch: pytest.MonkeyPatch, question: str
) -> None:
    model = Scripted(pieces=["Nothing."])
    use(monkeypatch, model)
    chain = PlainChain(answerer.with_settings(replace(answerer.settings, model="scripted:model")))
    chain.answer(question)
    ours = dict(answerer.stream(question))["retrieval"]
    context = model.heard[0][0].text.partition("Context:\n")[2]
    assert context == "\n\n".join(f"[{n}] {passage.text}" for n, passage in enumerate(ours, 1))


@pytest.mark.parametrize("said", ["I don't know.", "I do not know the answer.", "The articles do not answer this question."])
def test_the_chain_may_not_know(answerer: Answerer, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    use(monkeypatch, Scripted(pieces=[said]))
    chain = PlainChain(answerer.with_settings(replace(answerer.settings, model="scripted:model")))
    assert chain.answer(CRANE, [Turn("When did the crane collapse?")]).status == "abstained"


def test_a_citation_of_the_chain_is_a_whole_passage() -> None:
    shown = [passage("a", "One.", "Two."), passage("b", "Three.")]
    assert [(c.number, c.quote) for c in cited("So [2]. And [2][1]. [7]", shown)] == [(2, "Three."), (1, "One. Two.")]


def test_a_run_is_kept_and_goes_on(
    answerer: Answerer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import argparse

    model = Scripted(reply=lambda messages: "Eleven workers were injured. [1] The crane was blue. [1]")
    use(monkeypatch, model)
    monkeypatch.chdir(tmp_path)
    quote = {"source": "articles/bridge.txt", "quote": "Eleven workers were injured when a crane collapsed in March 1929."}
    row = {"id": "q1", "category": "single_fact", "question": CRANE, "gold": [["eleven"]], "evidence": [[quote]]}
    rows = [
        row,
        row | {"id": "q2", "category": "unanswerable", "question": "What does tungsten cost?", "gold": [], "evidence": []},
    ]
    Path("questions.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    Path("page.md").write_text("a\n<!-- models -->\nold\n<!-- /models -->\nb\n")
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers())

    def run(*more: str) -> dict[str, Any]:
        common = (
            "eval",
            "models",
            "--questions",
            "questions.jsonl",
            "--index",
            str(answerer.settings.index),
            "--model",
            "scripted:m",
        )
        arguments = parser.parse_args([*common, "--keep", "kept.json", "--write", "page.md", *more])
        assert arguments.run(arguments) == 0
        return json.loads(Path("kept.json").read_text())

    kept = run()
    asked = len(model.heard)
    again = run()
    assert len(model.heard) == asked == 3, "ours once, and the chain twice: ours does not ask what the articles do not answer"
    figures = again["systems"]
    assert list(figures) == [
        "extractive",
        *(f"scripted:m, {policy}" for policy in ("flag", "strict", "repair")),
        *list(figures)[4:],
    ]
    assert figures["scripted:m, flag"]["unsupported"]["mean"] == 0.5 and figures["scripted:m, strict"]["unsupported"]["mean"] == 0
    assert figures["extractive"]["correct"]["mean"] == figures["scripted:m, strict"]["correct"]["mean"] == 1
    assert figures["scripted:m, plain LangChain chain"]["correct"]["mean"] == 0.5
    assert {name: f["correct"] for name, f in figures.items()} == {name: f["correct"] for name, f in kept["systems"].items()}
    page = Path("page.md").read_text()
    assert page.startswith("a\n<!-- models -->\n| System |") and page.endswith("<!-- /models -->\nb\n") and "old" not in page
    assert "2 of 2 questions" in page and table(again) in capsys.readouterr().out
    assert json.loads(Path("reports/models.json").read_text())["rows"]["extractive"][0]["usage"] == {}
