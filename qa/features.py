"""What is known of a sentence as an answer to a question, as numbers: the input of the models that `eval.fit` fits.

Everything is computed from the question, the retrieved passages and word rarities; nothing knows of any article or topic.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from index.types import Hit, Passage, Sentence
from qa.kinds import counted, holds, names, people, stem_set, stems
from qa.question import Question
from qa.roots import taken_up
from qa.span_reader import Span

Rarity = Callable[[str], float]

SENTENCE_FEATURES = (
    "similarity",
    "similarity_to_best",
    "contrast",
    "contrast_to_best",
    "passage_similarity",
    "passage_score_to_best",
    "rank",
    "coverage",
    "coverage_in_context",
    "coverage_to_best",
    "telling_coverage",
    "telling_to_best",
    "telling_around",
    "new_words",
    "length",
    "before_similarity",
    "after_similarity",
    "is_fact",
    "label_coverage",
    "wants_number_has",
    "wants_number_near",
    "wants_unit_has",
    "wants_date_has",
    "wants_date_full",
    "wants_person_has",
    "wants_name_near",
    "wants_place_has",
    "wants_reason_has",
    "wants_value_lacks",
    "pairs",
    "similarity_standing",
    "contrast_standing",
    "telling_standing",
    "meaning",
    "meaning_to_best",
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
    "names_in_best",
    "figures_in_best",
    "unknown_words",
    "wanted_value_found",
    "agreement",
    "words_asked",
)
READ_FEATURES = ("log_odds", "span", "span_to_best")
"""Of a sentence that the span reader has read."""
ANSWER_SPAN_FEATURES = (
    "span",
    "spans_together",
    "wanted_value_found",
    "echoes",
    "words_asked",
    "names_missing",
    "passage_similarity",
)
"""Of the whole answer where the span reader has read its sentences. Few, because with the ranking's probabilities, similarities and
found words beside them, fewer of the unanswerable questions were told on folders that were not fitted on."""

_STANDING = [SENTENCE_FEATURES.index(name) for name in ("similarity", "contrast", "telling_coverage")]

_UNITS = tuple(
    (re.compile(asks, re.IGNORECASE), unit)
    for asks, unit in (
        (r"\bhow long\b|\bduration\b|\bhow many (?:minutes|hours|days|weeks|months|years)\b|\bhow old\b", "duration"),
        (r"\bhow (?:far|tall|high|deep|wide)\b|\bdistance\b", "distance"),
        (r"\b(?:percent(?:age)?|per cent|proportion|share|fraction)\b", "share"),
        (r"\bhow much (?:money|did .* cost)\b|\b(?:price|cost|budget|salary|worth)\b", "money"),
    )
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
    covers: frozenset[str]
    """The question's words that stand in the sentence or its article's title."""
    span: Span | None = None
    """What the span reader points at, where it has read the sentence …"""
    behind: Candidate | None = None
    """… and the sentence that it was read behind, where that made it clearer."""

    @property
    def passage(self) -> Passage:
        return self.hit.passage

    @property
    def place(self) -> tuple[str, int]:
        """The passage's id, and the sentence's number in it."""
        return self.passage.id, self.number

    @property
    def sentence(self) -> Sentence:
        return self.hit.passage.sentences[self.number]


def candidates(question: Question, hits: Sequence[Hit], rarity: Rarity) -> list[Candidate]:
    """Every sentence of the retrieved passages, with its features, in the order of the passages."""
    places = [(rank, hit, n) for rank, hit in enumerate(hits) for n in range(len(hit.passage.sentences))]
    if not places:
        return []
    weights = {word: rarity(word) for word in question.words}
    asked = frozenset(weights)
    covers = [cover for hit in hits for cover in _covers(hit.passage, asked)]
    wanted, share, telling = _Wanted(question, asked), _Share(weights), _Share(_telling(weights, covers))
    field = _Field(
        hits[0].score,
        max(_similarity(hit, n) for _, hit, n in places),
        max(_contrast(hit, n) for _, hit, n in places),
        max(share(cover.context) for cover in covers),
        max(telling(cover.own) for cover in covers),
    )
    values = np.array(
        [_values(wanted, *place, cover, share, telling, field) for place, cover in zip(places, covers, strict=True)],
        dtype=np.float64,
    )
    meaning = taken_up(weights, [hit.passage.sentences[n].full_text for _, hit, n in places])
    values = np.column_stack([values, _standing(values[:, _STANDING]), meaning, meaning - meaning.max()])
    return [
        Candidate(*place, _similarity(*place[1:]), row, stem_set(place[1].passage.sentences[place[2]].full_text), cover.titled)
        for place, row, cover in zip(places, values, covers, strict=True)
    ]


def _standing(values: np.ndarray) -> np.ndarray:
    """By how many standard deviations each value is above the mean of its column."""
    spread = values.std(axis=0)
    return (values - values.mean(axis=0)) / np.where(spread > 1e-9, spread, 1.0)


@dataclass(frozen=True, slots=True)
class _Cover:
    """Which words of the question stand in the sentence itself, in it or the title, and in its context (header, neighbours) too."""

    own: frozenset[str]
    titled: frozenset[str]
    context: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Field:
    """The best values among the candidates, to which each is compared."""

    score: float
    similarity: float
    contrast: float
    coverage: float
    telling: float


def _covers(passage: Passage, asked: frozenset[str]) -> list[_Cover]:
    """Of each sentence of a passage."""
    title, header = asked & stem_set(passage.title), asked & stem_set(passage.header)
    texts = [asked & stem_set(sentence.text) for sentence in passage.sentences]
    covers = []
    for n, sentence in enumerate(passage.sentences):
        own = asked & stem_set(sentence.full_text) if sentence.label else texts[n]
        titled = own | title
        covers.append(_Cover(own, titled, titled.union(header, *texts[max(0, n - 1) : n + 2])))
    return covers


def _telling(weights: dict[str, float], covers: Sequence[_Cover]) -> dict[str, float]:
    """Rarity among the candidates: a word that the context of nearly all of them holds tells none of them apart."""
    total = len(covers)
    shares = {word: sum(word in cover.context for cover in covers) / total for word in weights}
    return {word: weight * (1.0 - shares[word]) for word, weight in weights.items()}


class _Share:
    """The share of the weights that words have; added up in the question's order, so that it is the same in every process.

    Many sentences hold the same words of a question: each set of them is added up once.
    """

    def __init__(self, weights: dict[str, float]) -> None:
        self._weights, self._total = weights, sum(weights.values()) or 1.0
        self._known: dict[frozenset[str], float] = {}

    def __call__(self, words: frozenset[str]) -> float:
        """`words` are among those that have weights."""
        known = self._known.get(words)
        if known is None:
            known = self._known[words] = sum(w for word, w in self._weights.items() if word in words) / self._total
        return known


def _similarity(hit: Hit, n: int) -> float:
    return hit.sentences[n].similarity if 0 <= n < len(hit.sentences) else 0.0


def _contrast(hit: Hit, n: int) -> float:
    return hit.sentences[n].contrast if 0 <= n < len(hit.sentences) else 0.0


def _values(
    wanted: _Wanted, rank: int, hit: Hit, n: int, cover: _Cover, share: _Share, telling: _Share, best: _Field
) -> tuple[float, ...]:
    """One sentence's features, as far as they do not depend on the other sentences."""
    sentence = hit.passage.sentences[n]
    text = sentence.full_text
    similarity, contrast = _similarity(hit, n), _contrast(hit, n)
    in_context, told = share(cover.context), telling(cover.own)
    return (
        similarity,
        similarity - best.similarity,
        contrast,
        contrast - best.contrast,
        hit.dense,
        hit.score - best.score,
        math.log1p(rank),
        share(cover.titled),
        in_context,
        in_context - best.coverage,
        told,
        told - best.telling,
        telling(cover.context) - told,
        min(len(stem_set(text)) - len(cover.own), 12) / 12,
        min(len(stems(text)), 40) / 40,
        _similarity(hit, n - 1),
        _similarity(hit, n + 1),
        float(hit.passage.kind == "facts"),
        share(wanted.asked & stem_set(sentence.label)) if sentence.label else 0.0,
        *wanted.values(text),
        _pairs(wanted.question.words, cover.own, text),
    )


