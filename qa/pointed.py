"""Values that the span reader points at, as answers: where it is sure of one, others of the kind count that it thinks less of.

It reads a sentence without its neighbours, so what it points at answers only in a passage that takes up the question.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from qa.answering import Given
from qa.differing import SURE, when
from qa.span_reader import Span
from qa.statements import Asked, Place, Told, names_held, same_time, share_name
from qa.values import Value, dated, normalised

LEAST, NAME_LEAST = -10.0, 0.0
"""Least score of the span reader for a value that it points at, and for a name, …"""
TAKEN_UP = 0.33
"""… where the passage up to the value holds this share of the question's words, names apart, …"""
HALF = 0.5
"""… or the reader is SURE of the value, in a sentence at least this share as likely as the best."""
NOTHING = -8.0
"""A sentence that the reader has read with no more than this score gives no value by the fitted model alone."""
MORE = 4
"""Sentences that the span reader reads at most to see whether they give another value than the one it is sure of."""

Look = Callable[[Sequence[Place]], Sequence[Span]]
"""What has the span reader read further sentences."""


def answers(asked: Asked, sentence: Told, value: Value, best: float) -> float:
    """How surely the span reader takes a value for the answer, 0 to 1; 0 where it does not, or the passage is of other things.

    `best` is the probability of the likeliest sentence.
    """
    score = sentence.pointed(value)
    if _of_others(asked, sentence, value):
        return 0.0
    sure = score >= SURE and sentence.probability >= HALF * best
    if score < (NAME_LEAST if value.kind == "name" else LEAST) or not (sure or asked.held(sentence.around) >= TAKEN_UP):
        return 0.0
    return 1.0 / (1.0 + math.exp(-score / SURE))


def _of_others(asked: Asked, sentence: Told, value: Value) -> bool:
    """Whether a figure counts others than those whom the question names: soldiers of another country, not "French soldiers"."""
    if not asked.noun_names:
        return False
    if value.names:
        return not share_name(value.names, asked.noun_names)
    return names_held(asked.noun_names, sentence.around | sentence.title) < 1


def denied(asked: Asked, sentence: Told, value: Value) -> bool:
    """Whether a figure counts others, or the span reader has read the sentence and sees no answer in it, or is sure of another value."""
    if _of_others(asked, sentence, value):
        return True
    if not sentence.span or sentence.pointed(value) > -math.inf:
        return False
    return not NOTHING < sentence.span.score < SURE


def others(asked: Asked, sentence: Told, best: float) -> Iterator[Given]:
    """The figures and dates of the wanted kind and time that the span reader points at, whatever they count or stand beside."""
    for value in _figures(asked, sentence) if sentence.span else ():
        if value.partial or value.away or not (p := answers(asked, sentence, value, best)):
            continue
        if asked.wanted == "date" or not asked.dates or same_time(asked.dates, when(sentence, value)):
            yield Given(sentence, value, value_end(asked, value), p, by_reader=True)


def value_end(asked: Asked, value: Value) -> int:
    """Where a value ends as it is written: behind the noun that is asked for, not behind what follows it."""
    named = [end for noun, end in zip(value.nouns, value.ends, strict=True) if noun in asked.nouns]
    return named[0] if named else value.end


def clear(one: Given, other: Given) -> bool:
    """Whether the span reader is sure of one of two values and points at both, where only it takes either for an answer."""
    least, most = sorted((one.pointed, other.pointed))
    return not (one.by_reader or other.by_reader) or (most >= SURE and not math.isinf(least))


def read_on(asked: Asked, told: Sequence[Told], least: float, look: Look) -> list[Told]:
    """With what the span reader points at in MORE further sentences of at least the probability `least`, where it is sure of one
    value and they hold another of its kind."""
    known = {normalised(value) for sentence in told for value in _values(asked, sentence) if sentence.pointed(value) >= SURE}
    unread = [
        sentence.place
        for sentence in told
        if known and not sentence.span and sentence.probability >= least and asked.held(sentence.around) >= TAKEN_UP
        if any(normalised(value) not in known for value in _values(asked, sentence))
    ][:MORE]
    spans = dict(zip(unread, look(unread), strict=True)) if unread else {}
    return [replace(sentence, span=sentence.span or spans.get(sentence.place)) for sentence in told]


def _values(asked: Asked, sentence: Told) -> Sequence[Value]:
    return _figures(asked, sentence) if asked.wanted in ("count", "measure", "date") else sentence.read.names


def _figures(asked: Asked, sentence: Told) -> Sequence[Value]:
    """The figures and dates of a sentence that are of the wanted kind."""
    if asked.wanted == "count":
        return [one for one in sentence.read.numbers if not one.dimension and not one.unit]
    if asked.wanted == "measure":
        return [one for one in sentence.read.numbers if set(one.dimension.split(" or ")) & set(asked.dimensions)]
    return [one for one in dated(sentence.read.text) if one.date and one.date.part != "decade"] if asked.wanted == "date" else []
