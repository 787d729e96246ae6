"""Sentence boundaries, and that together the sentences hold every word."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.sentences import LONGEST_PARAGRAPH, LONGEST_WORD, LONGEST_WORDS, split


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in split(text)]


@pytest.mark.parametrize(
    "sentences",
    [
        ["The U. S. sent 12 men.", "They left."],
        ["He met Gen. Haya Ag Saleh in the U.S. in 2012.", "Then he left."],
        ["J. R. R. Tolkien wrote it.", "It sold."],
        ['"It is over," he said.', "Nobody answered."],
        ['He said: "It is over."', "Nobody answered."],
        ["About 3.5 million people fled on 1 Jan. 2013, i.e. half.", "The rest stayed."],
        ["Did they win?", "No!", "They lost."],
        ["Dr. Mahamadou (b. 1940) taught at St. Mary's.", "He died."],
        ["The town fell at 5 p.m. on Friday.", "It was retaken."],
        ["It cost 5 crowns vs. 7 before.", "All paid."],
    ],
)
def test_boundaries(sentences: list[str]) -> None:
    assert cut(" ".join(sentences)) == sentences


def test_white_space_and_line_breaks_are_left_outside() -> None:
    assert split("  One here.\r\n Two\nthere. \n") == [(2, 11), (14, 24)]
    assert split("") == split(" \n ") == []


def test_marks_without_words_stay_with_the_sentence_before() -> None:
    assert cut("It was over. ... † It began.")[0].startswith("It was over. ...")
    assert cut("...") == ["..."]


def test_a_sentence_too_long_to_read_is_cut_after_punctuation() -> None:
    clause = "and then the column went on to the next town, "
    pieces = cut(clause * 20)
    assert all(len(piece.split()) <= LONGEST_WORDS for piece in pieces)
    assert all(piece.endswith(",") for piece in pieces) and " ".join(pieces) == (clause * 20).strip()


def test_without_punctuation_it_is_cut_between_words() -> None:
    pieces = cut("word " * 200)
    assert [len(piece.split()) for piece in pieces] == [80, 80, 40]


def test_a_word_too_long_to_read_is_cut_too() -> None:
    pieces = cut("x" * (LONGEST_WORD * LONGEST_WORDS + 5))
    assert "".join(pieces) == "x" * (LONGEST_WORD * LONGEST_WORDS + 5) and len(pieces) == 2


def test_a_paragraph_without_end_is_cut_in_time() -> None:
    for text in ("word " * 60_000, "x" * 300_000, "One. " * 60_000, "`" * 100_000):
        begun = time.perf_counter()
        pieces = split(text)
        assert time.perf_counter() - begun < 8
        assert "".join(text[a:b] for a, b in pieces).replace(" ", "") == text.replace(" ", "")
    assert LONGEST_PARAGRAPH < 100_000


PIECES = [
    "word",
    "U. S.",
    "Dr.",
    "3.5",
    "“quoted.”",
    '"',
    "'",
    "(",
    ")",
    ".",
    "?!",
    "…",
    "。",
    "中文",
    "؟",
    "\n",
    "\r\n",
    "\t",
    "\xa0",
    "\u2028",
    "  ",
    "†",
]
PIECES += ["x" * 900, "e.g.", "\x85", "\x1c", "👍🏽", "e\u0301", "A."]


def check(text: str) -> None:
    at = 0
    spans = split(text)
    for start, end in spans:
        assert at <= start < end <= len(text)
        assert not text[start].isspace() and not text[end - 1].isspace()
        assert not text[at:start].strip()
        at = end
    assert not text[at:].strip()
    assert all(len(text[start:end].split()) <= LONGEST_WORDS for start, end in spans)


@given(st.lists(st.sampled_from(PIECES), max_size=40), st.sampled_from(["", " "]))
def test_every_character_is_in_one_sentence(pieces: list[str], between: str) -> None:
    check(between.join(pieces))


@given(st.text(max_size=200))
def test_every_character_of_any_text_is_in_one_sentence(text: str) -> None:
    check(text)
