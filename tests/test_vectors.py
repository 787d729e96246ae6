"""Exact vector search against NumPy, and what happens to a damaged file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from index import vectors
from index.errors import DamagedIndex
from index.vectors import VectorIndex


def unit(rows: int, seed: int = 0) -> np.ndarray:
    """Unit vectors that float16 holds as they are, up to their length."""
    made = np.random.default_rng(seed).normal(size=(rows, 16)).astype(np.float32)
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float16).astype(np.float32)


@pytest.fixture
def stored(tmp_path: Path) -> tuple[np.ndarray, VectorIndex]:
    rows = unit(50)
    vectors.build(tmp_path / "v.faiss", rows)
    return rows, VectorIndex(tmp_path / "v.faiss")


@pytest.mark.parametrize("k", [1, 7, 50, 80])
def test_the_nearest_are_those_of_numpy(stored: tuple[np.ndarray, VectorIndex], k: int) -> None:
    rows, index = stored
    for query in unit(5, seed=1):
        cosines = rows @ query
        order = np.argsort(-cosines)[:k]
        scores, numbers = index.search(query, k)
        assert numbers.tolist() == order.tolist()
        np.testing.assert_allclose(scores, cosines[order], atol=1e-6)


def test_vectors_come_back_as_they_were(stored: tuple[np.ndarray, VectorIndex]) -> None:
    rows, index = stored
    assert len(index) == 50
    np.testing.assert_array_equal(index.vectors(3, 4), rows[3:7])
    scores, numbers = index.search(rows[9], 1)
    assert numbers.tolist() == [9] and scores[0] == pytest.approx(1, abs=1e-3)


def test_an_empty_index_finds_nothing(tmp_path: Path) -> None:
    vectors.build(tmp_path / "v.faiss", unit(0))
    scores, numbers = VectorIndex(tmp_path / "v.faiss").search(unit(1)[0], 5)
    assert scores.tolist() == numbers.tolist() == []


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: b"x" * 100, lambda data: data[:200]])
def test_a_damaged_file_is_said_to_be_damaged(tmp_path: Path, damage: object) -> None:
    path = tmp_path / "v.faiss"
    vectors.build(path, unit(20))
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(DamagedIndex, match=r"v\.faiss cannot be read; run: qa index build"):
        VectorIndex(path)


def test_a_missing_file_is_said_to_be_damaged(tmp_path: Path) -> None:
    with pytest.raises(DamagedIndex):
        VectorIndex(tmp_path / "absent")
