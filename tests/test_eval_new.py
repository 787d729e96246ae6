"""The guided prompt and the judge, with typed input and a scripted model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from eval.judge import judge, messages, read_verdict
from eval.new import spread, write_questions
from eval.questions import Question, load
from index.errors import ModelError
from qa.types import Answer
from tests.eval_double import FACTS, PASSAGES


def typed(*lines: str) -> Callable[[str], str]:
    left = list(lines)

    def ask(prompt: str) -> str:
        if not left:
            raise EOFError
        return left.pop(0)

    return ask


def test_a_row_with_its_gold_quote(tmp_path: Path) -> None:
    path, said = tmp_path / "mine.jsonl", []
    number = spread(PASSAGES, 0)[0].id.removeprefix("p")
    ask = typed("Who took it?", f"captain {number} | column of captain {number}", "1", "none: Who paid?", "quit")
    assert write_questions(PASSAGES, path, ask, said.append) == 2
    fact, none = load(path)
    assert (fact.id, fact.category, fact.gold) == (
        "fact-001",
        "single_fact",
        ((f"captain {number}", f"column of captain {number}"),),
    )
    assert fact.evidence[0][0].quote == FACTS[int(number)]
    assert (none.id, none.question, none.answerable) == ("unanswerable-001", "Who paid?", False)
    assert any(FACTS[int(number)] in line for line in said)


def test_a_faulty_row_is_asked_again(tmp_path: Path) -> None:
    path, said = tmp_path / "mine.jsonl", []
    number = spread(PASSAGES, 0)[0].id.removeprefix("p")
    ask = typed("Who?", "Napoleon", "1", "Who?", f"captain {number}", "1")
    assert write_questions(PASSAGES, path, ask, said.append) == 1
    assert any("'Napoleon' is in none of its quotes" in line for line in said)


def test_every_article_comes_early() -> None:
    from dataclasses import replace

    two = [*PASSAGES, *(replace(p, source="other.txt") for p in PASSAGES[:3])]
    order = spread(two, 3)
    assert {p.source for p in order[:2]} == {"seeds/facts.txt", "other.txt"}
    assert len(order) == 43
    assert order == spread(two, 3)


QUESTION = Question("fact-001", "single_fact", "Who took it?", (("captain 1",),))
ANSWER = Answer(QUESTION.question, QUESTION.question, "answered", "Captain 1 did. [1]", 0.9)


def test_the_judge_reads_verdicts() -> None:
    assert read_verdict('Well: {"x": 1} {"correct": true, "faithful": false, "why": "w"} done') == {
        "correct": True,
        "faithful": False,
        "why": "w",
    }
    assert read_verdict('{"correct": "yes"}') is None
    assert read_verdict("{torn") is None


def test_the_judge_tries_again_and_then_gives_up() -> None:
    replies = iter(["hm", '{"correct": true, "faithful": true}'])
    assert judge(lambda asked: next(replies))(QUESTION, ANSWER)["correct"] is True
    with pytest.raises(ModelError, match="no verdict on fact-001"):
        judge(lambda asked: "hm")(QUESTION, ANSWER)


def test_the_judge_sees_the_answer_without_markers() -> None:
    text = messages(QUESTION, ANSWER)[-1][1]
    assert "Captain 1 did.\n" in text
    assert "captain 1" in text
