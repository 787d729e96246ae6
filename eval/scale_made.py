"""Makes an index of many passages out of a real one, for `eval.scale`, and clocks how it is indexed.

A made passage has sentences of two real passages b and c, more of b; its vector is the direction of w·b + (1 − w)·c plus noise of length
0.25, w drawn from [0.5, 0.9], and so is each sentence's vector, of two real sentences. Texts and vectors of a sentence are drawn apart.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from index import lexical, vectors
from index.store import open_current

if TYPE_CHECKING:
    from index.search import Store
    from index.types import Passage

NOISE = 0.25
CHUNK = 20_000


def build(base: Path, folder: Path, size: int) -> dict[str, Any]:
    """Make and index `size` passages; the times are of indexing alone, given texts and vectors."""
    real = open_current(base)
    folder.mkdir(parents=True, exist_ok=True)
    texts, firsts = _write_passages(real, folder, size)
    for part, source, count in (("passages", real.passage_vectors, size), ("sentences", real.sentence_vectors, int(firsts[-1]))):
        _write_vectors(source, folder / f"{part}.made", count, seed=1)
    dimension = int(real.manifest.encoder["dimension"])
    clocks: dict[str, dict[str, float]] = {}
    with _clock(clocks, "words"):
        lexical.build(folder / "words", texts)
    cards = {}
    for part in ("passages", "sentences"):
        made = np.memmap(folder / f"{part}.made", dtype=np.float16, mode="r").reshape(-1, dimension)
        with _clock(clocks, part):
            cards[part] = vectors.build(folder / f"{part}.faiss", made)
        del made
        (folder / f"{part}.made").unlink()
    row = {
        "passages": size,
        "sentences": int(firsts[-1]),
        "build": clocks,
        "build_peak_mb": _peak_mb(),
        "kind": {part: card.kind for part, card in cards.items()},
        "probes": {part: card.probes for part, card in cards.items()},
        "recall_at_build": {part: card.recall for part, card in cards.items()},
        "disk_mb": _disk_mb(folder),
    }
    (folder / "built.json").write_text(json.dumps(row), encoding="utf-8")
    return row


@contextmanager
def _clock(clocks: dict[str, dict[str, float]], name: str) -> Iterator[None]:
    """Puts the seconds of the block, by the wall and of this process, under a name."""
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    clocks[name] = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}


def _peak_mb() -> float:
    """The most memory that this process had, pages of mapped files counted."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _disk_mb(folder: Path) -> dict[str, float]:
    """Megabytes of vectors (float16), clusters, words and texts."""
    kinds = {".faiss": "vectors", ".ivf": "clusters", ".jsonl": "texts", ".npy": "texts"}
    sizes = dict.fromkeys(("vectors", "clusters", "words", "texts"), 0.0)
    for path in folder.rglob("*"):
        kind = "words" if path.parent.name == "words" else kinds.get(path.suffix)
        if kind and path.is_file():
            sizes[kind] += path.stat().st_size / 1e6
    return sizes


def _write_passages(real: Store, folder: Path, size: int) -> tuple[Iterator[str], np.ndarray]:
    """Write the made passages as a generation's files; returns what BM25 reads of each, and the first sentences."""
    cut = [_cut(passage) for passage in real.passages(range(real.manifest.passages))]
    draw = np.random.default_rng(0)
    offsets, firsts = np.zeros(size + 1, np.uint64), np.zeros(size + 1, np.uint64)
    with (folder / "passages.jsonl").open("wb") as lines, (folder / "texts.txt").open("w", encoding="utf-8") as texts:
        for number in range(size):
            head, _, of_b = cut[int(draw.integers(len(cut)))]
            _, _, of_c = cut[int(draw.integers(len(cut)))]
            own = draw.random(len(of_b)) < draw.uniform(0.5, 0.9)
            chosen = [b if mine else of_c[n % len(of_c)] for n, (b, mine) in enumerate(zip(of_b, own, strict=True))]
            line = f'{{"id":"{number:016x}",{head}"sentences":[{",".join(record for record, _ in chosen)}]}}\n'.encode()
            lines.write(line)
            texts.write(" ".join(text for _, text in chosen).replace("\n", " ") + "\n")
            offsets[number + 1] = int(offsets[number]) + len(line)
            firsts[number + 1] = int(firsts[number]) + len(chosen)
    np.save(folder / "passages.offsets.npy", offsets)
    np.save(folder / "sentences.first.npy", firsts)
    return _lines(folder / "texts.txt"), firsts


def _cut(passage: Passage) -> tuple[str, str, list[tuple[str, str]]]:
    """A passage's JSON without its id and sentences, its header, and each sentence's JSON and text."""
    record = asdict(passage)
    sentences = [(json.dumps(s, ensure_ascii=False, separators=(",", ":")), s["text"]) for s in record.pop("sentences")]
    del record["id"]
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))[1:-1] + ",", passage.header, sentences


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as stream:
        yield from stream
    path.unlink()


def _write_vectors(source: Any, path: Path, count: int, seed: int) -> None:
    """`count` made vectors, float16, one after the other."""
    base = source.rows(np.arange(len(source)))
    draw = np.random.default_rng(seed)
    with path.open("wb") as stream:
        for first in range(0, count, CHUNK):
            stream.write(mixed(base, min(CHUNK, count - first), draw).astype(np.float16).tobytes())


def mixed(base: np.ndarray, count: int, draw: np.random.Generator) -> np.ndarray:
    """Unit vectors near the line between two rows of `base`, nearer to the one: shape (count, dimension)."""
    weight = draw.uniform(0.5, 0.9, size=(count, 1)).astype(np.float32)
    some, others = (base[draw.integers(len(base), size=count)] for _ in range(2))
    noise = draw.standard_normal((count, base.shape[1]), dtype=np.float32) * np.float32(NOISE / base.shape[1] ** 0.5)
    made = weight * some + (1 - weight) * others + noise
    return made / np.linalg.norm(made, axis=1, keepdims=True)
