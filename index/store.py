"""Generations on disk: written whole, published in one step, verified when opened, never changed after.

    INDEX/current                    the name of the generation that readers open
    INDEX/generations/NAME/          one generation, a folder that a person can read (NAME-2, … when the same is built again):
        manifest.json                what it was built from and with, and the size and sha256 of every other file
        articles.jsonl               one line per file: source, hash, size, title, its passages
        passages.jsonl               one line per passage, with its sentences (`passages.offsets.npy`: where each line starts)
        passages.faiss sentences.faiss sentences.first.npy      vectors; the number of each passage's first sentence
        words/                       the BM25 index

The name is derived from the content, so the same files, settings and model give the same generation anywhere.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from index.errors import DamagedIndex, IndexBusy, MissingIndex, StorageError
from index.lexical import LexicalIndex
from index.types import Passage, Refused, Sentence
from index.vectors import VectorIndex

FORMAT = 1
VERIFIED_BYTES = 64_000_000
"""Up to this size, the checksums of a whole generation are compared each time it is opened; above it, the sizes."""

ATTEMPTS = 3
"""A generation that is replaced while it is being opened looks damaged; opening is tried again before that is believed."""

_CURRENT = "current"
_GENERATIONS = "generations"
_MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class ArticleRecord:
    """An indexed file: what it was when it was read, and its passages `[first, first + count)`."""

    source: str
    sha256: str
    size: int
    modified_ns: int
    title: str
    first: int
    count: int
    aliases: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation was built from and with. `root` is the folder that holds the articles' folder on this machine."""

    name: str
    root: str
    folder: str
    built_with: dict[str, Any]
    encoder: dict[str, Any]
    articles: int
    passages: int
    sentences: int
    refused: tuple[Refused, ...] = ()
    agreement: dict[str, Any] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    format: int = FORMAT


class Generation:
    """One published state, opened read-only. Passages are read from disk when they are asked for."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest
        self._offsets = np.load(path / "passages.offsets.npy", mmap_mode="r", allow_pickle=False)
        self.first_sentence = np.load(path / "sentences.first.npy", mmap_mode="r", allow_pickle=False)
        self._passages = os.open(path / "passages.jsonl", os.O_RDONLY)
        self.passage_vectors = VectorIndex(path / "passages.faiss")
        self.sentence_vectors = VectorIndex(path / "sentences.faiss")
        self.words = LexicalIndex(path / "words")

    @property
    def name(self) -> str:
        return self.manifest.name

    def __del__(self) -> None:
        descriptor = getattr(self, "_passages", None)
        if descriptor is not None:
            os.close(descriptor)

    def passage(self, number: int) -> Passage:
        """The passage of that number. Safe from several threads."""
        start, end = int(self._offsets[number]), int(self._offsets[number + 1])
        return passage_from_json(os.pread(self._passages, end - start, start))

    def articles(self) -> Iterator[ArticleRecord]:
        """The indexed files, in order."""
        with (self.path / "articles.jsonl").open(encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line)
                yield ArticleRecord(**record | {"aliases": tuple(map(tuple, record["aliases"]))})

    def article_path(self, source: str) -> Path:
        """Where a source lies on this machine."""
        return Path(self.manifest.root) / source


def passage_to_json(passage: Passage) -> bytes:
    record = asdict(passage)
    return (json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def passage_from_json(line: bytes) -> Passage:
    record = json.loads(line)
    sentences = tuple(Sentence(**sentence) for sentence in record.pop("sentences"))
    return Passage(**record | {"section": tuple(record["section"]), "sentences": sentences})


def open_current(index: Path) -> Generation:
    """The published generation. Raises MissingIndex or DamagedIndex, each with the command that helps."""
    for _ in range(ATTEMPTS - 1):
        try:
            return open_generation(_current_folder(index))
        except DamagedIndex:
            continue
    return open_generation(_current_folder(index))


def current_manifest(index: Path) -> Manifest:
    """The manifest of the published generation, without opening the rest. Raises MissingIndex or DamagedIndex."""
    return read_manifest(_current_folder(index))


def current_name(index: Path) -> str | None:
    """The name of the published generation, None before the first. Raises DamagedIndex."""
    name = _read_current(index)
    return name and name.partition("-")[0]


def _current_folder(index: Path) -> Path:
    name = _read_current(index)
    if name is None:
        raise MissingIndex(f"there is no index in {index}; run: qa index build FOLDER")
    return index / _GENERATIONS / name


def _read_current(index: Path) -> str | None:
    try:
        name = (index / _CURRENT).read_text(encoding="utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise DamagedIndex(f"{index / _CURRENT} cannot be read ({error}); run: qa index build") from None
    if not name or not name.replace("-", "").isalnum():
        raise DamagedIndex(f"{index / _CURRENT} names no generation; run: qa index build")
    return name


def open_generation(path: Path) -> Generation:
    """Open and verify one generation."""
    manifest = read_manifest(path)
    verify(path, manifest, whole=sum(entry["bytes"] for entry in manifest.files.values()) <= VERIFIED_BYTES)
    try:
        return Generation(path, manifest)
    except (OSError, ValueError) as error:
        raise DamagedIndex(f"the index in {path} cannot be read ({error}); run: qa index build") from None


def read_manifest(path: Path) -> Manifest:
    try:
        record = json.loads((path / _MANIFEST).read_text(encoding="utf-8"))
        seal = record.pop("seal")
        if record.get("format") != FORMAT:
            raise DamagedIndex(f"the index in {path} was written by another version; run: qa index build")
        if seal != _seal(record):
            raise DamagedIndex(f"the manifest in {path} has been changed; run: qa index build")
        return Manifest(**record | {"refused": tuple(Refused(**r) for r in record["refused"])})
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError, AttributeError):
        raise DamagedIndex(f"the index in {path} has no readable manifest; run: qa index build") from None


def verify(path: Path, manifest: Manifest, whole: bool) -> None:
    """Compare the files with the manifest: sizes, and checksums when `whole`. Raises DamagedIndex naming the first difference."""
    for name, entry in manifest.files.items():
        file = path / name
        if not file.is_file():
            raise DamagedIndex(f"{file} is missing; run: qa index build")
        if file.stat().st_size != entry["bytes"] or (whole and _sha256(file) != entry["sha256"]):
            raise DamagedIndex(f"{file} is damaged; run: qa index build")


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _seal(record: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@contextmanager
def workshop(index: Path) -> Iterator[Path]:
    """A new folder beside the generations to write one in; gone afterwards unless it was published.

    One builder at a time: raises IndexBusy while another process builds here. A full or read-only disk is a StorageError.
    """
    with translated(index):
        generations = index / _GENERATIONS
        generations.mkdir(parents=True, exist_ok=True)
        with _locked(index):
            for left_over in generations.glob(".new-*"):
                shutil.rmtree(left_over, ignore_errors=True)
            folder = generations / f".new-{os.getpid()}"
            folder.mkdir()
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def translated(index: Path) -> Iterator[None]:
    """Turn what the disk refuses into a StorageError that says so."""
    try:
        yield
    except OSError as error:
        words = {
            errno.ENOSPC: "the disk is full",
            errno.EDQUOT: "the disk quota is used up",
            errno.EROFS: "it is read-only",
            errno.EACCES: "it may not be written to",
            errno.EPERM: "it may not be written to",
            errno.ENOTDIR: "a file is in its place",
            errno.EEXIST: "a file is in its place",
        }
        reason = words.get(error.errno or 0, error.strerror or str(error))
        raise StorageError(f"cannot write the index in {index}: {reason}; the previous index is unchanged") from None


@contextmanager
def _locked(index: Path) -> Iterator[None]:
    import fcntl

    with (index / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise IndexBusy(f"another process is building the index in {index}; wait for it") from None
        yield


def publish(index: Path, folder: Path, manifest: dict[str, Any], keep: int = 2) -> str:
    """Seal the written folder with its manifest, make it the current generation, and drop all but the last `keep` others."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")
    files = {name: {"bytes": (folder / name).stat().st_size, "sha256": _sha256(folder / name)} for name in names}
    record = manifest | {"files": files, "format": FORMAT}
    record["seal"] = _seal(record)
    (folder / _MANIFEST).write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for path in folder.rglob("*"):
        _sync(path)
    _sync(folder)
    target = _free(index / _GENERATIONS, manifest["name"])
    os.replace(folder, target)
    _sync(target.parent)
    _write_current(index, target.name)
    _prune(index, target.name, keep)
    return manifest["name"]


