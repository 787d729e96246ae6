"""How fast it is, beside the plain pipeline of `eval.plain` in the same run: from a cold shell, warm, over HTTP, and indexing.

    python -m eval.bench [--runs 5] [--out FILE.json] [--write README.md] [--plot FILE.svg] [--against FILE.json]

Ours and the plain pipeline take turns, so that what else the machine does falls on both. `--against` compares the ratios with an
earlier record and ends with 1 where one is worse by more than noise. The questions are those of the `dev` split.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval import speed
from eval.baselines import PLAIN_TOP
from eval.plain import pipeline
from eval.speed import Record
from eval.table import replace_between
from index.errors import SeedqaError, UsageError

ROOT = Path(__file__).parent.parent
QUESTION = "When did the MNLA lose Gao?"
CLIENTS = 8
SECONDS = 4.0
"""For which each number of clients asks over HTTP, in each run."""
BUSY = 0.25
"""Other work that runs or waits, for each core, from which on figures are not to be kept: torch's threads wait for each other then."""
EVERY = 4
"""Of the passages, one in so many is embedded in each run."""

_LAPS = """
import json, sys, time
times, laps = [time.perf_counter()], {}
def lap(name):
    times.append(time.perf_counter()); laps[name] = (times[-1] - times[-2]) * 1000
import faiss, numpy, onnxruntime, tantivy, tokenizers
lap("import libraries")
from qa.answer import Answerer
from qa.settings import load
from index.store import open_current
from index.embed import open_encoder
import qa.terminal
lap("import ours")
settings = load()
generation = open_current(settings.index_path); lap("open and verify the index")
card = generation.manifest.encoder
encoder = open_encoder(card["name"], precision=card.get("precision")); lap("load the encoder")
answerer = Answerer.open(settings, encoder); lap("check the files, open the span reader")
answerer.answer(sys.argv[1]); lap("first answer")
answerer.answer(sys.argv[1]); lap("the same again")
print(json.dumps(laps))
"""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a process took: wall clock and processor time in milliseconds, greatest resident memory in megabytes."""

    wall_ms: float
    cpu_ms: float
    peak_mb: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--against", type=Path)
    arguments = parser.parse_args()
    try:
        return _run(arguments)
    except SeedqaError as error:
        print(f"bench: {error}", file=sys.stderr)
        return error.exit_code


def _run(arguments: argparse.Namespace) -> int:
    before = speed.load(arguments.against) if arguments.against else None
    if os.getloadavg()[0] > BUSY * (os.cpu_count() or 1):
        print("bench: the machine is busy with other work; figures to keep come from a quiet one", file=sys.stderr)
    record = measure(arguments.runs)
    text = f"{speed.table(record)}\n\n{laps_table(record)}"
    print(text)
    if arguments.out:
        speed.save(arguments.out, record)
    if arguments.write:
        write_between(arguments.write, "speed", text)
    if arguments.plot:
        from eval.plots import speed_ratios

        arguments.plot.write_text(speed_ratios(speed.ratios(record)), encoding="utf-8")
    slower = speed.worse(before, record) if before else []
    for line in slower:
        print(f"slower: {line}", file=sys.stderr)
    return 1 if slower else 0


def measure(runs: int) -> Record:
    """Everything, `runs` times. The index of the seeds must be there."""
    from eval.load import serving, steady

    load = round(os.getloadavg()[0], 2)
    both = _Both.opened()
    with tempfile.TemporaryDirectory(prefix="qa-bench-") as name, serving(dict(os.environ), os.cpu_count() or 1) as url:
        store = Path(name) / pipeline.STORE
        both.plain.dump(str(store))
        steady(url, both.questions, CLIENTS, 1.0)
        each = [_once(both, store, lambda clients: steady(url, both.questions, clients, SECONDS)) for _ in range(runs)]
    measures = {
        what: {
            "unit": unit,
            "ours": [round(run[n][2], 3) for run in each],
            "plain": [round(plain, 3) for run in each if (plain := run[n][3]) is not None],
        }
        for n, (what, unit, *_) in enumerate(each[0])
    }
    laps = [json.loads(_output([sys.executable, "-c", _LAPS, QUESTION])) for _ in range(runs)]
    middle = {name: round(statistics.median(lap[name] for lap in laps), 2) for name in laps[0]}
    return {
        "about": {"runs": runs, "cores": os.cpu_count(), "load": load, "passages": both.passages},
        "measures": measures,
        "laps": middle,
    }


Row = tuple[str, str, float, float | None]
"""What, in which unit, ours, the plain pipeline's."""


