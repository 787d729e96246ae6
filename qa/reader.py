"""The extractive reader: choose the sentences that answer, and say how likely they are right. No language model.

Small models over the features of `qa.features`, fitted by `eval.fit` and kept in `data/reader.json` with what they were fitted on.
A network (`qa.network`) gives each sentence a probability of holding the answer. The best few are then read by the span reader
(`qa.span_reader`), and a logistic regression weighs both. Another gives the answer its confidence. Without a span reader the
network and a third regression do alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np

from index.types import Hit
from qa.chains import with_pairs
from qa.features import (
    ANSWER_FEATURES,
    ANSWER_SPAN_FEATURES,
    READ_FEATURES,
    SENTENCE_FEATURES,
    Candidate,
    Rarity,
    answer_values,
    candidates,
    read_values,
    span_values,
)
from qa.network import Network
from qa.question import Question, read
from qa.span_reader import Reads, Span

ENOUGH = 0.5
"""A further sentence is given when it is worth this much beside the best one …"""
ENOUGH_SEVERAL = 0.2
"""… or this much, where the question asks for several things."""
NEWS = 0.25
"""Worth of all the question's words, beside a worth of 1 for the best sentence's probability."""
PASSAGES = 16
"""Passages whose sentences are looked at, at least."""
READ, READ_SEVERAL = 8, 12
"""Sentences that the span reader reads at most, the likeliest first, and where several things are asked for …"""
TOGETHER = 2
"""… so many at a time …"""
CLEAR = 4.0
"""… until one of them answers with at least this score, where one answer is wanted …"""
WORTH_READING = 0.03
"""… and only those whose odds of answering are at least this share of the best one's. Where one of these changes, `make fit` has to run."""
DEPTH = 24
"""Sentences that are looked at after the best one."""
WORDS = 90
"""Words after which no further sentence is begun."""
REPEATED = 0.75
"""A sentence of whose words this share was said already is left out."""


_LEANS = re.compile(
    r"(?:however,? |later,? |then,? |but |and )?(?:he|she|it|they|this|these|those|his|her|its|their|"
    r"the (?:next|following|same|previous) (?:day|night|morning|evening|week|month|year)|(?:two|three|four|several) \w+ later|"
    r"afterwards?|subsequently|at (?:this|that|the same) time)\b",
    re.IGNORECASE,
)


_REFERS = re.compile(
    r"(?:\W*+\w++\W++){0,5}?(?:he|she|it|they|him|them|his|her|its|their|this|these|those|there|then|the latter|the former)\b",
    re.IGNORECASE,
)
"""A pronoun among the first six words."""


_ITEM = re.compile(r"[^.:!?…\"'”’)\]\s]$")
"""The end of an item of a list: no end of a sentence, and nothing that announces more."""


@dataclass(frozen=True, slots=True)
class Logistic:
    """p = 1 / (1 + exp(−(weights · (x − mean) / scale + bias)))."""

    weights: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    bias: float

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Logistic:
        """A fitted model as its file holds it."""
        weights, mean, scale = (np.array(record[name]) for name in ("weights", "mean", "scale"))
        return cls(weights, mean, scale, float(record["bias"]))

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Probabilities; `values` of shape (n, features) or (features,)."""
        return 1.0 / (1.0 + np.exp(-((values - self.mean) / self.scale @ self.weights + self.bias)))


@dataclass(frozen=True, slots=True)
class Reading:
    """The chosen sentences with their probabilities, in the order to be given, and the confidence in them together."""

    question: Question
    chosen: tuple[tuple[float, Candidate], ...]
    ranked: tuple[tuple[float, Candidate], ...]
    confidence: float


def together(readings: Sequence[Reading]) -> Reading:
    """The readings of the parts of a question as one: every part's sentences in the order of the parts, the mean confidence."""
    if len(readings) == 1:
        return readings[0]
    chosen = {c.place: (p, c) for reading in readings for p, c in reversed(reading.chosen)}
    order = [c.place for reading in readings for _, c in reading.chosen]
    ranked = sorted((pair for reading in readings for pair in reading.ranked), key=lambda pair: -pair[0])
    confidence = sum(reading.confidence for reading in readings) / len(readings)
    return Reading(readings[-1].question, tuple(chosen[key] for key in dict.fromkeys(order)), tuple(ranked), confidence)


