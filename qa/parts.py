"""A question in several parts, cut into questions that can be answered one after the other.

"The steamer sank off the cape: which lighthouse was built there?" and "Did the fair burn, and did anyone die in the fire?" ask for two
facts that stand in two places. Each part is searched for and read on its own; a later part is searched for together with the names that the earlier
ones found (question decomposition; Min et al. 2019, "Multi-hop Reading Comprehension through Question Decomposition").
English only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.lexical import terms
from index.sentences import split

MOST = 3
"""Parts that a question is cut into at most."""
LEAST_WORDS = 2
"""Index terms that a part must have."""

_ASKS = r"(?:who|whom|whose|what|which|when|where|why|how|did|does|do|was|were|is|are|has|have|had)\b"
_CUT = re.compile(
    rf"(?<=[a-z0-9)”\"])(?:\s*[:;]\s+|,?\s+and\s+(?={_ASKS})|,\s+(?=compared (?:with|to)\b)|\s+compared (?:with|to)\s+)",
    re.IGNORECASE,
)
_STOP = re.compile(r"[.?!]\s+\S")
"""What may end a sentence; whether it does ("the U.S. general") is told by `index.sentences`."""
_NAME = re.compile(r"\b[A-ZÀ-ÖØ-Þ][\w'’-]*(?:\s(?:(?:[a-z]{1,3}\s)?[A-ZÀ-ÖØ-Þ][\w'’-]*))*")
NAMES = 4
"""Names that a part is given at most."""


def parts(question: str) -> list[str]:
    """The parts, in order; a piece that says too little stays with the one before. The question alone where it has one part."""
    found: list[str] = []
    sentences = [question[start:end] for start, end in split(question)] if _STOP.search(question) else [question]
    sentences[:-1] = (sentence.rstrip(".?!") for sentence in sentences[:-1])
    for piece in (piece.strip(" ,") for sentence in sentences for piece in _CUT.split(sentence)):
        if found and len(set(terms(piece))) < LEAST_WORDS:
            found[-1] += f", {piece}"
        elif piece:
            found.append(piece)
    return found if 1 < len(found) <= MOST and len(set(terms(found[0]))) >= LEAST_WORDS else [question]


def with_names(part: str, question: str, found: Sequence[str]) -> str:
    """A part together with the names of the whole question and those in the sentences found so far."""
    known = part.casefold()
    new = [name for text in (question, *found) for name in _NAME.findall(text)[1 if text is question else 0 :]]
    missing = (name for name in new if any(word.casefold() not in known for word in name.split()))
    return " ".join((part, *list(dict.fromkeys(missing))[:NAMES]))
