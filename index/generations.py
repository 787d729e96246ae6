"""What lies in an index: the generations listed, put back, dropped and checked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from index import publish
from index.errors import DamagedIndex, IndexProblem, MissingIndex, UsageError
from index.store import (
    GENERATIONS,
    MANIFEST,
    Generation,
    Manifest,
    bytes_of,
    file_sha256,
    generation_folders,
    open_generation,
    read_current,
    read_manifest,
)


@dataclass(frozen=True, slots=True)
class Listed:
    """A generation in the list; `problem` says why one cannot be read, and its counts are 0."""

    name: str
    current: bool
    built_at: str
    articles: int = 0
    passages: int = 0
    sentences: int = 0
    refused: int = 0
    bytes: int = 0
    embedder: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found: no `faults` means that every byte of the generation is as it was written, and that its parts agree."""

    name: str
    files: int
    bytes: int
    faults: tuple[str, ...]


def listed(index: Path) -> list[Listed]:
    """All generations, newest first. Raises MissingIndex when there are none."""
    current, folders = _current(index), generation_folders(index)
    if not folders:
        raise MissingIndex(f"there is no index in {index}; run: qa index build FOLDER")
    return [_listed(folder, folder.name == current) for folder in folders]


def _listed(folder: Path, current: bool) -> Listed:
    try:
        manifest = read_manifest(folder)
    except DamagedIndex as error:
        return Listed(folder.name, current, _written(folder), problem=_without_command(error))
    return Listed(
        folder.name,
        current,
        manifest.built_at or _written(folder),
        manifest.articles,
        manifest.passages,
        manifest.sentences,
        len(manifest.refused),
        bytes_of(manifest),
        str(manifest.encoder["name"]),
    )


def _written(folder: Path) -> str:
    path = folder / MANIFEST if (folder / MANIFEST).exists() else folder
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat()


def _current(index: Path) -> str | None:
    """The folder that readers open, None where that cannot be said."""
    try:
        return read_current(index)
    except DamagedIndex:
        return None


def _without_command(error: IndexProblem) -> str:
    return str(error).partition("; run:")[0]


def rollback(index: Path, name: str | None = None) -> Manifest:
    """Make another generation the current one, after it was verified whole: the named one, or the one before the current one.

    Where `current` is lost or names nothing that is there, the newest that is whole. Raises UsageError for an unknown name or
    where there is nothing to go back to, MissingIndex, DamagedIndex, IndexBusy and StorageError.
    """
    if not generation_folders(index):
        raise MissingIndex(f"there is no index in {index}; run: qa index build FOLDER")
    with publish.changing(index):
        folder = _named(index, name) if name else _before(index)
        manifest = open_generation(folder, whole=True).manifest
        publish.point_to(index, folder.name)
    return manifest


def _named(index: Path, name: str) -> Path:
    """The folder of a generation by its name, or by the beginning of it."""
    folders = generation_folders(index)
    found = [f for f in folders if f.name == name] or [f for f in folders if f.name.startswith(name)]
    if len(found) != 1:
        known = ", ".join(folder.name for folder in folders)
        reason = "names several generations" if found else "is no generation of this index"
        raise UsageError(f"{name} {reason}; there are: {known}")
    return found[0]


def _before(index: Path) -> Path:
    folders = generation_folders(index)
    current = next((folder for folder in folders if folder.name == _current(index)), None)
    if current is None:
        return _newest_whole(folders)
    older = folders[folders.index(current) + 1 :]
    before = _said_before(current)
    found = [folder for folder in folders if before and folder.name.partition("-")[0] == before] or older
    if not found:
        raise UsageError(
            f"{current.name} is the only generation, or the oldest; `qa index list` shows all, `rollback NAME` takes one"
        )
    return found[0]


def _said_before(current: Path) -> str:
    try:
        return read_manifest(current).before
    except DamagedIndex:
        return ""


