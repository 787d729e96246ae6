"""The extractive reader: choose the sentences that answer, and say how likely they are right. No language model.

Two logistic regressions over the features of `qa.features`, fitted by `eval.fit` and kept in `data/reader.json` with what they
were fitted on. The first gives each sentence a probability of holding the answer, the second gives the answer its confidence.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np

from index.types import Hit
from qa.features import ANSWER_FEATURES, SENTENCE_FEATURES, Candidate, Rarity, answer_values, candidates
from qa.question import Question, read

ENOUGH = 0.5
"""A further sentence is given when its probability is at least this share of the best one's …"""
ENOUGH_SEVERAL = 0.3
"""… or this share, where the question asks for several things."""
WORDS = 90
"""Words after which no further sentence is begun."""
REPEATED = 0.75
"""A sentence of whose words this share was said already is left out."""


@dataclass(frozen=True, slots=True)
class Logistic:
    """p = 1 / (1 + exp(−(weights · (x − mean) / scale + bias)))."""

    weights: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    bias: float

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


@lru_cache
def models() -> tuple[Logistic, Logistic]:
    """The fitted models, as shipped. Raises ValueError when they were fitted on other features than the code computes."""
    record = json.loads((files("qa") / "data" / "reader.json").read_text(encoding="utf-8"))
    return _logistic(record["sentence"], SENTENCE_FEATURES), _logistic(record["answer"], ANSWER_FEATURES)


def _logistic(record: dict, features: Sequence[str]) -> Logistic:
    if tuple(record["features"]) != tuple(features):
        raise ValueError("qa/data/reader.json was fitted on other features; run: make fit")
    weights, mean, scale = (np.array(record[name]) for name in ("weights", "mean", "scale"))
    return Logistic(weights, mean, scale, float(record["bias"]))


def answer(text: str, hits: Sequence[Hit], rarity: Rarity, most: int = 4) -> Reading:
    """Choose up to `most` sentences of the retrieved passages."""
    question = read(text)
    sentence_model, answer_model = models()
    ranked = rank(question, hits, rarity, sentence_model)
    confidence = float(answer_model(answer_values(question, hits, ranked, rarity))) if ranked else 0.0
    return Reading(question, tuple(choose(question, ranked, most)), tuple(ranked), confidence)


def rank(question: Question, hits: Sequence[Hit], rarity: Rarity, model: Logistic) -> list[tuple[float, Candidate]]:
    """All sentences with their probabilities, best first."""
    found = candidates(question, hits, rarity)
    if not found:
        return []
    probabilities = model(np.stack([candidate.values for candidate in found]))
    order = np.argsort(-probabilities, kind="stable")
    return [(float(probabilities[n]), found[n]) for n in order]


def choose(question: Question, ranked: Sequence[tuple[float, Candidate]], most: int) -> list[tuple[float, Candidate]]:
    """The best sentence, and those after it that are nearly as likely and say something new."""
    chosen: list[tuple[float, Candidate]] = []
    words = 0
    for probability, candidate in ranked:
        share = ENOUGH_SEVERAL if question.several else ENOUGH
        if chosen and (len(chosen) == most or words >= WORDS or probability < share * chosen[0][0]):
            break
        if any(_repeats(candidate, other) for _, other in chosen):
            continue
        chosen.append((probability, candidate))
        words += len(candidate.sentence.text.split())
    return chosen


def _repeats(candidate: Candidate, other: Candidate) -> bool:
    return len(candidate.stems & other.stems) >= REPEATED * max(1, len(candidate.stems))
