"""What counts as the same words, and when a passage covers a quote."""

from __future__ import annotations

import pytest

from eval.matching import answers_gold, cited_groups, covered_groups, holds, longest_run, same_source, shows_conflict
from eval.normalise import contains, normalise, without_markers, words
from eval.questions import Question, Quote
from qa.types import Answer, Citation, Conflict, ConflictValue


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Amadou  Toumani\nTouré", "amadou toumani toure"),
        ("2017–present", "2017-present"),
        ("2,000 and 1,234,567", "2000 and 1234567"),
        ("1\u202f500", "1500"),
        ("3,14", "3,14"),
        ("12,34,567", "12,34,567"),
        ("Mali’s “army”", 'mali\'s "army"'),
        ("STRASSE Straße", "strasse strasse"),
    ],
)
def test_normalise(text: str, wanted: str) -> None:
    assert normalise(text) == wanted


@pytest.mark.parametrize(
    ("text", "part", "wanted"),
    [
        ("fought in Gao.", "gao", True),
        ("the Gaoans", "Gao", False),
        ("40 were captured", "40", True),
        ("140 were captured", "40", False),
        ("1,500 to 2,000 men", "2000", True),
        ("2,000 men", "000", False),
        ("a rate of 4.5", "4", False),
        ("a rate of 4.5", "5", False),
        ("it was 4.", "4", True),
        ("26–28 June", "26-28 june", True),
        ("cost $5 (five)", "$5", True),
        ("anything", "", False),
    ],
)
def test_contains(text: str, part: str, wanted: bool) -> None:
    assert contains(text, part) is wanted


def test_markers_do_not_answer() -> None:
    assert without_markers("It fell. [1] [12] Then [x].") == "It fell. Then [x]."
    assert words("**Gao** fell, at last") == ("gao", "fell", "at", "last")


def test_a_quote_is_held_whole_or_for_the_most_part() -> None:
    quote = words("one two three four five six seven eight nine ten")
    assert holds(words("zero one two three four five six elsewhere"), quote, 0.6), "six of ten in one run"
    assert not holds(words("one two three four five elsewhere"), quote, 0.6)
    assert not holds(words("one two three x four five six"), quote, 0.6), "the run is broken"
    assert not holds(words("52 killed"), words("France 52 killed"), 0.6), "short quotes must be held whole"
    assert not holds((), quote, 0.6)
    assert longest_run(list("abcxdef"), list("abcdef")) == 3


def test_source_names() -> None:
    assert same_source("seeds/000.txt", "000.txt")
    assert same_source("a/000.txt", "a/000.txt")
    assert not same_source("seeds/1000.txt", "000.txt")
    assert not same_source("a/000.txt", "b/000.txt")


def upper_repair(text: str) -> str:
    return text.replace("√©", "é")


TWO = Question(
    "fact-001",
    "multi_hop",
    "who?",
    gold=(("Gao",), ("four", "4")),
    evidence=(
        (Quote("000.txt", "the city of Gao fell to the rebels"), Quote("001.txt", "Gao was taken by the rebels")),
        (Quote("000.txt", "4 killed"),),
    ),
)


def test_covered_groups_need_the_right_file() -> None:
    assert covered_groups(TWO, "seeds/000.txt", "In June **the city of Gao** fell to\nthe rebels; 4 killed.", upper_repair) == {
        0,
        1,
    }
    assert covered_groups(TWO, "001.txt", "the city of Gao fell to the rebels", upper_repair) == frozenset()
    assert covered_groups(TWO, "001.txt", "Later Gao was taken by the rebels.", upper_repair) == {0}


def citation(source: str, quote: str, number: int = 1) -> Citation:
    return Citation(number, source, "", "", (), quote, 0, 1, 1, "")


def test_cited_groups() -> None:
    assert cited_groups(TWO, citation("000.txt", "In 2012 the city of Gao fell to the rebels of Azawad."), upper_repair) == {0}
    assert cited_groups(TWO, citation("000.txt", "the city of Gao"), upper_repair) == {0}, "a citation inside the gold quote"
    assert cited_groups(TWO, citation("000.txt", "of Gao fell to others"), upper_repair) == {0}, "four of eight words"
    assert cited_groups(TWO, citation("000.txt", "Gao fell and nothing else happened"), upper_repair) == frozenset()
    assert cited_groups(TWO, citation("002.txt", "the city of Gao fell to the rebels"), upper_repair) == frozenset()


def test_gold_answers_need_every_group() -> None:
    assert answers_gold("Gao, 4 dead", TWO.gold)
    assert not answers_gold("Gao", TWO.gold)
    assert not answers_gold("anything", ())


def conflict_answer(*values: tuple[str, tuple[int, ...]]) -> Answer:
    conflict = Conflict("dead", tuple(ConflictValue(text, numbers) for text, numbers in values))
    citations = (citation("a", "26 soldiers died", 1), citation("b", "41 soldiers died", 2), citation("c", "26 or 41 died", 3))
    return Answer("q", "q", "conflicting", "26 or 41", 0.5, citations=citations, conflicts=(conflict,))


def test_a_conflict_needs_a_value_for_each_side() -> None:
    question = Question("conflict-001", "conflict", "how many died?", gold=(("26",), ("41", "forty-one")))
    assert shows_conflict(question, conflict_answer(("26", (1,)), ("41", (2,))))
    assert shows_conflict(question, conflict_answer(("some", (1,)), ("others", (2,)))), "by the cited quotes"
    assert not shows_conflict(question, conflict_answer(("26", (1,)), ("27", ())))
    assert not shows_conflict(question, conflict_answer(("many", (3,)), ("few", ()))), "one value cannot be both sides"
    assert not shows_conflict(question, Answer("q", "q", "answered", "26 or 41", 0.5))
