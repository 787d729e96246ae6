"""Disagreements between sentences: different values of one kind for the one fact that the question asks for.

Values are compared only between claims (see `qa.statements`) about what the question asks, of the same time and the same side.
What differs by more than the wording allows is a disagreement: "more than 60" and 70 do not differ, nor do a range and what it
contains, nor parts counted by one text. What one passage says it does not contradict, unless by another speaker's mouth.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from index.types import Passage
from qa.counts import apart, figures, figures_of, normalised, share_name
from qa.quantities import Date, dates, numbers
from qa.question import Question
from qa.statements import (
    ABOUT,
    Asked,
    Claim,
    Differ,
    Given,
    Place,
    agree,
    ask,
    claims_of,
    elsewhere,
    held,
    names,
    names_all,
    one_voice,
    same,
    same_time,
    told,
    words_of,
)
from qa.words import Word, is_name, is_negator, stem

Stated = tuple[float, Passage, int, float]
"""(probability that the sentence answers the question, its passage, its number there, its similarity with the question)."""

CANDIDATES = 24
"""Sentences that are compared at most, the likeliest first."""
NEAR = 0.2
"""How much less similar to the question than the most similar sentence a sentence may be …"""
LIKELY = 0.2
"""… unless its probability is at least this share of the best one's."""
CITED = 3
"""Sentences that are given for one value at most."""
DAYS = 3
"""Accounts of one event disagree by this many days at most; beyond that they tell of two events …"""
CLEARLY_ABOUT = 0.8
"""… unless each holds this share of the question. A yes and a mere "not" are weighed by the same share."""
NEGATES = 6
"""Words before which a negation stands at most."""
RETOLD, RETOLD_WORDS, RETOLD_ABOUT = 0.6, 4, 0.25
"""Two sentences tell the same where they share this share of the shorter one's words, and at least so many; since they do, it is
enough that each holds this share of the question."""

