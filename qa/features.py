"""What is known of a sentence as an answer to a question, as numbers: the input of the models that `eval.fit` fits.

Everything is computed from the question, the retrieved passages and word rarities; nothing knows of any article or topic.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from index.lexical import terms
from index.types import Hit, Passage, Sentence
from qa.question import Question

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
ANSWER_SPAN_FEATURES = ("span", "span_best", "span_second")
"""Of the whole answer, besides ANSWER_FEATURES, where the span reader has read its sentences."""

_NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fifteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|"
    r"hundreds?|thousands?|millions?|dozens?|half|several|no|none|third|quarter)\b",
    re.IGNORECASE,
)
_MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b"
_DATE = re.compile(
    rf"\b(?:1\d{{3}}|20\d{{2}})\b|\b{_MONTH}|\b\d{{1,2}}(?:th|st|nd|rd)\b|\bcentur(?:y|ies)\b|\b(?:next|same|following|previous) day\b",
    re.IGNORECASE,
)
_FULL_DATE = re.compile(
    rf"\b\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}|\b{_MONTH}\.?\s+\d{{1,2}}\b|\b(?:1\d{{3}}|20\d{{2}})\b", re.IGNORECASE
)
_DURATION = re.compile(
    r"\b(?:second|minute|hour|day|night|week|month|year|decade|centur(?:y|ie)|season|generation)s?\b|\b(?:since|until|till|from)\b",
    re.IGNORECASE,
)
_DISTANCE = re.compile(
    r"\b(?:km|kms|kilomet(?:er|re)s?|miles?|met(?:er|re)s?|feet|foot|yards?|inch(?:es)?|acres?|hectares?)\b|\d ?(?:m|ft|mi)\b",
    re.IGNORECASE,
)
_SHARE = re.compile(r"%|\bper ?cent\b|\bpercentage\b|\b(?:half|third|quarter|majority|most)\b", re.IGNORECASE)
_MONEY = re.compile(r"[$€£¥]|\b(?:dollars?|euros?|pounds?|francs?|yen|million|billion|cents?)\b", re.IGNORECASE)
_UNITS = tuple(
    (re.compile(asks, re.IGNORECASE), unit)
    for asks, unit in (
        (r"\bhow long\b|\bduration\b|\bhow many (?:minutes|hours|days|weeks|months|years)\b|\bhow old\b", _DURATION),
        (r"\bhow (?:far|tall|high|deep|wide)\b|\bdistance\b", _DISTANCE),
        (r"\b(?:percent(?:age)?|per cent|proportion|share|fraction)\b", _SHARE),
        (r"\bhow much (?:money|did .* cost)\b|\b(?:price|cost|budget|salary|worth)\b", _MONEY),
    )
)
_NAME = re.compile(r"(?<![.!?\"“”]\s)(?<!^)\b[A-ZÀ-ÖØ-Þ][\w'’-]+")
_PLACE = re.compile(
    r"\b(?:in|at|from|near|to|into|of|around|outside|toward|towards|between|over|across|through|north|south|east|west)\s+(?:the\s+)?(?:\w+\s+)?[A-ZÀ-ÖØ-Þ]\w+"
)
_REASON = re.compile(
    r"\b(?:because|due to|owing|since|as a result|result of|reason|in order|to avoid|so that|caused?|causing|led to|leading|following|after|amid|over|"
    r"retaliation|response|reaction|fear|prompt|aim|thanks|therefore|attributed|objecting|citing|cited)\w*",
    re.IGNORECASE,
)
_PARTICLE = r"(?:ag|al|as|bin|da|de|del|della|den|der|di|dos|du|el|ibn|la|le|o|ould|of|ter|van|von|y)"
_WORD = r"[A-ZÀ-ÖØ-Þ][\w'’]*[a-zß-öø-ÿ][\w'’]*(?:-\w+)*"
_PERSON = re.compile(rf"\b{_WORD}(?:\s(?:{_PARTICLE}\s)?{_WORD})+")
_TITLED = re.compile(
    rf"\b(?:President|Minister|Colonel|General|Captain|Major|Lieutenant|Commander|Chairman|Secretary|Judge|King|Queen|Prince|Pope|Dr|Mr|Mrs|Ms|Sir|Emir)\.? {_WORD}"
)
_NO_PERSON = frozenset(
    """agency agreement airport army avenue battle bay church city college committee company corporation council court desert
    district force forces front institute island islands kingdom lake league mount mountain mountains movement museum news ocean
    operation party press province region republic river road school sea site square state states street times tomb treaty union
    university valley war""".split()
)
"""Words at the end of a name that tell that it is no person's."""
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
    span: float | None = None
    """The span reader's score, where it has read the sentence."""

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
    places = [(rank, hit, n) for rank, hit in enumerate(hits) for n in range(len(hit.passage.sentences))]
    if not places:
        return []
    weights = {word: rarity(word) for word in question.words}
    covers = [_cover(hit.passage, n, weights) for _, hit, n in places]
    telling = _telling(weights, covers)
    field = _Field(
        hits[0].score,
        max(_similarity(hit, n) for _, hit, n in places),
        max(_contrast(hit, n) for _, hit, n in places),
        max(_sum(cover.context, weights) for cover in covers),
        max(_sum(cover.own, telling) for cover in covers),
    )
    return [_candidate(question, *place, cover, weights, telling, field) for place, cover in zip(places, covers, strict=True)]


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


