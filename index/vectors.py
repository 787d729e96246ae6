"""Vectors on disk and the nearest of them, with FAISS. The only module that knows FAISS.

`NAME.faiss` holds every vector as float16, memory-mapped: rows are read from it, and up to `EXACT_MOST` vectors a search looks at all
of them. Above that, `NAME.ivf` stands beside it, memory-mapped too: vectors in clusters (inverted file), one byte a number (scalar
quantiser); a search looks into the nearest clusters only, and what it finds is scored again from the float16 vectors. How much such a
search finds of what an exact one does is measured on a sample when it is built, and recorded in `NAME.json`. The sample is of mixtures
of three stored vectors: of the queries that can be made from vectors alone, these were as hard to answer as real questions (docs/scale.md).

float16 keeps 11 significant bits of each number, so that a cosine of unit vectors moves by less than 0.0005.
Jégou, Douze and Schmid 2011, "Product Quantization for Nearest Neighbor Search", section IV (inverted file).
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from index.errors import DamagedIndex

EXACT_MOST = 100_000
"""Up to this many vectors every one is compared (a few milliseconds on one core)."""

RECALL = 0.97
"""A search looks into as many clusters as the sample needs for this share of the ten nearest, and compares at most `EXACT_MOST` vectors."""

SAMPLE = 256
AT = 10
_CHUNK = 65_536
_TRAINED_ON, _ROUNDS = 40, 6
"""Vectors for each cluster that the clusters are learned from, and rounds of k-means."""

_MIXED = 3


@dataclass(frozen=True, slots=True)
class Card:
    """How vectors are searched. `recall` is the share of the `AT` nearest found, over `sample` mixtures of the vectors."""

    kind: str
    vectors: int
    dimension: int
    clusters: int = 0
    probes: int = 0
    recall: float = 1.0
    sample: int = 0


def build(path: Path, vectors: np.ndarray) -> Card:
    """Write an index of `vectors`, shape (n, dimension), numbered from 0. They may be memory-mapped; they are read in pieces."""
    import faiss

    faiss.omp_set_num_threads(os.cpu_count() or 1)
    flat = faiss.IndexScalarQuantizer(vectors.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    flat.train(np.zeros((1, vectors.shape[1]), dtype=np.float32))
    for chunk in _chunks(vectors):
        flat.add(chunk)
    _write(flat, path)
    del flat
    card = Card("exact, float16", len(vectors), vectors.shape[1])
    if len(vectors) > EXACT_MOST:
        clustered, card = _clustered(_open(path))
        _write(clustered, path.with_suffix(".ivf"))
    path.with_suffix(".json").write_text(json.dumps(asdict(card), indent=1) + "\n", encoding="utf-8")
    return card


def read_card(path: Path) -> Card:
    """How the vectors of an index are searched, as it was recorded. Raises DamagedIndex."""
    try:
        return Card(**json.loads(path.with_suffix(".json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        raise DamagedIndex(f"{path.with_suffix('.json')} cannot be read; run: qa index build") from None


def _clustered(flat: Any) -> tuple[Any, Card]:
    """The inverted file over the rows of `flat`, with as many probes as its sample needs."""
    import faiss

    count, dimension = flat.ntotal, flat.d
    clusters = 1 << round(math.log2(4 * math.sqrt(count)))
    index = faiss.index_factory(dimension, f"IVF{clusters},SQ8", faiss.METRIC_INNER_PRODUCT)
    index.cp.niter = _ROUNDS
    index.train(flat.reconstruct_batch(_spread(count, min(count, _TRAINED_ON * clusters))))
    for first in range(0, count, _CHUNK):
        index.add(flat.reconstruct_n(first, min(_CHUNK, count - first)))
    return index, _tuned(index, flat)


def _tuned(index: Any, flat: Any) -> Card:
    """Set the probes that the sample needs: the least power of two that finds `RECALL`, as far as the bound on comparisons allows."""
    sample = _mixtures(flat.reconstruct_batch(_spread(flat.ntotal, _MIXED * SAMPLE)))
    exact = flat.search(sample, AT)[1]
    most = max(1, index.nlist * EXACT_MOST // flat.ntotal)
    probes, recall = 0, 0.0
    while recall < RECALL and 2 * max(1, probes) <= most:
        probes = index.nprobe = 2 * max(1, probes)
        recall = _recall(index.search(sample, AT)[1], exact)
    kind = f"IVF{index.nlist},SQ8, scored again from float16"
    return Card(kind, flat.ntotal, flat.d, index.nlist, probes, recall, SAMPLE)


def _spread(count: int, wanted: int) -> np.ndarray:
    """So many numbers below `count`, evenly spread."""
    return np.linspace(0, count - 1, wanted).astype(np.int64)


def _mixtures(rows: np.ndarray) -> np.ndarray:
    """Unit vectors, each the direction of the sum of `_MIXED` rows that lie far apart in the index."""
    mixed = rows.reshape(_MIXED, -1, rows.shape[1]).sum(axis=0)
    return mixed / np.linalg.norm(mixed, axis=1, keepdims=True)


def _recall(found: np.ndarray, exact: np.ndarray) -> float:
    """Mean share of the exact neighbours that were found, over the rows."""
    return float(np.mean([len(np.intersect1d(a, b)) / len(b) for a, b in zip(found, exact, strict=True)]))


def _chunks(vectors: np.ndarray) -> Iterator[np.ndarray]:
    for first in range(0, len(vectors), _CHUNK):
        yield np.ascontiguousarray(vectors[first : first + _CHUNK], dtype=np.float32)


def _write(index: Any, path: Path) -> None:
    """In pieces, by way of Python, so that what the disk refuses is an OSError with its reason."""
    import faiss

    refused: list[OSError] = []
    with path.open("wb") as stream:

        def put(data: bytes) -> int:
            try:
                return stream.write(data)
            except OSError as error:
                refused.append(error)
                return 0

        try:
            faiss.write_index(index, faiss.PyCallbackIOWriter(put))
        except RuntimeError:
            if not refused:
                raise
    if refused:
        raise refused[0]


class VectorIndex:
    """A built index, read-only and memory-mapped."""

    def __init__(self, path: Path) -> None:
        self._flat = _open(path)
        clustered = path.with_suffix(".ivf")
        self.card = read_card(path)
        self._clustered = _open(clustered) if clustered.exists() else None
        if self._clustered is not None:
            self._clustered.nprobe = self.card.probes
        self._rows = _mapped_rows(self._flat)

    def __len__(self) -> int:
        return int(self._flat.ntotal)

    def search(self, query: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Cosines and numbers of the `k` nearest vectors (fewer when there are fewer), best first."""
        k = min(k, len(self))
        if k == 0:
            return np.empty(0, np.float32), np.empty(0, np.int64)
        if self._clustered is None:
            return self.exact(query, k)
        _one_thread()
        numbers = self._clustered.search(query[None, :], k)[1][0]
        numbers = numbers[numbers >= 0]
        scores = np.einsum("ij,j->i", self.rows(numbers), query)
        order = np.lexsort((numbers, -scores))
        return scores[order], numbers[order]

    def exact(self, query: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The same with every vector compared, for at least one and at most `len(self)`."""
        _one_thread()
        scores, numbers = self._flat.search(query[None, :], k)
        return scores[0], numbers[0]

    def rows(self, numbers: np.ndarray) -> np.ndarray:
        """The stored vectors of those numbers, in that order: shape (len(numbers), dimension), float32."""
        return np.take(_halves(), self._rows[np.asarray(numbers, dtype=np.int64)].view(np.uint16))

    def vectors(self, first: int, count: int) -> np.ndarray:
        """The stored vectors `first` … `first + count`, shape (count, dimension)."""
        return self._rows[first : first + count].astype(np.float32)


@cache
def _halves() -> np.ndarray:
    """Every float16 as float32, by its bits: shape (65536,). Looking them up takes half the time of NumPy's conversion."""
    return np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(np.float32)


def _mapped_rows(flat: Any) -> np.ndarray:
    """The vectors of a flat float16 index where they lie, read-only: shape (n, dimension). They live as long as the index."""
    import faiss

    if flat.ntotal == 0:
        return np.empty((0, flat.d), np.float16)
    rows = faiss.rev_swig_ptr(flat.codes.data(), flat.codes.size()).view(np.float16).reshape(-1, flat.d)
    rows.flags.writeable = False
    return rows


def _one_thread() -> None:
    """A question is searched by the thread that asks: waiting for others costs more than they save, and steals from other questions."""
    import faiss

    faiss.omp_set_num_threads(1)


def _open(path: Path) -> Any:
    import faiss

    try:
        return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
    except RuntimeError:
        raise DamagedIndex(f"the vectors in {path} cannot be read; run: qa index build") from None
