"""When two values that both answer cannot both be right.

Values of one passage do not contradict each other, unless two speakers give them. What the wording says is an early count, a plan, a
second event or one of several is no contradiction, nor is a figure of another time, unless what is asked can have happened only once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from qa.answering import Given, again
from qa.counts import apart
from qa.quantities import Date
from qa.statements import Asked, Told, agree, same_time, share_name, speaker
from qa.values import Value, with_year
from qa.words import is_name, words

DAYS = 14
"""Accounts of an event that may recur disagree by this many days at most; beyond that they tell of two events …"""
YEARS = 5
"""… and this many years where they name no day."""
SURE = 4.0
"""The span reader's score from which it is sure of a value: only what stands beside that says of what time it is."""
_COMMA = re.compile(r"[,;:] ")
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


def differ(asked: Asked, one: Given, other: Given) -> bool:
    """Whether two values that answer cannot both be right."""
    if one.value.kind == "number" and _is_part(asked, one) != _is_part(asked, other):
        part, whole = (one, other) if _is_part(asked, one) else (other, one)
        return _exceeds(part, whole)
    if excused(asked, one, other) or not of_one_thing(asked, one, other):
        return False
    return one.value.kind != "number" or apart(one.value, other.value)


def of_one_thing(asked: Asked, one: Given, other: Given) -> bool:
    """Whether two values may be given for one thing by two voices, and at one time."""
    if one.value.kind == "number" and (_is_part(asked, one) or _is_part(asked, other)):
        return False
    if _one_voice(one, other):
        return False
    if one.value.date and other.value.date:
        return _dates_differ(asked, one.value.date, other.value.date)
    named = one.value.kind == "name"
    if not (named and asked.once) and not asked.dates and not one_time(one, other):
        return False
    if named:
        return _names_differ(one, other)
    return not (one.value.names and other.value.names and not share_name(one.value.names, other.value.names))


def one_time(one: Given, other: Given) -> bool:
    """Whether both may be of one time; where the span reader points at both, days apart are, since reports come later."""
    mine, theirs = when(one.sentence, one.value), when(other.sentence, other.value)
    if same_time(mine, theirs):
        return True
    if math.isinf(min(one.pointed, other.pointed)):
        return False
    return any(_close(a, b) for a in mine for b in theirs)


def _close(a: Date, b: Date) -> bool:
    """Whether two dates are of one year and at most DAYS apart, as far as both tell."""
    if a.year and b.year and a.year != b.year:
        return False
    if not a.month or not b.month:
        return True
    return _days(a, b if b.day else replace(b, day=a.day)) <= DAYS if a.day else abs(a.month - b.month) * 30 <= DAYS


def _one_voice(one: Given, other: Given) -> bool:
    """Whether both stand in one passage, or are values of one fact, with no two speakers: a text that counts by parts."""
    (here, _), (there, _) = one.sentence.place, other.sentence.place
    facts = one.sentence.is_fact and other.sentence.is_fact
    together = here.id == there.id or (facts and (here.source, one.sentence.label) == (there.source, other.sentence.label))
    mine, theirs = speaker(one.clause), speaker(other.clause)
    return together and not (mine and theirs and not mine & theirs)


def _told_of(one: Given) -> str:
    """The fact or clause that a value stands in; of the clause the part between commas, where the span reader is sure of the value."""
    text, value = one.sentence.read.text, one.value
    if one.sentence.is_fact or one.pointed < SURE:
        return text if one.sentence.is_fact else one.clause
    start, end = one.sentence.read.clause(value.start)
    start = max([start, *(match.end() for match in _COMMA.finditer(text, 0, value.start))])
    end = min([end, *(match.start() for match in _COMMA.finditer(text, value.end))])
    return text[start:end]


def excused(asked: Asked, one: Given, other: Given) -> bool:
    """Whether the wording says that the values are of different times, plans or events."""
    a, b = _told_of(one), _told_of(other)
    if any(bool(_HYPOTHETICAL.search(text)) for text in (a, b)) and not _HYPOTHETICAL.search(asked.text):
        return True
    if not asked.once and again(asked, a) != again(asked, b):
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


def days_apart(a: Date, b: Date) -> float:
    """How far two dates are apart, as the logarithm of days: years where they name different ones."""
    if a.year and b.year and a.year != b.year:
        return math.log1p(365 * abs(a.year - b.year))
    return math.log1p(_days(a, b)) if a.month and b.month else 0.0


def _days(a: Date, b: Date) -> int:
    return abs((a.month - b.month) * 30 + a.day - b.day)


def _names_differ(one: Given, other: Given) -> bool:
    """Two names that share no word, neither of which stands beside the other, and neither as one of several."""
    if any(_AMONG.search(value.clause) for value in (one, other)):
        return False
    return not any(_tells(value.sentence, against.value) for value, against in ((one, other), (other, one)))


def _tells(sentence: Told, value: Value) -> bool:
    return share_name(value.names, [word.plain for word in sentence.read.words if word.capital])


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


def when(sentence: Told, value: Value) -> Sequence[Date]:
    """The dates of a value: its own, those of its item of a fact, else those of its sentence or of the nearest one before."""
    if value.date:
        return [value.date]
    if not sentence.is_fact:
        return sentence.when
    start, end = sentence.read.clause(value.start)
    return [with_year(date, sentence.year) for date in sentence.read.dates if start <= date.start < end]


def recurs(given: Sequence[Given]) -> bool:
    """Whether the days given lie so far apart that they must be of several events, so that no two of them need be of one."""
    days = [one.value.date for one in given if one.value.date and one.value.date.day]
    return any((not a.year or not b.year or a.year == b.year) and _days(a, b) > DAYS for a, b in combinations(days, 2))
