"""Rank passages for a question, in whatever store the index lies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from index.embed import Encoder
from index.errors import UsageError
from index.fuse import MODES, Weights, fuse
from index.store import ArticleRecord, Manifest, RefusedRecord
from index.types import Hit, Passage, SentenceHit

DEPTH = 60
"""Passages that each list contributes before fusion; sentences come at twice that depth."""


class Vectors(Protocol):
    """Unit vectors numbered from 0. `search` may miss some of the nearest (stated by each store); the cosines it gives are exact."""

    def __len__(self) -> int: ...

    def search(self, query: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Cosines and numbers of the `k` nearest vectors (fewer when there are fewer), best first."""
        ...

    def rows(self, numbers: np.ndarray) -> np.ndarray:
        """The stored vectors of those numbers, in that order: shape (len(numbers), dimension), float32."""
        ...


class Words(Protocol):
    """BM25 over passages."""

    def search(self, question: str, k: int, kindred: float = 0.0) -> list[tuple[int, float]]:
        """Up to `k` pairs (passage number, share of the highest possible score), best first; `kindred` as in `index.fuse.Weights`."""
        ...

    def rarity(self, word: str) -> float:
        """Inverse document frequency of an index term."""
        ...

    def frequency(self, word: str) -> int:
        """The number of passages that hold an index term."""
        ...


class Store(Protocol):
    """One published generation, wherever it lies: `index.store.Generation` on this machine, `index.milvus.MilvusGeneration` in Milvus.

    Passages and sentences are numbered from 0; the sentences of passage n are `first_sentence[n]` … `first_sentence[n + 1]`.
    """

    path: Path
    manifest: Manifest
    first_sentence: np.ndarray
    passage_vectors: Vectors
    sentence_vectors: Vectors
    words: Words

    @property
    def name(self) -> str: ...

    def passages(self, numbers: Sequence[int]) -> list[Passage]:
        """The passages of those numbers, in that order."""
        ...

    def articles(self) -> Iterator[ArticleRecord]: ...

    def refused(self) -> Iterator[RefusedRecord]: ...

    def article_path(self, source: str) -> Path: ...


def weights_of(mode: str) -> Weights:
    """The weights of a way to search. Raises UsageError for an unknown one."""
    if mode not in MODES:
        raise UsageError(f"mode must be one of {', '.join(MODES)}, not {mode!r}")
    return MODES[mode]


class Searcher:
    """One opened generation and the encoder for its questions. Read-only, safe from several threads."""

    def __init__(self, opened: Store, encoder: Encoder) -> None:
        self.opened = opened
        self.encoder = encoder

    @property
    def generation(self) -> str:
        return self.opened.name

    @property
    def embedder_name(self) -> str:
        return str(self.opened.manifest.encoder["name"])

    def search(
        self,
        question: str,
        k: int = 8,
        mode: str = "hybrid",
        weights: Weights | None = None,
        vector: np.ndarray | None = None,
    ) -> list[Hit]:
        """The `k` best passages, best first; ties go to the earlier passage. `weights` overrides those of `mode`; `vector` is the
        question's, where it is known.

        Raises UsageError for an unknown mode.
        """
        weights = weights or weights_of(mode)
        return self.search_vector(self.encoder.encode_query(question) if vector is None else vector, question, k, weights)

    def search_vector(self, query: np.ndarray, question: str, k: int, weights: Weights) -> list[Hit]:
        """The same for a question that is embedded already."""
        words = dict(self.opened.words.search(question, max(DEPTH, k), weights.kindred)) if weights.words else {}
        candidates = set(words)
        if weights.passage:
            candidates.update(self.opened.passage_vectors.search(query, max(DEPTH, k))[1].tolist())
        if weights.sentence:
            numbers = self.opened.sentence_vectors.search(query, 2 * DEPTH)[1].astype(np.uint64)
            candidates.update((np.searchsorted(self.opened.first_sentence, numbers, side="right") - 1).tolist())
        return self._ranked(query, sorted(candidates), words, weights, k) if candidates else []

    def _ranked(
        self, query: np.ndarray, candidates: Sequence[int], words: dict[int, float], weights: Weights, k: int
    ) -> list[Hit]:
        numbers = np.array(candidates, dtype=np.int64)
        near = cosines(self.opened.passage_vectors.rows(numbers), query).astype(float)
        vectors, starts = self._sentence_vectors(numbers)
        best = np.maximum.reduceat(cosines(vectors, query), starts[:-1]).astype(float)
        lexical = np.array([words.get(number, 0.0) for number in candidates])
        scores = fuse(weights, near, best, lexical)
        order = np.lexsort((numbers, -scores))[:k]
        sentences = sentence_hits(query, [vectors[starts[n] : starts[n + 1]] for n in order])
        passages = self.opened.passages([candidates[n] for n in order])
        return [
            Hit(passage, float(scores[n]), float(near[n]), float(best[n]), float(lexical[n]), own)
            for n, passage, own in zip(order, passages, sentences, strict=True)
        ]

    def _sentence_vectors(self, passages: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Vectors of the sentences of passages, in their order, and where those of each passage start (and the end)."""
        firsts = self.opened.first_sentence[passages].astype(np.int64)
        counts = self.opened.first_sentence[passages + 1].astype(np.int64) - firsts
        starts = np.concatenate([[0], np.cumsum(counts)])
        numbers = np.repeat(firsts - starts[:-1], counts) + np.arange(starts[-1])
        return self.opened.sentence_vectors.rows(numbers), starts


def cosines(vectors: np.ndarray, query: np.ndarray) -> np.ndarray:
    """Of each row with the query. A row's value does not depend on where it stands, so equal passages stay equal (BLAS may differ)."""
    return np.einsum("ij,j->i", vectors, query)


def sentence_hits(query: np.ndarray, passages: Sequence[np.ndarray]) -> list[tuple[SentenceHit, ...]]:
    """The sentences of each retrieved passage, from their vectors (one a row)."""
    vectors = np.concatenate(passages)
    mean = vectors.mean(axis=0)
    centred, asked = vectors - mean, query - mean
    lengths = np.linalg.norm(centred, axis=1) * np.linalg.norm(asked)
    contrasts = (cosines(centred, asked) / np.maximum(lengths, 1e-9)).tolist()
    scores = zip(cosines(vectors, query).tolist(), contrasts, strict=True)
    return [tuple(SentenceHit(n, *next(scores)) for n in range(len(own))) for own in passages]
