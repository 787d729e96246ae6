"""Vectors on disk and the nearest of them, with FAISS. The only module that knows FAISS.

`NAME.faiss` holds every vector as float16, memory-mapped: rows are read from it, and up to `EXACT_MOST` vectors a search looks at all
of them. Above that, `NAME.ivf` stands beside it, memory-mapped too: vectors in clusters (inverted file), one byte a number (scalar
quantiser); a search looks into the nearest clusters only, and what it finds is scored again from the float16 vectors. How much such a
search finds of what an exact one does is measured on a sample when it is built, and recorded in `NAME.json`.

float16 keeps 11 significant bits of each number, so that a cosine of unit vectors moves by less than 0.0005.
Jégou, Douze and Schmid 2011, "Product Quantization for Nearest Neighbor Search", section IV (inverted file).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from index.errors import DamagedIndex

EXACT_MOST = 100_000
"""Up to this many vectors every one is compared (a few milliseconds on one core)."""

RECALL = 0.98
"""A search looks into as many clusters as the sample needs for this share of the ten nearest."""

SAMPLE = 256
AT = 10
_CHUNK = 65_536
_TRAINED_ON = 64
"""Vectors for each cluster that the clusters are learned from."""


@dataclass(frozen=True, slots=True)
class Card:
    """How vectors are searched. `recall` is the share of the `AT` nearest found, over a sample of the vectors themselves."""

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

    flat = faiss.IndexScalarQuantizer(vectors.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    flat.train(np.zeros((1, vectors.shape[1]), dtype=np.float32))
    for chunk in _chunks(vectors):
        flat.add(chunk)
    _write(flat, path)
    card = Card("exact, float16", len(vectors), vectors.shape[1])
    if len(vectors) > EXACT_MOST:
        clustered, card = _clustered(flat)
        _write(clustered, path.with_suffix(".ivf"))
    path.with_suffix(".json").write_text(json.dumps(asdict(card), indent=1) + "\n", encoding="utf-8")
    return card


def _clustered(flat: Any) -> tuple[Any, Card]:
    """The inverted file over the rows of `flat`, with as many probes as its sample needs."""
    import faiss

    count, dimension = flat.ntotal, flat.d
    clusters = 1 << round(math.log2(4 * math.sqrt(count)))
    index = faiss.index_factory(dimension, f"IVF{clusters},SQ8", faiss.METRIC_INNER_PRODUCT)
    learned_from = np.linspace(0, count - 1, min(count, _TRAINED_ON * clusters)).astype(np.int64)
    index.train(flat.reconstruct_batch(learned_from))
    for first in range(0, count, _CHUNK):
        index.add(flat.reconstruct_n(first, min(_CHUNK, count - first)))
    sample = flat.reconstruct_batch(np.linspace(0, count - 1, SAMPLE).astype(np.int64))
    exact = flat.search(sample, AT)[1]
    for probes in (2**power for power in range(2, clusters.bit_length())):
        index.nprobe = probes
        recall = _recall(index.search(sample, AT)[1], exact)
        if recall >= RECALL:
            break
    return index, Card(f"IVF{clusters},SQ8, scored again from float16", count, dimension, clusters, index.nprobe, recall, SAMPLE)


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
        self._clustered = _open(clustered) if clustered.exists() else None

    def __len__(self) -> int:
        return int(self._flat.ntotal)

    def search(self, query: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Cosines and numbers of the `k` nearest vectors (fewer when there are fewer), best first."""
        k = min(k, len(self))
        if k == 0:
            return np.empty(0, np.float32), np.empty(0, np.int64)
        if self._clustered is None:
            scores, numbers = self._flat.search(query[None, :], k)
            return scores[0], numbers[0]
        numbers = self._clustered.search(query[None, :], k)[1][0]
        numbers = numbers[numbers >= 0]
        scores = self.rows(numbers) @ query
        order = np.lexsort((numbers, -scores))
        return scores[order], numbers[order]

    def rows(self, numbers: np.ndarray) -> np.ndarray:
        """The stored vectors of those numbers, in that order: shape (len(numbers), dimension), float32."""
        return self._flat.reconstruct_batch(np.asarray(numbers, dtype=np.int64))

    def vectors(self, first: int, count: int) -> np.ndarray:
        """The stored vectors `first` … `first + count`, shape (count, dimension)."""
        return self._flat.reconstruct_n(first, count)


def _open(path: Path) -> Any:
    import faiss

    try:
        return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
    except RuntimeError:
        raise DamagedIndex(f"the vectors in {path} cannot be read; run: qa index build") from None
