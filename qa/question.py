"""What a question wants: its kind of answer, whether it wants several things, and its telling words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from index.lexical import terms

Kind = Literal["person", "place", "date", "number", "reason", "yes_no", "other"]

_WORDINGS: tuple[tuple[Kind, str], ...] = (
    (
        "number",
        r"\bhow (?:many|much|long|far|often|old|large|big|high|tall|deep|strong)\b|\bwhat (?:number|percentage|share|proportion|distance)\b",
    ),
    (
        "number",
        r"\b(?:number|percentage|total|strength|size|count|death toll|population|age|duration|cost|price|amount) of\b",
    ),
    (
        "date",
        r"\bwhen\b|\b(?:what|which|on what|on which|in what|in which) (?:date|day|year|month|century|decade|time)\b|\bhow (?:soon|early|late)\b",
    ),
    (
        "person",
        r"\b(?:who|whom|whose)\b|\b(?:what|which) (?:person|man|woman|leader|commander|general|colonel|president|minister|official|author)\b",
    ),
    (
        "place",
        r"\bwhere\b|\b(?:what|which|in what|in which) (?:\w+ )?(?:place|city|town|country|region|village|location|province|state|capital|area)\b",
    ),
    (
        "reason",
        r"\bwhy\b|\bwhat (?:caused|causes|led to|prompted|motivated|triggered)\b|\b(?:reason|purpose|cause|motive)s?\b|\bhow come\b",
    ),
    ("yes_no", r"^\W*(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should)\b"),
)
_KINDS = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _WORDINGS)
_PLURAL = r"(?:people|men|women|children|\w+(?<![suio])s)\b(?![’'])"
_SEVERAL = re.compile(
    r"\b(?:list|name (?:the|all|some|three|two|four)|which (?:\w+ )?\w+s\b|what (?:\w+ ){0,2}\w+s (?:are|were|did|do|have|had)|"
    r"who (?:are|were)|all (?:of )?the|different|various|each|both|respectively|several|"
    r"(?:which|what|whose|the) (?:two|three|four|five|six|seven|\d) |which people|"
    rf"(?:what|which) (?:\w+ ){{0,2}}{_PLURAL} (?:does|has|is|was|can|could|should|may|might|must|would|will))\b",
    re.IGNORECASE,
)
"""A list, or a plural that is asked for."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question read once. `words` are its distinct index terms, in order."""

    text: str
    kind: Kind
    several: bool
    words: tuple[str, ...]


def read(text: str) -> Question:
    """The first kind that fits, in the order above; a list is wanted where the wording names a plural."""
    kind: Kind = next((kind for kind, pattern in _KINDS if pattern.search(text)), "other")
    return Question(text, kind, bool(_SEVERAL.search(text)), tuple(dict.fromkeys(terms(text))))
