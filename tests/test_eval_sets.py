"""The held-out question sets: proved against their articles, of the promised make-up, apart from the project's first set."""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from eval.check import faults, read_articles
from eval.questions import CATEGORIES, Question, load
from eval.train_reader import HELD_OUT_PRACTICE
from index.repair import repair

ROOT = Path(__file__).parent.parent
FIRST = ROOT / "eval" / "questions.jsonl"
FRESH = (ROOT / "eval" / "fresh.jsonl", ROOT / "seeds")
OTHER = (ROOT / "eval" / "other" / "questions.jsonl", ROOT / "eval" / "other" / "articles")
UNSEEN = ROOT / "eval" / "unseen"
UNSEEN_SEEDS = (UNSEEN / "seeds.jsonl", ROOT / "seeds")
UNSEEN_OTHER = (UNSEEN / "questions.jsonl", UNSEEN / "articles")
SETS = {"fresh": FRESH, "other": OTHER, "unseen seeds": UNSEEN_SEEDS, "unseen": UNSEEN_OTHER}
HELD_OUT = pytest.mark.parametrize(("file", "articles"), SETS.values(), ids=SETS)
PRACTICE = sorted((ROOT / "eval" / "practice").glob("*/questions.jsonl"))
COUNTS = {
    "fresh": (14, 8, 10, 12, 10, 8, 8, 30, 4, 6),
    "other": (8, 4, 8, 6, 5, 4, 5, 24, 2, 4),
    "unseen seeds": (10, 6, 8, 9, 7, 6, 6, 12, 3, 3),
    "unseen": (12, 6, 9, 10, 8, 6, 7, 16, 3, 3),
}
OFF_TOPIC = {"fresh": 6, "other": 4}
"""Rows of each category, in the order of CATEGORIES."""


@cache
def mend(text: str) -> str:
    return repair(text).text


@cache
def rows(file: Path) -> tuple[Question, ...]:
    return tuple(load(file))


def sources(questions: tuple[Question, ...]) -> set[str]:
    return {quote.source for row in questions for group in row.evidence for quote in group}


@HELD_OUT
def test_every_quote_and_answer_is_proved(file: Path, articles: Path) -> None:
    found = read_articles(articles, sorted(sources(rows(file))), mend)
    assert faults(rows(file), found, mend, complete=False) == []


@HELD_OUT
def test_every_article_is_asked_about(file: Path, articles: Path) -> None:
    assert sources(rows(file)) == {path.name for path in articles.iterdir()}


@pytest.mark.parametrize("name", SETS)
def test_the_categories(name: str) -> None:
    assert Counter(row.category for row in rows(SETS[name][0])) == dict(zip(CATEGORIES, COUNTS[name], strict=True))


@pytest.mark.parametrize("name", OFF_TOPIC)
def test_most_unanswerable_rows_are_near_misses(name: str) -> None:
    assert Counter(row.id.split("-")[1] for row in rows(SETS[name][0]) if not row.answerable) == {
        "nearmiss": COUNTS[name][CATEGORIES.index("unanswerable")] - OFF_TOPIC[name],
        "offtopic": OFF_TOPIC[name],
    }


@pytest.mark.parametrize("file", PRACTICE, ids=[file.parent.name for file in PRACTICE])
def test_the_practice_questions_are_proved_and_two_fifths_have_no_answer(file: Path) -> None:
    found = read_articles(file.parent / "articles", sorted(sources(rows(file))), mend)
    assert faults(rows(file), found, mend, complete=False) == []
    assert 0.3 <= sum(not row.answerable for row in rows(file)) / len(rows(file)) <= 0.42


CONVERSATIONS = sorted((ROOT / "eval" / "practice").glob("*/conversations.jsonl"))


@pytest.mark.parametrize("file", CONVERSATIONS, ids=[file.parent.name for file in CONVERSATIONS])
def test_the_practice_conversations_are_proved(file: Path) -> None:
    found = read_articles(file.parent / "articles", sorted(sources(rows(file))), mend)
    assert faults(rows(file), found, mend, complete=False) == []
    assert all(row.history and row.standalone for row in rows(file))
    assert {row.category for row in rows(file)} == {"follow_up", "unanswerable"}


def test_every_practice_folder_is_named_and_big_enough() -> None:
    named = re.findall(r"^\| `(\w+)` \|", (ROOT / "eval" / "practice" / "README.md").read_text(), re.MULTILINE)
    assert [file.parent.name for file in PRACTICE] == named and len(named) == 25
    assert all(len(rows(file)) >= 300 for file in PRACTICE)


def test_the_span_reader_was_taught_on_the_others() -> None:
    trained = json.loads((ROOT / "qa" / "data" / "span_reader.json").read_text())["trained on"]
    assert tuple(trained["practice held out"]) == HELD_OUT_PRACTICE
    assert sorted([*trained["practice"], *trained["practice held out"]]) == [file.parent.name for file in PRACTICE]


@HELD_OUT
def test_nothing_can_be_fitted_on_them(file: Path, articles: Path) -> None:
    assert {row.split for row in rows(file)} == {"test"}


def test_no_row_is_of_two_sets() -> None:
    everything = [row for file in (FIRST, *PRACTICE, *(file for file, _ in SETS.values())) for row in rows(file)]
    assert max(Counter(row.id for row in everything).values()) == 1
    assert max(Counter((row.history, row.question.casefold()) for row in everything).values()) == 1
    first = {row.conversation for row in rows(FIRST)} - {""}
    assert not first & {row.conversation for file, _ in SETS.values() for row in rows(file)}


def test_the_articles_are_of_several_formats_and_of_a_readable_length() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in OTHER[1].iterdir()}
    assert Counter(path.suffix for path in texts) == {".md": 6, ".txt": 3, ".html": 1}
    assert [path.name for path, text in texts.items() if text.startswith("---\n")] == ["edith-cordell.md"]
    assert all(250 <= len(mend(text).split()) <= 700 for text in texts.values())
