"""What a sentence gives as the answer, by the span reader, as a value that can be compared: a number, a date, or else words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from qa.counts import apart, comparable
from qa.quantities import Date, numbers
from qa.statements import Asked, Told, agree, share_name
from qa.units import unit_of
from qa.values import Value, dated, normalised, taken_apart, tells
from qa.words import words

LEAD = 2
"""Characters of what is pointed at that may precede a figure which it stands for, where the question does not ask for figures."""
_MONTHS = tuple("january february march april may june july august september october november december".split())


@dataclass(frozen=True, slots=True)
class Said:
    """A value that the span reader points at in a sentence with `score`; `rank` is the sentence's among all, from 0."""

    told: Told
    value: Value
    score: float
    rank: int

    @property
    def written(self) -> str:
        return self.told.read.text[self.value.start : self.value.end].strip()

    @property
    def normalised(self) -> str:
        return normalised(self.value) if self.value.kind != "words" else " ".join(self.value.names)

    @property
    def clause(self) -> str:
        start, end = self.told.read.clause(self.value.start)
        return self.told.read.text[start:end].strip()


def said(asked: Asked, told: Told, rank: int) -> Said | None:
    """What the span reader points at in a sentence: the first figure in it that is of the wanted kind, or its words."""
    if not told.span:
        return None
    sentence = told.place[0].sentences[told.place[1]]
    ahead = len(sentence.full_text) - len(sentence.text)
    start, end = max(0, told.span.start - ahead), max(0, told.span.end - ahead)
    return Said(told, _value(asked, told.read.text, told, start, end), told.span.score, rank) if start < end else None


def _value(asked: Asked, text: str, told: Told, start: int, end: int) -> Value:
    if asked.wanted == "yes_no":
        return _words(text, start, end)
    days = [value for value in dated(text) if value.start < end and start < value.end]
    amounts = [value for value in told.read.numbers if value.start < end and start < value.end]
    figures = asked.wanted in ("count", "measure")
    if days and not figures and (asked.wanted == "date" or days[0].start <= start + LEAD):
        return days[0]
    if amounts and (figures or (asked.wanted not in ("date", "person", "place") and amounts[0].start <= start + LEAD)):
        return amounts[0]
    return _joined(asked, text[start:end], start) or _words(text, start, end)


def _joined(asked: Asked, text: str, start: int) -> Value | None:
    """A figure that is written into another word, "418-kilometre", or a day by its number alone, "the tenth"."""
    if asked.wanted == "date":
        day = next((int(n.low) for n in numbers(text) if n.unit == "th" and 1 <= n.low <= 31), 0)
        month = next((n for n, name in enumerate(_MONTHS, 1) if name in text.lower()), 0)
        end = start + len(text)
        return Value("date", start, end, date=Date(0, month, day, "", "", start, end)) if day else None
    if asked.wanted in ("count", "measure") and "-" in text:
        found = taken_apart(text.replace("-", " ")).numbers[:1]
        return next((replace(one, start=start + one.start, end=start + one.end) for one in found), None)
    return None


def _words(text: str, start: int, end: int) -> Value:
    return Value("words", start, end, names=_telling(text[start:end]))


@lru_cache(maxsize=8_192)
def _telling(text: str) -> tuple[str, ...]:
    found = words(text)
    return tuple(word.plain for word in found if tells(word)) or tuple(word.plain for word in found)


def unlike(asked: Asked, one: Said, other: Said) -> bool:
    """Whether two values are of one kind and cannot be the same; what a yes-or-no question points at always may be another."""
    if asked.wanted == "yes_no":
        return True
    a, b = one.value, other.value
    if a.kind != b.kind:
        return False
    if a.date and b.date:
        return not agree(a.date, b.date) and "decade" not in (a.date.part, b.date.part)
    if a.kind == "number":
        a, b = _measured(asked, a, b), _measured(asked, b, a)
        return comparable(a, b) and apart(a, b)
    if all(name.isdigit() for name in (*a.names, *b.names)):
        return a.names != b.names
    return not share_name(a.names, b.names)


def _measured(asked: Asked, value: Value, other: Value) -> Value:
    """A bare number, as of a table, in the unit of the other, where no things are counted; one whose unit is among its nouns in that."""
    if asked.wanted == "count" or value.dimension or value.unit or not other.dimension:
        return value
    if value.nouns:
        unit = next((found for noun in value.nouns if (found := unit_of(noun)) and found[0] == other.dimension), None)
        return replace(value, dimension=unit[0], unit=unit[1], factor=unit[2]) if unit else value
    return replace(value, dimension=other.dimension, unit=other.unit, factor=other.factor)
