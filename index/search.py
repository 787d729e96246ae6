"""Rank passages for a question."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from index.embed import Encoder
from index.errors import UsageError
from index.fuse import MODES, Weights, fuse
from index.store import Generation
from index.types import Hit, SentenceHit

DEPTH = 60
"""Passages that each list contributes before fusion; sentences come at twice that depth."""


class Searcher:
    """One opened generation and the encoder for its questions. Read-only, safe from several threads."""

    def __init__(self, generation: Generation, encoder: Encoder) -> None:
        self.opened = generation
        self.encoder = encoder

    @property
    def generation(self) -> str:
        return self.opened.name

    @property
    def embedder_name(self) -> str:
        return str(self.opened.manifest.encoder["name"])

    def search(self, question: str, k: int = 8, mode: str = "hybrid", weights: Weights | None = None) -> list[Hit]:
        """The `k` best passages, best first; ties go to the earlier passage. `weights` overrides those of `mode`.

        Raises UsageError for an unknown mode.
        """
        if mode not in MODES:
            raise UsageError(f"mode must be one of {', '.join(MODES)}, not {mode!r}")
        weights = weights or MODES[mode]
        query = self.encoder.encode_query(question)
        words = dict(self.opened.words.search(question, max(DEPTH, k))) if weights.words else {}
        candidates = set(words)
        if weights.passage:
            candidates.update(int(n) for n in self.opened.passage_vectors.search(query, max(DEPTH, k))[1])
        if weights.sentence:
            numbers = self.opened.sentence_vectors.search(query, 2 * DEPTH)[1]
            candidates.update(int(n) for n in np.searchsorted(self.opened.first_sentence, numbers, side="right") - 1)
        return self._ranked(query, sorted(candidates), words, weights, k)

    def _ranked(
        self, query: np.ndarray, candidates: Iterable[int], words: dict[int, float], weights: Weights, k: int
    ) -> list[Hit]:
        scored = []
        for number in candidates:
            near = float(self.opened.passage_vectors.vectors(number, 1)[0] @ query)
            vectors = self._sentence_vectors(number)
            lexical = words.get(number, 0.0)
            scored.append((fuse(weights, near, float((vectors @ query).max()), lexical), number, near, vectors, lexical))
        scored.sort(key=lambda row: (-row[0], row[1]))
        best = scored[:k]
        mean = np.concatenate([vectors for *_, vectors, _ in best]).mean(axis=0) if best else query
        return [
            Hit(
                self.opened.passage(number),
                score,
                near,
                float((vectors @ query).max()),
                lexical,
                sentence_hits(query, vectors, mean),
            )
            for score, number, near, vectors, lexical in best
        ]

    def _sentence_vectors(self, number: int) -> np.ndarray:
        """Vectors of the sentences of a passage, in their order."""
        first, after = int(self.opened.first_sentence[number]), int(self.opened.first_sentence[number + 1])
        return self.opened.sentence_vectors.vectors(first, after - first)


def sentence_hits(query: np.ndarray, vectors: np.ndarray, mean: np.ndarray) -> tuple[SentenceHit, ...]:
    """A passage's sentences, from their vectors (one a row); `mean` is that of the sentences of all retrieved passages."""
    centred, asked = vectors - mean, query - mean
    lengths = np.linalg.norm(centred, axis=1) * np.linalg.norm(asked)
    contrasts = centred @ asked / np.maximum(lengths, 1e-9)
    return tuple(
        SentenceHit(n, float(similarity), float(contrast))
        for n, (similarity, contrast) in enumerate(zip(vectors @ query, contrasts, strict=True))
    )
