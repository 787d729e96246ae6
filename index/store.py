"""Generations on disk, to be read: verified when opened, never changed after they were published (`index.publish`).

    INDEX/current                    the name of the generation that readers open
    INDEX/checkpoint                 what an interrupted build has embedded so far
    INDEX/generations/NAME/          one generation, a folder that a person can read (NAME-2, … when the same is built again):
        manifest.json                what it was built from and with, and the size and sha256 of every other file
        articles.jsonl               one line per file: source, hash, size, title, its passages
        refused.jsonl                one line per file that was left out: source, reason, and what it was then
        passages.jsonl               one line per passage, with its sentences; more of them in `index.passage_files`
        passages.faiss sentences.faiss                          vectors
        passages.json sentences.json passages.ivf sentences.ivf how vectors are searched; clusters, where there are many
        words/                       the BM25 index

The name is derived from the content, so the same files, settings and model give the same generation anywhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from index.errors import DamagedIndex, MissingIndex
from index.lexical import LexicalIndex
from index.passage_files import PassageFiles
from index.types import Passage, Refused
from index.vectors import VectorIndex

FORMAT = 4
VERIFIED_BYTES = 64_000_000
"""Up to this size, the checksums of a whole generation are compared each time it is opened; above it, the sizes."""

ATTEMPTS = 100
"""A generation that is replaced while it is being opened looks damaged; opening is tried again as long as another is named."""

CURRENT = "current"
GENERATIONS = "generations"
MANIFEST = "manifest.json"


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
    changed_ns: int = 0
    """When the file's place or attributes last changed (ctime): a renamed file keeps its `modified_ns`, but not this."""

    @property
    def stamp(self) -> tuple[int, int, int]:
        return self.size, self.modified_ns, self.changed_ns


@dataclass(frozen=True, slots=True)
class RefusedRecord:
    """A file that was left out: why, and what it was then. The hash is known only of a copy of another file."""

    source: str
    reason: str
    size: int = -1
    modified_ns: int = 0
    changed_ns: int = 0
    sha256: str = ""

    @property
    def stamp(self) -> tuple[int, int, int]:
        return self.size, self.modified_ns, self.changed_ns


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
    built_at: str = ""
    before: str = ""
    """The generation that was current when this one was published."""
    made_by: str = ""
    """Identifies the code that cut the passages (`index.build.made_by`)."""


class Generation:
    """One published state, opened read-only. Passages are read from disk when they are asked for."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest
        self.texts = PassageFiles(path)
        self.passage_vectors = VectorIndex(path / "passages.faiss")
        self.sentence_vectors = VectorIndex(path / "sentences.faiss")
        self.words = LexicalIndex(path / "words")

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def first_sentence(self) -> np.ndarray:
        """The number of each passage's first sentence, and the number of all sentences: shape (passages + 1,)."""
        return self.texts.first_sentence

    def passage(self, number: int) -> Passage:
        """The passage of that number. Safe from several threads."""
        return self.texts.passage(number)

    def passages(self, numbers: Sequence[int]) -> list[Passage]:
        """The passages of those numbers, in that order."""
        return [self.passage(number) for number in numbers]

    def articles(self) -> Iterator[ArticleRecord]:
        """The indexed files, in order."""
        return read_articles(self.path)

    def refused(self) -> Iterator[RefusedRecord]:
        """The files that were left out, in order."""
        return read_refused(self.path)

    def article_path(self, source: str) -> Path:
        """Where a source lies on this machine."""
        return Path(self.manifest.root) / source


