"""Whether a generation is of the settings and files as they are now."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from stat import S_ISREG
from typing import Protocol

from index import files
from index.errors import StaleIndex
from index.recipe import Recipe
from index.store import ArticleRecord, Manifest, RefusedRecord
from index.types import Refused


class Indexed(Protocol):
    """What a generation says of its files, wherever its passages lie."""

    @property
    def manifest(self) -> Manifest: ...

    def articles(self) -> Iterator[ArticleRecord]: ...

    def refused(self) -> Iterator[RefusedRecord]: ...

    def article_path(self, source: str) -> Path: ...


def check_fresh(generation: Indexed, recipe: Recipe) -> list[str]:
    """Compare a generation with the settings and with the files on disk; returns notices about files it does not hold yet.

    Raises StaleIndex when the settings or the model differ, or when an indexed file has changed or is gone. A file whose size
    and time are as they were is taken as unchanged.
    """
    manifest = generation.manifest
    for key, value in recipe.as_data().items():
        if manifest.built_with.get(key) != value:
            raise StaleIndex(
                f"the index was built with {key} = {manifest.built_with.get(key)}, and the settings say {value}; run: qa index build, or set {key} in qa.toml"
            )
    folder = Path(manifest.root) / manifest.folder
    if not folder.is_dir():
        return [f"the folder {folder} is gone; answers come from the index alone"]
    known = {record.source: record for record in generation.articles()}
    for source, record in known.items():
        _check_file(generation.article_path(source), record)
    refused = {record.source: record for record in generation.refused()}
    found = files.find(folder, recipe.include, recipe.exclude)
    new = [f.source for f in found if f.source not in known and not _still_refused(f, refused.get(f.source))]
    return (
        [f"{len(new)} new file{'s' * (len(new) > 1)} not indexed yet ({new[0]}{' …' * (len(new) > 1)}); run: qa index build"]
        if new
        else []
    )


def stamp(path: Path) -> tuple[int, int, int]:
    """Size, time of the content and time of the attributes of a file, in nanoseconds; −1, 0, 0 where it cannot be looked at.

    Of a link that leads to no file, those of the link.
    """
    try:
        status = path.stat()
        if not S_ISREG(status.st_mode):
            status = path.lstat()
    except (OSError, ValueError):
        try:
            status = path.lstat()
        except (OSError, ValueError):
            return -1, 0, 0
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _still_refused(file: files.File | Refused, record: RefusedRecord | None) -> bool:
    """Whether a file was refused and has not been touched since; one that was touched may be fit by now."""
    if record is None:
        return False
    return record.reason == file.reason if isinstance(file, Refused) else record.stamp == stamp(file.path)


def _check_file(path: Path, record: ArticleRecord) -> None:
    try:
        status = path.stat()
    except OSError:
        raise StaleIndex(f"{record.source} is in the index but no longer on disk; run: qa index build") from None
    if (status.st_size, status.st_mtime_ns) == (record.size, record.modified_ns):
        return
    if status.st_size != record.size or hashlib.sha256(path.read_bytes()).hexdigest() != record.sha256:
        raise StaleIndex(f"{record.source} has changed since it was indexed; run: qa index build")
