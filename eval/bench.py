"""How long one question takes, from a cold shell and warm, and where the time goes. Prints a Markdown table; `--write` puts it
between the lines `<!-- speed -->` and `<!-- /speed -->` of a file. Medians; run it on a quiet machine.

    python -m eval.bench [--runs 7] [--write README.md]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

QUESTION = "When did the MNLA lose Gao?"
WARM_QUESTIONS = 100
_STAGES = """
import json, resource, sys, time
start = time.perf_counter()
def lap(name, since=[start]):
    now = time.perf_counter(); laps[name] = (now - since[0]) * 1000; since[0] = now
laps = {}
from qa.answer import Answerer
from qa.settings import load
import faiss, onnxruntime, tokenizers, tantivy
lap("imports")
from index.store import open_current
from index.search import Searcher
from index.embed import open_encoder
settings = load()
generation = open_current(settings.index_path); lap("open and verify the index")
encoder = open_encoder(generation.manifest.encoder["name"]); lap("load the encoder")
answerer = Answerer.open(settings, encoder); lap("check that no file has changed")
first = answerer.answer(sys.argv[1]); lap("first answer")
print(json.dumps({"laps": laps, "stages": dict(first.timings_ms), "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--write", type=Path)
    arguments = parser.parse_args()
    table = as_markdown(measure(arguments.runs))
    print(table)
    if arguments.write:
        write(arguments.write, table)
    return 0


def measure(runs: int) -> dict[str, Any]:
    """Milliseconds (medians over `runs`) and megabytes."""
    staged = [json.loads(_output([sys.executable, "-c", _STAGES, QUESTION])) for _ in range(runs)]
    return {
        "runs": runs,
        "cores": os.cpu_count(),
        "help": _median(["--help"], runs),
        "ask": _median(["ask", QUESTION], runs),
        "rss_mb": statistics.median(run["rss_mb"] for run in staged),
        "laps": {name: statistics.median(run["laps"][name] for run in staged) for name in staged[0]["laps"]},
        "warm": warm(),
    }


def _median(arguments: list[str], runs: int) -> float:
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        _output([sys.executable, "-m", "qa", *arguments])
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def warm() -> dict[str, float]:
    """Median milliseconds by stage over the first questions of the evaluation set, in one warm process."""
    from eval.questions import load as load_questions
    from qa.answer import Answerer
    from qa.settings import load

    answerer = Answerer.open(load())
    questions = [row.question for row in load_questions(Path(__file__).parent / "questions.jsonl")[:WARM_QUESTIONS]]
    answerer.answer(questions[0])
    times = [answerer.answer(question).timings_ms for question in questions]
    return {name: statistics.median(row[name] for row in times) for name in times[0]}


def as_markdown(found: dict[str, Any]) -> str:
    rows = [
        ("`qa --help`, cold", found["help"]),
        ("`qa ask`, cold, built index of the seeds", found["ask"]),
        *((f"— {name}", value) for name, value in found["laps"].items()),
        ("a question in a warm process (median)", found["warm"]["total"]),
        *((f"— {name}", value) for name, value in found["warm"].items() if name != "total"),
    ]
    lines = ["| what | ms |", "|---|--:|", *(f"| {name} | {value:,.1f} |" for name, value in rows)]
    about = (
        f"Medians of {found['runs']} runs (warm: {WARM_QUESTIONS} questions) on {found['cores']} cores, `make bench`; "
        f"resident memory of `qa ask`: {found['rss_mb']:.0f} MB. No torch, transformers or langchain is loaded on the way of a question."
    )
    return "\n".join([about, "", *lines])


def write(path: Path, table: str) -> None:
    """Replace what stands between the marks."""
    text = path.read_text(encoding="utf-8")
    before, mark, rest = text.partition("<!-- speed -->\n")
    _, closing, after = rest.partition("<!-- /speed -->")
    path.write_text(f"{before}{mark}{table}\n{closing}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
