"""Disagreements between sentences: different values of one kind for the one fact that the question asks for.

Two values that the span reader points at are weighed together (`qa.opposed`). Without a span reader, every value of the wanted kind is
given the probability that it answers (`qa.answering`). Two that both do, of different passages or speakers, disagree where they
cannot both be right: "more than 60" and 70 can, a range and what it contains, an early count and a later one, figures of two years,
unless what is asked can have happened only once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np

from index.types import Passage
from qa import opposed, stances
from qa.answering import FEATURES, GROUPS, Given, mismatched, rows
from qa.differing import differ, recurs, when
from qa.quantities import numbers
from qa.question import Question
from qa.reader import Logistic, Reading, read_as
from qa.span_reader import Reads, Span
from qa.statements import (
    Asked,
    Place,
    Told,
    agree,
    ask,
    names_held,
    same_time,
    set_among,
    several,
    share_name,
    turned,
    wanted,
    whole_names_held,
)
from qa.values import Value, outcome

DATA = "conflicts.json"
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
_ALL_BUT = re.compile(r"\ball (?:but|except) (?P<few>\w+)\b", re.I)


class Stated(NamedTuple):
    """A sentence of a passage, the probability that it answers the question, and its similarity with that.

    `span` is what the span reader points at, where it has read the sentence.
    """

    probability: float
    passage: Passage
    number: int
    similarity: float
    span: Span | None = None


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


def in_reading(reading: Reading, spans: Reads | None = None) -> list[Disagreement]:
    """The disagreement in what was retrieved and read; `spans` reads further sentences where one that was read answers clearly."""
    return find(reading.question, stated(reading), look=looking(reading, spans) if spans else None)


def stated(reading: Reading) -> list[Stated]:
    """The sentences of a reading, the likeliest first."""
    return [Stated(p, c.passage, c.number, c.similarity, c.span) for p, c in reading.ranked]


def looking(reading: Reading, spans: Reads) -> opposed.Look:
    """What has sentences of a reading read for its question, each once."""
    found = {c.place: c for _, c in reading.ranked}
    known: dict[tuple[str, int], Span] = {}

    def look(places: Sequence[Place]) -> Sequence[Span]:
        keys = [(passage.id, number) for passage, number in places]
        new = [key for key in keys if key not in known]
        known.update(zip(new, spans.spans(reading.question.text, [read_as(found[key]) for key in new]), strict=True))
        return [known[key] for key in keys]

    return look


def find(
    question: Question,
    sentences: Sequence[Stated],
    fitted: Mapping[str, Answers] | None = None,
    look: opposed.Look | None = None,
) -> list[Disagreement]:
    """The disagreement about the fact that `question` asks for: none, or one.

    `sentences` in any order; `look` has further sentences read: where there is none, nothing is read, and `fitted` may be other
    models of values than the shipped ones (`eval.fit_conflicts`).
    """
    about = question.text.strip(" ?\n")
    disagreeing = by_pair(question, sentences, look) if look else by_value(question, sentences, fitted)
    return [Disagreement(about, disagreeing)] if disagreeing else []


def by_pair(question: Question, sentences: Sequence[Stated], look: opposed.Look) -> tuple[Side, ...]:
    """The values of two sentences that both answer and cannot both be right, as `qa.opposed` learned to tell."""
    found = opposed.opposed(opposed.paired(question.text, candidates(sentences), look), opposed.fitted())
    yes_no = wanted(question.text) == "yes_no"
    return tuple(
        Side(same[0].clause if yes_no else same[0].written, same[0].normalised, tuple(one.told.place for one in same[:CITED]))
        for same in found
    )


def candidates(sentences: Sequence[Stated]) -> list[Told]:
    """The sentences that `qa.opposed` compares, the likeliest first."""
    ranked = sorted(sentences, key=lambda s: -s.probability)
    kept = {id(s) for s in (*plausible(sentences), *ranked[: opposed.LIKELIEST])}
    return [set_among((s.passage, s.number), s.probability, s.similarity, s.span) for s in ranked if id(s) in kept]


def by_value(question: Question, sentences: Sequence[Stated], fitted: Mapping[str, Answers] | None = None) -> tuple[Side, ...]:
    """The values that answer by what stands around each, where they cannot all be right; what was read is not looked at."""
    kind = wanted(question.text)
    if not kind or (kind in ("person", "place", "name") and several(question.text)):
        return ()
    told = [set_among((s.passage, s.number), s.probability, s.similarity) for s in plausible(sentences)]
    asked = ask(question.text, [sentence.stems for sentence in told])
    if kind == "yes_no":
        return _against(stances.stances(asked, told), stances.differ)
    return _against(answers(asked, told, fitted or models()), lambda one, other: differ(asked, one, other))


def plausible(sentences: Sequence[Stated]) -> list[Stated]:
    """The sentences that may answer, the likeliest first."""
    likeliest = max((s.probability for s in sentences), default=0.0)
    nearest = max((s.similarity for s in sentences), default=0.0)
    chosen = [s for s in sentences if s.probability >= LIKELY * likeliest or s.similarity >= nearest - NEAR]
    return sorted(chosen, key=lambda s: -s.probability)[:CANDIDATES]


@lru_cache(maxsize=1)
def models() -> dict[str, Answers]:
    """The fitted models by the group of kinds. Raises ValueError when they were fitted on other features than the code computes."""
    record = json.loads((files("qa") / "data" / DATA).read_text(encoding="utf-8"))
    if tuple(record["features"]) != FEATURES:
        raise ValueError("qa/data/conflicts.json was fitted on other features; run: make fit")
    return {name: _answers(one) for name, one in record["models"].items()}


def _answers(record: dict) -> Answers:
    return Answers(Logistic.of(record), float(record["threshold"]))


def answers(asked: Asked, told: Sequence[Told], fitted: Mapping[str, Answers]) -> list[Given]:
    """The values that answer, at most one of a clause, the likeliest sentence's first."""
    found = rows(asked, told, of_what_is_asked)
    of = fitted[GROUPS[asked.wanted]]
    given = []
    for (sentence, value, _), p in zip(found, of.model(np.array([v for *_, v in found])) if found else (), strict=True):
        sure = _of_the_day(asked, sentence, value) or _of_the_fact(asked, sentence) >= FACT
        if sure or (p >= of.threshold * _allowance(asked, sentence, value) and not _of_others(asked, sentence, value)):
            given.append(Given(sentence, value, _value_end(asked, value), (1.0 + float(p)) / 2 if sure else float(p)))
    given += [left for sentence in told for left in _all_but(asked, sentence)] if asked.wanted == "count" else []
    order = {id(sentence): n for n, sentence in enumerate(told)}
    chosen = sorted(_one_each(asked, given), key=lambda one: (order[id(one.sentence)], one.value.start))
    return [] if not asked.once and recurs(chosen) else chosen


