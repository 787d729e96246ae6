"""What English words may stand for each other: synonyms, broader words and opposites by WordNet, from roots (`qa.words.stem`).

A word is one of several senses, and which is not known here: two roots that share any common sense count as synonyms. So this can
excuse a word; it is no proof that two words mean the same.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Entry:
    """Numbers of the senses of a root, and of those one step broader; the roots that stand against it."""

    senses: frozenset[str]
    broader: frozenset[str]
    opposites: frozenset[str]


_NONE = Entry(frozenset(), frozenset(), frozenset())


def synonyms(one: str, other: str) -> bool:
    """Whether two roots share a sense."""
    return one == other or bool(_entry(one).senses & _entry(other).senses)


def broader(one: str, other: str) -> bool:
    """Whether `one` names something more general than `other`: what is true of the other can be said with it."""
    return bool(_entry(one).senses & _entry(other).broader)


def opposites(one: str, other: str) -> bool:
    """Whether one root stands against the other."""
    return other in _entry(one).opposites or one in _entry(other).opposites


def known(root: str) -> bool:
    """Whether WordNet's tagged texts hold the word at all."""
    return root in _entries()


def _entry(root: str) -> Entry:
    return _entries().get(root, _NONE)


@lru_cache(maxsize=1)
def _entries() -> dict[str, Entry]:
    text = gzip.decompress((files("qa") / "data" / "synonyms.txt.gz").read_bytes()).decode()
    rows = (line.split("\t") for line in text.splitlines())
    return {row[0]: Entry(*(frozenset(part.split()) for part in row[1:4])) for row in rows}
