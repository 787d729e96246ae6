"""Writing generations: in a workshop beside the published ones, under a lock, made current in one step, old ones dropped.

What is half-written or half-deleted never bears the name of a generation: it lies in `.new-…` or `.old-…` until it is whole or gone,
and whoever holds the lock next clears it away.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from index.errors import IndexBusy, IndexProblem, StorageError
from index.store import (
    CURRENT,
    FORMAT,
    GENERATIONS,
    MANIFEST,
    file_sha256,
    generation_folders,
    read_current,
    read_manifest,
    seal_of,
)

CHECKPOINT = "checkpoint"
"""In the folder of the index: what an interrupted build has embedded."""

REMOVALS = 20
"""Times that a folder is tried to be removed."""

KEPT = 2
"""Generations that a build keeps: the new one and the one before it."""


@contextmanager
def workshop(index: Path) -> Iterator[Path]:
    """A new folder beside the generations to write one in; gone afterwards unless it was published.

    One builder at a time: raises IndexBusy while another process builds here. A full or read-only disk is a StorageError.
    """
    with changing(index):
        folder = index / GENERATIONS / f".new-{os.getpid()}"
        folder.mkdir()
        try:
            yield folder
        finally:
            remove(folder)


def remove(folder: Path) -> None:
    """Take a folder away with all that is in it, though a library's thread may still be writing its last file there."""
    for _ in range(REMOVALS):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.05)


@contextmanager
def changing(index: Path) -> Iterator[None]:
    """The right to change the index, which one process has at a time, with what a dead one left cleared away."""
    with translated(index):
        (index / GENERATIONS).mkdir(parents=True, exist_ok=True)
        with _locked(index):
            clear_left_overs(index)
            yield


def clear_left_overs(index: Path) -> int:
    """Remove what killed builders left, except for their checkpoint; returns how many things that were."""
    left = [path for pattern in (".new-*", ".old-*") for path in (index / GENERATIONS).glob(pattern)]
    for path in left:
        remove(path)
    names = list(index.glob(f".{CURRENT}-*"))
    for path in names:
        path.unlink(missing_ok=True)
    return len(left) + len(names)


@contextmanager
def translated(index: Path) -> Iterator[None]:
    """Turn what the disk refuses into a StorageError that says so."""
    try:
        yield
    except OSError as error:
        full = "; free some space (qa index prune drops old generations), then run: qa index build"
        words = {
            errno.ENOSPC: ("the disk is full", full),
            errno.EDQUOT: ("the disk quota is used up", full),
            errno.EROFS: ("it is read-only", ""),
            errno.EACCES: ("it may not be written to", ""),
            errno.EPERM: ("it may not be written to", ""),
            errno.ENOTDIR: ("a file is in its place", ""),
            errno.EEXIST: ("a file is in its place", ""),
        }
        reason, help = words.get(error.errno or 0, (error.strerror or str(error), ""))
        raise StorageError(f"cannot write the index in {index}: {reason}; the previous index is unchanged{help}") from None


@contextmanager
def _locked(index: Path) -> Iterator[None]:
    import fcntl

    with (index / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise IndexBusy(f"another process is building the index in {index}; wait for it") from None
        yield


def publish(index: Path, folder: Path, manifest: dict[str, Any], keep: int = KEPT) -> str:
    """Seal the written folder with its manifest, make it the current generation, and drop all but the last `keep`."""
    before = _before(index, manifest["name"])
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")
    files = {name: {"bytes": (folder / name).stat().st_size, "sha256": file_sha256(folder / name)} for name in names}
    record = {"built_at": datetime.now(UTC).isoformat(), "before": before} | manifest | {"files": files, "format": FORMAT}
    record["seal"] = seal_of(record)
    (folder / MANIFEST).write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for path in folder.rglob("*"):
        _sync(path)
    _sync(folder)
    target = _free(index / GENERATIONS, manifest["name"])
    os.replace(folder, target)
    _sync(target.parent)
    point_to(index, target.name)
    drop_old(index, keep)
    return manifest["name"]


def _before(index: Path, name: str) -> str:
    """The generation that one of this name comes after: the current one, or where that is the same, the one that came before it."""
    try:
        current = read_current(index) or ""
        stem = current.partition("-")[0]
        return read_manifest(index / GENERATIONS / current).before if stem == name else stem
    except IndexProblem:
        return ""


def _free(generations: Path, name: str) -> Path:
    """Where a generation of that name can be put; beside the one that readers have, where the same content is built again."""
    numbers = count(2)
    path = generations / name
    while path.exists():
        path = generations / f"{name}-{next(numbers)}"
    return path


def point_to(index: Path, name: str) -> None:
    """Make a generation the current one, in one step that is safe against a crash."""
    new = index / f".{CURRENT}-{os.getpid()}"
    new.write_text(name + "\n", encoding="utf-8")
    _sync(new)
    os.replace(new, index / CURRENT)
    _sync(index)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def drop_old(index: Path, keep: int) -> list[str]:
    """Drop generations until `keep` are left; returns their names. Kept are the current one, the one before it, then the newest.

    Copies of the current one always go. Nothing is dropped where `current` is lost: any of them may be wanted.
    """
    current = read_current(index)
    if current is None:
        return []
    stem = current.partition("-")[0]
    before = _before(index, stem)
    folders = [path for path in generation_folders(index) if path.name != current]
    others = [path for path in folders if path.name.partition("-")[0] != stem]
    others.sort(key=lambda path: path.name.partition("-")[0] != before)
    gone = [path for path in folders if path not in others[: max(0, keep - 1)]]
    for path in gone:
        _remove(path)
    return sorted(path.name for path in gone)


def _remove(folder: Path) -> None:
    """Take the name away first, so that what is half-deleted is no generation."""
    aside = folder.parent / f".old-{os.getpid()}-{folder.name}"
    try:
        os.replace(folder, aside)
    except OSError:
        return
    remove(aside)
