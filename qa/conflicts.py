"""Disagreements between sentences: different values of one kind for the one fact that the question asks for.

Every value of the wanted kind is given the probability that it answers (`qa.answering`). Two that both do, of different passages
or speakers, disagree where they cannot both be right: "more than 60" and 70 can, a range and what it contains, an early count
and a later one, figures of two years, unless what is asked can have happened only once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from itertools import combinations

import numpy as np

from index.types import Passage
from qa import stances
from qa.answering import FEATURES, GROUPS, Given, again, rows
from qa.counts import apart
from qa.quantities import Date, numbers
from qa.question import Question
from qa.reader import Logistic
from qa.statements import (
    Asked,
    Place,
    Told,
    agree,
    ask,
    same_time,
    set_among,
    several,
    share_name,
    speaker,
    wanted,
    whole_names_held,
)
from qa.values import Value, outcome, with_year
from qa.words import is_name, words

Stated = tuple[float, Passage, int, float]
"""(probability that the sentence answers the question, its passage, its number there, its similarity with the question)."""

CANDIDATES = 24
"""Sentences that are compared at most, the likeliest first."""
NEAR = 0.35
"""How much less similar to the question than the most similar sentence a sentence may be …"""
LIKELY = 0.1
"""… unless its probability is at least this share of the best one's."""
CITED = 3
"""Sentences that are given for one value at most."""
NAMED = 0.5
"""Share of the question's names that the passage up to a value must hold."""
NAMED_TOLL, BARE_TOLL = 0.1, 1.5
"""Factors on the threshold for a figure of the dead or hurt whose sentence holds the question's names; for one without a noun."""
FACT = 0.45
"""Share of the question's words, names apart, that a fact with its label and title holds to answer it."""
DAYS = 14
"""Accounts of an event that may recur disagree by this many days at most; beyond that they tell of two events …"""
YEARS = 5
"""… and this many years where they name no day."""

_BY_THEN = re.compile(
    r"\b(?:initial(?:ly)?|at first|(?:early|first|preliminary) (?:reports?|counts?|estimates?)|so far|to date|as of|still|"
    r"by (?:the (?:end|middle|beginning|start|evening|morning|time|following|next)|then|now|noon|midnight|early|late|mid|\d|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|may|june|july|august|september|october|november|december)|"
    r"(?:had|has) (?:risen|grown|fallen|climbed|passed)|(?:rose|grew|fell|climbed) to|passed|today|now|currently|nowadays|opened with|"
    r"(?:two|three|four|five|six|some|several|a few) (?:hours?|days?|weeks?|months?|years?) later|at (?:midnight|noon))\b",
    re.I,
)
_FOR_A_TIME = re.compile(
    r"\b(?:until|till|from (?:\w+ )?\d{4}|since|after|before|later|then|when|at the time|in(?: \w+)? \d{4})\b", re.I
)
_AMONG = re.compile(r"\b(?:one of|among|together with|along with|with (?:his|her|their)|and (?:his|her|their))\b", re.I)
_HYPOTHETICAL = re.compile(
    r"\b(?:(?:was|were|is|are|been) (?:to|expected|estimated to|planned|scheduled|supposed|due)|(?:had|have) (?:expected|planned|hoped)|"
    r"expected|planned|forecast|predicted|projected|intended|estimated to)\b",
    re.I,
)
_WHOLE = re.compile(r"\b(?:overall|total|in all|altogether|together|combined)\b", re.I)
_ALL_BUT = re.compile(r"\ball (?:but|except) (?P<few>\w+)\b", re.I)


@dataclass(frozen=True, slots=True)
class Answers:
    """The fitted model of one kind of value, and the probability from which a value counts as an answer."""

    model: Logistic
    threshold: float


@dataclass(frozen=True, slots=True)
class Side:
    """A value as written, in a form that equal values share, and the sentences that give it, the likeliest first."""

    written: str
    normalised: str
    sentences: tuple[Place, ...]

    @property
    def said(self) -> str:
        """The value in a few words: a stance is yes or no."""
        return self.normalised if self.normalised in ("yes", "no") else self.written


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two or more values that cannot all be right, the likeliest sentence's first. `about` is the question without its mark."""

    about: str
    values: tuple[Side, ...]


