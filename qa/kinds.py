"""The words of a sentence and the kinds of values that it holds: what follows from its text alone.

Each is found once and remembered, because the same sentences are looked at for many questions. A memory holds so many texts
at most and forgets the one that was not asked for longest; all are safe from several threads.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from index.lexical import terms

TEXTS = 20_000
"""Texts that a memory holds at most: the sentences of some 4,000 passages."""

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


@lru_cache(maxsize=TEXTS)
def stems(text: str) -> tuple[str, ...]:
    """The index terms of a text, in order. Texts share the strings of the words that they share."""
    return tuple(map(sys.intern, terms(text)))


@lru_cache(maxsize=TEXTS)
def stem_set(text: str) -> frozenset[str]:
    """The distinct index terms of a text."""
    return frozenset(stems(text))


_HOLDS = {
    "number": _NUMBER,
    "date": _DATE,
    "full date": _FULL_DATE,
    "place": _PLACE,
    "reason": _REASON,
    "duration": _DURATION,
    "distance": _DISTANCE,
    "share": _SHARE,
    "money": _MONEY,
}


@lru_cache(maxsize=TEXTS)
def holds(kind: str, text: str) -> bool:
    """Whether a text holds a value of a kind (a key of `_HOLDS`), as far as its form tells."""
    return bool(_HOLDS[kind].search(text))


@lru_cache(maxsize=TEXTS)
def counted(text: str) -> frozenset[str]:
    """The index terms among the four words after a number."""
    words = text.split()
    return frozenset(s for n, word in enumerate(words) if _NUMBER.search(word) for s in terms(" ".join(words[n + 1 : n + 5])))


@dataclass(frozen=True, slots=True)
class Person:
    """A name that may be a person's: its words in small letters, and the index terms of the four words before and after it."""

    words: tuple[str, ...]
    around: frozenset[str]


@lru_cache(maxsize=TEXTS)
def people(text: str) -> tuple[Person, ...]:
    """The names of people in a text, as far as their form tells."""
    return tuple(_people(text))


def _people(text: str) -> Iterator[Person]:
    for pattern in (_PERSON, _TITLED):
        for match in pattern.finditer(text):
            words = tuple(match.group().casefold().split())
            if words[-1] not in _NO_PERSON:
                beside = (*text[: match.start()].split()[-4:], *text[match.end() :].split()[:4])
                yield Person(words, frozenset(terms(" ".join(beside))))


@lru_cache(maxsize=TEXTS)
def names(text: str) -> tuple[str, ...]:
    """The names in a text, in small letters: capitalised words within a sentence and, where there are any, the first word."""
    found = [name.casefold() for name in _NAME.findall(text)]
    return tuple([*found, text.split()[0].casefold()] if found and text[:1].isupper() else found)
