"""What is printed, and what never is: colour outside a terminal, and control characters anywhere."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from qa.terminal import Bar, note, paint, print_answer, print_check, print_json, print_passages, print_stream, safe
from qa.types import Answer, Citation, Claim, Conflict, ConflictValue, ShownPassage
from qa.verify import Check

EVIL = "\x1b[31mred\x1b[0m\x07 \x9b2J\x7f \u202eback\u202c\r end"
TAME = "[31mred[0m 2J back end"
CITATION = Citation(1, "articles/a.txt", "00", "Orrin", ("Deck", "Old"), "It is wide.", 3, 14, 2, "p1")
ANSWER = Answer(
    "How wide?",
    "How wide?",
    "answered",
    "It is wide. [1] It is red.",
    0.876,
    (Claim("It is wide.", 0, 11, (1,), "quoted"), Claim("It is red.", 16, 26, (), "unsupported")),
    (CITATION,),
    timings_ms={"total": 12.4},
)


class Screen(io.TextIOWrapper):
    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    def isatty(self) -> bool:
        return True

    @property
    def shown(self) -> str:
        return self.buffer.getvalue().decode()  # type: ignore[attr-defined]


def terminal(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """Standard output is a terminal of 40 columns from here on."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")
    screen = Screen()
    monkeypatch.setattr(sys, "stdout", screen)
    return screen


def test_what_a_terminal_obeys_is_taken_out_and_nothing_else() -> None:
    assert safe(EVIL) == TAME
    kept = "Tab\tand line\nGāo — 日本 ‘x’ é\u0301 \u200f👩‍🌾"
    assert safe(kept) == kept


def test_an_answer_as_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_answer(ANSWER)
    assert capsys.readouterr().out == (
        "It is wide. [1] It is red. (unsupported)\n\n[1] articles/a.txt:2  Orrin › Deck › Old\n    “It is wide.”\n\n"
        "answered, confidence 0.88, 12 ms\n"
    )


def test_an_answer_as_it_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    events = [("retrieval", ()), *(("claim", claim) for claim in ANSWER.claims), ("answer", ANSWER)]
    shown = []
    assert print_stream(shown.append(capsys.readouterr().out) or event for event in events) is ANSWER  # type: ignore[func-returns-value]
    assert shown == ["", "", "It is wide. [1]\n", "It is red. (unsupported)\n"]
    whole = "[1] articles/a.txt:2  Orrin › Deck › Old\n    “It is wide.”\n\nanswered, confidence 0.88, 12 ms\n"
    assert capsys.readouterr().out == f"\n{whole}"


def test_what_a_failing_model_said_is_taken_back(capsys: pytest.CaptureFixture[str]) -> None:
    blue = ("claim", Claim("It is \x1b[31mblue.", 0, 11, (), "unsupported"))
    after = [("claim", claim) for claim in ANSWER.claims]
    print_stream([blue, ("discard", "the model\x1b[2J failed"), *after, ("answer", ANSWER)])
    out = capsys.readouterr().out
    assert out.startswith(
        "It is [31mblue. (unsupported)\n(the model[2J failed: what stands above does not count)\nIt is wide. [1]\n"
    )
    print_stream([blue, ("claim", ANSWER.claims[0]), ("answer", ANSWER)])
    out = capsys.readouterr().out
    assert out.startswith("It is [31mblue. (unsupported)\nIt is wide. [1]\n(what stands above does not count)\n")
    print_answer(ANSWER)
    assert out.endswith(capsys.readouterr().out)


def test_what_a_reader_must_know_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    answer = replace(
        ANSWER,
        standalone_question="How wide is Orrin?",
        status="conflicting",
        conflicts=(Conflict("width", (ConflictValue("5 m", (1,)), ConflictValue("6 m", (1, 2)))),),
        unresolved_markers=("[9]",),
        notices=("the model failed",),
    )
    print_answer(answer, first=False, heading=True)
    out, err = capsys.readouterr()
    assert out.startswith("\nHow wide?\n(understood as: How wide is Orrin?)\nIt is wide. [1] It is red. (unsupported)\n")
    assert "sources disagree on width: 5 m [1] / 6 m [1][2]\nmarkers that name no shown passage: [9]\n" in out
    assert err == "qa: the model failed\n"


