"""Rows, their split, and the proof of a set against articles."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from eval.check import content_stems, faults, read_articles
from eval.questions import Question, Quote, from_dict, load, select, to_dict
from index.errors import UsageError

ARTICLE = "The rebels took  the city\nof Gao on 26 June, when 1,500 men fled. France 52 killed. Mali 52 killed."
FOLDED = {"000.txt": " ".join(ARTICLE.split())}
ROW = Question(
    "fact-001", "single_fact", "Which town fell?", (("Gao",),), ((Quote("000.txt", "rebels took the city of Gao on 26 June"),),)
)

SPLITS = ["test", "dev", "test", "dev", "dev", "test"]
"""Of fact-001 to fact-006, worked out with sha256sum: an even first byte is dev."""


def same(text: str) -> str:
    return text


def check(*rows: Question) -> list[str]:
    return faults(rows, FOLDED, same, complete=False)


def test_a_good_row_has_no_fault() -> None:
    assert check(ROW) == []
    assert check(replace(ROW, gold=(("26 June",),))) == []


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"evidence": ((Quote("000.txt", "rebels took the city of Kidal"),),)}, "does not say"),
        ({"evidence": ((Quote("999.txt", "rebels took the city"),),)}, "999.txt is not an article"),
        ({"evidence": ((Quote("000.txt", "52 killed"),),), "gold": (("52",),)}, "stands 2 times"),
        ({"gold": (("Gao", "Kidal"),)}, "'Kidal' is in none of its quotes"),
        ({"gold": (("2",),)}, "'2' is in none of its quotes"),
        ({"gold": ()}, "no gold answer"),
        ({"evidence": (), "gold": ()}, "no evidence"),
        ({"category": "facts"}, "is not one of"),
        ({"category": "conflict"}, "for each side"),
        ({"category": "multi_hop"}, "two groups of evidence"),
        ({"category": "follow_up"}, "one to 6 earlier questions"),
        ({"category": "follow_up", "history": ("What?",), "conversation": "c"}, "standalone wording"),
        ({"category": "follow_up", "history": ("What?",), "standalone": "s"}, "names its conversation"),
        ({"history": ("What?",)}, "only a follow-up has a history"),
        ({"category": "unanswerable", "kind": "plausible"}, "has no gold"),
        ({"category": "unanswerable", "gold": (), "evidence": ()}, "kind must be one of"),
        ({"category": "paraphrase", "question": "Which cities did the rebel side seize?"}, "shares citi, rebel"),
    ],
)
def test_each_fault_is_named(changes: dict, wanted: str) -> None:
    found = check(replace(ROW, **changes))
    assert any(wanted in fault for fault in found), found
    assert all(fault.startswith("fact-001: ") for fault in found)


def test_ids_and_questions_are_unique() -> None:
    found = check(ROW, ROW)
    assert found == ["fact-001: the id is used 2 times", "the question 'which town fell?' is asked 2 times"]


def test_the_whole_set_has_a_size() -> None:
    found = faults([ROW], FOLDED, same)
    assert "there are 1 questions, fewer than 200" in found
    assert "list has 0 questions, fewer than 15" in found


def test_quotes_go_through_the_repair_of_the_articles() -> None:
    def repair(text: str) -> str:
        return text.replace("🇫🇷", "France")

    row = replace(ROW, evidence=((Quote("000.txt", "🇫🇷 52 killed"),),), gold=(("52",),))
    assert faults([row], FOLDED, repair, complete=False) == []


def test_articles_are_read_repaired_and_folded(tmp_path: Path) -> None:
    folder = tmp_path / "seeds"
    folder.mkdir()
    (folder / "000.txt").write_text(ARTICLE, encoding="utf-8")
    found = read_articles(folder, ["000.txt", "seeds/000.txt", "none.txt"], str.upper)
    assert found == {name: FOLDED["000.txt"].upper() for name in ("000.txt", "seeds/000.txt")}
    with pytest.raises(UsageError, match="no folder of articles"):
        read_articles(tmp_path / "none", [], same)


def test_content_stems() -> None:
    assert content_stems("Who were the fighters that didn't flee in 2012?") == {"fighter", "flee", "2012"}
    assert content_stems("Which fighter is fleeing?") == {"fighter", "flee"}


def test_the_split_is_by_conversation_and_stable() -> None:
    turns = [replace(ROW, id=f"followup-{n}", conversation="conv-07") for n in range(5)]
    assert len({row.split for row in turns}) == 1
    assert [Question(f"fact-{n:03d}", "single_fact", "q").split for n in range(1, 7)] == SPLITS
    dev = sum(Question(f"q-{n}", "single_fact", "q").split == "dev" for n in range(2000))
    assert 900 < dev < 1100


def test_rows_come_back_from_json() -> None:
    row = replace(ROW, category="follow_up", history=("a", "b"), conversation="c", standalone="s", about="x")
    assert from_dict(json.loads(json.dumps(to_dict(row)))) == row
    unanswerable = Question("unanswerable-001", "unanswerable", "q", kind="near_miss", answerable=False)
    assert from_dict(to_dict(unanswerable)) == unanswerable


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("{", "line 2 is not JSON"),
        ('{"id": "a", "category": "list"}', "line 2 is not a question: 'question'"),
        ('{"id": "a", "category": "list", "question": "q", "gould": []}', "unknown fields gould"),
        ('{"id": "a", "category": "list", "question": "q", "gold": ["Gao"]}', "gold must hold lists of texts"),
        ('{"id": "a", "category": "list", "question": " "}', "question must be a text"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, wanted: str) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(json.dumps(to_dict(ROW)) + "\n" + line + "\n", encoding="utf-8")
    with pytest.raises(UsageError, match=wanted):
        load(path)


def test_select() -> None:
    rows = [replace(ROW, id=f"fact-{n:03d}") for n in range(1, 7)]
    assert [row.id for row in select(rows, "dev")] == ["fact-002", "fact-004", "fact-005"]
    assert select(rows, "all", ["single_fact"]) == rows
    with pytest.raises(UsageError, match="category poem"):
        select(rows, "all", ["poem"])
    with pytest.raises(UsageError, match="no question is left"):
        select(rows[:1], "dev")
