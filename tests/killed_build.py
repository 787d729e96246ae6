"""Builds in forked children that are killed: `python -m tests.killed_build ARTICLES INDEX`, then one line a build on standard input.

`step N` kills the child with SIGKILL at its N-th step (a step is any call that reads, writes or reports); `after S` kills it after S
seconds; `step 0` lets it finish. The reply is a line: exit status (negative: the signal), number of steps, and where the last one was.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from index import embedding, files, lexical, passage_files, publish, vectors
from index.arrays import ArrayWriter
from index.build import build
from index.checkpoint import Checkpoint
from index.recipe import Recipe
from tests.encoder_double import WordEncoder

STEPS = (
    (files, "read", "reading"),
    (passage_files.PassageWriter, "copy", "reading"),
    (passage_files.PassageWriter, "add", "reading"),
    (ArrayWriter, "close", "writing"),
    (lexical, "_write", "words"),
    (WordEncoder, "encode_passages", "embedding"),
    (Checkpoint, "append", "embedding"),
    (ArrayWriter, "append", "writing"),
    (vectors, "build", "vectors"),
    (publish, "file_sha256", "sealing"),
    (publish, "_sync", "syncing"),
    (publish, "point_to", "publishing"),
    (os, "replace", "publishing"),
    (publish.shutil, "rmtree", "clearing"),
    (publish, "drop_old", "clearing"),
    (Checkpoint, "discard", "clearing"),
)


def armed(kill_at: int, report: int) -> None:
    """Make every step count, before and after it; the `kill_at`-th is the last."""
    count = 0

    def step(name: str) -> None:
        nonlocal count
        count += 1
        os.pwrite(report, f"{count} {name}\n".ljust(64).encode(), 0)
        if count == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted(real: Callable[..., Any], name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            step(name)
            result = real(*arguments, **named)
            step(name)
            return result

        return call

    for place, name, phase in STEPS:
        setattr(place, name, counted(getattr(place, name), phase))


def run(kill_at: int, seconds: float, report: int) -> str:
    os.ftruncate(report, 0)
    child = os.fork()
    if child == 0:
        try:
            embedding.BLOCK = 4
            armed(kill_at, report)
            build(Path(sys.argv[1]), Path(sys.argv[2]), Recipe("words"), WordEncoder())
            os._exit(0)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(9)
    if seconds:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return f"{os.waitstatus_to_exitcode(status)} {os.pread(report, 64, 0).decode().strip() or '0 starting'}"


if __name__ == "__main__":
    import faiss  # noqa: F401  (imported here so that children need not)
    import tantivy  # noqa: F401

    report = os.memfd_create("report")
    for line in sys.stdin:
        how, _, value = line.partition(" ")
        print(run(int(value) if how == "step" else 0, float(value) if how == "after" else 0.0, report), flush=True)
