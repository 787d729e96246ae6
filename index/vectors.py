"""Exact inner-product search over unit vectors, with FAISS. The only module that knows FAISS."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from index.errors import DamagedIndex


def build(path: Path, vectors: np.ndarray) -> None:
    """Write an index of `vectors`, shape (n, dimension), float32, numbered from 0."""
    import faiss

    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors, dtype=np.float32))
    path.write_bytes(memoryview(faiss.serialize_index(index)))


class VectorIndex:
    """A built index, read-only."""

    def __init__(self, path: Path) -> None:
        import faiss

        try:
            self._index = faiss.read_index(str(path))
        except RuntimeError:
            raise DamagedIndex(f"the vectors in {path} cannot be read; run: qa index build") from None

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def search(self, query: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Cosines and numbers of the `k` nearest vectors (fewer when there are fewer), best first."""
        k = min(k, len(self))
        if k == 0:
            return np.empty(0, np.float32), np.empty(0, np.int64)
        scores, numbers = self._index.search(query[None, :], k)
        return scores[0], numbers[0]

    def vectors(self, first: int, count: int) -> np.ndarray:
        """The stored vectors `first` … `first + count`, shape (count, dimension)."""
        return self._index.reconstruct_n(first, count)
