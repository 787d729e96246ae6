"""What sentences give as the answer, as values that can be compared: what the span reader points at, and figures of its kind.

A value is a number, a date, or else words. Where the span reader points at no figure of the wanted kind, the sentence's own
figures of that kind are taken, as values that nobody points at.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from qa.counts import apart, comparable
from qa.quantities import Date, numbers
from qa.statements import Asked, Told, agree, share_name
from qa.values import Value, dated, normalised, taken_apart, tells
from qa.words import words

UNPOINTED = 4
"""Figures of a sentence that are taken at most though the span reader does not point at them."""
FAR_OUT = 2
"""Places in the text that a figure may begin after the span that it is the value of, where the question does not ask for figures."""

MONTHS = tuple("january february march april may june july august september october november december".split())


@dataclass(frozen=True, slots=True)
class Said:
    """A value that a sentence gives. `score` is the span reader's where it points at it, else -inf; `rank` the sentence's, from 0."""

    told: Told
    value: Value
    score: float
    rank: int

    @property
    def pointed(self) -> bool:
        return not math.isinf(self.score)

    @property
    def written(self) -> str:
        return self.told.read.text[self.value.start : self.value.end].strip()

    @property
    def normalised(self) -> str:
        return normalised(self.value)

    @property
    def clause(self) -> str:
        start, end = self.told.read.clause(self.value.start)
        return self.told.read.text[start:end].strip()


def said(asked: Asked, told: Told, rank: int) -> list[Said]:
    """The value that the span reader points at in a sentence that it has read, and figures beside it."""
    found = []
    pointed = _pointed(asked, told)
    if pointed and told.span:
        found.append(Said(told, pointed, told.span.score, rank))
    if asked.wanted in ("count", "measure", "date"):
        others = [v for v in figures(asked, told) if not v.partial and not v.away and not (pointed and v.start == pointed.start)]
        found += [Said(told, value, -math.inf, rank) for value in others[:UNPOINTED]]
    return found


def _pointed(asked: Asked, told: Told) -> Value | None:
    """The value of what the span reader points at: the first figure in it, or its words."""
    if not told.span:
        return None
    sentence = told.place[0].sentences[told.place[1]]
    ahead = len(sentence.full_text) - len(sentence.text)
    start, end = max(0, told.span.start - ahead), max(0, told.span.end - ahead)
    if start >= end:
        return None
    days = [value for value in dated(told.read.text) if value.start < end and start < value.end]
    amounts = [value for value in told.read.numbers if value.start < end and start < value.end]
    if asked.wanted == "date" and days:
        return days[0]
    if asked.wanted in ("count", "measure") and amounts:
        return amounts[0]
    if asked.wanted == "yes_no":
        return Value("words", start, end, names=_telling(told.read.text[start:end]))
    if asked.wanted not in ("count", "measure") and days and days[0].start <= start + FAR_OUT:
        return days[0]
    if asked.wanted not in ("person", "place") and amounts and amounts[0].start <= start + FAR_OUT:
        return amounts[0]
    text = told.read.text[start:end]
    return _spelt(asked, told, start, end) or Value("words", start, end, names=_telling(text))


def _spelt(asked: Asked, told: Told, start: int, end: int) -> Value | None:
    """A figure that is written into another word, "418-kilometre", or a day by its number alone, "the tenth"."""
    text = told.read.text[start:end]
    if asked.wanted == "date":
        day = next((n for n in numbers(text) if n.unit == "th" and 1 <= n.low <= 31), None)
        month = next((k for k, name in enumerate(MONTHS, 1) if name in text.lower()), 0)
        return Value("date", start, end, date=Date(0, month, int(day.low), "", "", start, end)) if day else None
    if asked.wanted in ("count", "measure") and "-" in text:
        found = taken_apart(text.replace("-", " ")).numbers
        return replace(found[0], start=start + found[0].start, end=start + found[0].end) if found else None
    return None


def _telling(text: str) -> tuple[str, ...]:
    found = words(text)
    return tuple(word.plain for word in found if tells(word)) or tuple(word.plain for word in found)


def figures(asked: Asked, told: Told) -> Sequence[Value]:
    """The figures and dates of a sentence that are of the wanted kind."""
    if asked.wanted == "count":
        return [one for one in told.read.numbers if not one.dimension and not one.unit]
    if asked.wanted == "measure":
        return [one for one in told.read.numbers if set(one.dimension.split(" or ")) & set(asked.dimensions)]
    return [one for one in dated(told.read.text) if one.date and one.date.part != "decade"] if asked.wanted == "date" else []


def unlike(asked: Asked, one: Said, other: Said) -> bool:
    """Whether two values are of one kind and cannot be the same."""
    a, b = one.value, other.value
    if asked.wanted == "yes_no":
        return one.told is not other.told
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
    """A bare number of a table or list in the unit of the other, where a measure is asked for."""
    if asked.wanted == "count" or value.dimension or value.unit or value.nouns or not other.dimension:
        return value
    return replace(value, dimension=other.dimension, unit=other.unit, factor=other.factor)
