"""How an index of many passages is built, stored and searched: `qa eval scale`. Nothing here is about the quality of answers.

A million real passages are not at hand, so they are made of a real index (`qa index build`): a made passage has sentences of two real
passages b and c, more of b; its vector is the direction of w·b + (1 − w)·c plus noise of length 0.25, w drawn from [0.5, 0.9], and so
is each sentence's vector, of two real sentences. The questions and their vectors are real. Each size is built and measured in processes of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from index.errors import UsageError
from index.fuse import MODES

if TYPE_CHECKING:
    from index.search import Searcher, Store

NOISE = 0.25
CHUNK = 20_000
QUESTIONS = 200
COMPARED = 100
"""Questions that an exact search is compared on."""
EMBEDDED = 256
"""Texts that the speed of embedding is measured on."""


def measure(base: Path, questions: Sequence[str], sizes: Sequence[int], work: Path) -> dict[str, Any]:
    """The figures of each size, in order. `base` is the folder of a real index; `work` gets the made ones and keeps them."""
    from index.embed import open_encoder
    from index.store import open_current

    work.mkdir(parents=True, exist_ok=True)
    real = open_current(base)
    encoder = open_encoder(real.manifest.encoder["name"])
    asked = list(questions[:QUESTIONS])
    np.save(work / "questions.npy", np.stack([encoder.encode_query(question) for question in asked]))
    (work / "questions.json").write_text(json.dumps(asked), encoding="utf-8")
    per_passage = real.manifest.sentences / real.manifest.passages
    embedding = _embedding(encoder, real)
    rows = []
    for size in sizes:
        folder = work / str(size)
        if not (folder / "built.json").is_file():
            _child("build", str(base), str(folder), str(size))
        row = json.loads((folder / "built.json").read_text(encoding="utf-8")) | _child("search", str(folder), str(work))
        rows.append(row | {"embedding_s_extrapolated": size * (1 + per_passage) * embedding["ms_per_text"] / 1000})
        print(f"{size:,} passages: {json.dumps(row)}", file=sys.stderr, flush=True)
    about = {"cores": os.cpu_count(), "base_passages": real.manifest.passages, "base_sentences": real.manifest.sentences}
    return {"about": about | {"questions": len(asked), "compared": COMPARED}, "embedding": embedding, "rows": rows}


def _embedding(encoder: Any, real: Store) -> dict[str, float]:
    """Milliseconds for one text, over passages and their sentences as a build embeds them."""
    from index.build import passage_text, sentence_texts

    passages = real.passages(np.linspace(0, real.manifest.passages - 1, EMBEDDED // 4).astype(int).tolist())
    texts = [text for passage in passages for text in (passage_text(passage), *sentence_texts(passage))][:EMBEDDED]
    begun, cpu = time.perf_counter(), time.process_time()
    encoder.encode_passages(texts)
    wall, cpu = time.perf_counter() - begun, time.process_time() - cpu
    return {"texts": len(texts), "ms_per_text": 1000 * wall / len(texts), "cpu_ms_per_text": 1000 * cpu / len(texts)}


def _child(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "eval.scale", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise UsageError(f"the step failed: {' '.join(command[3:])}")
    return json.loads(done.stdout)


def build(base: Path, folder: Path, size: int) -> dict[str, Any]:
    """Make and index `size` passages; the times are of indexing alone, given texts and vectors."""
    from index import lexical, vectors
    from index.store import open_current

    real = open_current(base)
    folder.mkdir(parents=True, exist_ok=True)
    texts, firsts = _write_passages(real, folder, size)
    for part, source, count in (("passages", real.passage_vectors, size), ("sentences", real.sentence_vectors, int(firsts[-1]))):
        _write_vectors(source, folder / f"{part}.made", count, seed=1)
    clocks: dict[str, dict[str, float]] = {}
    with _clock(clocks, "words"):
        lexical.build(folder / "words", texts)
    cards = {}
    for part in ("passages", "sentences"):
        made = np.memmap(folder / f"{part}.made", dtype=np.float16, mode="r").reshape(
            -1, len(real.passage_vectors.rows(np.array([0]))[0])
        )
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


class _clock:
    """Seconds of the block, by the wall and of this process, under a name."""

    def __init__(self, clocks: dict[str, dict[str, float]], name: str) -> None:
        self._clocks, self._name = clocks, name

    def __enter__(self) -> None:
        self._begun = time.perf_counter(), time.process_time()

    def __exit__(self, *error: object) -> None:
        wall, cpu = self._begun
        self._clocks[self._name] = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}


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


def _cut(passage: Any) -> tuple[str, str, list[tuple[str, str]]]:
    """A passage's JSON without its id and sentences, its header, and each sentence's JSON and text."""
    from dataclasses import asdict

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


def search(folder: Path, work: Path) -> dict[str, Any]:
    """Open a made index and ask: memory, times of retrieval alone, and what an exact search finds besides."""
    from index.search import Searcher

    queries = np.load(work / "questions.npy")
    asked = json.loads((work / "questions.json").read_text(encoding="utf-8"))
    begun = time.perf_counter()
    searcher = Searcher(opened(folder), None)  # type: ignore[arg-type]
    opening = time.perf_counter() - begun
    after_opening = memory_mb()
    for query, question in zip(queries[:20], asked, strict=False):
        searcher.search_vector(query, question, 8, MODES["hybrid"])
    wall, cpu = [], []
    for query, question in zip(queries, asked, strict=True):
        start, used = time.perf_counter(), time.thread_time()
        searcher.search_vector(query, question, 8, MODES["hybrid"])
        wall.append(1000 * (time.perf_counter() - start))
        cpu.append(1000 * (time.thread_time() - used))
    row = {"open_ms": 1000 * opening, "opened_mb": after_opening, "asked_mb": memory_mb()}
    row |= {"wall_ms": _percentiles(wall), "cpu_ms": _percentiles(cpu)}
    return row | {"recall@10": recall(searcher, list(zip(queries, asked, strict=True))[:COMPARED])}


def opened(folder: Path) -> Store:
    """A made index as a generation. It has no manifest: nothing here asks for one."""
    from index.store import Generation, Manifest

    return Generation(folder, Manifest("made", "", "", {}, {}, 0, 0, 0))


def memory_mb() -> dict[str, float]:
    """Memory of this process now: its own, and pages of mapped files, which the system takes back when others need them."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    fields = dict(line.split(":", 1) for line in status.splitlines())
    return {name: int(fields[field].split()[0]) / 1024 for name, field in (("own", "RssAnon"), ("mapped", "RssFile"))}


