"""Two values that may both answer a question, in numbers: the features of the model that `eval.fit_conflicts` fits.

One row for a pair of values that cannot be the same: how surely each answers, how alike the two sentences are apart from their
values, and what in the wording sets them apart (other times, parts, plans, groups).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from qa.answering import again, mismatched, _other_subject, _other_milestone, _noun, _bounded
from qa.quantities import Date
from qa.said import Said, unlike
from qa.statements import Asked, Told, agree, names_held, same_time, several, share_name, speaker, turned, whole_names_held
from qa.values import outcome, taken_apart, with_year
from qa.words import is_name, is_negator, opposites, words
from qa.values import tells

SURE, LOW = 12.0, -12.0
_BY_THEN = re.compile(
    r"\b(?:initial(?:ly)?|at first|(?:early|first|preliminary) (?:reports?|counts?|estimates?)|so far|to date|as of|still|"
    r"by (?:the (?:end|middle|beginning|start|evening|morning|time|following|next)|then|now|noon|midnight|early|late|mid|\d|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|may|june|july|august|september|october|november|december)|"
    r"(?:had|has) (?:risen|grown|fallen|climbed|passed)|(?:rose|grew|fell|climbed) (?:to|from)|passed|today|now|currently|nowadays|"
    r"(?:two|three|four|five|six|some|several|a few) (?:hours?|days?|weeks?|months?|years?) later|at (?:midnight|noon))\b",
    re.I,
)
_FOR_A_TIME = re.compile(
    r"\b(?:until|till|from (?:\w+ )?\d{4}|since|after|before|later|then|when|at the time|in(?: \w+)? \d{4})\b", re.I
)
_HYPOTHETICAL = re.compile(
    r"\b(?:(?:was|were|is|are|been) (?:to|expected|estimated to|planned|scheduled|supposed|due)|(?:had|have) (?:expected|planned|hoped)|"
    r"expected|planned|forecast|predicted|projected|intended|estimated to|would|if|proposed|demand\w*|offered|wanted|asked for|target)\b",
    re.I,
)
_WHOLE = re.compile(r"\b(?:overall|total|in all|altogether|together|combined)\b", re.I)
_EACH = re.compile(r"\b(?:each|every|per|an?|another|other|more|further|extra|additional|of (?:them|whom|these|those|the))\b", re.I)
_DENIED = re.compile(
    r"\b(?:den(?:y|ied|ies)|disput\w+|contrary to|reject\w*|refut\w+|false\w*|wrong\w*|untrue|mistake\w*|correct(?:ed|s|ion)|"
    r"in fact|actually|only|exaggerat\w+|however|but|not|myth|although|though)\b", re.I)
_CLAIMED = re.compile(r"\b(?:said|says|claim\w*|according|put|reported|estimate[sd]?|states|stated|counted|gave|gives|maintain\w*)\b", re.I)

FEATURES = (
    "one_score", "other_score", "other_pointed", "other_above", "one_above", "one_odds", "one_rank", "other_rank",
    "one_near", "other_near", "one_words", "other_words", "other_words_around", "words_clause", "one_names", "other_names", "other_names_around",
    "shared", "shared_all", "same_article", "same_passage", "two_speakers", "one_fact", "both_facts",
    "times_agree", "times_apart", "days_apart", "years_apart", "one_undated", "asked_time_held", "asked_time_missed",
    "partial", "away", "hypothetical", "again", "by_then", "for_a_time", "mismatched", "turned",
    "nouns_shared", "nouns_apart", "noun_asked", "no_noun", "outcomes_apart", "outcome_asked", "groups_apart", "bounded",
    "ratio", "close", "same_year", "same_month", "days", "finer",
    "is_count", "is_measure", "is_date", "is_name", "is_open", "is_yes_no", "words_kind", "once", "several",
    "others", "backed", "one_backed", "strange_subject", "whole", "each", "denied", "claimed",
    "negated_one", "title_asked", "title_shared", "span_words", "span_asked", "capitals", "unit_same",
    "other_milestone", "bounded_date", "same_sentence", "stances_apart", "yn_negated", "yn_denied", "yn_shared", "words_shared", "words_other_score", "turned_pair",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Half:
    """What one value of a pair brings along, found once for all its pairs."""

    said: Said
    score: float
    words: float
    around: float
    clause_words: float
    names: float
    names_around: float
    stems: frozenset[str]
    when: tuple[Date, ...]
    hypothetical: bool
    again: bool
    by_then: bool
    for_a_time: bool
    mismatched: bool
    turned: bool
    noun: float
    speaker: frozenset[str]
    strange: bool
    whole: bool
    each: bool
    denied: bool
    claimed: bool
    negated: bool
    milestone: bool
    bounded: bool
    side: str = ""


def half(asked: Asked, one: Said, sides: dict[Any, str] = {}) -> Half:
    told, value = one.told, one.value
    read = told.read
    start, end = read.clause(value.start)
    clause = read.text if told.is_fact else read.text[start:end]
    near = _near(read.text, value.start, value.end, start, end)
    stems = told.stems
    inside = frozenset(w.stem for w in read.words if value.start <= w.start < value.end)
    own = frozenset(w.stem for w in read.words if start <= w.start < end)
    number = value.kind == "number"
    return Half(
        one,
        max(LOW, min(SURE, one.score)),
        asked.held(stems),
        asked.held(told.around),
        asked.held(own | told.title if told.is_fact else own),
        whole_names_held(asked, stems),
        whole_names_held(asked, told.around),
        frozenset(stem for stem in _telling(read.text) if stem not in inside),
        tuple(when(told, one)),
        bool(_HYPOTHETICAL.search(clause)),
        again(asked, clause),
        bool(_BY_THEN.search(near)),
        bool(_FOR_A_TIME.search(near)),
        mismatched(asked, told),
        turned(asked, read.stems),
        _noun(asked, told, value) if number and asked.wanted in ("count", "measure") else 0.5,
        speaker(clause),
        _other_subject(asked, told),
        bool(_WHOLE.search(clause)),
        bool(_EACH.search(read.text[max(0, value.start - 12): value.end + 14])) if number else False,
        bool(_DENIED.search(clause)),
        bool(_CLAIMED.search(clause)),
        any(is_negator(w) for w in read.words if start <= w.start < end),
        bool(value.date) and _other_milestone(asked, told, value),
        bool(value.date) and _bounded(asked, told, value),
        sides.get(told.place, ""),
    )


@lru_cache(maxsize=8192)
def _telling(text: str) -> frozenset[str]:
    return frozenset(w.stem for w in words(text) if tells(w))


_COMMA = re.compile(r"[,;:] ")


def _near(text: str, at: int, to: int, start: int, end: int) -> str:
    """The part between commas of the clause that a value stands in."""
    start = max([start, *(match.end() for match in _COMMA.finditer(text, 0, at))])
    end = min([end, *(match.start() for match in _COMMA.finditer(text, to))])
    return text[start:end]


def when(told: Told, one: Said) -> Sequence[Date]:
    """The dates of a value: its own, those of its item of a fact, else those of its sentence or of the nearest one before."""
    value = one.value
    if value.date:
        return [value.date]
    if not told.is_fact:
        return told.when
    start, end = told.read.clause(value.start)
    return [with_year(date, told.year) for date in told.read.dates if start <= date.start < end]


def features(asked: Asked, one: Half, other: Half, others: int, backed: int, one_backed: int, weights: dict[str, float]) -> tuple[float, ...]:
    """The row of a pair, in the order of FEATURES; `others` are further values, `backed` the sentences that give each."""
    a, b = one.said.value, other.said.value
    x, y = one.said.told, other.said.told
    meant = asked_stems(asked)
    both, either = one.stems & other.stems, one.stems | other.stems
    news, all_news = both - meant, either - meant
    weigh = lambda stems: sum(weights.get(stem, 1.0) for stem in stems)  # noqa: E731
    together = x.place[0].id == y.place[0].id
    days = one.when and other.when and not a.date
    number, date = a.kind == "number", bool(a.date)
    low, high = _ends(a), _ends(b)
    kind = asked.wanted
    own_when = [d for d in other.when]
    asked_dates = asked.dates
    shared = weigh(news) / (1.0 + min(weigh(one.stems - meant), weigh(other.stems - meant)))
    return tuple(map(float, (
        one.score, other.score, other.said.pointed, other.score > 0, one.score > 2, _odds(x.probability), math.log1p(one.said.rank), math.log1p(other.said.rank),
        x.similarity, y.similarity, one.words, other.words, other.around, other.clause_words, one.names, other.names, other.names_around,
        shared, len(both) / (1.0 + min(len(one.stems), len(other.stems))),
        x.place[0].source == y.place[0].source, together, bool(one.speaker and other.speaker and not one.speaker & other.speaker),
        x.is_fact != y.is_fact, x.is_fact and y.is_fact,
        bool(days) and same_time(one.when, other.when), bool(days) and not same_time(one.when, other.when),
        bool(days) and not any(_close(p, q) for p in one.when for q in other.when),
        bool(x.year and y.year and x.year != y.year),
        not days and not a.date,
        bool(asked_dates) and bool(own_when) and not date and same_time(asked_dates, own_when), bool(asked_dates) and bool(own_when) and not date and not same_time(asked_dates, own_when),
        a.partial + b.partial, a.away + b.away, one.hypothetical + other.hypothetical, one.again != other.again, one.by_then + other.by_then,
        one.for_a_time + other.for_a_time, one.mismatched + other.mismatched, one.turned + other.turned,
        bool(set(a.nouns) & set(b.nouns)), bool(a.nouns and b.nouns and not set(a.nouns) & set(b.nouns)), other.noun, number and not b.nouns,
        number and bool(a.outcome and b.outcome and a.outcome != b.outcome), number and bool(asked.outcome) and b.outcome == asked.outcome,
        bool(a.names and b.names) and number and not share_name(a.names, b.names), (a.bound != "exact") + (b.bound != "exact") if number else 0,
        min(3.0, abs(math.log((low + 1e-9) / (high + 1e-9)))) if number and low > 0 and high > 0 else 0.0,
        number and low > 0 and high > 0 and abs(math.log(low / high)) < 0.35,
        date and bool(a.date.year) and a.date.year == b.date.year, date and bool(a.date.month) and a.date.month == b.date.month,
        date and bool(a.date.day and b.date.day) and abs((a.date.month - b.date.month) * 30 + a.date.day - b.date.day) <= 14,
        date and bool(a.date.day) != bool(b.date.day),
        kind == "count", kind == "measure", kind == "date", kind in ("name", "person", "place"), kind == "", kind == "yes_no",
        a.kind == "words", asked.once, several(asked.text),
        math.log1p(others), math.log1p(backed), math.log1p(one_backed), one.strange + other.strange, one.whole != other.whole,
        one.each + other.each, one.denied or other.denied, one.claimed + other.claimed, one.negated != other.negated,
        any(stem in meant for stem in y.title), bool(x.title & y.title), min(12, len(b.names)) if b.kind == "words" else 0,
        len(set(map(_stem, b.names)) & meant) / max(1, len(b.names)) if b.kind == "words" else 0,
        b.kind == "words" and _capital(x, a) and _capital(y, b), number and a.unit == b.unit and bool(a.unit),
        one.milestone + other.milestone, one.bounded + other.bounded, x is y,
        bool(one.side and other.side and one.side != other.side), kind == "yes_no" and one.negated != other.negated, kind == "yes_no" and one.denied != other.denied,
        (kind == "yes_no") * shared, (a.kind == "words") * shared, (a.kind == "words") * other.score, any(not opposites(s).isdisjoint(other.stems) for s in one.stems - meant),
    )))


def _stem(plain: str) -> str:
    from qa.words import stem
    return stem(plain)


def _capital(told: Told, value: Any) -> bool:
    return any(is_name(w) for w in told.read.words if value.start <= w.start < value.end)


def _ends(value: Any) -> float:
    return (value.low + value.high) / 2 * value.factor if value.kind == "number" else 0.0


def _odds(p: float) -> float:
    p = min(0.999, max(0.001, p))
    return math.log(p / (1 - p))


def asked_stems(asked: Asked) -> frozenset[str]:
    return _telling(asked.text)


def _close(a: Date, b: Date) -> bool:
    """Whether two dates are of one year and at most 14 days apart, as far as both tell."""
    if a.year and b.year and a.year != b.year:
        return False
    if not a.month or not b.month:
        return True
    if a.day and b.day:
        return abs((a.month - b.month) * 30 + a.day - b.day) <= 14
    return abs(a.month - b.month) <= 1