def find(question: Question, sentences: Sequence[Stated], fitted: Mapping[str, Answers] | None = None) -> list[Disagreement]:
    """The disagreement about the fact that `question` asks for: none, or one.

    `sentences` in any order; `fitted` are other models than the shipped ones (`eval.fit_conflicts`).
    """
    kind = wanted(question.text)
    if not kind or (kind in ("person", "place", "name") and several(question.text)):
        return []
    told = [set_among((passage, number), p, near) for p, passage, number, near in plausible(sentences)]
    asked = ask(question.text, [sentence.stems for sentence in told])
    if kind == "yes_no":
        values, differ = stances.stances(asked, told), stances.differ
    else:
        values, differ = answers(asked, told, fitted or models()), lambda one, other: _differ(asked, one, other)
    disagreeing = _against(values, differ)
    return [Disagreement(question.text.strip(" ?\n"), disagreeing)] if disagreeing else []


def plausible(sentences: Sequence[Stated]) -> list[Stated]:
    """The sentences that may answer, the likeliest first."""
    likeliest = max((probability for probability, *_ in sentences), default=0.0)
    nearest = max((similarity for *_, similarity in sentences), default=0.0)
    chosen = [s for s in sentences if s[0] >= LIKELY * likeliest or s[3] >= nearest - NEAR]
    return sorted(chosen, key=lambda s: -s[0])[:CANDIDATES]


@lru_cache(maxsize=1)
def models() -> dict[str, Answers]:
    """The fitted models by the group of kinds. Raises ValueError when they were fitted on other features than the code computes."""
    record = json.loads((files("qa") / "data" / "conflicts.json").read_text(encoding="utf-8"))
    if tuple(record["features"]) != FEATURES:
        raise ValueError("qa/data/conflicts.json was fitted on other features; run: make fit")
    return {name: _answers(one) for name, one in record["models"].items()}


def _answers(record: dict) -> Answers:
    weights, mean, scale = (np.array(record[name]) for name in ("weights", "mean", "scale"))
    return Answers(Logistic(weights, mean, scale, float(record["bias"])), float(record["threshold"]))


def answers(asked: Asked, told: Sequence[Told], fitted: Mapping[str, Answers]) -> list[Given]:
    """The values that answer, at most one of a clause, the likeliest sentence's first."""
    found = [row for row in rows(asked, told) if not _of_another(asked, row)]
    if not found:
        return []
    of = fitted[GROUPS[asked.wanted]]
    given = []
    for (sentence, value, _), p in zip(found, of.model(np.array([values for *_, values in found])), strict=True):
        sure = _of_the_day(asked, sentence, value) or _of_the_fact(asked, sentence) >= FACT
        if sure or p >= of.threshold * _allowance(asked, sentence, value):
            given.append(Given(sentence, value, _end(asked, value), (1.0 + float(p)) / 2 if sure else float(p)))
    given += [left for sentence in told for left in _all_but(asked, sentence)] if asked.wanted == "count" else []
    order = {id(sentence): n for n, sentence in enumerate(told)}
    chosen = sorted(_one_each(asked, given), key=lambda one: (order[id(one.sentence)], one.value.start))
    return [] if not asked.once and _recurs(chosen) else chosen


def _recurs(given: Sequence[Given]) -> bool:
    """Whether the days given lie so far apart that they must be of several events, so that no two of them need be of one."""
    days = [one.value.date for one in given if one.value.date and one.value.date.day]
    return any((not a.year or not b.year or a.year == b.year) and _days(a, b) > DAYS for a, b in combinations(days, 2))


_VETOES = tuple(FEATURES.index(name) for name in ("mismatched", "turned"))


