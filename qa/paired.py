"""Two values that may both answer a question, in numbers: the features of the model that `eval.fit_opposed` fits.

One row for a pair of values that cannot both be right: how surely each answers, how alike the two sentences are apart from their
values, and how far each takes up the question.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from qa.answering import Given, bounded, mismatched, noun_held, other_milestone
from qa.differing import days_apart, excused, of_one_thing, one_time, when
from qa.quantities import Date
from qa.said import Said, unlike
from qa.statements import Asked, Told, same_time, stems_of, turned, whole_names_held

LEAST, OTHER = -6.0, -10.0
"""The span reader's least scores for the surer value of a pair and for the other; of a yes-or-no question the surer's sentence may be one
of the first FIRST."""
FIRST = 4
BACKED, STRONG = -8.0, -4.0
"""Scores from which a sentence backs a value, and from which a further value speaks for a question with several answers."""
WEAK = -8.0
"""Scores below this count as this where the weaker value of a pair is weighed."""
CUT = 12.0
"""Scores beyond this count as this."""
CLOSE = 4.0
"""How fast figures cease to be close: e times nearer at every quarter of a logarithmic unit."""
CROWD = 8
"""A value of a text with so many figures is no side: of a table's row, or a fact in which many facts run on."""
_REPORTED = re.compile(
    r"\b(?:said|says|stated?|states|announced?|announces|reported|reports|confirmed|confirms|claimed|claims|told|admitted|acknowledged)\b"
    r"(?: [\w’'-]+){0,4}? (?:that|to have)\b",
    re.I,
)
_DENIED = re.compile(
    r"\b(?:den(?:y|ied|ies)|disput\w+|contrary to|reject\w*|refut\w+|false\w*|wrong\w*|untrue|mistake\w*|correct(?:ed|s|ion)|in fact|"
    r"actually|only|exaggerat\w+|however|but|not|myth|although|though)\b",
    re.I,
)
_CLAIMED = re.compile(
    r"\b(?:said|says|claim\w*|according|put|reported|estimate[sd]?|states|stated|counted|gave|gives|maintain\w*)\b", re.I
)

_NOT = re.compile(r"\b(?:no|not|never|none|nobody|nothing|neither|nor|without|den(?:y|ied|ies)|refus\w+|\w+n't)\b", re.I)