def _cover(passage: Passage, n: int, weights: dict[str, float]) -> _Cover:
    own = frozenset(stems(passage.sentences[n].full_text)) & weights.keys()
    titled = own | (frozenset(stems(passage.title)) & weights.keys())
    around = frozenset().union(stems(passage.header), *(stems(s.text) for s in passage.sentences[max(0, n - 1) : n + 2]))
    return _Cover(own, titled, titled | (around & weights.keys()))


def _telling(weights: dict[str, float], covers: Sequence[_Cover]) -> dict[str, float]:
    """Rarity among the candidates: a word that the context of nearly all of them holds tells none of them apart."""
    total = len(covers)
    shares = {word: sum(word in cover.context for cover in covers) / total for word in weights}
    return {word: weight * (1.0 - shares[word]) for word, weight in weights.items()}


def _sum(words: frozenset[str], weights: dict[str, float]) -> float:
    """The share of the weights that these words have; added up in the question's order, so that it is the same in every process."""
    return sum(weight for word, weight in weights.items() if word in words) / (sum(weights.values()) or 1.0)


def _similarity(hit: Hit, n: int) -> float:
    return hit.sentences[n].similarity if 0 <= n < len(hit.sentences) else 0.0


def _contrast(hit: Hit, n: int) -> float:
    return hit.sentences[n].contrast if 0 <= n < len(hit.sentences) else 0.0


def _candidate(
    question: Question,
    rank: int,
    hit: Hit,
    n: int,
    cover: _Cover,
    weights: dict[str, float],
    telling: dict[str, float],
    best: _Field,
) -> Candidate:
    sentence = hit.passage.sentences[n]
    own = stems(sentence.full_text)
    similarity, contrast = _similarity(hit, n), _contrast(hit, n)
    coverage, in_context, told = _sum(cover.titled, weights), _sum(cover.context, weights), _sum(cover.own, telling)
    values = (
        similarity,
        similarity - best.similarity,
        contrast,
        contrast - best.contrast,
        hit.dense,
        hit.score - best.score,
        math.log1p(rank),
        coverage,
        in_context,
        in_context - best.coverage,
        told,
        told - best.telling,
        _sum(cover.context, telling) - told,
        min(len({word for word in own if word not in weights}), 12) / 12,
        min(len(own), 40) / 40,
        _similarity(hit, n - 1),
        _similarity(hit, n + 1),
        float(hit.passage.kind == "facts"),
        _sum(frozenset(stems(sentence.label)), weights) if sentence.label else 0.0,
        *_wanted(question, sentence, weights),
        _pairs(question.words, own),
    )
    return Candidate(rank, hit, n, similarity, np.array(values, dtype=np.float64), frozenset(own), cover.titled)


def _wanted(question: Question, sentence: Sentence, weights: dict[str, float]) -> tuple[float, ...]:
    """Whether the sentence holds a value of the wanted kind; 0 where another kind is wanted."""
    text = sentence.full_text
    number = question.kind == "number" and bool(_NUMBER.search(text))
    near = number and _number_near(text, weights)
    unit = _unit_asked(question)
    has_unit = unit is not None and bool(unit.search(text))
    date = question.kind == "date" and bool(_DATE.search(text))
    full = date and bool(_FULL_DATE.search(text))
    people = _people(question, text) if question.kind == "person" else []
    person = bool(people)
    name_near = _name_near(question, text, people)
    place = question.kind == "place" and bool(_PLACE.search(text)) and _has_new_name(question, text)
    reason = question.kind == "reason" and bool(_REASON.search(text))
    lacks = question.kind not in ("other", "yes_no") and not (number or date or person or place or reason)
    return tuple(float(value) for value in (number, near, has_unit, date, full, person, name_near, place, reason, lacks))