def _free(generations: Path, name: str) -> Path:
    """Where a generation of that name can be put; beside the one that readers have, where the same content is built again."""
    numbers = count(2)
    path = generations / name
    while path.exists():
        path = generations / f"{name}-{next(numbers)}"
    return path


def _write_current(index: Path, name: str) -> None:
    """Replace `current` in one step, safe against a crash."""
    new = index / f".{_CURRENT}-{os.getpid()}"
    new.write_text(name + "\n", encoding="utf-8")
    _sync(new)
    os.replace(new, index / _CURRENT)
    _sync(index)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _prune(index: Path, current: str, keep: int) -> None:
    """Drop the twins of the current generation, and all others but the newest."""
    name = current.partition("-")[0]
    folders = [path for path in (index / _GENERATIONS).iterdir() if path.name != current and not path.name.startswith(".")]
    others = sorted((p for p in folders if p.name.partition("-")[0] != name), key=lambda p: p.stat().st_mtime_ns, reverse=True)
    for path in {*folders} - {*others[: max(0, keep - 1)]}:
        shutil.rmtree(path, ignore_errors=True)


def write_lines(path: Path, lines: Iterable[bytes]) -> np.ndarray:
    """Write lines and return where each starts, and the end: shape (n + 1,), uint64."""
    offsets = [0]
    with path.open("wb") as stream:
        for line in lines:
            stream.write(line)
            offsets.append(offsets[-1] + len(line))
    return np.array(offsets, dtype=np.uint64)


def write_array(path: Path, array: np.ndarray) -> None:
    """Write an array as `.npy`. By way of a buffer, because NumPy itself does not say why a disk refused."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    path.write_bytes(buffer.getbuffer())


def write_articles(path: Path, records: Sequence[ArticleRecord]) -> None:
    write_lines(path, ((json.dumps(asdict(record), ensure_ascii=False) + "\n").encode() for record in records))