_PLACE_BEFORE = re.compile(r"\b(?:in|at|near|from|to|of|on|outside|around|through)(?: the(?: \w+ of)?)? $", re.I)
_DENIED = re.compile(
    r"\b(?:den(?:y|ied|ies|ying)|disput(?:es|ed|ing) (?:that|the|this|these|it|by)|(?:is|was|are|were) disputed|"
    r"reject(?:s|ed|ing)|refut(?:e[ds]?|ing)|dismiss(?:es|ed)|"
    r"not (?:accurate|true|correct|the case)|false(?:ly)?|untrue|"
    r"incorrect|inaccurate|no (?:evidence|proof)|(?:despite|contrary to)(?: \w+){0,2} (?:claims?|reports?|statements?))\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Value:
    """A value as written, in a form that equal values share, and the sentences that give it, the likeliest first."""

    written: str
    normalised: str
    sentences: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two or more values that cannot all be right, the likeliest sentence's first. `about` is the question without its mark."""

    about: str
    values: tuple[Value, ...]


def find(question: Question, sentences: Sequence[Stated]) -> list[Disagreement]:
    """The disagreement about the fact that `question` asks for: none, or one. `sentences` in any order."""
    places = [(passage, number) for _, passage, number, _ in _plausible(sentences)]
    asked = ask(question.text, places)
    claims = [claim for place in places for claim in claims_of(place)]
    for finder in () if question.several and asked.wanted in _NAMED else _FINDERS[asked.wanted]:
        values = _against(*finder(asked, claims))
        if values:
            return [Disagreement(question.text.strip(" ?\n"), values)]
    return []


def _plausible(sentences: Sequence[Stated]) -> list[Stated]:
    """The sentences that may answer, the likeliest first."""
    likeliest = max((probability for probability, *_ in sentences), default=0.0)
    nearest = max((similarity for *_, similarity in sentences), default=0.0)
    chosen = [s for s in sentences if s[0] >= LIKELY * likeliest or s[3] >= nearest - NEAR]
    return sorted(chosen, key=lambda s: -s[0])[:CANDIDATES]


def _against(values: Sequence[Given], differ: Differ) -> tuple[Value, ...]:
    """The first value that another one contradicts, with all that contradict it, equal ones put together."""
    for first in values:
        against = [other for other in values if differ(first, other)]
        if against:
            known = [value for value in values if value is first or value in against or value.normalised == first.normalised]
            keys = dict.fromkeys(value.normalised for value in known)
            return tuple(_together([value for value in known if value.normalised == key]) for key in keys)
    return ()


def _together(equal: Sequence[Given]) -> Value:
    return Value(equal[0].written, equal[0].normalised, tuple(dict.fromkeys(value.claim.place for value in equal))[:CITED])


# Dates


def _dates(asked: Asked, claims: Sequence[Claim]) -> tuple[list[Given], Differ]:
    """The date of each claim that holds the question's names and its rarest word; a sentence with one date is read whole."""
    rarest = max(asked.weights, key=lambda one: asked.weights[one], default="")
    values = []
    for claim in claims:
        own, alone = dates(claim.text), len(dates(claim.whole)) == 1
        stems = (claim.sentence if alone else claim.stems) | (claim.title if claim.is_fact else frozenset())
        fits = (
            names_all(asked, stems | claim.title)
            and not elsewhere(asked, claim)
            and any(same(rarest, one) for one in stems)
            and held(asked, stems) >= ABOUT
        )
        if fits and len(own) == 1 and not own[0].relation and own[0].part != "decade":
            values.append(Given(claim, claim.text[own[0].start : own[0].end], _iso(claim.dates[0]), date=claim.dates[0]))
    return [] if _recurs(values) else values, lambda one, other: _dates_differ(asked, one, other)


def _recurs(values: Sequence[Given]) -> bool:
    """Whether the days given lie so far apart that they must be of several events, so that no two of them need be of one."""
    days = {(d.year, d.month, d.day) for value in values if (d := value.date) is not None and d.month and d.day}
    return any(
        (not a[0] or not b[0] or a[0] == b[0]) and abs((a[1] - b[1]) * 30 + a[2] - b[2]) > DAYS
        for a, b in combinations(sorted(days), 2)
    )


def _dates_differ(asked: Asked, one: Given, other: Given) -> bool:
    a, b = one.date, other.date
    if a is None or b is None or agree(a, b) or one_voice(one.claim, other.claim):
        return False
    if a.day and b.day and (a.year == b.year or not a.year or not b.year):
        return abs((a.month - b.month) * 30 + a.day - b.day) <= DAYS
    equally_exact = bool(a.day) == bool(b.day) and bool(a.month) == bool(b.month)
    return equally_exact and told(asked, one.claim) and told(asked, other.claim)


def _iso(date: Date) -> str:
    """As ISO 8601 writes it, "-" for a year that is not known."""
    return f"{date.year or '-'}" + (f"-{date.month:02}" if date.month else "") + (f"-{date.day:02}" if date.day else "")


# Yes and no


def _stances(asked: Asked, claims: Sequence[Claim]) -> tuple[list[Given], Differ]:
    """Claims that affirm or deny what is asked; days are left aside, since denials come later."""
    values: list[Given] = []
    for before, claim in zip([None, *claims], claims, strict=False):
        if not same_time([replace(date, day=0) for date in asked.dates], claim.dates):
            continue
        before = before if before and before.place == claim.place and _takes_up(asked, before) else None
        if _takes_up(asked, claim):
            denies = _DENIED.search(claim.text) or _negated(asked, claim.text)
            values.append(_stance(asked, claim, "no" if denies else "yes", claim))
        elif before and _DENIED.search(claim.text):
            values.append(_stance(asked, claim, "no", before))
    return values, _stances_differ


def _stance(asked: Asked, claim: Claim, side: str, about: Claim) -> Given:
    own = tuple(name for name in asked.names if names(name, about.stems))
    return Given(claim, claim.text, side, low=held(asked, about.stems), names=own)


def _takes_up(asked: Asked, claim: Claim) -> bool:
    """Whether a claim holds a name of the question (where it has any) and another of its words, in a passage about it."""
    if asked.names and not any(names(name, claim.stems) for name in asked.names):
        return False
    others = set(asked.weights) - {stem(name) for name in asked.names}
    spoken = any(same(one, other) for one in others for other in claim.stems)
    return spoken and (names_all(asked, claim.around) or held(asked, claim.around) >= ABOUT)


def _negated(asked: Asked, text: str) -> bool:
    """Whether a negation stands before a word of the question that is no name."""
    found = words_of(text)
    told = [n for n, word in enumerate(found) if not is_name(word) and any(same(one, word.stem) for one in asked.weights)]
    reach = [(n, m) for n, word in enumerate(found) if is_negator(word) for m in told if n < m <= n + NEGATES]
    return any(not re.search(r"[,;:()]", text[found[n].end : found[m].start]) for n, m in reach)


def _stances_differ(one: Given, other: Given) -> bool:
    """Yes and no of one of the names. Without an express denial both must clearly be about the question, in two voices."""
    if one.normalised == other.normalised or (one.names and other.names and not set(one.names) & set(other.names)):
        return False
    if any(_DENIED.search(value.claim.whole) for value in (one, other)):
        return True
    return not one_voice(one.claim, other.claim) and min(one.low, other.low) >= CLEARLY_ABOUT


# Names


def _names(asked: Asked, claims: Sequence[Claim]) -> tuple[list[Given], Differ]:
    """The one new name of a claim that tells what is asked, where it stands as a place, or not as a place, as wanted."""
    values = []
    for claim in claims:
        new = [given for given in _values(claim)[_NAMES] if not share_name(given.names, asked.names)]
        if asked.words and len(new) == 1 and not claim.is_fact and told(asked, claim) and same_time(asked.dates, claim.dates):
            place = bool(_PLACE_BEFORE.search(claim.text[: claim.text.index(new[0].written)]))
            values += new if asked.wanted == "name" or place == (asked.wanted == "place") else []
    return values, _names_differ


def _names_differ(one: Given, other: Given) -> bool:
    apart_in_time = not same_time(one.claim.when, other.claim.when)
    return not (share_name(one.names, other.names) or apart_in_time or one_voice(one.claim, other.claim))


# One sentence told twice

_DATES, _NUMBERS, _NAMES = range(3)
_NAMED = ("person", "place", "name")


def _retold(asked: Asked, claims: Sequence[Claim]) -> tuple[list[Given], Differ]:
    """The values of the wanted kind in whole sentences, to be compared where two are told in the same words but for one value."""
    whole = {claim.place: replace(claim, text=claim.whole) for claim in claims if not claim.is_fact}
    about = [claim for claim in whole.values() if held(asked, claim.sentence | claim.title) >= RETOLD_ABOUT]
    chosen = [claim for claim in about if not elsewhere(asked, claim)]
    kind = {"date": _DATES, "count": _NUMBERS, "measure": _NUMBERS}.get(asked.wanted, _NAMES)
    given = [value for claim in chosen for value in (figures_of(asked, claim) if kind == _NUMBERS else _values(claim)[kind])]
    return given, lambda one, other: _retold_differ(kind, one, other)


def _values(claim: Claim) -> tuple[list[Given], list[Given], list[Given]]:
    """All dates, numbers and names of a claim, at _DATES, _NUMBERS and _NAMES."""
    text, when = claim.text, dates(claim.text)
    spans = [(date.start, date.end) for date in when]
    figures = numbers(text, spans)
    taken = spans + [(number.start, number.end) for number in figures]
    runs: list[list[Word]] = []
    for word in (w for w in words_of(text) if is_name(w) and not any(a <= w.start < b for a, b in taken)):
        if runs and text[runs[-1][-1].end : word.start] == " ":
            runs[-1].append(word)
        else:
            runs.append([word])
    return (
        [Given(claim, text[date.start : date.end], _iso(date), date=date) for date in when],
        [
            Given(claim, text[n.start : n.end], normalised(n, n.unit), n.low, n.high, n.bound, n.unit)
            for n in figures
            if n.unit not in ("th", "many")
        ],
        [_name(claim, run) for run in runs],
    )


def _name(claim: Claim, run: Sequence[Word]) -> Given:
    plain = tuple(word.plain for word in run)
    return Given(claim, claim.text[run[0].start : run[-1].end], " ".join(plain), names=plain)


def _retold_differ(kind: int, one: Given, other: Given) -> bool:
    """Whether these are the only values of their kind that two such sentences do not share, and no other kind differs."""
    if one_voice(one.claim, other.claim) or not _same_words(one.claim, other.claim):
        return False
    for n, (here, there) in enumerate(zip(_values(one.claim), _values(other.claim), strict=True)):
        mine, theirs = _without(here, there), _without(there, here)
        if n == kind and not (len(mine) == len(theirs) == 1 and _is(n, mine[0], one) and _is(n, theirs[0], other)):
            return False
        if n != kind and mine and theirs:
            return False
    return True


def _is(kind: int, one: Given, other: Given) -> bool:
    return one.names == other.names if kind == _NAMES else (one.low, one.high, one.date) == (other.low, other.high, other.date)


def _same_words(one: Claim, other: Claim) -> bool:
    shared = sum(word.isalpha() for word in one.sentence & other.sentence)
    return shared >= max(RETOLD_WORDS, RETOLD * min(len(one.sentence), len(other.sentence)))


def _without(values: Sequence[Given], others: Sequence[Given]) -> list[Given]:
    return [value for value in values if not any(_alike(value, other) for other in others)]


def _alike(one: Given, other: Given) -> bool:
    if one.date and other.date:
        return agree(one.date, other.date)
    return share_name(one.names, other.names) or (not one.names and one.unit == other.unit and not apart(one, other))


_FINDERS: dict[str, tuple[Callable[[Asked, Sequence[Claim]], tuple[list[Given], Differ]], ...]] = {
    "count": (figures, _retold),
    "measure": (figures, _retold),
    "date": (_dates, _retold),
    **dict.fromkeys(_NAMED, (_names, _retold)),
    "yes_no": (_stances,),
    "": (),
}
