"""How an index of many passages is built, stored and searched: `qa eval scale`. Nothing here is about the quality of answers.

The index is made of a real one (`eval.scale_made`); the questions and their vectors are real. Each size is built and then opened in
processes of its own. Times are of retrieval alone: the question is embedded already.
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

from eval import scale_made
from index.errors import UsageError
from index.fuse import MODES

if TYPE_CHECKING:
    from index.search import Searcher, Store

QUESTIONS = 200
COMPARED = 100
"""Questions that an exact search is compared on."""
EMBEDDED = 256
"""Texts that the speed of embedding is measured on."""


def measure(base: Path, questions: Sequence[str], sizes: Sequence[int], work: Path) -> dict[str, Any]:
    """The figures of each size, in order. `base` is the folder of a real index; `work` gets the made ones and keeps them."""
    from index.embed import open_encoder
    from index.store import open_current

    work = work.resolve()
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
            _child("build", str(base.resolve()), str(folder), str(size))
        row = json.loads((folder / "built.json").read_text(encoding="utf-8")) | _child("search", str(folder), str(work))
        rows.append(row | {"embedding_cpu_s_extrapolated": size * (1 + per_passage) * embedding["cpu_ms_per_text"] / 1000})
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


def search(folder: Path, work: Path) -> dict[str, Any]:
    """Open a made index and ask: memory, times of retrieval alone, and what an exact search finds besides."""
    from index.search import Searcher

    queries = np.load(work / "questions.npy")
    asked = json.loads((work / "questions.json").read_text(encoding="utf-8"))
    begun = time.perf_counter()
    searcher = Searcher(opened(folder), None)
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
    every = Another(exact, None)
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


def real_index(dataset: Path, work: Path, base: Path | None = None) -> tuple[Path, list[str]]:
    """An index of a dataset's documents (`base`, else built in `work` unless it is there), and the dataset's questions."""
    from eval import datasets
    from index.build import build
    from index.embed import open_encoder
    from index.recipe import Recipe

    data = datasets.load(dataset)
    index = base or work / "real" / "index"
    if base is None and not (index / "current").is_file():
        datasets.write_corpus(data, work / "real" / "articles")
        encoder = open_encoder()
        build(work / "real" / "articles", index, Recipe(encoder.card.name), encoder)
    return index, [question.question for question in data.questions]


def as_markdown(found: dict[str, Any]) -> str:
    """The table of docs/scale.md."""
    head = (
        "passages",
        "sentences",
        "search",
        "build s (CPU s)",
        "its peak memory, MB",
        "on disk, MB: vectors + clusters + words + texts",
        "memory, MB: own + mapped",
        "retrieval ms p50 / p95",
        "CPU ms p50 / p95",
        "recall@10: passages · sentences · hybrid",
        "embedding, CPU h (extrapolated)",
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
    yield f"{row['build_peak_mb']:,.0f}"
    yield " + ".join(f"{row['disk_mb'][kind]:,.0f}" for kind in ("vectors", "clusters", "words", "texts"))
    yield f"{row['asked_mb']['own']:,.0f} + {row['asked_mb']['mapped']:,.0f}"
    for clock in ("wall_ms", "cpu_ms"):
        yield f"{row[clock]['p50']:.1f} / {row[clock]['p95']:.1f}"
    yield " · ".join(f"{row['recall@10'][part]:.3f}" for part in ("passages", "sentences", "hybrid"))
    yield f"{row['embedding_cpu_s_extrapolated'] / 3600:,.2f}"


if __name__ == "__main__":
    step, *rest = sys.argv[1:]
    done = (
        scale_made.build(Path(rest[0]), Path(rest[1]), int(rest[2])) if step == "build" else search(Path(rest[0]), Path(rest[1]))
    )
    print(json.dumps(done))
