"""Cut prose into sentences: the boundaries are sentencex's (Wikimedia; rules and abbreviation lists for many languages)."""

from __future__ import annotations

import re
from collections.abc import Iterator

LONGEST_WORDS = 80
"""A "sentence" of more words than this is cut at the gentlest place: nobody reads such a quote, and no embedder either."""
LONGEST_WORD = 400
LONGEST_PARAGRAPH = 20_000

_WORD = re.compile(rf"\S{{1,{LONGEST_WORD}}}")
_SOFT = re.compile(r"[;:,.!?…)\]–—-]$")


def split(text: str, language: str = "en") -> list[tuple[int, int]]:
    """Ranges of the sentences of one paragraph, in order, without white space at their ends; together they hold every word."""
    return [
        (start + offset, end + offset)
        for offset, piece in _paragraph_pieces(text)
        for sentence in _sentences(piece, language)
        for start, end in _cut(piece, *sentence)
    ]


def _paragraph_pieces(text: str) -> Iterator[tuple[int, str]]:
    """The text, in pieces small enough for any splitter; only text without structure is ever as long as that."""
    at = 0
    while len(text) - at > LONGEST_PARAGRAPH:
        space = text.rfind(" ", at, at + LONGEST_PARAGRAPH)
        end = space + 1 if space > at else at + LONGEST_PARAGRAPH
        yield at, text[at:end]
        at = end
    yield at, text[at:]


def _sentences(text: str, language: str) -> list[tuple[int, int]]:
    import sentencex

    found: list[tuple[int, int]] = []
    at = 0
    for boundary in sentencex.get_sentence_boundaries(language, text):
        start = text.index(boundary["text"], at)
        at = start + len(boundary["text"])
        start, end = _trim(text, start, at)
        if start == end:
            continue
        if found and not any(character.isalnum() for character in text[start:end]):
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip()) if piece.strip() else start


def _cut(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Pieces of at most LONGEST_WORDS words, cut after the last punctuation in reach, else between words."""
    words = [match.span() for match in _WORD.finditer(text, start, end)]
    first = 0
    while len(words) - first > LONGEST_WORDS:
        reach = range(first + LONGEST_WORDS // 2, first + LONGEST_WORDS)
        last = max((n for n in reach if _SOFT.search(text[words[n][0] : words[n][1]])), default=reach[-1])
        yield words[first][0], words[last][1]
        first = last + 1
    if first < len(words):
        yield words[first][0], words[-1][1]