@dataclass(frozen=True, slots=True)
class Models:
    """`sentence` over SENTENCE_FEATURES, `read` over READ_FEATURES, `answer` over ANSWER_FEATURES or, where sentences were read,
    `answer_read` over ANSWER_SPAN_FEATURES."""

    sentence: Network
    read: Logistic
    answer: Logistic
    answer_read: Logistic


@lru_cache
def models() -> Models:
    """The fitted models, as shipped. Raises ValueError when they were fitted on other features than the code computes."""
    record = json.loads((files("qa") / "data" / "reader.json").read_text(encoding="utf-8"))
    return Models(
        Network.of(_fitted_on(SENTENCE_FEATURES, record["sentence"])),
        Logistic.of(_fitted_on(READ_FEATURES, record["read"])),
        Logistic.of(_fitted_on(ANSWER_FEATURES, record["answer"])),
        Logistic.of(_fitted_on(ANSWER_SPAN_FEATURES, record["answer_read"])),
    )


def _fitted_on(features: Sequence[str], record: dict[str, Any]) -> dict[str, Any]:
    if tuple(record["features"]) != tuple(features):
        raise ValueError("qa/data/reader.json was fitted on other features; run: make fit")
    return record


def answer(text: str, hits: Sequence[Hit], rarity: Rarity, most: int = 4, spans: Reads | None = None) -> Reading:
    """Choose up to `most` sentences of the retrieved passages."""
    question, fitted = read(text), models()
    ranked = rank(question, hits, rarity, fitted.sentence)
    if not ranked:
        return Reading(question, (), (), 0.0)
    if spans:
        ranked = weighed(with_spans(question, ranked, spans), fitted.read)
    confidence = fitted.answer_read if spans else fitted.answer
    chosen = tuple(choose(question, ranked, rarity, most))
    return Reading(question, chosen, tuple(ranked), float(confidence(whole_values(question, hits, ranked, rarity))))


def whole_values(
    question: Question, hits: Sequence[Hit], ranked: Sequence[tuple[float, Candidate]], rarity: Rarity
) -> np.ndarray:
    """Features of the whole answer: ANSWER_SPAN_FEATURES where sentences of it were read, else ANSWER_FEATURES."""
    if any(candidate.span for _, candidate in ranked):
        return span_values(question, hits, ranked)
    return answer_values(question, hits, ranked, rarity)


def with_spans(question: Question, ranked: Sequence[tuple[float, Candidate]], spans: Reads) -> list[tuple[float, Candidate]]:
    """The same ranking, with what the span reader found in those of its best sentences that had to be read."""
    least = WORTH_READING * _odds(ranked[0][0]) if ranked else 0.0
    most = READ_SEVERAL if question.several else READ
    worth = [candidate for p, candidate in ranked[:most] if _odds(p) >= least]
    found: list[Span] = []
    while len(found) < len(worth) and (question.several or not any(span.score >= CLEAR for span in found)):
        found += spans.spans(question.text, [read_as(c) for c in worth[len(found) : len(found) + TOGETHER]])
    marked = [(p, replace(c, span=span)) for (p, c), span in zip(ranked, found, strict=False)]
    return with_pairs(question, [*marked, *ranked[len(marked) :]], spans)


def _odds(probability: float) -> float:
    return probability / (1.0 - probability)


def read_as(candidate: Candidate) -> tuple[str, str]:
    """What stands before a sentence when it is read, and the sentence: its article's title, and the sentence before it where a
    pronoun near its beginning may speak of that."""
    passage, n = candidate.passage, candidate.number
    before = f"{passage.title}. " if passage.title else ""
    if n and passage.kind != "facts" and _REFERS.match(candidate.sentence.text):
        before += passage.sentences[n - 1].text + " "
    return before, candidate.sentence.full_text


def read_rows(were_read: Sequence[tuple[float, Candidate]]) -> list[np.ndarray]:
    """READ_FEATURES of sentences that were read."""
    best = max(c.span.score for _, c in were_read if c.span)
    return [read_values(p, c.span.score, best) for p, c in were_read if c.span]


