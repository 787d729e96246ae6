"""Texts made comparable: what counts as "the same words" everywhere in the evaluation."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−"), "-")
APOSTROPHES = dict.fromkeys(map(ord, "’‘ʼ`´"), "'") | dict.fromkeys(map(ord, "“”„«»"), '"')
GROUPED_NUMBER = re.compile(r"(?<![\d.,])\d{1,3}(?:[,\u00a0\u202f\u2009]\d{3})+(?!\d)")
MARKER = re.compile(r"\s*\[\d+\]")
WORD = re.compile(r"\w+")
ARTICLE = re.compile(r"\b(a|an|the)\b")


def fold_space(text: str) -> str:
    """Runs of white space become one space; none at the ends."""
    return " ".join(text.split())


@lru_cache(maxsize=65_536)
def normalise(text: str) -> str:
    """Lower case, no accents, one kind of dash and quote, no thousands separators, single spaces.

    >>> normalise("Amadou Toumani Touré:  2,000–2,500 men")
    'amadou toumani toure: 2000-2500 men'
    """
    text = GROUPED_NUMBER.sub(lambda match: re.sub(r"\D", "", match.group()), text)
    text = unicodedata.normalize("NFKD", text.translate(APOSTROPHES))
    text = "".join(char for char in text if not unicodedata.combining(char))
    return fold_space(text.casefold().translate(DASHES))


def without_markers(answer: str) -> str:
    """The answer's text without its `[n]` citation markers."""
    return MARKER.sub("", answer)


@lru_cache(maxsize=65_536)
def words(text: str) -> tuple[str, ...]:
    """The words and numbers of the normalised text, punctuation and markup left out."""
    return tuple(WORD.findall(normalise(text)))


def contains(text: str, part: str) -> bool:
    """Whether `part` stands in `text` as whole words, both normalised; a number never matches inside a longer number.

    >>> contains("some 1,500 men", "1500"), contains("some 1,500 men", "500"), contains("a rate of 4.5", "4")
    (True, False, False)
    """
    wanted = normalise(part)
    if not wanted:
        return False
    before = r"(?<!\w)" + (r"(?<!\d[.,])" if wanted[0].isdigit() else "")
    after = r"(?!\w)" + (r"(?![.,]\d)" if wanted[-1].isdigit() else "")
    return re.search(before + re.escape(wanted) + after, normalise(text)) is not None


def answer_tokens(text: str) -> list[str]:
    """Tokens for token F1: normalised, without punctuation and articles (Rajpurkar et al. 2016, evaluation script v1.1)."""
    return WORD.findall(ARTICLE.sub(" ", normalise(without_markers(text))))
