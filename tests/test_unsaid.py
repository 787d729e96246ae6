"""Each word of a claim needs ground in the quote; measures, times and sides must be the quote's."""

from __future__ import annotations

import json
from hashlib import sha256
from importlib.resources import files

import pytest

from eval.faults import measure_written
from qa import thesaurus
from qa.support import judge
from qa.words import stem


def supported(claim: str, quote: str) -> bool:
    return judge(claim, [quote]).support != "unsupported"


@pytest.mark.parametrize(
    ("one", "other", "synonyms", "broader", "opposites"),
    [
        ("purchase", "buy", True, True, False),
        ("vessel", "ship", False, True, False),
        ("few", "many", False, False, True),
        ("usually", "normally", True, False, False),
        ("failure", "fail", True, False, False),
        ("merchant", "soldier", False, False, False),
        ("xyzzy", "ship", False, False, False),
    ],
)
def test_the_thesaurus(one: str, other: str, synonyms: bool, broader: bool, opposites: bool) -> None:
    a, b = stem(one), stem(other)
    assert (thesaurus.synonyms(a, b), thesaurus.broader(a, b), thesaurus.opposites(a, b)) == (synonyms, broader, opposites)


QUOTE = "Most of the vessels were purchased by the harbour company before the strike, and two were later sold to a school."


@pytest.mark.parametrize(
    "claim",
    [
        "Most of the vessels were bought by the harbour company.",
        "The harbour company bought most of the vessels before the strike.",
        "Two of the vessels were later sold to a school.",
        "Before the strike, the harbour company purchased most of the vessels.",
    ],
)
def test_other_words_for_the_same_are_borne_out(claim: str) -> None:
    assert supported(claim, QUOTE)


@pytest.mark.parametrize(
    "claim",
    [
        "All of the vessels were purchased by the harbour company.",
        "Few of the vessels were purchased by the harbour company.",
        "Most of the vessels were purchased by the harbour company after the strike.",
        "Most of the vessels were purchased by the railway company.",
        "Most of the vessels were painted by the harbour company.",
        "Most of the ferries were purchased by the harbour company.",
        "Most of the wooden vessels were purchased by the harbour company.",
        "The harbour company was purchased by most of the vessels.",
        "Two were later sold by a school.",
        "Two vessels were later sold to a church.",
        "The company must sell two of the vessels.",
    ],
)
def test_one_other_word_is_another_claim(claim: str) -> None:
    assert not supported(claim, QUOTE)


def test_not_until_is_then() -> None:
    quote = "The treaty was not ratified until 1931."
    assert supported("The treaty was ratified in 1931.", quote) and not supported("The treaty was ratified in 1930.", quote)
    assert not supported("The treaty was ratified until 1931.", quote)


def test_what_is_denied_of_one_and_said_of_another() -> None:
    quote = "Green tea is not oxidised, whereas black tea is fully oxidised."
    assert supported("Black tea is fully oxidised.", quote)
    assert not supported("Green tea is oxidised.", quote)


def test_floors_on_other_subjects() -> None:
    """What `qa eval verifier` measures there; the half held out is flagged far more often than it should be."""
    for half, caught, flagged in (("dev", 0.83, 0.07), ("test", 0.75, 0.30)):
        found = measure_written(None, "paraphrases_2.jsonl", half)
        assert found["caught"] >= caught and found["flagged"] <= flagged, (half, found["caught"], found["flagged"])  # type: ignore[operator]
    lines = (files("eval") / "paraphrases_2.jsonl").read_text(encoding="utf-8").splitlines()
    halves = [sha256(json.loads(line)["quote"].encode()).digest()[0] % 2 for line in lines]
    assert (halves.count(0), halves.count(1)) == (8, 8)