def _percentiles(times: Sequence[float]) -> dict[str, float]:
    return {"p50": float(np.percentile(times, 50)), "p95": float(np.percentile(times, 95))}


class Exact:
    """Vectors of a store, every one compared."""

    def __init__(self, vectors: Any) -> None:
        self.rows = vectors.rows
        self._vectors = vectors

    def __len__(self) -> int:
        return len(self._vectors)

    def search(self, query: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        return self._vectors.exact(query, min(k, len(self)))


class Exactly:
    """A store whose vectors are searched exactly (`index.search.Store`)."""

    def __init__(self, store: Any) -> None:
        self.passages, self.first_sentence, self.words = store.passages, store.first_sentence, store.words
        self.passage_vectors, self.sentence_vectors = Exact(store.passage_vectors), Exact(store.sentence_vectors)


def recall(searcher: Searcher, questions: Sequence[tuple[np.ndarray, str]], k: int = 10) -> dict[str, float]:
    """Mean share of the exact search's first `k` that is found: of passages and sentences by vector, and of the hybrid ranking."""
    from index.search import Searcher as Another

    store = searcher.opened
    exact = Exactly(store)
    every = Another(exact, None)  # type: ignore[arg-type]
    shares: dict[str, list[float]] = {"passages": [], "sentences": [], "hybrid": []}
    for query, question in questions:
        for part, vectors, reference in (
            ("passages", store.passage_vectors, exact.passage_vectors),
            ("sentences", store.sentence_vectors, exact.sentence_vectors),
        ):
            wanted = set(reference.search(query, k)[1].tolist())
            shares[part].append(len(wanted & set(vectors.search(query, k)[1].tolist())) / len(wanted))
        best = [{hit.passage.id for hit in s.search_vector(query, question, k, MODES["hybrid"])} for s in (searcher, every)]
        shares["hybrid"].append(len(best[0] & best[1]) / len(best[1]))
    return {name: float(np.mean(values)) for name, values in shares.items()}


def as_markdown(found: dict[str, Any]) -> str:
    """The table of docs/scale.md."""
    head = (
        "passages",
        "sentences",
        "search",
        "build s (CPU s)",
        "on disk, MB: vectors + clusters + words + texts",
        "memory, MB: own + mapped",
        "retrieval ms p50 / p95",
        "CPU ms p50 / p95",
        "recall@10: passages · sentences · hybrid",
        "embedding, h (extrapolated)",
    )
    lines = [f"| {' | '.join(head)} |", "|" + "--:|" * len(head)]
    for row in found["rows"]:
        lines.append(f"| {' | '.join(_cells(row))} |")
    return "\n".join(lines)


def _cells(row: dict[str, Any]) -> Iterator[str]:
    yield f"{row['passages']:,}"
    yield f"{row['sentences']:,}"
    probes = row["probes"]
    yield "; ".join(
        f"{part}: {kind.split(',')[0]}{f', {probes[part]} probes' * bool(probes[part])}" for part, kind in row["kind"].items()
    )
    yield f"{sum(c['wall_s'] for c in row['build'].values()):,.0f} ({sum(c['cpu_s'] for c in row['build'].values()):,.0f})"
    yield " + ".join(f"{row['disk_mb'][kind]:,.0f}" for kind in ("vectors", "clusters", "words", "texts"))
    yield f"{row['asked_mb']['own']:,.0f} + {row['asked_mb']['mapped']:,.0f}"
    for clock in ("wall_ms", "cpu_ms"):
        yield f"{row[clock]['p50']:.1f} / {row[clock]['p95']:.1f}"
    yield " · ".join(f"{row['recall@10'][part]:.3f}" for part in ("passages", "sentences", "hybrid"))
    yield f"{row['embedding_s_extrapolated'] / 3600:,.2f}"


if __name__ == "__main__":
    step, *rest = sys.argv[1:]
    done = build(Path(rest[0]), Path(rest[1]), int(rest[2])) if step == "build" else search(Path(rest[0]), Path(rest[1]))
    print(json.dumps(done))
