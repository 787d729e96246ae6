"""The values that the parts of `index` hand to each other. Frozen; they hold data and derive nothing costly.

Offsets are counted in characters. "Raw" offsets count in the file as it stands on disk, decoded as UTF-8 with its line ends
as they are; "text" offsets count in the repaired text of an article. Everything that leaves this package carries raw offsets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

BlockKind = Literal["paragraph", "item", "fact"]


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, a list item or an infobox fact: a range of the repaired text that is cut into sentences on its own.

    A fact knows its `label`, what the value is ("Casualties of MNLA"), and its sentences: `spans` are their ranges and
    `texts` how each value reads. So does the row of a table, a fact about what its first cell names. In the other kinds these are empty, and
    the text is split as prose.
    """

    kind: BlockKind
    start: int
    end: int
    section: tuple[str, ...] = ()
    label: str = ""
    spans: tuple[tuple[int, int], ...] = ()
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sentence:
    """The smallest citable unit.

    `text` is how it reads (markup marks removed, a fact without its `label`); `full_text` adds the label.
    `quote` is the repaired text of the file's range `[start, end)`, white space folded: what a citation proves.
    """

    text: str
    quote: str
    start: int
    end: int
    line: int
    label: str = ""

    @property
    def full_text(self) -> str:
        return f"{self.label}: {self.text}" if self.label else self.text


@dataclass(frozen=True, slots=True)
class Passage:
    """Consecutive sentences of one section: what is embedded and retrieved. The id is derived from the content."""

    id: str
    source: str
    sha256: str
    title: str
    section: tuple[str, ...]
    kind: Literal["prose", "facts"]
    sentences: tuple[Sentence, ...]

    @property
    def start(self) -> int:
        return self.sentences[0].start

    @property
    def end(self) -> int:
        return self.sentences[-1].end

    @property
    def line(self) -> int:
        return self.sentences[0].line

    @property
    def text(self) -> str:
        """The sentences, each label named once for the values that follow it."""
        labels = ("", *(sentence.label for sentence in self.sentences))
        parts = (s.text if s.label == before else s.full_text for s, before in zip(self.sentences, labels, strict=False))
        return ("; " if self.kind == "facts" else " ").join(parts)

    @property
    def header(self) -> str:
        """What the embedder reads before the text: title and section path, or nothing for an untitled article."""
        return " › ".join(part for part in (self.title, *self.section) if part)


@dataclass(frozen=True, slots=True)
class SentenceHit:
    """A sentence of a retrieved passage; `number` is its place in the passage, `similarity` its cosine with the question.

    `contrast` is the cosine after the mean of all retrieved sentences has been taken from both: what the sentence has in common
    with the question beyond the topic that all of them share.
    """

    number: int
    similarity: float
    contrast: float = 0.0


@dataclass(frozen=True, slots=True)
class Hit:
    """A retrieved passage. `score` is higher for better and comparable across questions; the parts it was made from are kept.

    `dense` and `sentence` are cosines with the question (passage, best sentence); `lexical` is BM25 as a share of the highest
    score any passage could reach for this question, in [0, 1].
    """

    passage: Passage
    score: float
    dense: float = 0.0
    sentence: float = 0.0
    lexical: float = 0.0
    sentences: tuple[SentenceHit, ...] = ()


@dataclass(frozen=True, slots=True)
class Article:
    """One file, repaired and understood. `blocks` are in the order of the file and do not overlap."""

    source: str
    sha256: str
    title: str
    blocks: tuple[Block, ...]
    aliases: tuple[tuple[str, str], ...] = ()
    """Pairs (name as written, full name) that the file itself states, for example as link targets."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that was not indexed, and why, in words for the person who put it there."""

    source: str
    reason: str