class _Wanted:
    """Whether sentences hold a value of the kind that a question wants; 0 where another kind is wanted."""

    def __init__(self, question: Question, asked: frozenset[str]) -> None:
        self.question, self.asked = question, asked
        self._text = question.text.casefold()
        self._unit = next((unit for asks, unit in _UNITS if asks.search(question.text)), None)
        plain = [word for word in question.text.split()[1:] if not word[:1].isupper()] if question.kind == "person" else []
        self._telling = frozenset(stem for word in plain for stem in stems(word))

    def values(self, text: str) -> tuple[float, ...]:
        """In the order of SENTENCE_FEATURES, from `wants_number_has` to `wants_value_lacks`."""
        kind = self.question.kind
        number = kind == "number" and holds("number", text)
        near = number and not self.asked.isdisjoint(counted(text))
        unit = self._unit is not None and holds(self._unit, text)
        date = kind == "date" and holds("date", text)
        full = date and holds("full date", text)
        new = (
            [person for person in people(text) if any(word not in self._text for word in person.words)]
            if kind == "person"
            else []
        )
        beside = any(not self._telling.isdisjoint(person.around) for person in new)
        place = kind == "place" and holds("place", text) and any(name not in self._text for name in names(text))
        reason = kind == "reason" and holds("reason", text)
        lacks = kind not in ("other", "yes_no") and not (number or date or new or place or reason)
        return tuple(map(float, (number, near, unit, date, full, bool(new), beside, place, reason, lacks)))