def _unit_asked(question: Question) -> re.Pattern[str] | None:
    return next((unit for asks, unit in _UNITS if asks.search(question.text)), None)


def _people(question: Question, text: str) -> list[re.Match[str]]:
    """Names of people, as far as their form tells, of which the question does not give every word."""
    asked = question.text.casefold()
    found = [match for pattern in (_PERSON, _TITLED) for match in pattern.finditer(text)]
    named = ((match, match.group().casefold().split()) for match in found)
    return [match for match, words in named if words[-1] not in _NO_PERSON and any(word not in asked for word in words)]


def _name_near(question: Question, text: str, people: Sequence[re.Match[str]]) -> bool:
    """One of the people, with a word of the question that is no name among the four words before or after."""
    telling = {stem for word in question.text.split()[1:] if not word[:1].isupper() for stem in stems(word)}
    around = (" ".join((*text[: m.start()].split()[-4:], *text[m.end() :].split()[:4])) for m in people)
    return any(telling.intersection(stems(words)) for words in around)


def _number_near(text: str, weights: dict[str, float]) -> bool:
    """A number with a word of the question among the four words after it."""
    words = text.split()
    return any(
        _NUMBER.search(word) and any(s in weights for s in stems(" ".join(words[i + 1 : i + 5]))) for i, word in enumerate(words)
    )


def _has_new_name(question: Question, text: str) -> bool:
    asked = question.text.casefold()
    return any(name.casefold() not in asked for name in _NAME.findall(text)) or (
        text[:1].isupper() and text.split()[0].casefold() not in asked and bool(_NAME.search(text))
    )


def _pairs(words: Sequence[str], own: Sequence[str]) -> float:
    """Share of neighbouring word pairs of the question that are neighbours, in either order, within two words in the sentence."""
    if len(words) < 2:
        return 0.0
    near = {frozenset((own[i], own[j])) for i in range(len(own)) for j in (i + 1, i + 2) if j < len(own)}
    pairs = [frozenset(pair) for pair in pairwise(words)]
    return sum(pair in near for pair in pairs) / len(pairs)


def _found(wanted: set[str], shown: set[str]) -> float:
    """Share of the wanted words that are shown; 1 where nothing is wanted."""
    return len(wanted & shown) / len(wanted) if wanted else 1.0


def answer_values(
    question: Question, hits: Sequence[Hit], ranked: Sequence[tuple[float, Candidate]], rarity: Rarity
) -> np.ndarray:
    """Features of the whole answer, for its confidence (in the order of ANSWER_FEATURES). `ranked` are probabilities, best first."""
    if not ranked:
        return np.zeros(len(ANSWER_FEATURES))
    probability, best = ranked[0]
    value = dict(zip(SENTENCE_FEATURES, best.values, strict=True))
    weights = {word: rarity(word) for word in question.words}
    shown = set().union(*(stems(f"{hit.passage.header} {hit.passage.text}") for hit in hits[:3]))
    rarest = sorted(weights, key=lambda word: -weights[word])[:2]
    first = set(stems(f"{best.passage.header} {best.passage.text}"))
    names = {s for name in _CAPITALISED.findall(question.text[1:]) for s in stems(name)}
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
            _found(names, shown),
            _found(names, first),
            _found(figures, first),
            sum(w >= most - 1e-9 for w in weights.values()) / max(1, len(weights)),
            1.0 - value["wants_value_lacks"],
            float(len(ranked) > 1 and ranked[1][1].passage.source != best.passage.source and ranked[1][0] > 0.5 * probability),
            min(len(question.words), 12) / 12,
        ]
    )


SURE = 10.0
"""Scores of the span reader further from 0 than this say no more than this."""


def read_values(probability: float, span: float, best: float) -> np.ndarray:
    """Features of a sentence that was read, in the order of READ_FEATURES; `best` is the best score among those that were read."""
    span, best = _clipped(span), _clipped(best)
    return np.array([math.log(probability / (1.0 - probability)), span, span - best])


def _clipped(span: float) -> float:
    return max(-SURE, min(SURE, span))


def span_values(ranked: Sequence[tuple[float, Candidate]]) -> np.ndarray:
    """In the order of ANSWER_SPAN_FEATURES: scores of the first sentence, and of the best and the second of those that were read."""
    spans = [_clipped(c.span) for _, c in ranked if c.span is not None]
    return np.array([spans[0], *(sorted(spans, reverse=True) * 2)[:2]])