def _of_others(asked: Asked, sentence: Told, value: Value) -> bool:
    """Whether a figure counts others than those whom the question names: soldiers of another country, not "French soldiers"."""
    if not asked.noun_names:
        return False
    if value.names:
        return not share_name(value.names, asked.noun_names)
    return names_held(asked.noun_names, sentence.around | sentence.title) < 1


def _value_end(asked: Asked, value: Value) -> int:
    """Where a value ends as it is written: behind the noun that is asked for, not behind what follows it."""
    named = [end for noun, end in zip(value.nouns, value.ends, strict=True) if noun in asked.nouns]
    return named[0] if named else value.end


def of_what_is_asked(asked: Asked, sentence: Told, values: Sequence[Value]) -> Sequence[Value]:
    """The values of a sentence that are not of another time, thing or place than what is asked for."""
    named = not asked.names or whole_names_held(asked, sentence.around) >= NAMED
    kept = [
        value
        for value in values
        if (named or _of_the_day(asked, sentence, value)) and (not asked.dates or same_time(asked.dates, when(sentence, value)))
    ]
    if kept and not asked.outcome and (turned(asked, sentence.read.stems) or mismatched(asked, sentence)):
        return []
    return kept


def _of_the_day(asked: Asked, sentence: Told, value: Value) -> bool:
    """Whether a question about one day is answered by a figure of that day, with the outcome that is asked for."""
    days = [date for date in asked.dates if date.day]
    return bool(asked.outcome and days) and any(d.day and agree(d, day) for day in days for d in when(sentence, value))


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


def _against(values: Sequence[Given], apart: Callable[[Given, Given], bool]) -> tuple[Side, ...]:
    """The first value that another one contradicts, with all that contradict it, equal ones put together."""
    for first in values:
        against = [other for other in values if apart(first, other)]
        if against:
            known = [value for value in values if value is first or value in against or value.normalised == first.normalised]
            keys = dict.fromkeys(value.normalised for value in known)
            return tuple(_together([value for value in known if value.normalised == key]) for key in keys)
    return ()


def _together(equal: Sequence[Given]) -> Side:
    best = max((one for one in equal if one.sentence is equal[0].sentence), key=lambda one: one.probability)
    return Side(best.written, best.normalised, tuple(dict.fromkeys(value.sentence.place for value in equal))[:CITED])
