"""The words of a sentence as they are compared: folded, stemmed, and told apart into names, negations, hedges and the rest."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from index import lexical
from index.acronyms import definitions
from qa.english import (
    ALIKE,
    BASES,
    DEMONYMS,
    IRREGULAR,
    NEGATORS,
    OPPOSITES,
    PLURALS,
    STOPWORDS,
    TAKES_BACK,
    TITLES,
    VERBS_ALIKE,
    WIDE,
)
from qa.tokens import is_proper

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_SENTENCE_END = re.compile(r"[.!?:;\"“”•\n(]")

_DEMONYM_ENDINGS = ("n", "an", "ian", "ean", "nian", "ese", "i", "ish", "s", "ns", "ans", "ians", "is")
_TAKEN_BACK = re.compile(rf"\b(?:{TAKES_BACK})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Word:
    """A word at `[start, end)`. `plain` is folded (small letters, no accents, no possessive), `stem` is its comparable root.

    `capital`: written with a capital or as a code; `begins`: first of its sentence; `joined`: only a space stands before it.
    """

    text: str
    plain: str
    stem: str
    start: int
    end: int
    capital: bool
    begins: bool
    joined: bool


def words(text: str) -> list[Word]:
    """The words of `text` in order; hyphens and points part words, apostrophes do not."""
    found: list[Word] = []
    at = 0
    for match in _WORD.finditer(text):
        gap = text[at : match.start()]
        begins = not found or bool(_SENTENCE_END.search(gap))
        capital = match[0][0].isupper() or any(c.isdigit() for c in match[0])
        plain = fold(match[0])
        found.append(Word(match[0], plain, stem(plain), *match.span(), capital, begins, gap in (" ", "-", "–")))
        at = match.end()
    return found


def fold(text: str) -> str:
    """Small letters without accents, straight apostrophes, no possessive ending."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    bare = bare.replace("’", "'")
    return bare[:-2] if bare.endswith("'s") else bare.rstrip("'")


@lru_cache(maxsize=50_000)
def stem(plain: str) -> str:
    """The root of a folded word: irregular forms by a table, the others by Porter's second stemmer (Snowball, English)."""
    base = IRREGULAR.get(plain, plain)
    return lexical.stem(base) if base.isascii() and base.isalpha() else base


def is_name(word: Word) -> bool:
    """Whether a word is (part of) a proper name or a code such as `C-130`. Titles are not: "President" adds no identity."""
    if not word.capital or word.plain in TITLES:
        return False
    if any(c.isdigit() for c in word.text):
        return True
    if word.begins and not _is_acronym(word.text):
        return word.plain not in STOPWORDS and is_proper(word.plain)
    return word.plain not in STOPWORDS or _is_acronym(word.text)


def _is_acronym(text: str) -> bool:
    return len(text) > 1 and sum(c.isupper() for c in text) > len(text) / 2


@lru_cache(maxsize=50_000)
def same_name(one: str, other: str) -> bool:
    """Whether two folded words spell one name: equal, place and people (Mali, Malian), or one letter apart (Ghaly, Ghali)."""
    if one == other:
        return True
    if DEMONYMS.get(one, one) == DEMONYMS.get(other, other):
        return True
    short, long = sorted((one, other), key=len)
    if (
        len(short) >= 4
        and long.startswith(short[:-1])
        and any(long in (short + e, short[:-1] + e) for e in _DEMONYM_ENDINGS if len(e) > 1 or long[-1] != "s")
    ):
        return True
    return len(short) >= 5 and short[0] == long[0] and short.isalpha() and long.isalpha() and _one_edit(short, long)


def _one_edit(short: str, long: str) -> bool:
    """Whether one letter changed, added or dropped makes the words equal."""
    if len(long) - len(short) > 1:
        return False
    at = next((n for n, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    return short[at:] == long[at + 1 :] or short[at + 1 :] == long[at + 1 :]


def opposite(one: str, other: str) -> bool:
    """Whether two stems are opposites ("won" and "lost")."""
    return other in opposites(one)


def opposites(one: str) -> frozenset[str]:
    """The stems that are opposites of a stem."""
    return _opposite_stems().get(one, frozenset())


def alike(one: str, other: str) -> bool:
    """Whether two stems may count the same things: equal, near synonyms ("troops", "fighters"), or one as wide as "people"."""
    return one == other or one in _wide_stems() or any(one in group and other in group for group in _alike_stems())


def says_alike(one: str, other: str) -> bool:
    """Whether two stems of verbs may say the same: equal or near synonyms ("seized", "captured")."""
    return one == other or any(one in group and other in group for group in _verb_stems())


@lru_cache(maxsize=1)
def _verb_stems() -> list[frozenset[str]]:
    return [frozenset(stem(word) for word in group) for group in VERBS_ALIKE]


@lru_cache(maxsize=1)
def _wide_stems() -> frozenset[str]:
    return frozenset(stem(word) for word in WIDE)


@lru_cache(maxsize=1)
def _alike_stems() -> list[frozenset[str]]:
    return [frozenset(stem(word) for word in group) for group in ALIKE]


@lru_cache(maxsize=1)
def _opposite_stems() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for pair in OPPOSITES:
        for a, b in (pair, pair[::-1]):
            found.setdefault(stem(a), set()).add(stem(b))
    return {one: frozenset(others) for one, others in found.items()}


def is_verb_form(word: Word) -> bool:
    """Whether a word looks like a verb in the past: an irregular form or one that ends in -ed."""
    irregular = (word.plain in IRREGULAR and word.plain not in PLURALS) or word.plain in BASES
    return irregular or (word.plain.endswith("ed") and len(word.plain) > 4)


def is_negator(word: Word) -> bool:
    return word.plain in NEGATORS or word.plain.endswith("n't")


def taken_back(text: str) -> int:
    """Where the part of `text` begins that the text itself denies ("it is not true that …"); its length when there is none."""
    match = _TAKEN_BACK.search(text)
    return match.end() if match else len(text)


def groups(aliases: Mapping[str, str], texts: Iterable[str]) -> list[frozenset[tuple[str, ...]]]:
    """Names that mean one thing, as folded words: the given map (variant to name) joined with what the texts define."""
    sets: list[set[tuple[str, ...]]] = []
    pairs = [*aliases.items(), *(pair for text in texts for pair in definitions(text))]
    for one, other in pairs:
        names = {tuple(word.plain for word in words(name)) for name in (one, other)} - {()}
        touching = [group for group in sets if group & names]
        sets = [group for group in sets if not group & names] + [names.union(*touching)]
    return [frozenset(group) for group in sets]