def weighed(ranked: Sequence[tuple[float, Candidate]], model: Logistic) -> list[tuple[float, Candidate]]:
    """The ranking by both, the sentences that were read before the others."""
    were_read = [(p, c) for p, c in ranked if c.span]
    probabilities = model(np.stack(read_rows(were_read)))
    first = sorted(((float(p), c) for p, (_, c) in zip(probabilities, were_read, strict=True)), key=lambda pair: -pair[0])
    return [*first, *((min(p, first[-1][0]), c) for p, c in ranked if not c.span)]


def rank(question: Question, hits: Sequence[Hit], rarity: Rarity, model: Network) -> list[tuple[float, Candidate]]:
    """All sentences with their probabilities, best first."""
    found = candidates(question, hits, rarity)
    if not found:
        return []
    probabilities = model(np.stack([candidate.values for candidate in found]))
    order = np.argsort(-probabilities, kind="stable")
    return [(float(probabilities[n]), found[n]) for n in order]


def choose(
    question: Question, ranked: Sequence[tuple[float, Candidate]], rarity: Rarity, most: int
) -> list[tuple[float, Candidate]]:
    """The best sentence, then each time the one worth most beside those chosen, while one is worth enough.

    What a further sentence is worth is its probability, as a share of the best one's, and the share of the question's rarity that
    no chosen sentence holds yet: the second half of a question in two parts is answered by a sentence that shares nothing
    with the first (maximal marginal relevance turned to coverage; Carbonell and Goldstein 1998; Lin and Bilmes 2011, section 4).
    """
    weights = {word: rarity(word) for word in question.words}
    total = sum(weights.values()) or 1.0
    enough = ENOUGH_SEVERAL if question.several else ENOUGH
    chosen: list[tuple[float, Candidate]] = list(ranked[:1])
    left = list(ranked[1:DEPTH])
    covered = set(chosen[0][1].covers) if chosen else set()
    while left and len(chosen) < most and sum(len(c.sentence.text.split()) for _, c in chosen) < WORDS:
        worth = [p / chosen[0][0] + NEWS * sum(weights[w] for w in c.covers - covered) / total for p, c in left]
        best = max(range(len(left)), key=lambda n: (worth[n], -n))
        if worth[best] < enough:
            break
        taken = left.pop(best)
        if not any(_repeats(taken[1], other) for _, other in chosen):
            chosen.append(taken)
            covered |= taken[1].covers
    return _led_in(_with_items(chosen, ranked), ranked)[:most] if most > 1 else chosen


def _with_items(
    chosen: list[tuple[float, Candidate]], ranked: Sequence[tuple[float, Candidate]]
) -> list[tuple[float, Candidate]]:
    """With the items of a list behind the sentence that announces it ("They asked for three things:"), where that is the best one."""
    if not chosen or not chosen[0][1].sentence.text.endswith(":"):
        return chosen
    announces = chosen[0][1]
    place = {c.number: (p, c) for p, c in ranked if c.passage.id == announces.passage.id}
    last = announces.number
    while last + 1 in place and (
        _ITEM.search(place[last + 1][1].sentence.text) or place[last][1].sentence.text.endswith((",", ";"))
    ):
        last += 1
    items = [place[number] for number in range(announces.number + 1, last + 1)]
    return [chosen[0], *items, *(pair for pair in chosen[1:] if all(pair[1] is not item for _, item in items))]


def _led_in(chosen: list[tuple[float, Candidate]], ranked: Sequence[tuple[float, Candidate]]) -> list[tuple[float, Candidate]]:
    """With the sentence that the best one was read behind, or the one before it, where it leans on that: "They then …"."""
    if not chosen:
        return chosen
    best = chosen[0][1]
    if best.behind:
        place = best.behind.place
    elif _LEANS.match(best.sentence.text):
        place = best.passage.id, best.number - 1
    else:
        return chosen
    before = [pair for pair in ranked if pair[1].place == place]
    return [*before, *(pair for pair in chosen if pair[1].place != place)]


def _repeats(candidate: Candidate, other: Candidate) -> bool:
    return len(candidate.stems & other.stems) >= REPEATED * max(1, len(candidate.stems))
