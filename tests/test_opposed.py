"""Pairs of values that both answer: what a sentence gives, which two are compared, what is read for it, and what a model makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from eval import fit_opposed
from eval.conflicts import load as load_by_hand
from eval.questions import Question, Quote
from index.types import Passage, Sentence
from qa import opposed
from qa.opposed import MORE, Fitted, Pair, paired
from qa.paired import FEATURES
from qa.reader import Logistic
from qa.said import said, unlike
from qa.span_reader import Span
from qa.statements import Told, ask, set_among

FERRIES = "How many ferries does the Lorne line run?"


def told(name: str, text: str, points_at: str = "", score: float = 5.0, probability: float = 0.5) -> Told:
    """A sentence that is a passage, an article and a likely answer of its own; the span reader points at a part of it."""
    start = text.index(points_at) if points_at else 0
    span = Span(score, start, start + len(points_at)) if points_at else None
    item = Passage(name, f"{name}.md", "0", "", (), "prose", (Sentence(text, text, 0, 1, 1, ""),))
    return set_among((item, 0), probability, 0.8, span)


def given(question: str, text: str, points_at: str) -> tuple[str, str]:
    """(kind, as written) of what a sentence gives."""
    found = said(ask(question, []), told("a", text, points_at), 0)
    assert found
    return found.value.kind, found.written


def none_read(places: Sequence[tuple[Passage, int]]) -> list[Span]:
    raise AssertionError("nothing is to be read")


def pairs(question: str, *sentences: Told) -> list[Pair]:
    return paired(question, sentences, none_read)


def written(found: Sequence[Pair]) -> list[tuple[str, str]]:
    return [(pair.one.said.written, pair.other.said.written) for pair in found]


@pytest.mark.parametrize(
    ("question", "text", "points_at", "kind", "as_written"),
    [
        (FERRIES, "The Lorne line runs seven ferries.", "seven", "number", "seven ferries"),
        ("When was the mill built?", "The mill was built on 3 May 1911 by hand.", "3 May 1911 by hand", "date", "3 May 1911"),
        ("When was the treaty signed?", "It was signed on the tenth.", "tenth", "date", "tenth"),
        ("How long is the Orsk line?", "The 418-kilometre Orsk line is old.", "418-kilometre", "number", "418-kilometre"),
        ("Why did the dam break?", "The dam broke after 3 days of rain.", "rain", "words", "rain"),
        ("What does a ticket cost?", "A ticket costs 4 crowns.", "4 crowns", "number", "4 crowns"),
        ("Did the mill burn?", "The mill lost 3 roofs.", "lost 3 roofs", "words", "lost 3 roofs"),
    ],
)
def test_what_a_sentence_gives(question: str, text: str, points_at: str, kind: str, as_written: str) -> None:
    assert given(question, text, points_at) == (kind, as_written)


def test_nothing_is_given_by_a_sentence_that_was_not_read() -> None:
    assert said(ask(FERRIES, []), told("a", "The Lorne line runs seven ferries."), 0) is None


@pytest.mark.parametrize(
    ("question", "one", "other", "expected"),
    [
        ("How deep is Lake Orsk?", ("Depth: 143", "143"), ("It is 151 metres deep.", "151 metres"), True),
        ("How deep is Lake Orsk?", ("Depth: 151", "151"), ("It is 151 metres deep.", "151 metres"), False),
        (FERRIES, ("It runs about 500 ferries.", "about 500"), ("It runs some 700 ferries.", "some 700"), True),
        (FERRIES, ("It runs about 680 ferries.", "about 680"), ("It runs some 700 ferries.", "some 700"), False),
        (FERRIES, ("It runs more than 60 ferries.", "60"), ("It runs 70 ferries.", "70"), False),
        ("When did it sail?", ("It sailed in 1911.", "1911"), ("It sailed on 3 May 1911.", "3 May 1911"), False),
        ("When did it sail?", ("It sailed in 1912.", "1912"), ("It sailed on 3 May 1911.", "3 May 1911"), True),
        ("At what hour did it sail?", ("It sailed at 05:42.", "05:42"), ("It sailed at 05:47.", "05:47"), True),
        ("Why did it sink?", ("A loose hatch sank it.", "loose hatch"), ("The hatch was open.", "hatch was open"), False),
        ("Why did it sink?", ("A loose hatch sank it.", "loose hatch"), ("Overloading sank it.", "Overloading"), True),
        ("Why did it sink?", ("A loose hatch sank it.", "loose hatch"), ("It sank in 1911.", "1911"), False),
    ],
)
def test_values_that_cannot_be_the_same(question: str, one: tuple[str, str], other: tuple[str, str], expected: bool) -> None:
    asked = ask(question, [])
    first, second = (said(asked, told(name, *side), 0) for name, side in (("a", one), ("b", other)))
    assert first and second and unlike(asked, first, second) is unlike(asked, second, first) is expected


SEVEN = ("a", "The Lorne line runs seven ferries.", "seven", 4.0)
NINE = ("b", "Nine ferries are run by the Lorne line.", "Nine", 6.0)


def test_a_pair_is_of_two_voices_and_the_surer_comes_first() -> None:
    found = pairs(FERRIES, told(*SEVEN), told(*NINE), told("c", "The Lorne line has 7 ferries.", "7", 2.0))
    assert written(found) == [("Nine ferries", "seven ferries"), ("Nine ferries", "7 ferries")]
    row = dict(zip(FEATURES, found[0].row, strict=True))
    assert (row["one_score"], row["other_score"], row["is_count"], row["is_date"], row["one_backed"]) == pytest.approx(
        (6, 4, 1, 0, np.log1p(1))
    )
    assert row["nouns_shared"] == 1 and row["noun_asked"] == 1 and row["same_article"] == 0
    text = "The Lorne line runs seven ferries."
    both = Passage(
        "a", "a.md", "0", "", (), "prose", tuple(Sentence(t, t, n, n + 1, 1, "") for n, t in enumerate((text, NINE[1])))
    )
    together = [replace(set_among((both, n), 0.5, 0.8), span=Span(5.0, at, at + 5)) for n, at in ((0, 20), (1, 0))]
    assert pairs(FERRIES, *together) == []


def test_two_faint_values_are_no_pair() -> None:
    assert written(pairs(FERRIES, told(*SEVEN[:3], 1.0), told(*NINE[:3], -9.0))) == [("seven ferries", "Nine ferries")]
    assert pairs(FERRIES, told(*SEVEN[:3], -7.0), told(*NINE[:3], -9.0)) == []


def test_sentences_with_another_value_are_read_beside_a_clear_one() -> None:
    asked: list[str] = []

    def look(places: Sequence[tuple[Passage, int]]) -> list[Span]:
        asked.extend(item.id for item, _ in places)
        return [Span(1.0, 0, 4) for _ in places]

    same, none = told("c", "The Lorne line has 7 ferries."), told("d", "The Lorne line is old.")
    others = [told(f"e{n}", f"The Lorne line runs {n} ferries.") for n in range(20, 30)]
    paired(FERRIES, [told(*SEVEN), same, none, told(*NINE[:2]), *others], look)
    assert asked == ["b", *(f"e{n}" for n in range(20, 20 + MORE - 1))]
    asked.clear()
    paired(FERRIES, [told(*SEVEN[:3], -3.0), told(*NINE[:2])], look)
    assert asked == []


def test_only_a_sentence_with_another_name_is_read_for_a_name() -> None:
    question, asked = "Who wrote the hymn of Orsk?", []

    def look(places: Sequence[tuple[Passage, int]]) -> list[Span]:
        asked.extend(item.id for item, _ in places)
        return [Span(1.0, 0, 4) for _ in places]

    first = told("a", "The hymn of Orsk was written by Rosa Imbert.", "Rosa Imbert")
    same, other, none = "In Orsk Imbert wrote the hymn.", "The hymn has words by Luis Marsh.", "The hymn has nine verses."
    paired(question, [first, told("b", none), told("c", other), told("d", same)], look)
    assert "c" in asked and "b" not in asked
    asked.clear()
    paired("Why was the hymn of Orsk written?", [first, told("c", other)], look)
    assert asked == []


def test_the_same_words_say_the_same_to_yes_or_no() -> None:
    question, hurt = "Was the driver hurt?", "The driver was hurt in the crash."
    again, denied = "At Orsk the driver was hurt.", "The mayor denied that the driver was hurt."
    assert pairs(question, told("a", hurt, "hurt"), told("b", again, "hurt")) == []
    found = pairs(question, told("a", hurt, "hurt"), told("b", denied, "hurt"))
    assert [dict(zip(FEATURES, pair.row, strict=True))["yes_no_denial"] for pair in found] == [1.0]


def test_a_value_that_the_wording_excludes_is_no_other_side() -> None:
    part = "The Lorne line runs another nine ferries by night."
    assert pairs(FERRIES, told(*SEVEN), told("b", part, "nine", 2.0)) == []


def test_the_day_of_a_report_is_no_other_side() -> None:
    question, one = "When did the rebels take Orsk?", told("a", "The rebels took Orsk on 10 January 1913.", "10 January 1913")
    said_so = "On 15 January 1913 the minister confirmed that the rebels had taken Orsk."
    taken = "On 15 January 1913 the rebels took Orsk."
    assert pairs(question, one, told("b", said_so, "15 January 1913", 3.0)) == []
    assert len(pairs(question, one, told("b", taken, "15 January 1913", 3.0))) == 1


def test_a_row_of_many_figures_is_no_side() -> None:
    short, row = "Ferries: 9", "Ferries: 9 | 11 | 14 | 20 | 31 | 40 | 52 | 60"
    assert len(pairs(FERRIES, told(*SEVEN), told("b", short, "9", 2.0))) == 1
    assert pairs(FERRIES, told(*SEVEN), told("b", row, "9", 2.0)) == []


def test_the_rows_written_by_hand_are_examples(encoder) -> None:  # type: ignore[no-untyped-def]
    rows = [row for row in load_by_hand() if row.split == "dev"][:6]
    found = list(fit_opposed.by_hand(rows, encoder))
    assert [one.folder for one in found[:6]] == [f"{fit_opposed.BY_HAND} {n}" for n in (1, 2, 3, 4, 5, 1)]
    assert [one.conflict for one in found] == [bool(row.sides) for row in rows]
    assert any(right for one in found if one.conflict for right in one.right)
    assert not any(right for one in found if not one.conflict for right in one.right)


def model(**weights: float) -> Fitted:
    """p = 1 / (1 + exp(-sum of these weights times features))."""
    row = np.array([weights.get(name, 0.0) for name in FEATURES])
    return Fitted(Logistic(row, np.zeros(len(row)), np.ones(len(row)), 0.0), 0.75)


def test_equal_values_share_a_side_and_what_is_unlikely_is_left_out() -> None:
    texts = (told(*SEVEN), told(*NINE), told("c", "The Lorne line has 7 ferries.", "7", 3.0))
    found = pairs(FERRIES, *texts, told("d", "The Lorne line once ran 12 ferries.", "12", -5.0))
    sides = opposed.opposed(found, model(other_score=0.5))
    assert [[one.written for one in side] for side in sides] == [["Nine ferries"], ["seven ferries", "7 ferries"]]
    assert opposed.opposed(found, model(other_score=0.1)) == [] and opposed.opposed([], model()) == []


def test_the_shipped_model_is_of_these_features() -> None:
    assert 0 < opposed.fitted().threshold < 1


# Fitting


def examples(scores: Sequence[float], conflict: bool, folder: str, taught: bool) -> list[fit_opposed.Example]:
    """One example a score, of one pair that is right in conflicts."""
    pair = pairs(FERRIES, told(*SEVEN), told(*NINE))[0]
    rows = [(score, *pair.row[1:]) for score in scores]
    return [fit_opposed.Example(folder, conflict, True, taught, (replace(pair, row=row),), (2 * conflict,)) for row in rows]


def test_the_threshold_lets_few_false_ones_pass() -> None:
    data = [
        one
        for folder in ("a", "b")
        for one in (
            *examples(np.linspace(2, 9, 40).tolist(), True, folder, folder == "a"),
            *examples(np.linspace(-9, 4, 100).tolist(), False, folder, folder == "a"),
        )
    ]
    data += examples([9.0] * 20, False, f"{fit_opposed.BY_HAND} 1", False)
    record, judged = fit_opposed.fit(data)
    weights = dict(zip(FEATURES, record["weights"], strict=True))
    assert tuple(record["features"]) == FEATURES and weights["one_score"] > 0 == weights["other_score"]
    assert record["about"]["threshold from"] == ["b"]
    seen = [p >= record["threshold"] for one, (p, _) in zip(data, judged, strict=True) if one.folder == "b" and not one.conflict]
    assert len(seen) == 100 and sum(seen) == int(100 * fit_opposed.FALSE)


def test_which_pairs_are_right() -> None:
    evidence = tuple((Quote(f"{name}.md", text),) for name, text, *_ in (SEVEN, NINE))
    question = Question("1", "conflict", FERRIES, (("seven",), ("Nine", "nine")), evidence)
    sides = [pair.one.said for pair in pairs(FERRIES, told(*NINE), told(*SEVEN))]
    one, other = sides[0], pairs(FERRIES, told(*NINE), told(*SEVEN))[0].other.said
    elsewhere = pairs(FERRIES, told(*NINE), told("x", *SEVEN[1:]))[0].other.said
    assert [fit_opposed._right(question, *two) for two in ((one, other), (other, one), (one, one), (one, elsewhere))] == [
        2,
        2,
        0,
        0,
    ]


@pytest.mark.parametrize("order", [1, -1])
def test_a_number_too_large_to_hold_can_be_weighed(order: int) -> None:
    huge = f"1{'0' * 400}"
    texts = ("The Lorne line runs 3 ferries.", f"The Lorne line runs {huge} ferries.")[::order]
    rows = [told(name, text, text.split()[4]) for name, text in zip("ab", texts, strict=True)]
    (pair,) = paired(FERRIES, rows, lambda places: [])
    assert pair.row[FEATURES.index("ratio")] == 3.0