FEATURES = (
    "one_score", "other_score", "weaker", "one_odds", "other_odds", "one_near", "other_near", "one_words", "other_words_around",
    "other_names", "other_names_around", "one_strange", "other_strange", "shared", "shared_all", "same_article", "title_shared",
    "times_agree", "one_time", "excused", "far", "nouns_shared", "one_noun", "noun_asked", "ratio", "close", "others", "one_backed",
    "denied", "claimed", "claimed_in_article", "lacks", "lacks_score", "names_score", "is_count", "is_date", "is_name", "is_open",
    "is_yes_no", "yes_no_score", "yes_no_denial", "of_words", "words_score", "one_unfit",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Half:
    """What a value brings into all its pairs: `said` with its score cut off, its sentence's other stems, its times and wording.

    `words` and `around` are the shares of the question's words that the sentence and the passage up to it hold, `names` and
    `names_around` those of its names; `strange` are the words of other names in its clause, `plain` all words of its sentence.
    `unfit`: the wording does not let it answer.
    """

    said: Said
    given: Given
    score: float
    words: float
    around: float
    names: float
    names_around: float
    stems: frozenset[str]
    when: Sequence[Date]
    noun: float
    denied: bool
    negated: bool
    claimed: bool
    strange: frozenset[str]
    plain: frozenset[str]
    unfit: bool


def halves(asked: Asked, values: Sequence[Said]) -> list[Half]:
    """Those of the values that may be a side."""
    return [_half(asked, one) for one in values if one.score >= OTHER and len(one.told.read.numbers) < CROWD]


def _half(asked: Asked, one: Said) -> Half:
    told, value, text = one.told, one.value, one.told.read.text
    start, end = (0, len(text)) if told.is_fact else told.read.clause(value.start)
    clause = text[start:end]
    inside = frozenset(word.stem for word in told.read.words if value.start <= word.start < value.end)
    figure = value.kind == "number"
    return Half(
        one,
        Given(told, replace(value, kind="name") if value.kind == "words" else value, value.end),
        max(-CUT, min(CUT, one.score)),
        asked.held(told.stems),
        asked.held(told.around),
        whole_names_held(asked, told.stems),
        whole_names_held(asked, told.around),
        stems_of(text) - inside,
        when(told, value),
        noun_held(asked, told, value) if figure and asked.wanted in ("count", "measure") else 0.5,
        bool(_DENIED.search(clause)),
        bool(_NOT.search(clause)),
        bool(_CLAIMED.search(clause)),
        _strange(asked, one, start, end),
        frozenset(word.plain for word in told.read.words),
        asked.wanted != "yes_no" and not _fits(asked, one),
    )


def _fits(asked: Asked, one: Said) -> bool:
    """Whether the wording lets a value answer: no part, no bound, no day of a report, of no other thing, outcome
    or event than what is asked for."""
    told, value = one.told, one.value
    if not asked.outcome and (turned(asked, told.read.stems) or mismatched(asked, told)):
        return False
    if value.date:
        reported = _REPORTED.search(told.read.text, value.end) and not _REPORTED.search(asked.text)
        return not reported and not bounded(asked, told, value) and not other_milestone(asked, told, value)
    if value.kind != "number":
        return True
    if value.partial or value.away:
        return False
    if asked.wanted != "count":
        return True
    return noun_held(asked, told, value) > 0 and not (asked.outcome and value.outcome and value.outcome != asked.outcome)


def _strange(asked: Asked, one: Said, start: int, end: int) -> frozenset[str]:
    """The words of names in `[start, end)`, apart from the value, that are none of the question's."""
    known = {*asked.names, *asked.noun_names}
    value = one.value
    found = (name for name in one.told.read.names if start <= name.start < end and not value.start <= name.start < value.end)
    return frozenset(word for name in found for word in name.names if word not in known)


def pairs(asked: Asked, values: Sequence[Half], rarity: Mapping[str, float]) -> list[tuple[Half, Half, tuple[float, ...]]]:
    """Every two values that cannot both be right, the surer first, with their features; `rarity` is that of stems.

    The wording must let the other one answer; where it does not let the surer one, that is a feature.
    """
    keys = [(half.said.value.kind, half.said.normalised) for half in values]
    backed = Counter(key for half, key in zip(values, keys, strict=True) if half.said.score > BACKED)
    strong = {key for half, key in zip(values, keys, strict=True) if half.said.score > STRONG}
    meant, yes_no = stems_of(asked.text), asked.wanted == "yes_no"
    order = sorted(range(len(values)), key=lambda n: (-values[n].said.score, n))
    found = []
    for at, n in enumerate(order):
        one = values[n]
        if one.said.score < LEAST and not (yes_no and one.said.rank < FIRST):
            continue
        for m in order[at + 1 :]:
            other = values[m]
            if not other.unfit and _opposed(asked, one, other):
                among = (len(strong - {keys[n], keys[m]}), backed[keys[n]])
                found.append((one, other, _features(asked, one, other, meant, rarity, among)))
    return found


def _opposed(asked: Asked, one: Half, other: Half) -> bool:
    """Whether two values cannot both be right; the same words say the same to a yes-or-no question, unless one of them is negated."""
    if asked.wanted == "yes_no":
        return one.said.normalised != other.said.normalised or one.negated != other.negated
    return unlike(asked, one.said, other.said) and of_one_thing(asked, one.given, other.given)


def _features(
    asked: Asked, one: Half, other: Half, meant: frozenset[str], rarity: Mapping[str, float], among: tuple[int, int]
) -> tuple[float, ...]:
    """The row of a pair, in the order of FEATURES; `meant` are the question's stems, `among` further values and what backs the surer."""
    a, b, x, y = one.said.value, other.said.value, one.said.told, other.said.told

    def rare(stems: frozenset[str]) -> float:
        return sum(rarity.get(stem, 1.0) for stem in stems)

    both = one.stems & other.stems
    shared = rare(both - meant) / (1.0 + min(rare(one.stems - meant), rare(other.stems - meant)))
    kind, figure, words = asked.wanted, a.kind == "number", a.kind == "words"
    yes_no, article, claimed = kind == "yes_no", x.place[0].source == y.place[0].source, one.claimed + other.claimed
    ratio, lacks = _ratio(one, other) if figure else 0.0, _lacks(asked, x, y)
    row = (
        one.score, other.score, max(WEAK, min(one.score, other.score)), _odds(x.probability), _odds(y.probability), x.similarity,
        y.similarity, one.words, other.around, other.names, other.names_around, math.log1p(len(one.strange - other.plain)),
        math.log1p(len(other.strange - one.plain)), shared, len(both) / (1.0 + min(len(one.stems), len(other.stems))), article,
        x.place[0].title == y.place[0].title, bool(one.when and other.when and not a.date) and same_time(one.when, other.when),
        yes_no or one_time(one.given, other.given), not yes_no and excused(asked, one.given, other.given),
        days_apart(a.date, b.date) if a.date and b.date else 0.0, not set(a.nouns).isdisjoint(b.nouns), one.noun, other.noun,
        ratio, math.exp(-CLOSE * ratio) if figure else 0.0, math.log1p(among[0]), math.log1p(among[1]), one.denied or other.denied,
        claimed, claimed * article, lacks, lacks * other.score, (1.0 - other.names_around) * other.score, kind == "count",
        kind == "date", kind in ("name", "person", "place"), kind == "", yes_no, other.score if yes_no else 0.0,
        yes_no and one.negated != other.negated, words, other.score if words and not yes_no else 0.0, one.unfit,
    )  # fmt: skip
    return tuple(map(float, row))


def _odds(probability: float) -> float:
    kept = min(0.999, max(0.001, probability))
    return math.log(kept / (1.0 - kept))


def _ratio(one: Half, other: Half) -> float:
    """How many times one number is the other, as a logarithm up to 3."""
    first, second = ((v.low + v.high) / 2 * v.factor for v in (one.said.value, other.said.value))
    return min(3.0, abs(math.log(first) - math.log(second))) if first > 0 and second > 0 else 0.0


def _lacks(asked: Asked, one: Told, other: Told) -> float:
    """The share of the question's words that one sentence holds and the passage of the other lacks."""
    total = sum(asked.weights.values())
    lacking = (
        weight
        for word, weight in asked.weights.items()
        if asked.forms[word].isdisjoint(other.around) and not asked.forms[word].isdisjoint(one.stems)
    )
    return sum(lacking) / total if total else 0.0
