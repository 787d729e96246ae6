"""What is known of a sentence as an answer to a question, as numbers: the input of the models that `eval.fit` fits.

Everything is computed from the question, the retrieved passages and word rarities; nothing knows of any article or topic.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from index.lexical import terms
from index.types import Hit, Passage, Sentence
from qa.question import Question

Rarity = Callable[[str], float]

SENTENCE_FEATURES = (
    "similarity",
    "similarity_to_best",
    "passage_similarity",
    "passage_score_to_best",
    "rank",
    "coverage",
    "coverage_in_context",
    "coverage_to_best",
    "new_words",
    "length",
    "before_similarity",
    "after_similarity",
    "is_fact",
    "label_coverage",
    "wants_number_has",
    "wants_number_near",
    "wants_date_has",
    "wants_date_full",
    "wants_person_has",
    "wants_place_has",
    "wants_reason_has",
    "wants_value_lacks",
    "pairs",
)
ANSWER_FEATURES = (
    "probability",
    "second_probability",
    "similarity",
    "passage_similarity",
    "score",
    "lexical",
    "coverage",
    "coverage_in_context",
    "rarest_found",
    "names_found",
    "unknown_words",
    "wanted_value_found",
    "agreement",
    "words_asked",
)

_NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fifteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|"
    r"hundreds?|thousands?|millions?|dozens?|half|several|no|none|third|quarter)\b",
    re.IGNORECASE,
)
_MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b"
_DATE = re.compile(rf"\b(?:1\d{{3}}|20\d{{2}})\b|\b{_MONTH}|\b\d{{1,2}}(?:th|st|nd|rd)\b|\bcentur(?:y|ies)\b|\b(?:next|same|following|previous) day\b", re.IGNORECASE)
_FULL_DATE = re.compile(rf"\b\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}|\b{_MONTH}\.?\s+\d{{1,2}}\b|\b(?:1\d{{3}}|20\d{{2}})\b", re.IGNORECASE)
_NAME = re.compile(r"(?<![.!?\"“”]\s)(?<!^)\b[A-ZÀ-ÖØ-Þ][\w'’-]+")
_PLACE = re.compile(r"\b(?:in|at|from|near|to|into|of|around|outside|toward|towards|between|over|across|through|north|south|east|west)\s+(?:the\s+)?(?:\w+\s+)?[A-ZÀ-ÖØ-Þ]\w+")
_REASON = re.compile(
    r"\b(?:because|due to|owing|since|as a result|result of|reason|in order|to avoid|so that|caused?|causing|led to|leading|following|after|amid|over|"
    r"retaliation|response|reaction|fear|prompt|aim|thanks|therefore|attributed|objecting|citing|cited)\w*",
    re.IGNORECASE,
)
_CAPITALISED = re.compile(r"\b[A-ZÀ-ÖØ-Þ][\w'’-]+")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence of a retrieved passage, with its features (in the order of SENTENCE_FEATURES)."""

    rank: int
    hit: Hit
    number: int
    similarity: float
    values: np.ndarray
    stems: frozenset[str]

    @property
    def passage(self) -> Passage:
        return self.hit.passage

    @property
    def sentence(self) -> Sentence:
        return self.hit.passage.sentences[self.number]


@lru_cache(maxsize=20_000)
def stems(text: str) -> tuple[str, ...]:
    """The index terms of a text; remembered, because the same sentences are read for many questions."""
    return tuple(terms(text))


def candidates(question: Question, hits: Sequence[Hit], rarity: Rarity) -> list[Candidate]:
    """Every sentence of the retrieved passages, with its features, in the order of the passages."""
    if not hits:
        return []
    weights = {word: rarity(word) for word in question.words}
    best_similarity = max(hit.sentence for hit in hits)
    raw = [
        (rank, hit, n, _coverage(question, hit, n, weights)) for rank, hit in enumerate(hits) for n in range(len(hit.passage.sentences))
    ]
    best_coverage = max((coverage[1] for *_, coverage in raw), default=0.0)
    return [
        _candidate(question, hits[0], rank, hit, n, coverage, best_similarity, best_coverage, weights) for rank, hit, n, coverage in raw
    ]


def _coverage(question: Question, hit: Hit, n: int, weights: dict[str, float]) -> tuple[float, float]:
    """Share of the question's rarity found in the sentence with its title, and in its context (passage header, neighbours) too."""
    total = sum(weights.values()) or 1.0
    passage = hit.passage
    own = set(stems(passage.sentences[n].full_text)) | set(stems(passage.title))
    around = own.union(stems(passage.header), *(stems(s.text) for s in passage.sentences[max(0, n - 1) : n + 2]))
    return sum(w for word, w in weights.items() if word in own) / total, sum(w for word, w in weights.items() if word in around) / total