def _once(both: _Both, store: Path, over_http: Callable[[int], Any]) -> list[Row]:
    """One run of everything. Over HTTP last: it heats the machine."""
    helped = spent([sys.executable, "-m", "qa", "--help"])
    asked = spent([sys.executable, "-m", "qa", "ask", QUESTION])
    plainly = spent([sys.executable, "-m", "eval.plain.pipeline", "ask", str(store), QUESTION])
    answers = median_ms(both.answerer.answer, both.questions)
    settings = both.answerer.settings
    searches = median_ms(lambda question: both.answerer.searcher.search(question, settings.passages), both.questions)
    plain_searches = median_ms(lambda question: both.plain.similarity_search(question, k=PLAIN_TOP), both.questions)
    texts = both.texts[::EVERY]
    embedded = per_second(lambda: both.answerer.searcher.encoder.encode_passages(texts), len(texts))
    plain_embedded = per_second(lambda: both.model.embed_documents(texts), len(texts))
    one, several = over_http(1), over_http(CLIENTS)
    return [
        ("`qa --help`, cold", "ms", helped.wall_ms, None),
        ("one question, cold process, built index", "ms", asked.wall_ms, plainly.wall_ms),
        ("— its greatest resident memory", "MB", asked.peak_mb, plainly.peak_mb),
        ("retrieval, warm process", "ms", searches, plain_searches),
        ("a proved answer, warm process (plain: retrieval)", "ms", answers, plain_searches),
        ("a proved answer over HTTP, 1 client (plain: retrieval in process)", "ms", one.p50_ms, plain_searches),
        (
            f"proved answers over HTTP, {CLIENTS} clients (plain: retrievals in process)",
            "per second",
            several.per_second,
            1000 / plain_searches,
        ),
        ("embedding passages to index", "per second", embedded, plain_embedded),
    ]


@dataclass(frozen=True, slots=True)
class _Both:
    """The two systems, opened on the same articles."""

    answerer: Any
    plain: Any
    model: Any
    questions: tuple[str, ...]
    texts: tuple[str, ...]
    passages: int

    @classmethod
    def opened(cls) -> _Both:
        from eval.questions import load as load_questions
        from index.build import passage_text
        from qa.answer import Answerer
        from qa.settings import load

        answerer = Answerer.open(load())
        generation = answerer.searcher.opened
        passages = generation.manifest.passages
        model = pipeline.embeddings(answerer.searcher.embedder_name)
        plain = pipeline.build(pipeline.texts_of(Path(generation.manifest.root) / generation.manifest.folder), model)
        rows = load_questions(Path(__file__).parent / "questions.jsonl")
        return cls(
            answerer,
            plain,
            model,
            tuple(row.question for row in rows if row.split == "dev"),
            tuple(passage_text(passage) for passage in generation.passages(range(passages))),
            passages,
        )


def median_ms(ask: Callable[[str], Any], questions: Sequence[str]) -> float:
    times = []
    for question in questions:
        begun = time.perf_counter()
        ask(question)
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


def per_second(work: Callable[[], Any], items: int) -> float:
    begun = time.perf_counter()
    work()
    return items / (time.perf_counter() - begun)


_LAUNCHER = """
import json, resource, subprocess, sys, time
begun = time.perf_counter()
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
wall = time.perf_counter() - begun
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([wall * 1000, (used.ru_utime + used.ru_stime) * 1000, used.ru_maxrss / 1024]))
"""
"""Starts and measures a process from a small one: Linux counts what the parent holds as the child's memory until it runs its program."""


def spent(command: Sequence[str]) -> Spent:
    """Run a command to its end. Raises CalledProcessError when it fails."""
    return Spent(*json.loads(_output([sys.executable, "-I", "-S", "-c", _LAUNCHER, *command])))


def _output(command: Sequence[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout


def write_between(path: Path, name: str, text: str) -> None:
    """Replace what stands between the lines `<!-- NAME -->` and `<!-- /NAME -->` of a file. Raises UsageError when they are not there."""
    try:
        path.write_text(replace_between(path.read_text(encoding="utf-8"), text, name), encoding="utf-8")
    except ValueError:
        raise UsageError(f"{path} has no lines <!-- {name} --> and <!-- /{name} -->") from None


def laps_table(record: Record) -> str:
    """Where the time of a cold question goes."""
    rows = (f"| {name} | {value:,.1f} |" for name, value in record["laps"].items())
    return "\n".join(["| a cold question, step by step | ms |", "|---|--:|", *rows])


if __name__ == "__main__":
    sys.exit(main())