def _of_another(asked: Asked, row: tuple[Told, Value, tuple[float, ...]]) -> bool:
    """Whether a value is of another time, thing or place than what is asked for."""
    sentence, value, features = row
    if (any(features[n] for n in _VETOES) and not asked.outcome) or (
        asked.names and whole_names_held(asked, sentence.around) < NAMED and not _of_the_day(asked, sentence, value)
    ):
        return True
    return bool(asked.dates) and not same_time(asked.dates, _when(sentence, value))


def _when(sentence: Told, value: Value) -> Sequence[Date]:
    """The dates of a value: its own, those of its item of a fact, else those of its sentence or of the nearest one before."""
    if value.date:
        return [value.date]
    if not sentence.is_fact:
        return sentence.when
    start, end = sentence.read.clause(value.start)
    return [with_year(date, sentence.year) for date in sentence.read.dates if start <= date.start < end]


def _of_the_day(asked: Asked, sentence: Told, value: Value) -> bool:
    """Whether a question about one day is answered by a figure of that day, with the outcome that is asked for."""
    days = [date for date in asked.dates if date.day]
    return bool(asked.outcome and days) and any(d.day and agree(d, day) for day in days for d in _when(sentence, value))


def _allowance(asked: Asked, sentence: Told, value: Value) -> float:
    """What the threshold is multiplied with: how many died is told in many words, but with the names that are asked for."""
    if not asked.outcome or not asked.whole_names:
        return 1.0
    if whole_names_held(asked, sentence.read.stems) == 1:
        return NAMED_TOLL
    return 1.0 if value.nouns else BARE_TOLL


def _of_the_fact(asked: Asked, sentence: Told) -> float:
    """For a fact of an article that holds the question's names, the share of the question's other words that it holds."""
    if not sentence.is_fact or asked.wanted not in ("count", "measure", "date") or whole_names_held(asked, sentence.around) < 1:
        return 0.0
    return asked.held(sentence.stems)


def _end(asked: Asked, value: Value) -> int:
    """Where a value ends as it is written: behind the noun that is asked for, not behind what follows it."""
    named = [end for noun, end in zip(value.nouns, value.ends, strict=True) if noun in asked.nouns]
    return named[0] if named else value.end


def _one_each(asked: Asked, given: Sequence[Given]) -> list[Given]:
    """One value of each clause: the likeliest date or name; no number where a clause counts several times."""
    clauses: dict[tuple[int, int], list[Given]] = {}
    for one in given:
        start, _ = one.sentence.read.clause(one.value.start)
        clauses.setdefault((id(one.sentence), start), []).append(one)
    kept = []
    for together in clauses.values():
        if asked.wanted in ("count", "measure"):
            units = {one.value.dimension for one in together}
            if len({one.normalised for one in together}) == 1:
                together = [max(together, key=lambda one: one.probability)]
            kept += together if len(together) == len(units) else []
        else:
            kept.append(max(together, key=lambda one: one.probability))
    return kept


def _all_but(asked: Asked, sentence: Told) -> Iterable[Given]:
    """ "They held 12 men, and shot all but two of them": ten."""
    text = sentence.read.text
    match = _ALL_BUT.search(text)
    few = numbers(f"{match['few']} men") if match else []
    if match and few and outcome(text[: match.start()][-40:], last=True) == asked.outcome != "":
        for whole in sentence.read.numbers:
            if whole.end <= match.start() and set(whole.nouns) & set(asked.nouns):
                left = whole.low - few[0].low
                value = replace(whole, start=match.start(), end=match.end(), low=left, high=left, outcome=asked.outcome, names=())
                yield Given(sentence, value, match.end())


def _against(values: Sequence[Given], differ: Callable[[Given, Given], bool]) -> tuple[Side, ...]:
    """The first value that another one contradicts, with all that contradict it, equal ones put together."""
    for first in values:
        against = [other for other in values if differ(first, other)]
        if against:
            known = [value for value in values if value is first or value in against or value.normalised == first.normalised]
            keys = dict.fromkeys(value.normalised for value in known)
            return tuple(_together([value for value in known if value.normalised == key]) for key in keys)
    return ()


