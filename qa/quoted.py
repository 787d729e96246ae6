"""An answer made of sentences of the articles: each is its own proof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from index.markup_marks import plain
from index.types import Passage, Sentence
from qa.types import Citation, Claim, Support


@dataclass(slots=True)
class Quoted:
    """Grows sentence by sentence. Citations are numbered from 1; a sentence of prose is `quoted`, a fact that is given with the
    label of its field is `supported` (its words are not all in the file in that order)."""

    text: str = ""
    claims: list[Claim] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)

    def add(self, passage: Passage, place: int, lead: str = "") -> int:
        """Add the sentence at that place of the passage, unless it is there already; returns the number of its citation.

        With a `lead` ("Source says 3:") the sentence stands behind it in quotation marks; neither is part of the claim.
        """
        sentence = passage.sentences[place]
        if known := self.number_of(passage, place):
            return known
        number = max((known.number for known in self.citations), default=0) + 1
        claim = _said(passage, sentence)
        support: Support = "quoted" if claim in (sentence.quote, plain(sentence.quote)) else "supported"
        before, after = (f"{lead} \u201c", "\u201d") if lead else ("", "")
        self.text += (" " if self.text else "") + before
        self.claims.append(Claim(claim, len(self.text), len(self.text) + len(claim), (number,), support))
        self.text += f"{claim}{after} [{number}]"
        self.citations.append(proof(number, passage, sentence))
        return number

    def number_of(self, passage: Passage, place: int) -> int:
        """The number of the citation that holds this sentence; 0 where none does."""
        start, end = passage.sentences[place].start, passage.sentences[place].end
        return next((c.number for c in self.citations if c.source == passage.source and c.start <= start and end <= c.end), 0)

    def disagree(self, sides: Sequence[tuple[str, Sequence[tuple[Passage, int]]]]) -> None:
        """State the values that sources disagree on, each with who says so and the sentences that give it."""
        self.text += (" " if self.text else "") + "The sources disagree."
        spoken = [passage for _, sentences in sides for passage, _ in sentences]
        for value, sentences in sides:
            for n, (passage, place) in enumerate(sentences):
                known = self.number_of(passage, place)
                if not known:
                    self.add(passage, place, "Also:" if n else f"{_who(passage, spoken)} says {value}:")
                elif not n:
                    self.text += f" The same source says {value}. [{known}]"


def _who(passage: Passage, others: Sequence[Passage]) -> str:
    """What a reader knows a source by: the article's title, with its file or section where another source has the same one."""
    file = passage.source.rpartition("/")[2]
    if not passage.title:
        return file
    if any(other.title == passage.title and other.source != passage.source for other in others):
        return f"{passage.title} ({file})"
    alone = all(other.id == passage.id or other.source != passage.source for other in others)
    return passage.title if alone else " › ".join((passage.title, *passage.section[-1:]))


def proof(number: int, passage: Passage, sentence: Sentence) -> Citation:
    """The proof of one sentence."""
    return Citation(
        number,
        passage.source,
        passage.sha256,
        passage.title,
        passage.section,
        sentence.quote,
        sentence.start,
        sentence.end,
        sentence.line,
        passage.id,
    )


def _said(passage: Passage, sentence: Sentence) -> str:
    """A sentence as it stands; a fact with what it is a fact of."""
    if not sentence.label:
        return sentence.text
    return f"{passage.title}, {sentence.full_text}" if passage.title else sentence.full_text