def _pairs(words: Sequence[str], held: frozenset[str], text: str) -> float:
    """Share of neighbouring word pairs of the question that are neighbours, in either order, within two words in the sentence.

    `held` are the question's words that the sentence holds.
    """
    if len(held) < 2:
        return 0.0
    both = [(one, other) for one, other in pairwise(words) if one in held and other in held]
    if not both:
        return 0.0
    own = stems(text)
    near = {
        pair for n, one in enumerate(own) if one in held for other in own[n + 1 : n + 3] for pair in ((one, other), (other, one))
    }
    return sum(pair in near for pair in both) / (len(words) - 1)


def _found(wanted: Set[str], shown: Set[str]) -> float:
    """Share of the wanted words that are shown; 1 where nothing is wanted."""
    return len(wanted & shown) / len(wanted) if wanted else 1.0


def answer_values(
    question: Question, hits: Sequence[Hit], ranked: Sequence[tuple[float, Candidate]], rarity: Rarity
) -> np.ndarray:
    """Features of an answer of which nothing was read, for its confidence (in the order of ANSWER_FEATURES). `ranked` are
    probabilities, best first."""
    if not ranked:
        return np.zeros(len(ANSWER_FEATURES))
    probability, best = ranked[0]
    value = dict(zip(SENTENCE_FEATURES, best.values, strict=True))
    weights = {word: rarity(word) for word in question.words}
    shown = set().union(*(stem_set(f"{hit.passage.header} {hit.passage.text}") for hit in hits[:3]))
    rarest = sorted(weights, key=lambda word: -weights[word])[:2]
    first = stem_set(f"{best.passage.header} {best.passage.text}")
    named = {s for name in _CAPITALISED.findall(question.text[1:]) for s in stems(name)}
    figures = {word for word in question.words if any(character.isdigit() for character in word)}
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
            _found(named, shown),
            _found(named, first),
            _found(figures, first),
            sum(w >= most - 1e-9 for w in weights.values()) / max(1, len(weights)),
            1.0 - value["wants_value_lacks"],
            float(len(ranked) > 1 and ranked[1][1].passage.source != best.passage.source and ranked[1][0] > 0.5 * probability),
            _words_asked(question),
        ]
    )


SURE = 20.0
"""Scores of the span reader further from 0 than this say no more than this."""


def read_values(probability: float, span: float, best: float) -> np.ndarray:
    """Features of a sentence that was read, in the order of READ_FEATURES; `best` is the best score among those that were read."""
    span, best = _clipped(span), _clipped(best)
    return np.array([math.log(probability / (1.0 - probability)), span, span - best])


def _clipped(span: float) -> float:
    return max(-SURE, min(SURE, span))


MISSED = 8
"""Passages, the first ones, of which none holds a name that is missing."""


def span_values(question: Question, hits: Sequence[Hit], ranked: Sequence[tuple[float, Candidate]]) -> np.ndarray:
    """In the order of ANSWER_SPAN_FEATURES. `span` is the score of the first sentence; `spans_together` the log of the summed odds of
    all that were read; `echoes`: what is pointed at only repeats words of the question; `names_missing` are counted."""
    were_read = [(candidate, candidate.span) for _, candidate in ranked if candidate.span]
    best, span = were_read[0]
    pointed = stem_set(best.sentence.full_text[span.start : span.end])
    shown = set().union(*(stem_set(f"{hit.passage.header} {hit.passage.text}") for hit in hits[:MISSED]))
    return np.array(
        [
            _clipped(span.score),
            np.logaddexp.reduce([_clipped(other.score) for _, other in were_read]),
            1.0 - best.values[SENTENCE_FEATURES.index("wants_value_lacks")],
            float(bool(pointed) and pointed <= set(question.words)),
            _words_asked(question),
            float(sum(shown.isdisjoint(stems(name)) for name in _CAPITALISED.findall(question.text[1:]))),
            best.hit.dense,
        ]
    )


def _words_asked(question: Question) -> float:
    """How long the question is: of a long one the span reader is less sure, whether it is answered or not."""
    return min(len(question.words), 12) / 12