def _together(equal: Sequence[Given]) -> Side:
    best = max((one for one in equal if one.sentence is equal[0].sentence), key=lambda one: one.probability)
    return Side(best.written, best.normalised, tuple(dict.fromkeys(value.sentence.place for value in equal))[:CITED])


def _differ(asked: Asked, one: Given, other: Given) -> bool:
    """Whether two values that answer cannot both be right."""
    parts = one.value.kind == "number" and (_is_part(asked, one), _is_part(asked, other))
    if parts and any(parts):
        part, whole = (one, other) if parts[0] else (other, one)
        return parts[0] != parts[1] and _exceeds(part, whole)
    if _one_voice(one, other) or _excused(asked, one, other):
        return False
    if one.value.date and other.value.date:
        return _dates_differ(asked, one.value.date, other.value.date)
    named = one.value.kind == "name"
    if (
        not (named and asked.once)
        and not asked.dates
        and not same_time(_when(one.sentence, one.value), _when(other.sentence, other.value))
    ):
        return False
    if named:
        return _names_differ(one, other)
    return _numbers_differ(one, other)


def _one_voice(one: Given, other: Given) -> bool:
    """Whether both stand in one passage, or are values of one fact, with no two speakers: a text that counts by parts."""
    (here, _), (there, _) = one.sentence.place, other.sentence.place
    facts = one.sentence.is_fact and other.sentence.is_fact
    together = here.id == there.id or (facts and (here.source, one.sentence.label) == (there.source, other.sentence.label))
    mine, theirs = speaker(one.clause), speaker(other.clause)
    return together and not (mine and theirs and not mine & theirs)


def _excused(asked: Asked, one: Given, other: Given) -> bool:
    """Whether the wording says that the values are of different times, plans or events."""
    a, b = (value.sentence.read.text if value.sentence.is_fact else value.clause for value in (one, other))
    if any(bool(_HYPOTHETICAL.search(text)) for text in (a, b)) and not _HYPOTHETICAL.search(asked.text):
        return True
    if again(asked, a) != again(asked, b) and not asked.once:
        return True
    if one.value.kind == "name":
        return not asked.once and any(_FOR_A_TIME.search(text) for text in (a, b))
    return not one.value.date and any(_BY_THEN.search(text) for text in (a, b))


def _dates_differ(asked: Asked, a: Date, b: Date) -> bool:
    if agree(a, b) or a.part == "decade" or b.part == "decade":
        return False
    if not a.year or not b.year:
        return bool(a.day and b.day) and _days(a, b) <= DAYS
    if asked.once:
        return True
    if a.day and b.day and a.year == b.year:
        return _days(a, b) <= DAYS
    return bool(a.day) == bool(b.day) and abs(a.year - b.year) <= YEARS


def _days(a: Date, b: Date) -> int:
    return abs((a.month - b.month) * 30 + a.day - b.day)


def _names_differ(one: Given, other: Given) -> bool:
    """Two names that share no word, neither of which stands beside the other, and neither as one of several."""
    if any(_AMONG.search(value.clause) for value in (one, other)):
        return False
    return not any(_tells(value.sentence, against.value) for value, against in ((one, other), (other, one)))


def _tells(sentence: Told, value: Value) -> bool:
    return share_name(value.names, [word.plain for word in sentence.read.words if word.capital])


def _numbers_differ(one: Given, other: Given) -> bool:
    if one.value.names and other.value.names and not share_name(one.value.names, other.value.names):
        return False
    return apart(one.value, other.value)


def _is_part(asked: Asked, one: Given) -> bool:
    """Whether a fact's label limits it to a side that the question does not name ("Losses of the home team")."""
    side = [word.plain for word in words(one.sentence.label.partition(" of ")[2]) if is_name(word)]
    return bool(side) and not share_name(side, (*asked.names, *asked.noun_names))


def _exceeds(part: Given, whole: Given) -> bool:
    """Whether a part is larger than what is stated as the whole."""
    total = _WHOLE.search(whole.sentence.read.text) and " of " not in whole.sentence.label
    return (
        bool(total) and part.sentence.title >= whole.sentence.title - {"loss", "casualti"} and part.value.low > whole.value.high
    )
