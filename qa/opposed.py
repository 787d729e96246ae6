"""Disagreements that are learned: pairs of sentences whose values, as the span reader points at them, may both answer and differ.

Beside what was read to find the answer, a few more sentences are read where a value of the kind is pointed at, the likeliest first: of
the orders that were compared, by nearness to the sentence with that value, too, this one came soonest to the other side. A logistic
regression, fitted by `eval.fit_opposed`, gives each pair the probability that both sides answer the question.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files

import numpy as np

from qa.paired import FEATURES, Half, halves, pairs
from qa.reader import Logistic
from qa.said import Said, said, unlike
from qa.span_reader import Span
from qa.statements import Asked, Place, Told, ask
from qa.values import Value, dated

DATA = "opposed.json"
LIKELIEST = 16
"""Sentences that are looked at, the likeliest first …"""
MOST = 24
"""… and at most so many with those that are like the question."""
MORE = 3
"""Sentences that the span reader reads at most beyond those that it has read …"""
ANCHOR = -1.0
"""… where it points at a value with this score, or the question is to be answered by yes or no; …"""
TAKEN_UP, NEAR = 0.3, 0.35
"""… and only those whose passage holds this share of the question's words, or that are as similar to it as this."""

Look = Callable[[Sequence[Place]], Sequence[Span]]
"""What has the span reader read further sentences."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """The model of a pair, and the probability from which it is a disagreement."""

    model: Logistic
    threshold: float


@dataclass(frozen=True, slots=True)
class Pair:
    """Two values that cannot both be right, the surer first, and the features of the pair."""

    one: Half
    other: Half
    row: tuple[float, ...]


@lru_cache(maxsize=1)
def fitted() -> Fitted:
    """The shipped model. Raises ValueError when it was fitted on other features than the code computes."""
    record = json.loads((files("qa") / "data" / DATA).read_text(encoding="utf-8"))
    if tuple(record["features"]) != FEATURES:
        raise ValueError("qa/data/opposed.json was fitted on other features; run: make fit")
    return Fitted(Logistic.of(record), float(record["threshold"]))


def paired(question: str, sentences: Sequence[Told], look: Look) -> list[Pair]:
    """The pairs of values in sentences, the likeliest first, some of which `look` has read."""
    sentences = sentences[:MOST]
    asked = ask(question, [told.stems for told in sentences])
    sentences = _read_on(asked, sentences, look)
    values = [one for rank, told in enumerate(sentences) if (one := said(asked, told, rank))]
    holding = Counter(stem for told in sentences for stem in told.stems)
    rarity = {stem: math.log1p(len(sentences) / count) for stem, count in holding.items()}
    return [Pair(*pair) for pair in pairs(asked, halves(asked, values), rarity)]


def _read_on(asked: Asked, sentences: Sequence[Told], look: Look) -> list[Told]:
    """With what the span reader points at in MORE sentences that hold another value than the surest that it points at."""
    pointed = [one for rank, told in enumerate(sentences) if (one := said(asked, told, rank))]
    surest = max(pointed, key=lambda one: one.score, default=None)
    if not surest or (surest.score < ANCHOR and asked.wanted != "yes_no"):
        return list(sentences)
    worth = (
        told
        for told in sentences
        if not told.span
        and (told.similarity >= NEAR or asked.held(told.around) >= TAKEN_UP)
        and any(unlike(asked, surest, Said(told, value, 0.0, 0)) for value in _values(asked, surest.value, told))
    )
    unread = [told.place for told, _ in zip(worth, range(MORE), strict=False)]
    spans = {_key(place): span for place, span in zip(unread, look(unread) if unread else (), strict=True)}
    return [replace(told, span=told.span or spans.get(_key(told.place))) for told in sentences]


def _key(place: Place) -> tuple[str, int]:
    return place[0].id, place[1]


def _values(asked: Asked, like: Value, told: Told) -> Sequence[Value]:
    """The values of a sentence that are of one kind with another; for words its names where one is asked for, all of it for yes or no."""
    if like.kind == "date":
        return [one for one in dated(told.read.text) if one.date]
    if like.kind == "number":
        return told.read.numbers
    if asked.wanted in ("name", "person", "place"):
        return [replace(name, kind="words") for name in told.read.names]
    return [Value("words", 0, len(told.read.text))] if asked.wanted == "yes_no" else []


def opposed(found: Sequence[Pair], by: Fitted) -> list[list[Said]]:
    """The values of the likeliest disagreement, equal ones together, the surest's first; nothing where none is likely enough."""
    if not found:
        return []
    likely = by.model(np.array([pair.row for pair in found]))
    best = int(np.argmax(likely))
    if likely[best] < by.threshold:
        return []
    first = {found[best].one.said.normalised, found[best].other.said.normalised}
    sides: dict[str, list[Said]] = {}
    for n in np.argsort(-likely, kind="stable"):
        ends = (found[n].one.said, found[n].other.said)
        if likely[n] >= by.threshold and any(end.normalised in first for end in ends):
            for end in ends:
                same = sides.setdefault(end.normalised, [])
                if all(_key(end.told.place) != _key(one.told.place) for one in same):
                    same.append(end)
    return list(sides.values())
