"""Cut an article into passages: consecutive sentences of one section, never longer than the embedder reads.

A passage is an exact slice of the article: its text is that of its sentences in order, and each sentence knows its range in the
file. Its id is derived from its source, section and text, so that the same file always gives the same ids.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby

from index.markup_marks import plain
from index.repair import Repaired, fold
from index.sentences import split
from index.types import Article, Block, Passage, Sentence


@dataclass(frozen=True, slots=True)
class Limits:
    """`words` is the wished length of a passage; `tokens` what the embedder reads at most, counted by `count_tokens`."""

    words: int
    tokens: int
    count_tokens: Callable[[str], int]


def passages(article: Article, repaired: Repaired, limits: Limits) -> list[Passage]:
    """All passages of an article, in its order."""
    title = _shortened(article.title, limits)
    cutter = _Cutter(title, repaired, limits)
    seen: dict[str, int] = {}
    found = []
    for (whole, kind), blocks in groupby(article.blocks, key=lambda b: (b.section, "facts" if b.kind == "fact" else "prose")):
        section = _shortened_path(whole, limits)
        for sentences in cutter.groups(section, list(blocks)):
            body = "\n".join((article.source, *section, *(s.full_text for s in sentences)))
            seen[body] = seen.get(body, 0) + 1
            digest = hashlib.sha256(f"{body}\n{seen[body]}".encode()).hexdigest()[:16]
            found.append(Passage(digest, article.source, article.sha256, title, section, kind, tuple(sentences)))  # type: ignore[arg-type]
    return found


class _Cutter:
    """Sentences of blocks, and their grouping under the limits; keeps the line starts of the file."""

    def __init__(self, title: str, repaired: Repaired, limits: Limits) -> None:
        self._title = title
        self._repaired = repaired
        self._limits = limits
        self._line_starts = [0, *(match.end() for match in re.finditer("\r\n?|\n", repaired.raw))]

    def groups(self, section: tuple[str, ...], blocks: list[Block]) -> Iterator[list[Sentence]]:
        """Groups of sentences that fit, as even in length as sentences allow."""
        header = " › ".join(part for part in (self._title, *section) if part)
        room = self._limits.tokens - self._limits.count_tokens(header)
        sentences = [piece for block in blocks for sentence in self._sentences(block) for piece in self._fitted(sentence, room)]
        sizes = [(len(s.text.split()), self._limits.count_tokens(s.full_text)) for s in sentences]
        wished = _even(sum(words for words, _ in sizes), self._limits.words)
        group: list[Sentence] = []
        words = tokens = 0
        for sentence, (more_words, more_tokens) in zip(sentences, sizes, strict=True):
            long = words + more_words / 2 > wished or words + more_words > self._limits.words
            if group and (long or not self._fits([*group, sentence], tokens + more_tokens, room)):
                yield group
                group, words, tokens = [], 0, 0
            group.append(sentence)
            words, tokens = words + more_words, tokens + more_tokens
        if group:
            yield group

    def _fits(self, sentences: list[Sentence], tokens: int, room: int) -> bool:
        """Whether sentences of `tokens` tokens are still no more than `room` when they are joined, as facts are by a `;`."""
        if tokens + len(sentences) <= room:
            return True
        kind = "facts" if sentences[0].label else "prose"
        return tokens <= room and self._limits.count_tokens(Passage("", "", "", "", (), kind, tuple(sentences)).text) <= room  # type: ignore[arg-type]

    def _sentences(self, block: Block) -> Iterator[Sentence]:
        text = self._repaired.text
        if block.spans:
            label = _shortened(block.label, self._limits)
            for (start, end), value in zip(block.spans, block.texts, strict=True):
                yield self._sentence(start, end, value, label)
            return
        for start, end in split(text[block.start : block.end]):
            reading = plain(text[block.start + start : block.start + end])
            if any(character.isalnum() for character in reading):
                yield self._sentence(block.start + start, block.start + end, reading, "")

    def _sentence(self, start: int, end: int, reading: str, label: str) -> Sentence:
        raw_start, raw_end = self._repaired.to_raw(start, end)
        line = bisect_right(self._line_starts, raw_start)
        return Sentence(reading, self._repaired.quote(raw_start, raw_end), raw_start, raw_end, line, label)

    def _fitted(self, sentence: Sentence, room: int) -> Iterator[Sentence]:
        """The sentence, or halves of it (and so on) where it alone is more than the embedder reads."""
        if self._limits.count_tokens(sentence.full_text) <= room:
            yield sentence
            return
        start, end = self._repaired.from_raw(sentence.start, sentence.end)
        text = self._repaired.text
        middle = text.find(" ", (start + end) // 2, end)
        middle = middle if middle > start else (start + end) // 2
        if middle - start < 2 or end - middle < 2:
            raise ValueError(f"the embedder reads too few tokens ({room}) for any text")
        for begin, finish in ((start, middle), (middle, end)):
            piece = text[begin:finish]
            begin += len(piece) - len(piece.lstrip())
            reading = plain(fold(text[begin:finish]))
            if reading:
                yield from self._fitted(
                    self._sentence(begin, begin + len(text[begin:finish].rstrip()), reading, sentence.label), room
                )


def _shortened(name: str, limits: Limits) -> str:
    """A title, heading or label, cut where it takes more than a quarter of what the embedder reads; hardly any does."""
    short = name
    while limits.count_tokens(short) > limits.tokens // 4 and len(short) > 1:
        short = short[: len(short) * 3 // 4].rstrip()
    return name if short == name else f"{short}…"


def _shortened_path(section: tuple[str, ...], limits: Limits) -> tuple[str, ...]:
    """The section path without its outermost parts where it would take more than a quarter of what the embedder reads."""
    while len(section) > 1 and limits.count_tokens(" › ".join(section)) > limits.tokens // 4:
        section = section[1:]
    return tuple(_shortened(name, limits) for name in section)


def _even(total: int, most: int) -> float:
    """Words in each of the fewest passages that hold `total` words with at most `most` each."""
    return total / max(1, -(-total // most))
