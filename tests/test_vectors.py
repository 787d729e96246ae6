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


def grouped(rows: int, seed: int = 0) -> np.ndarray:
    """Unit vectors in 40 groups, as texts of 40 topics are."""
    draw = np.random.default_rng(seed)
    made = unit(40, seed=9)[draw.integers(40, size=rows)] + 0.5 * unit(rows, seed)
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float16).astype(np.float32)


@pytest.fixture(scope="module")
def clustered(tmp_path_factory: pytest.TempPathFactory) -> tuple[np.ndarray, Path]:
    """4,000 vectors, built as above the bound; handed over memory-mapped."""
    folder = tmp_path_factory.mktemp("clustered")
    rows = grouped(4000)
    np.save(folder / "rows.npy", rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vectors, "EXACT_MOST", 1000)
        vectors.build(folder / "v.faiss", np.load(folder / "rows.npy", mmap_mode="r"))
    return rows, folder / "v.faiss"


def test_below_the_bound_every_vector_is_compared(stored: tuple[np.ndarray, VectorIndex]) -> None:
    assert stored[1].card == vectors.Card("exact, float16", 50, 16)


def test_above_the_bound_clusters_are_searched_and_the_recall_is_what_was_recorded(clustered: tuple[np.ndarray, Path]) -> None:
    rows, path = clustered
    index = VectorIndex(path)
    assert (
        index.card.kind.startswith("IVF256,SQ8") and index.card.clusters == 256 and 2 <= index.card.probes <= 256 * 1000 // 4000
    )
    assert index.card.recall >= vectors.RECALL and index.card.sample == vectors.SAMPLE
    shares = []
    for query in grouped(100, seed=3):
        wanted = set(np.argsort(-(rows @ query))[:10].tolist())
        scores, numbers = index.search(query, 10)
        np.testing.assert_allclose(scores, rows[numbers] @ query, atol=1e-6)
        assert scores.tolist() == sorted(scores.tolist(), reverse=True)
        shares.append(len(wanted & set(numbers.tolist())) / 10)
        assert set(index.exact(query, 10)[1].tolist()) == wanted
    assert np.mean(shares) > 0.9


def test_rows_of_clusters_come_back_as_they_were(clustered: tuple[np.ndarray, Path]) -> None:
    rows, path = clustered
    index, numbers = VectorIndex(path), np.array([3999, 0, 17, 17, 2048])
    assert len(index) == 4000
    np.testing.assert_array_equal(index.rows(numbers), rows[numbers])
    np.testing.assert_array_equal(index.vectors(100, 900), rows[100:1000])


def test_the_same_vectors_give_the_same_files(
    clustered: tuple[np.ndarray, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, path = clustered
    monkeypatch.setattr(vectors, "EXACT_MOST", 1000)
    vectors.build(tmp_path / "v.faiss", rows)
    vectors.build(tmp_path / "w.faiss", VectorIndex(path).vectors(0, 4000))
    for suffix in (".faiss", ".ivf", ".json"):
        assert (
            (tmp_path / f"v{suffix}").read_bytes()
            == path.with_suffix(suffix).read_bytes()
            == (tmp_path / f"w{suffix}").read_bytes()
        )


def test_vectors_are_mapped_and_not_read(clustered: tuple[np.ndarray, Path]) -> None:
    _, path = clustered
    index = VectorIndex(path)
    mapped = Path("/proc/self/maps").read_text(encoding="utf-8")
    assert str(path) in mapped and str(path.with_suffix(".ivf")) in mapped
    with pytest.raises(ValueError, match="read-only"):
        index._rows[0, 0] = 0


def test_a_full_disk_is_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left"):
        vectors._write(_flat(), Path("/dev/full"))


def _flat() -> object:
    import faiss

    index = faiss.IndexFlatIP(16)
    index.add(unit(5000))
    return index


@pytest.mark.parametrize("name", ["v.ivf", "v.json"])
def test_damaged_companions_are_said_to_be_damaged(clustered: tuple[np.ndarray, Path], tmp_path: Path, name: str) -> None:
    for path in clustered[1].parent.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes()[: 50 if path.name == name else None])
    with pytest.raises(DamagedIndex, match=f"{name} cannot be read; run: qa index build".replace(".", r"\.")):
        VectorIndex(tmp_path / "v.faiss")
