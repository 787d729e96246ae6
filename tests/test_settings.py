"""Settings: where each value comes from, what is allowed, and what a wrong one says."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from index.errors import UsageError
from qa.settings import Settings, default_index, describe, from_text, load


def toml(folder: Path, text: str) -> Path:
    (folder / "qa.toml").write_text(text, encoding="utf-8")
    return folder


def test_flag_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    toml(tmp_path, "passages = 5\nmax_sentences = 2\nthreshold = 0.1\n")
    settings = load({"passages": 7, "mode": None}, {"QA_PASSAGES": "6", "QA_THRESHOLD": "0.2", "PASSAGES": "9"}, tmp_path)
    assert (settings.passages, settings.threshold, settings.max_sentences, settings.mode) == (7, 0.2, 2, "hybrid")


def test_paths_of_a_file_are_relative_to_it(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    toml(tmp_path / "a", 'index = "ix"\narticles = "/elsewhere"\n')
    settings = load({}, {}, inner)
    assert (settings.index_path, settings.articles) == (tmp_path / "a" / "ix", Path("/elsewhere"))
    assert load({}, {"QA_INDEX": "ix"}, inner).index == Path("ix")


def test_the_nearest_file_counts_alone_and_qa_config_names_another(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    toml(tmp_path, "passages = 3\nmax_sentences = 2\n")
    toml(inner, "passages = 4\n")
    assert (load({}, {}, inner).passages, load({}, {}, inner).max_sentences) == (4, 4)
    assert load({}, {"QA_CONFIG": str(tmp_path / "qa.toml")}, inner).passages == 3
    with pytest.raises(UsageError, match=r"QA_CONFIG names .*nowhere, which is not a file"):
        load({}, {"QA_CONFIG": str(tmp_path / "nowhere")}, inner)


def test_without_any_source_there_are_the_defaults(tmp_path: Path) -> None:
    settings = load({}, {}, tmp_path)
    assert settings == Settings()
    assert settings.index_path == default_index() and settings.index_path.name == "index"
    with pytest.raises(FrozenInstanceError):
        settings.passages = 9  # type: ignore[misc]


def test_text_becomes_what_the_setting_is() -> None:
    assert from_text("passages", "12") == 12
    assert from_text("threshold", "1e-1") == 0.1
    assert [from_text("allow_stale", text) for text in ("1", "TRUE", " on ", "no", "0", "")] == [True] * 3 + [False] * 3
    assert from_text("include", "*.md, notes/*.txt,") == ("*.md", "notes/*.txt")
    assert from_text("index", "some/where") == Path("some/where")
    assert from_text("model", "openai:gpt-4o") == "openai:gpt-4o"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("passages", "0", "passages in --passages is out of range: 0"),
        ("passages", "101", "out of range: 101"),
        ("passages", "2.5", "must be a whole number, not '2.5'"),
        ("threshold", "much", "must be a number, not 'much'"),
        ("threshold", "1.5", "out of range: 1.5"),
        ("threshold", "nan", "out of range: nan"),
        ("max_file_mb", "inf", "out of range: inf"),
        ("model_timeout_s", "-1", "model_timeout_s in --model-timeout-s is out of range"),
        ("mode", "magic", "must be one of hybrid, dense, lexical, not 'magic'"),
        ("allow_stale", "maybe", "must be true or false, not 'maybe'"),
        ("colour", "red", "unknown setting 'colour' in --colour; `qa settings` lists them all"),
    ],
)
def test_a_wrong_value_is_named_with_its_place(name: str, text: str, said: str) -> None:
    with pytest.raises(UsageError) as told:
        from_text(name, text)
    assert said in str(told.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("passages = true", "must be a whole number, not True"),
        ("passages = '5'", "must be a whole number, not '5'"),
        ("allow_stale = 1", "must be true or false, not 1"),
        ("include = '*.md'", "must be a list of texts, not '*.md'"),
        ("include = [1]", "must be a list of texts, not [1]"),
        ("threshold = inf", "out of range: inf"),
        ("[qa]\npassages = 5", "unknown setting 'qa'"),
        ("colour = 'red'", "unknown setting 'colour' in "),
        ("passages = ", "cannot be read as TOML: "),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as told:
        load({}, {}, toml(tmp_path, text))
    assert said in str(told.value) and str(tmp_path / "qa.toml") in str(told.value)


def test_a_file_that_is_not_utf8_is_told(tmp_path: Path) -> None:
    (tmp_path / "qa.toml").write_bytes(b"model = '\xff'")
    with pytest.raises(UsageError, match="cannot be read as TOML"):
        load({}, {}, tmp_path)


def test_toml_numbers_and_lists_fit(tmp_path: Path) -> None:
    settings = load({}, {}, toml(tmp_path, f"max_file_mb = 5\ninclude = {json.dumps(['*.md'])}\nthreshold = 1\n"))
    assert (settings.max_file_mb, settings.include, settings.threshold) == (5.0, ("*.md",), 1.0)
    assert isinstance(settings.max_file_mb, float)


def test_every_setting_is_described_and_no_key_is_shown() -> None:
    rows = {
        name: (value, help) for name, value, help in describe(Settings(api_keys=("hush", "hush2"), include=("*.md", "*.txt")))
    }
    assert set(rows) == set(Settings.__dataclass_fields__) and all(help for _, help in rows.values())
    assert rows["api_keys"][0] == "(2 set, not shown)"
    assert (rows["include"][0], rows["index"][0], rows["allow_stale"][0]) == ("*.md, *.txt", str(default_index()), "False")
