"""Two values that may both answer a question, in numbers: the features of the model that `eval.fit_conflicts` fits.

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
from qa.differing import excused, of_one_thing, when
from qa.quantities import Date
from qa.said import Said, unlike
from qa.statements import Asked, Told, same_time, several, stems_of, turned, whole_names_held

LEAST = -6.0
"""The span reader's least score for the surer value of a pair; of a yes-or-no question the sentence may be one of the first FIRST."""
FIRST = 4
BACKED, STRONG = -8.0, -4.0
"""Scores from which a sentence backs a value, and from which a further value speaks for a question with several answers."""
CUT = 12.0
"""Scores beyond this count as this."""
_EACH = re.compile(
    r"\b(?:each|every|per|an?|another|other|more|further|extra|additional|of (?:them|whom|these|those|the))\b", re.I
)
_DENIED = re.compile(
    r"\b(?:den(?:y|ied|ies)|disput\w+|contrary to|reject\w*|refut\w+|false\w*|wrong\w*|untrue|mistake\w*|correct(?:ed|s|ion)|in fact|"
    r"actually|only|exaggerat\w+|however|but|not|myth|although|though)\b",
    re.I,
)
_CLAIMED = re.compile(
    r"\b(?:said|says|claim\w*|according|put|reported|estimate[sd]?|states|stated|counted|gave|gives|maintain\w*)\b", re.I
)

FEATURES = (
    "one_score", "other_score", "one_odds", "other_rank", "other_near", "one_words", "other_words", "other_words_around",
    "other_names", "other_names_around", "shared", "shared_all", "same_article", "one_fact", "times_agree", "times_apart",
    "nouns_shared", "nouns_apart", "noun_asked", "ratio", "is_count", "is_measure", "is_date", "is_name", "is_open", "is_yes_no",
    "of_words", "once", "several", "others", "backed", "each", "denied", "claimed", "span_words", "stances", "shared_of_words", "lacks", "excused",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Half:
    """What a value brings into all its pairs: `said` with its score cut off, its sentence's other stems, its times and wording.

    `words` and `around` are the shares of the question's words that the sentence and the passage up to it hold, `names` and
    `names_around` those of its names.
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
    each: bool
    denied: bool
    claimed: bool
    side: str


def halves(asked: Asked, values: Sequence[Said], sides: Mapping[tuple[str, int], str]) -> list[Half]:
    """`sides`: yes or no by passage and number, where a sentence affirms or denies what is asked."""
    return [_half(asked, one, sides.get((one.told.place[0].id, one.told.place[1]), "")) for one in values if _fits(asked, one)]


def _fits(asked: Asked, one: Said) -> bool:
    """Whether the wording lets a value answer: no part, no bound, of no other thing, outcome or event than what is asked for."""
    told, value = one.told, one.value
    if not asked.outcome and (turned(asked, told.read.stems) or mismatched(asked, told)):
        return False
    if value.date:
        return not bounded(asked, told, value) and not other_milestone(asked, told, value)
    if value.kind != "number":
        return True
    if value.partial or value.away:
        return False
    if asked.wanted != "count":
        return True
    return noun_held(asked, told, value) > 0 and not (asked.outcome and value.outcome and value.outcome != asked.outcome)


def _half(asked: Asked, one: Said, side: str) -> Half:
    told, value, text = one.told, one.value, one.told.read.text
    clause = text if told.is_fact else one.clause
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
        figure and bool(_EACH.search(text[max(0, value.start - 12) : value.end + 14])),
        bool(_DENIED.search(clause)),
        bool(_CLAIMED.search(clause)),
        side,
    )


def pairs(asked: Asked, values: Sequence[Half], rarity: Mapping[str, float]) -> list[tuple[Half, Half, tuple[float, ...]]]:
    """Every two values that cannot both be right, the surer first, with their features; `rarity` is that of stems."""
    keys = [(half.said.value.kind, half.said.normalised) for half in values]
    backed = Counter(key for half, key in zip(values, keys, strict=True) if half.said.score > BACKED)
    strong = {key for half, key in zip(values, keys, strict=True) if half.said.score > STRONG}
    meant, many = stems_of(asked.text), several(asked.text)
    order = sorted(range(len(values)), key=lambda n: (-values[n].said.score, n))
    found = []
    for at, n in enumerate(order):
        one = values[n]
        if one.said.score < LEAST and not (asked.wanted == "yes_no" and one.said.rank < FIRST):
            continue
        for m in order[at + 1 :]:
            other = values[m]
            if unlike(asked, one.said, other.said) and (asked.wanted == "yes_no" or of_one_thing(asked, one.given, other.given)):
                among = (len(strong - {keys[n], keys[m]}), backed[keys[m]])
                found.append((one, other, _features(asked, one, other, meant, rarity, many, among)))
    return found


def _features(
    asked: Asked,
    one: Half,
    other: Half,
    meant: frozenset[str],
    rarity: Mapping[str, float],
    many: bool,
    among: tuple[int, int],
) -> tuple[float, ...]:
    """The row of a pair, in the order of FEATURES; `meant` are the question's stems, `among` further values and what backs the other."""
    a, b, x, y = one.said.value, other.said.value, one.said.told, other.said.told

    def rare(stems: frozenset[str]) -> float:
        return sum(rarity.get(stem, 1.0) for stem in stems)

    both = one.stems & other.stems
    shared = rare(both - meant) / (1.0 + min(rare(one.stems - meant), rare(other.stems - meant)))
    timed = bool(one.when and other.when and not a.date)
    together = same_time(one.when, other.when)
    kind, figure, of_words = asked.wanted, a.kind == "number", a.kind == "words"
    row = (
        one.score, other.score, _odds(x.probability), math.log1p(other.said.rank), y.similarity, one.words, other.words, other.around,
        other.names, other.names_around, shared, len(both) / (1.0 + min(len(one.stems), len(other.stems))),
        x.place[0].source == y.place[0].source, x.is_fact != y.is_fact, timed and together, timed and not together,
        not set(a.nouns).isdisjoint(b.nouns), bool(a.nouns and b.nouns) and set(a.nouns).isdisjoint(b.nouns), other.noun,
        _ratio(one, other) if figure else 0.0, kind == "count", kind == "measure", kind == "date", kind in ("name", "person", "place"),
        kind == "", kind == "yes_no", of_words, asked.once, many, math.log1p(among[0]), math.log1p(among[1]), one.each + other.each,
        one.denied or other.denied, one.claimed + other.claimed, min(12, len(b.names)) if of_words else 0,
        bool(one.side and other.side and one.side != other.side), shared if of_words else 0.0, _lacks(asked, x, y),
        kind != "yes_no" and excused(asked, one.given, other.given),
    )  # fmt: skip
    return tuple(map(float, row))


def _odds(probability: float) -> float:
    kept = min(0.999, max(0.001, probability))
    return math.log(kept / (1.0 - kept))


def _ratio(one: Half, other: Half) -> float:
    """How many times one number is the other, as a logarithm up to 3."""
    first, second = ((v.low + v.high) / 2 * v.factor for v in (one.said.value, other.said.value))
    return min(3.0, abs(math.log(first / second))) if first > 0 and second > 0 else 0.0


def _lacks(asked: Asked, one: Told, other: Told) -> float:
    """The share of the question's words that one sentence holds and the passage of the other lacks."""
    total = sum(asked.weights.values())
    lacking = (
        weight
        for word, weight in asked.weights.items()
        if asked.forms[word].isdisjoint(other.around) and not asked.forms[word].isdisjoint(one.stems)
    )
    return sum(lacking) / total if total else 0.0
