"""A load run over real HTTP: throughput and latency at several numbers of clients, while a new index is published.

    python -m eval.load [--seconds 20] [--workers 2] [--clients 1 8 64] [--out FILE.json]

Copies the articles, builds an index of them, starts `qa serve` as a process of its own, and lets each number of clients ask
the questions of the evaluation one after the other. In the middle of each run an article is changed and the index built anew.
A request fails when its status is not 200 or its answer has no status.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

ROOT = Path(__file__).parent.parent
_QUESTIONS = (
    "Who was wounded in the Battle of Gao?",
    "When did the MNLA lose Gao?",
    "Who led the coup in Mali?",
    "Who fought at Konna?",
)


@dataclass(frozen=True, slots=True)
class Level:
    """What one number of clients saw. Times in milliseconds."""

    clients: int
    requests: int
    failed: int
    per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    generations: int


@dataclass(frozen=True, slots=True)
class Request:
    seconds: float
    generation: str
    failure: str = ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=Path, default=ROOT / "seeds")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    levels = run(arguments.articles, arguments.workers, arguments.clients, arguments.seconds)
    print(table(levels))
    if arguments.out:
        arguments.out.write_text(json.dumps([asdict(level) for level in levels], indent=1) + "\n", encoding="utf-8")
    return 1 if any(level.failed for level in levels) else 0


def run(articles: Path, workers: int, clients: Sequence[int], seconds: float) -> list[Level]:
    with tempfile.TemporaryDirectory(prefix="qa-load-") as name:
        folder = Path(name) / "articles"
        shutil.copytree(articles, folder)
        environment = os.environ | {"QA_INDEX": str(Path(name) / "index"), "QA_QUEUE": "256"}
        build(folder, environment)
        with serving(environment, workers) as url:
            return [asyncio.run(_level(url, count, seconds, folder, environment)) for count in clients]


def build(folder: Path, environment: dict[str, str]) -> None:
    subprocess.run(
        [sys.executable, "-m", "qa", "index", "build", str(folder)], env=environment, cwd=ROOT, check=True, capture_output=True
    )


@contextmanager
def serving(environment: dict[str, str], workers: int = 1, *flags: str) -> Iterator[str]:
    """The base URL of a `qa serve` process on a free port, once it is ready; asked to stop at the end, and waited for."""
    command = [sys.executable, "-m", "qa", "serve", "--port", "0", "--workers", str(workers), *flags]
    with tempfile.NamedTemporaryFile("w+", suffix=".log") as log:
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stderr=log, stdout=subprocess.DEVNULL)
        try:
            url = _url(process, Path(log.name))
            _wait_until_ready(url)
            yield url
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def _url(process: subprocess.Popen[Any], log: Path) -> str:
    """The address that the server writes into its log."""
    for _ in range(1200):
        for line in log.read_text(encoding="utf-8").splitlines():
            if '"serving"' in line:
                return str(json.loads(line)["url"])
        if process.poll() is not None:
            raise RuntimeError(f"qa serve ended with {process.returncode}: {log.read_text(encoding='utf-8')[-2000:]}")
        time.sleep(0.05)
    raise RuntimeError("qa serve did not start within a minute")


def _wait_until_ready(url: str) -> None:
    for _ in range(1200):
        try:
            if httpx.get(f"{url}readyz", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise RuntimeError("the server was not ready within a minute")


def steady(url: str, questions: Sequence[str], clients: int, seconds: float) -> Level:
    """So many clients for `seconds`, each on one kept connection in a thread of its own, with nothing else going on.

    By way of `http.client`: it takes a fifth of the processor time of httpx, which the server has to share with it here.
    """
    each = itertools.cycle(questions)
    began = time.monotonic()
    with ThreadPoolExecutor(clients) as pool:
        groups = list(pool.map(lambda _: _connection(url, each, began + seconds), range(clients)))
    return _summary(clients, [request for group in groups for request in group], time.monotonic() - began)


def _connection(url: str, questions: Iterator[str], until: float) -> list[Request]:
    place = urlsplit(url)
    connection = HTTPConnection(place.hostname or "", place.port, timeout=120)
    done = []
    while time.monotonic() < until:
        began = time.perf_counter()
        connection.request("POST", "/v1/answers", json.dumps({"question": next(questions)}), {"Content-Type": "application/json"})
        response = connection.getresponse()
        body = response.read()
        failure = "" if response.status == 200 else f"{response.status}: {body[:200].decode(errors='replace')}"
        done.append(Request(time.perf_counter() - began, "", failure))
    connection.close()
    return done


async def _level(url: str, clients: int, seconds: float, folder: Path, environment: dict[str, str]) -> Level:
    """One number of clients for `seconds`, with a rebuild that starts in the middle."""
    questions = itertools.cycle(_questions())
    began = time.monotonic()
    rebuilding = asyncio.create_task(_rebuild(seconds / 2, folder, environment))
    groups = await asyncio.gather(*(_client(url, questions, began + seconds, rebuilding) for _ in range(clients)))
    elapsed = time.monotonic() - began
    await rebuilding
    return _summary(clients, [request for group in groups for request in group], elapsed)


async def _rebuild(after_s: float, folder: Path, environment: dict[str, str]) -> None:
    await asyncio.sleep(after_s)
    note = folder / "note.txt"
    note.write_text(f"A note.\n\nThis note was written at {time.time_ns()} for the load run.\n", encoding="utf-8")
    await asyncio.to_thread(build, folder, environment)
    await asyncio.sleep(4)


async def _client(url: str, questions: Iterator[str], until: float, rebuilding: asyncio.Task[None]) -> list[Request]:
    """Asks on one kept connection until the time is over and the rebuilt index has been picked up."""
    done = []
    async with httpx.AsyncClient(base_url=url, timeout=120) as client:
        while time.monotonic() < until or not rebuilding.done():
            done.append(await _ask(client, next(questions)))
    return done


async def _ask(client: httpx.AsyncClient, question: str) -> Request:
    began = time.perf_counter()
    try:
        response = await client.post("v1/answers", json={"question": question})
        seconds = time.perf_counter() - began
        if response.status_code != 200:
            return Request(seconds, "", f"{response.status_code}: {response.text[:200]}")
        data = response.json()
        return Request(seconds, data["index"]["generation"], "" if data["status"] else "no status")
    except (httpx.HTTPError, KeyError, ValueError) as error:
        return Request(time.perf_counter() - began, "", repr(error))


def _questions() -> list[str]:
    path = ROOT / "eval" / "questions.jsonl"
    if not path.is_file():
        return list(_QUESTIONS)
    return [json.loads(line)["question"] for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _summary(clients: int, requests: Sequence[Request], elapsed_s: float) -> Level:
    failures = [request.failure for request in requests if request.failure]
    for failure in sorted(set(failures))[:5]:
        print(f"failed with {clients} clients: {failure}", file=sys.stderr)
    times = sorted(request.seconds * 1000 for request in requests)
    cuts = statistics.quantiles(times, n=100, method="inclusive") if len(times) > 1 else times * 99
    seen = {request.generation for request in requests if request.generation}
    return Level(clients, len(requests), len(failures), len(requests) / elapsed_s, cuts[49], cuts[94], cuts[98], len(seen))


def table(levels: Sequence[Level]) -> str:
    rows = [
        "| clients | requests | failed | per second | p50 ms | p95 ms | p99 ms | generations seen |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for level in levels:
        times = f"{level.p50_ms:.1f} | {level.p95_ms:.1f} | {level.p99_ms:.1f}"
        rows.append(
            f"| {level.clients} | {level.requests} | {level.failed} | {level.per_second:.1f} | {times} | {level.generations} |"
        )
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
