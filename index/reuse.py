"""Vectors that need not be computed again: those of an earlier generation and of an interrupted build, found by the key of their text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from index.passage_files import KEY


@dataclass(frozen=True, slots=True)
class Source:
    """Vectors with their keys: `vectors(first, count)` reads those of the rows `first` … `first + count`."""

    keys: np.ndarray
    vectors: Callable[[int, int], np.ndarray]


class Pool:
    """All sources together, their rows numbered one after the other. Holds some 40 bytes a row; the vectors stay where they are."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources
        self._starts = np.cumsum([0, *(len(source.keys) for source in sources)])
        keys = np.concatenate([np.empty(0, dtype=KEY), *(source.keys for source in sources)])
        self._order = np.argsort(keys, kind="stable")
        self._keys = keys[self._order]

    def find(self, keys: np.ndarray) -> np.ndarray:
        """The row of each key, −1 where there is none: shape (len(keys),)."""
        places = positions(self._keys, keys)
        return np.where(places < 0, -1, self._order[places]) if len(self._order) else places

    def take(self, rows: np.ndarray) -> np.ndarray:
        """The vectors of `rows`, in that order: shape (len(rows), dimension). Rows that follow each other are read together."""
        return np.concatenate([self._read(int(rows[start]), end - start) for start, end in _runs(rows, self._starts)])

    def _read(self, row: int, count: int) -> np.ndarray:
        source = int(np.searchsorted(self._starts, row, side="right")) - 1
        return self._sources[source].vectors(row - int(self._starts[source]), count)


def positions(known: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """The place of each of `keys` in the sorted array `known`, −1 where it is not there: shape (len(keys),)."""
    if not len(known):
        return np.full(len(keys), -1, dtype=np.int64)
    places = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return np.where(known[places] == keys, places, -1)


def _runs(rows: np.ndarray, starts: np.ndarray) -> Iterator[tuple[int, int]]:
    """Ranges of `rows` that count up by one and stay in one source."""
    breaks = (np.diff(rows) != 1) | np.isin(rows[1:], starts)
    edges = [0, *(np.flatnonzero(breaks) + 1), len(rows)]
    yield from ((int(start), int(end)) for start, end in pairwise(edges))
