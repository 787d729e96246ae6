"""A text as the verifier reads it: its words, with the numbers, dates and names among them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from qa.english import PARTICLES, STOPWORDS, TITLES
from qa.quantities import Date, Number, dates, numbers
from qa.words import Word, is_name, is_negator, same_name, words

_FOLDED = str.maketrans("“”„«»’‘–—−[]<", '"""""\'\'---()‹')

Names = Sequence[frozenset[tuple[str, ...]]]
"""The names that have several forms: for each the forms, as folded words (`qa.words.groups`)."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as the tests see it. `names` and `figures` are positions in `words`: of names, and of numbers and dates."""

    text: str
    words: tuple[Word, ...]
    numbers: tuple[Number, ...]
    dates: tuple[Date, ...]
    names: frozenset[int]
    figures: frozenset[int]

    @property
    def content(self) -> list[int]:
        """Positions of the words that carry meaning: no stop words, names, numbers or dates."""
        return [
            n
            for n, w in enumerate(self.words)
            if n not in self.names | self.figures and w.plain not in STOPWORDS and not is_negator(w)
        ]

    @property
    def stems(self) -> set[str]:
        return {word.stem for word in self.words}


@lru_cache(maxsize=4096)
def read(text: str) -> Reading:
    """Take a text apart, once."""
    found = tuple(_without_particles(words(text)))
    days = tuple(dates(text))
    amounts = tuple(numbers(text, [(date.start, date.end) for date in days]))
    spans = [(day.start, day.end) for day in days] + [(amount.start, amount.end) for amount in amounts]
    figures = frozenset(n for n, word in enumerate(found) if any(a < word.end and word.start < b for a, b in spans))
    names = {n for n, word in enumerate(found) if n not in figures and is_name(word)}
    names |= {n for n, word in enumerate(found) if _is_title_alone(word) and not names & {n - 2, n - 1, n + 1, n + 2}}
    return Reading(text, found, amounts, days, frozenset(names), figures)


def _is_title_alone(word: Word) -> bool:
    """Whether a word such as "President" or "War" is written as a name; with no name beside it, it is one."""
    return word.plain in TITLES and word.capital and not word.begins


def _without_particles(row: Sequence[Word]) -> list[Word]:
    """Without the particles inside names ("Bilal ag Acherif", "Charles de Gaulle"), which are written or left out at will."""
    inner = {
        n
        for n in range(1, len(row) - 1)
        if row[n].plain in PARTICLES and row[n - 1].capital and row[n + 1].capital and row[n].joined
    }
    return [word for n, word in enumerate(row) if n not in inner]


def overlap(claim: Reading, quote: Reading, header: Reading | None = None) -> float:
    """The share of the claim's content words whose root stands in the quote or its header; of all words where it has none."""
    return share([claim.words[n] for n in claim.content] or claim.words, quote, header)


def share(part: Sequence[Word], quote: Reading, header: Reading | None = None) -> float:
    """The share of some words whose root stands in the quote or its header; spelling variants and joined words count."""
    spelt = {one.plain + other.plain for one, other in pairwise(quote.words)}
    stems = quote.stems | (header.stems if header else set())
    held = sum(1 for word in part if word.stem in stems or word.plain in spelt or _near_spelling(word.stem, stems))
    return held / len(part) if part else 0.0


def _near_spelling(word: str, stems: Iterable[str]) -> bool:
    """Spelling variants: protester and protestor, organise and organize, program and programme."""
    return len(word) >= 6 and any(other[:4] == word[:4] and same_name(word, other) for other in stems if len(other) >= 5)


def name_at(reading: Reading, n: int, same: Names) -> str:
    """The name that word `n` belongs to, by its last word; a form of a name with several forms by the first of these."""
    plain = [word.plain for word in reading.words]
    around = [
        (len(form), group)
        for group in same
        for form in group
        for start in range(max(0, n - len(form) + 1), n + 1)
        if tuple(plain[start : start + len(form)]) == form
    ]
    if around:
        return min(" ".join(form) for form in max(around, key=lambda item: item[0])[1])
    while n + 1 in reading.names and reading.words[n + 1].joined:
        n += 1
    return plain[n]


def places(row: Sequence[str], form: tuple[str, ...]) -> list[int]:
    """Where the words `form` stand one after the other in `row`."""
    return [n for n in range(len(row) - len(form) + 1) if tuple(row[n : n + len(form)]) == form]


def verbatim(text: str) -> str:
    """A text as it is compared word for word: white space, quotation marks, dashes and the end's punctuation do not count."""
    return " ".join(text.translate(_FOLDED).casefold().split()).strip(" .;,\"'")


def is_fact(text: str) -> bool:
    """Whether a text reads as a fact of an infobox: a label, a colon, a value."""
    return bool(re.match(r"[^.:]{2,100}: \S", text))