def test_an_abstention_shows_the_nearest_passages(capsys: pytest.CaptureFixture[str]) -> None:
    passages = tuple(ShownPassage(f"p{n}", "a.txt", "", (), f"Passage {n}.", 0.5 - n / 10, 0, 10, n) for n in range(1, 5))
    print_answer(replace(ANSWER, status="abstained", answer="Unknown.", claims=(), citations=(), passages=passages))
    out = capsys.readouterr().out
    assert out.startswith("Unknown.\nnearest passages:\n 1. 0.400  a.txt:1  \n    Passage 1.\n")
    assert "Passage 3." in out and "Passage 4." not in out


def test_nothing_from_a_file_or_model_moves_the_cursor(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = terminal(monkeypatch)
    citation = Citation(1, f"{EVIL}.txt", EVIL, EVIL, (EVIL,), EVIL, 0, 1, 1, EVIL)
    passage = ShownPassage(EVIL, EVIL, EVIL, (EVIL,), EVIL, 0.5, 0, 1, 1)
    conflict = Conflict(EVIL, (ConflictValue(EVIL, (1,)),))
    claims = (Claim(EVIL, 0, len(EVIL), (1,), "unsupported"),)
    evil = Answer(
        EVIL, EVIL + "?", "conflicting", EVIL, 0.5, claims, (citation,), (conflict,), (passage,), (EVIL,), EVIL, notices=(EVIL,)
    )
    print_answer(evil, heading=True)
    print_answer(replace(evil, status="abstained", claims=()))
    print_passages([passage])
    print_check(Check(citation, "moved", 1, 2, 3))
    print_check(Check(citation, "gone"), as_json=True)
    print_json(evil.to_dict())
    ours = screen.shown.replace("\x1b[0m", "")
    for style in ("1", "2", "31", "32", "33", "36"):
        ours = ours.replace(f"\x1b[{style}m", "")
    assert not set(ours) & set("\x1b\x07\x9b\x7f\u202e\u202c\r")
    assert "[31mred[0m" in ours
    assert not set(capsys.readouterr().err) & set("\x1b\x07\x9b\x7f\u202e\u202c\r")


def test_json_keeps_what_it_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"text": EVIL + "\u2028é日"}
    print_json(value)
    out = capsys.readouterr().out
    assert json.loads(out) == value and len(out.splitlines()) == 1 and "é日" in out


def test_colour_is_for_terminals_that_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal(monkeypatch)
    assert paint("x", "bold", "red") == "\x1b[1;31mx\x1b[0m" and paint("", "red") == ""
    assert paint("x", "red", stream=io.StringIO()) == "x"
    monkeypatch.setenv("TERM", "dumb")
    assert paint("x", "red") == "x"
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "")
    assert paint("x", "red") == "x"


def test_lines_fit_the_terminal_and_only_there(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = terminal(monkeypatch)
    long = replace(ANSWER, answer="word " * 60 + "[1]", claims=(Claim("word", 0, 4, (1,), "quoted"),))
    print_answer(long)
    assert max(map(len, screen.shown.split("\n\n")[0].splitlines())) <= 40


def test_a_check_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_check(Check(CITATION, "same", 3, 14, 2))
    print_check(Check(CITATION, "moved", 9, 20, 7))
    print_check(Check(CITATION, "moved", 9, 20, 7, "articles/b.txt"))
    print_check(Check(CITATION, "moved", 9, 20, 7, "articles/b.txt"), as_json=True)
    same, moved, renamed, record = capsys.readouterr().out.splitlines()
    assert same == "same    [1] articles/a.txt:2  “It is wide.”"
    assert moved == "moved   [1] articles/a.txt:2 (now line 7)  “It is wide.”"
    assert renamed == "moved   [1] articles/a.txt:2 (now in articles/b.txt:7)  “It is wide.”"
    place = {"start": 9, "end": 20, "line": 7, "source": "articles/b.txt"}
    assert json.loads(record) | {"citation": None} == {"citation": None, "state": "moved"} | place


def test_notes_and_bars_stay_out_of_the_output(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    note(f"{EVIL}")
    with Bar() as bar:
        bar("reading", 1, 2)
    assert capsys.readouterr() == ("", f"qa: {TAME}\n")
