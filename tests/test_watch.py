"""`qa index build --watch`: when it builds, what it lets pass, and a real one that is ended by Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from index.errors import IndexBusy, ModelError, StorageError, UsageError
from index.store import current_manifest
from index.watch import MOST_LOOKS, Seen, look, watch
from tests.conftest import ROOT, write_articles


def seen(*values: int) -> list[Seen]:
    return [{"a": (value, 0, 0)} for value in values]


def builds(looks: list[Seen | Exception], failures: dict[int, Exception] | None = None) -> tuple[list[int], list[str]]:
    """The numbers of the looks after which it was built, and what was said."""
    rest, built, said = iter(looks), [], []
    number = -1

    def next_look() -> Seen:
        nonlocal number
        number += 1
        value = next(rest)
        if isinstance(value, Exception):
            raise value
        return value

    def build() -> None:
        built.append(number)
        if failures and number in failures:
            raise failures[number]

    watch(next_look, build, range(len(looks)), said.append)
    return built, said


def test_it_builds_at_once_and_when_a_change_has_come_to_rest() -> None:
    assert builds(seen(1, 1, 1)) == ([0], [])
    assert builds(seen(1, 2, 2, 2)) == ([0, 2], [])
    assert builds(seen(1, 2, 3, 4, 4, 4)) == ([0, 4], [])
    assert builds(seen(1, 2, 1, 1)) == ([0], []), "a change that was undone"


def test_a_folder_that_never_rests_is_indexed_all_the_same() -> None:
    assert builds(seen(*range(25)))[0] == [0, MOST_LOOKS, 2 * MOST_LOOKS]


@pytest.mark.parametrize("error", [UsageError("no such folder"), StorageError("the disk is full"), IndexBusy("another builds")])
def test_what_may_pass_is_told_once_and_tried_again(error: Exception) -> None:
    told = [f"{error} (trying again)"]
    assert builds([*seen(1), error, error, *seen(2, 2)]) == ([0, 4], told)
    assert builds(seen(1, 1, 1), {0: error, 1: error}) == ([0, 1, 2], told)
    assert builds(seen(1, 2, 2, 2, 2), {2: error}) == ([0, 2, 4], told)


def test_what_will_not_pass_ends_it() -> None:
    with pytest.raises(ModelError):
        builds(seen(1, 1), {0: ModelError("no weights")})


def test_a_look_sees_sizes_times_names_and_reasons(tmp_path: Path) -> None:
    folder = write_articles(tmp_path / "articles")
    views = [look(folder, ("**/*",), ("*.md",))]
    for act in (
        lambda: (folder / "bridge.txt").write_text("x"),
        lambda: os.utime(folder / "bridge.txt", ns=(5, 5)),
        lambda: (folder / "bridge.txt").rename(folder / "b.txt"),
        lambda: (folder / "sub").symlink_to("/etc"),
    ):
        act()
        views.append(look(folder, ("**/*",), ("*.md",)))
    assert all(one != other for n, one in enumerate(views) for other in views[:n])
    assert list(views[0]) == ["articles/bridge.txt", "articles/fair.txt"]
    assert views[-1]["articles/sub"] == "is a link to a folder, which is not followed"


def until(happens: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 120
    while not happens():
        assert time.monotonic() < end and process.poll() is None
        time.sleep(0.05)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_real_one_takes_up_changes_and_ends_cleanly(tmp_path: Path, end: signal.Signals) -> None:
    articles, index = write_articles(tmp_path / "articles"), tmp_path / "index"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("QA_")} | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "qa", "index", "build", str(articles), "--index", str(index), "--watch", "--every", "0.1"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        lines: list[str] = []
        reading = Thread(target=lambda: [lines.append(line.rstrip("\n")) for line in process.stderr or ()])
        reading.start()
        until(lambda: len(lines) == 2, process)
        (articles / "mill.txt").write_text("The mill of Arn burned down in 1840.\n")
        until(lambda: len(lines) == 3, process)
        assert current_manifest(index).articles == 4
        process.send_signal(end)
        out = process.stdout.read() if process.stdout else ""
        reading.join()
    assert (process.returncode, out) == (0, "") and "Traceback" not in "\n".join(lines)
    assert lines[0] == f"qa: watching {articles}, every 0.1 s; Ctrl-C ends it"
    assert lines[1].startswith("qa: indexed 3 articles, ")
    assert "(files: 1 added; texts embedded: 2)" in lines[2] or "(files: 1 added; texts embedded: 1)" in lines[2]
    assert lines[-1] == "qa: stopped watching; the index is as the last build left it"