def read_articles(path: Path) -> Iterator[ArticleRecord]:
    """The indexed files of the generation in `path`, in order."""
    with (path / "articles.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            yield ArticleRecord(**record | {"aliases": tuple(map(tuple, record["aliases"]))})


def read_refused(path: Path) -> Iterator[RefusedRecord]:
    """The files that the generation in `path` left out, in order."""
    with (path / "refused.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            yield RefusedRecord(**json.loads(line))


def open_current(index: Path) -> Generation:
    """The published generation. Raises MissingIndex or DamagedIndex, each with the command that helps."""
    for _ in range(ATTEMPTS):
        published = _published(index)
        try:
            return open_generation(current_folder(index))
        except DamagedIndex:
            if _published(index) == published:
                raise
    return open_generation(current_folder(index))


def _published(index: Path) -> tuple[int, int]:
    """Another value after each publication."""
    try:
        status = (index / CURRENT).stat()
    except OSError:
        return 0, 0
    return status.st_ino, status.st_mtime_ns


def current_manifest(index: Path) -> Manifest:
    """The manifest of the published generation, without opening the rest. Raises MissingIndex or DamagedIndex."""
    return read_manifest(current_folder(index))


def current_name(index: Path) -> str | None:
    """The name of the published generation, None before the first. Raises DamagedIndex."""
    name = read_current(index)
    return name and name.partition("-")[0]


def current_folder(index: Path) -> Path:
    """The folder of the published generation. Raises MissingIndex or DamagedIndex."""
    name = read_current(index)
    if name is None:
        raise MissingIndex(f"there is no index in {index}; run: qa index build FOLDER")
    return index / GENERATIONS / name


def read_current(index: Path) -> str | None:
    """The name of the published generation's folder, None before the first. Raises DamagedIndex."""
    try:
        name = (index / CURRENT).read_text(encoding="utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise DamagedIndex(f"{index / CURRENT} cannot be read ({error}); run: qa index build") from None
    if not name or not name.replace("-", "").isalnum():
        raise DamagedIndex(f"{index / CURRENT} names no generation; run: qa index build")
    return name


def generation_folders(index: Path) -> list[Path]:
    """The folders of all generations, newest first."""
    try:
        folders = [path for path in (index / GENERATIONS).iterdir() if not path.name.startswith(".") and path.is_dir()]
    except OSError:
        return []
    return sorted(folders, key=_published_ns, reverse=True)


def _published_ns(folder: Path) -> int:
    try:
        return (folder / MANIFEST).stat().st_mtime_ns
    except OSError:
        return 0


def open_generation(path: Path, whole: bool = False) -> Generation:
    """Open one generation and verify it: checksums where it is small or `whole` is asked for, else sizes. Raises DamagedIndex."""
    manifest = read_manifest(path)
    verify(path, manifest, whole or bytes_of(manifest) <= VERIFIED_BYTES)
    try:
        return Generation(path, manifest)
    except (OSError, ValueError) as error:
        raise DamagedIndex(f"the index in {path} cannot be read ({error}); run: qa index build") from None


def bytes_of(manifest: Manifest) -> int:
    """How large a generation is, its manifest not counted."""
    return sum(entry["bytes"] for entry in manifest.files.values())


def read_manifest(path: Path) -> Manifest:
    try:
        record = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        seal = record.pop("seal")
        if record.get("format") != FORMAT:
            raise DamagedIndex(f"the index in {path} was written by another version; run: qa index build")
        if seal != seal_of(record):
            raise DamagedIndex(f"the manifest in {path} has been changed; run: qa index build")
        return Manifest(**record | {"refused": tuple(Refused(**r) for r in record["refused"])})
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError, AttributeError):
        raise DamagedIndex(f"the index in {path} has no readable manifest; run: qa index build") from None


def verify(path: Path, manifest: Manifest, whole: bool) -> None:
    """Compare the files with the manifest: sizes, and checksums when `whole`. Raises DamagedIndex naming the first difference."""
    for name, entry in manifest.files.items():
        file = path / name
        try:
            damaged = file.stat().st_size != entry["bytes"] or (whole and file_sha256(file) != entry["sha256"])
        except FileNotFoundError:
            raise DamagedIndex(f"{file} is missing; run: qa index build") from None
        except OSError as error:
            raise DamagedIndex(f"{file} cannot be read ({error.strerror}); run: qa index build") from None
        if damaged:
            raise DamagedIndex(f"{file} is damaged; run: qa index build")


def file_sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def seal_of(record: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