def _newest_whole(folders: list[Path]) -> Path:
    for folder in folders:
        try:
            open_generation(folder, whole=True)
            return folder
        except DamagedIndex:
            continue
    raise DamagedIndex("no generation of the index is whole; run: qa index build")


def prune(index: Path, keep: int) -> list[str]:
    """Drop generations until `keep` are left (never the current one), the checkpoint and what killed builders left.

    Returns the names of what was dropped. Raises IndexBusy while another process builds, and DamagedIndex where `current` names
    nothing that is there: any generation may then be the one that is wanted.
    """
    folders = generation_folders(index)
    if not folders:
        raise MissingIndex(f"there is no index in {index}; run: qa index build FOLDER")
    with publish.changing(index):
        current = read_current(index)
        if current not in {folder.name for folder in folders}:
            raise DamagedIndex(f"the index in {index} has no current generation; run: qa index rollback, or qa index build")
        dropped = publish.drop_old(index, keep)
        if (index / publish.CHECKPOINT).exists():
            (index / publish.CHECKPOINT).unlink()
            dropped.append(publish.CHECKPOINT)
    return dropped


def check(index: Path, name: str | None = None) -> Checked:
    """Compare every byte of a generation with its checksum, and the numbers of its parts with each other.

    Checks the current one where none is named. Raises MissingIndex and UsageError; what is wrong with the generation is a fault.
    """
    if name:
        folder = _named(index, name)
    else:
        current = read_current(index)
        if current is None:
            raise MissingIndex(f"there is no index in {index}; run: qa index build FOLDER")
        folder = index / GENERATIONS / current
    try:
        manifest = read_manifest(folder)
    except DamagedIndex as error:
        return Checked(folder.name, 0, 0, (_without_command(error),))
    faults = [fault for file, entry in manifest.files.items() if (fault := _fault(folder / file, entry))]
    if not faults:
        try:
            faults = _disagreements(open_generation(folder))
        except (IndexProblem, OSError, ValueError, TypeError, KeyError, IndexError) as error:
            faults = [str(error).partition("; run:")[0]]
    return Checked(folder.name, len(manifest.files), bytes_of(manifest), tuple(faults))


def _fault(path: Path, entry: dict[str, object]) -> str:
    try:
        size = path.stat().st_size
        if size != entry["bytes"]:
            return f"{path} has {size:,} bytes instead of {entry['bytes']:,}"
        return "" if file_sha256(path) == entry["sha256"] else f"{path} is not what was written (its checksum differs)"
    except FileNotFoundError:
        return f"{path} is missing"
    except OSError as error:
        return f"{path} cannot be read ({error.strerror})"


def _disagreements(generation: Generation) -> list[str]:
    """Numbers that should be equal and are not."""
    manifest, texts = generation.manifest, generation.texts
    records = list(generation.articles())
    firsts = [record.first for record in records]
    ends = [record.first + record.count for record in records]
    sentences = sum(len(texts.passage(number).sentences) for number in range(len(texts)))
    wanted = {
        "articles": (manifest.articles, {"lines of articles.jsonl": len(records)}),
        "files left out": (len(manifest.refused), {"lines of refused.jsonl": sum(1 for _ in generation.refused())}),
        "passages": (
            manifest.passages,
            {
                "lines of passages.jsonl": len(texts),
                "passages of the articles": ends[-1] if [0, *ends[:-1]] == firsts else -1,
                "vectors of passages": len(generation.passage_vectors),
                "keys of passages": len(texts.passage_keys),
                "passages in the word index": len(generation.words),
            },
        ),
        "sentences": (
            manifest.sentences,
            {
                "sentences of the passages": sentences,
                "sentences counted": int(texts.first_sentence[-1]),
                "vectors of sentences": len(generation.sentence_vectors),
                "keys of sentences": len(texts.sentence_keys),
            },
        ),
    }
    return [
        f"{generation.path}: {found:,} {what}, but {number:,} {kind} in the manifest"
        for kind, (number, parts) in wanted.items()
        for what, found in parts.items()
        if found != number
    ]