def _candidate(
    question: Question,
    first: Hit,
    rank: int,
    hit: Hit,
    n: int,
    coverage: tuple[float, float],
    best_similarity: float,
    best_coverage: float,
    weights: dict[str, float],
) -> Candidate:
    sentence = hit.passage.sentences[n]
    own = stems(sentence.full_text)
    similarity = hit.sentences[n].similarity if hit.sentences else hit.score
    new = [word for word in own if word not in weights]
    has = _wanted(question, sentence, own, weights)
    values = (
        similarity,
        similarity - best_similarity,
        hit.dense,
        hit.score - first.score,
        math.log1p(rank),
        coverage[0],
        coverage[1],
        coverage[1] - best_coverage,
        min(len(set(new)), 12) / 12,
        min(len(own), 40) / 40,
        hit.sentences[n - 1].similarity if n and hit.sentences else 0.0,
        hit.sentences[n + 1].similarity if n + 1 < len(hit.sentences) else 0.0,
        float(hit.passage.kind == "facts"),
        _share(weights, stems(sentence.label)) if sentence.label else 0.0,
        *has,
        _pairs(question.words, own),
    )
    return Candidate(rank, hit, n, similarity, np.array(values, dtype=np.float64), frozenset(own))


def _share(weights: dict[str, float], words: Sequence[str]) -> float:
    found = set(words)
    return sum(w for word, w in weights.items() if word in found) / (sum(weights.values()) or 1.0)


def _wanted(question: Question, sentence: Sentence, own: Sequence[str], weights: dict[str, float]) -> tuple[float, ...]:
    """Whether the sentence holds a value of the wanted kind; 0 where another kind is wanted."""
    text = sentence.full_text
    number = question.kind == "number" and bool(_NUMBER.search(text))
    near = number and _number_near(text, weights)
    date = question.kind == "date" and bool(_DATE.search(text))
    full = date and bool(_FULL_DATE.search(text))
    person = question.kind == "person" and _has_new_name(question, text)
    place = question.kind == "place" and bool(_PLACE.search(text)) and _has_new_name(question, text)
    reason = question.kind == "reason" and bool(_REASON.search(text))
    lacks = question.kind not in ("other", "yes_no") and not (number or date or person or place or reason)
    return tuple(float(value) for value in (number, near, date, full, person, place, reason, lacks))


def _number_near(text: str, weights: dict[str, float]) -> bool:
    """A number with a word of the question among the four words after it."""
    words = text.split()
    return any(_NUMBER.search(word) and any(s in weights for s in stems(" ".join(words[i + 1 : i + 5]))) for i, word in enumerate(words))


def _has_new_name(question: Question, text: str) -> bool:
    asked = question.text.casefold()
    return any(name.casefold() not in asked for name in _NAME.findall(text)) or text[:1].isupper() and text.split()[0].casefold() not in asked and bool(_NAME.search(text))


def _pairs(words: Sequence[str], own: Sequence[str]) -> float:
    """Share of neighbouring word pairs of the question that are neighbours, in either order, within two words in the sentence."""
    if len(words) < 2:
        return 0.0
    near = {frozenset((own[i], own[j])) for i in range(len(own)) for j in (i + 1, i + 2) if j < len(own)}
    pairs = [frozenset(pair) for pair in zip(words, words[1:], strict=False)]
    return sum(pair in near for pair in pairs) / len(pairs)


def answer_values(question: Question, hits: Sequence[Hit], ranked: Sequence[tuple[float, Candidate]], rarity: Rarity) -> np.ndarray:
    """Features of the whole answer, for its confidence (in the order of ANSWER_FEATURES). `ranked` are probabilities, best first."""
    if not ranked:
        return np.zeros(len(ANSWER_FEATURES))
    probability, best = ranked[0]
    value = dict(zip(SENTENCE_FEATURES, best.values, strict=True))
    weights = {word: rarity(word) for word in question.words}
    shown = set().union(*(stems(f"{hit.passage.header} {hit.passage.text}") for hit in hits[:3]))
    rarest = sorted(weights, key=lambda word: -weights[word])[:2]
    names = {s for name in _CAPITALISED.findall(question.text[1:]) for s in stems(name)}
    most = rarity("")
    return np.array(
        [
            probability,
            ranked[1][0] if len(ranked) > 1 else 0.0,
            best.similarity,
            best.hit.dense,
            hits[0].score,
            hits[0].lexical,
            value["coverage"],
            value["coverage_in_context"],
            sum(word in shown for word in rarest) / max(1, len(rarest)),
            sum(name in shown for name in names) / len(names) if names else 1.0,
            sum(w >= most - 1e-9 for w in weights.values()) / max(1, len(weights)),
            1.0 - value["wants_value_lacks"],
            float(len(ranked) > 1 and ranked[1][1].passage.source != best.passage.source and ranked[1][0] > 0.5 * probability),
            min(len(question.words), 12) / 12,
        ]
    )
