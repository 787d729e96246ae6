"""An answer made of sentences of the articles: each is its own proof."""

from __future__ import annotations

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

    def add(self, passage: Passage, place: int) -> int:
        """Add the sentence at that place of the passage, unless it is there already; returns the number of its citation."""
        sentence = passage.sentences[place]
        for known in self.citations:
            if (known.source, known.start, known.end) == (passage.source, sentence.start, sentence.end):
                return known.number
        number = len(self.citations) + 1
        claim = _said(passage, sentence)
        support: Support = "quoted" if claim in (sentence.quote, plain(sentence.quote)) else "supported"
        self.text += " " if self.text else ""
        self.claims.append(Claim(claim, len(self.text), len(self.text) + len(claim), (number,), support))
        self.text += f"{claim} [{number}]"
        self.citations.append(proof(number, passage, sentence))
        return number


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
