"""Builds killed with SIGKILL at random moments of every phase: a whole generation answers, and the next build succeeds."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from index.build import build
from index.generations import check
from index.recipe import Recipe
from index.search import Searcher
from index.store import open_current
from tests.conftest import ROOT, write_articles
from tests.encoder_double import WordEncoder

PHASES = {"reading", "writing", "words", "embedding", "vectors", "sealing", "syncing", "publishing", "clearing"}


class Builder:
    """Runs builds that are killed, in children of one process that has everything imported."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def __call__(self, order: str) -> tuple[int, int, str]:
        """Exit status, number of steps, phase of the last."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(order + "\n")
        self._process.stdin.flush()
        status, steps, phase = self._process.stdout.readline().split()
        return int(status), int(steps), phase


@contextmanager
def builder(home: Path) -> Iterator[Builder]:
    command = [sys.executable, "-m", "tests.killed_build", str(home / "articles"), str(home / "index")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Builder(process)
        assert process.stdin
        process.stdin.close()


def answer(home: Path) -> str:
    """The best passage of what is published, which is whole."""
    assert check(home / "index").faults == ()
    return Searcher(open_current(home / "index"), WordEncoder()).search("Which number has the house?", 1)[0].passage.text  # type: ignore[arg-type]


def change(home: Path, number: int) -> None:
    """One file is edited, one is renamed and one is added or removed."""
    articles = home / "articles"
    (articles / "house.txt").write_text(f"The house has the number {number}.\n\nWhich number has the mill? It has none.\n")
    old, new = ("fair.txt", "feast.txt") if (articles / "fair.txt").exists() else ("feast.txt", "fair.txt")
    (articles / old).rename(articles / new)
    if number % 2:
        (articles / "now.txt").write_text(
            "\n\n".join(f"In {year} it rained on the ferry." for year in range(number, number + 20))
        )
    else:
        (articles / "now.txt").unlink(missing_ok=True)


def kill_many(home: Path, times: int, seed: int) -> Counter[str]:
    rng = random.Random(seed)
    write_articles(home / "articles")
    change(home, 0)
    build(home / "articles", home / "index", Recipe("words"), WordEncoder())
    phases: Counter[str] = Counter()
    with builder(home) as run:
        change(home, 1)
        _, most, _ = run("step 0")
        before = 1
        for number in range(2, times + 2):
            change(home, number)
            order = f"after {rng.random() * 0.3:.4f}" if number % 4 == 0 else f"step {rng.randint(1, most)}"
            status, _, phase = run(order)
            phases[phase] += status == -9
            assert status in (-9, 0), order
            said = answer(home)
            assert f"number {number}." in said or f"number {before}." in said, (order, phase, said)
            assert run("step 0")[0] == 0, (order, phase)
            assert f"number {number}." in answer(home), (order, phase)
            left = {path.name for path in (home / "index").iterdir()}
            assert left == {"current", "generations", "lock"}, (order, phase)
            assert len(list((home / "index" / "generations").iterdir())) <= 2
            before = number
    return phases


def test_a_kill_at_any_moment_leaves_a_whole_index(tmp_path: Path) -> None:
    assert sum(kill_many(tmp_path, 10, 1).values()) >= 5


@pytest.mark.slow
def test_200_kills_in_every_phase_leave_a_whole_index(tmp_path: Path) -> None:
    phases = kill_many(tmp_path, 200, 2)
    assert sum(phases.values()) >= 150 and phases.keys() >= PHASES, phases
