"""The generation that a build starts from, and what of it still holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

from index.embed import EncoderCard
from index.errors import IndexProblem
from index.files import File
from index.freshness import stamp
from index.recipe import Recipe, made_by
from index.reuse import Source
from index.store import (
    ArticleRecord,
    Generation,
    RefusedRecord,
    generation_folders,
    open_generation,
    read_current,
    read_manifest,
)
from index.types import Refused

_OF_THE_MOMENT = ("cannot be read", "vanished", "grew")
"""Beginnings of reasons that say more of the moment than of the file: such a file is tried again."""


class Earlier:
    """An earlier generation, verified whole, of the model that the build uses."""

    def __init__(self, generation: Generation, is_current: bool, folder: Path, recipe: Recipe) -> None:
        manifest = generation.manifest
        self.generation = generation
        self.is_of_this_folder = (manifest.root, manifest.folder) == (str(folder.parent), folder.name)
        self.cuts_alike = recipe.cuts_like(manifest.built_with) and manifest.made_by == made_by()
        self.is_of_these_settings = is_current and self.cuts_alike and manifest.built_with == recipe.as_data()

    @cached_property
    def records(self) -> dict[str, ArticleRecord]:
        return {record.source: record for record in self.generation.articles()}

    @cached_property
    def refused(self) -> dict[str, RefusedRecord]:
        return {record.source: record for record in self.generation.refused()}

    def known_hash(self, source: str, now: tuple[int, int, int]) -> str | None:
        """The hash of a file whose size and times are as they were, without reading it; None where it has to be read."""
        record = self.records.get(source) or self.refused.get(source)
        return (record.sha256 or None) if record and self.is_of_this_folder and record.stamp == now else None

    def record_of(self, source: str, sha256: str | None) -> ArticleRecord | None:
        """The record of a file that would be cut into the same passages again; None for another content, or other rules."""
        record = self.records.get(source)
        return record if record and record.sha256 == sha256 and self.cuts_alike else None

    def still_refused(self, source: str, now: tuple[int, int, int]) -> RefusedRecord | None:
        """Why a file was refused that has not been touched since; None where it has to be looked at again."""
        record = self.refused.get(source)
        if not record or not self.is_of_this_folder or not self.cuts_alike or record.stamp != now:
            return None
        return None if record.sha256 or record.reason.startswith(_OF_THE_MOMENT) else record

    def is_still_right(self, found: list[File | Refused], hash_of: Callable[[File], str | None]) -> bool:
        """Whether these files, looked at and where need be read, are just those of this generation, of the same settings."""
        if not (self.is_of_these_settings and self.is_of_this_folder):
            return False
        if {file.source for file in found} != self.records.keys() | self.refused.keys():
            return False
        return all(self._is_as_it_was(file, hash_of) for file in found)

    def _is_as_it_was(self, file: File | Refused, hash_of: Callable[[File], str | None]) -> bool:
        refused = self.refused.get(file.source)
        if isinstance(file, Refused):
            return refused is not None and refused.reason == file.reason
        now = stamp(file.path)
        if refused:
            return refused.stamp == now and not refused.reason.startswith(_OF_THE_MOMENT)
        record = self.records[file.source]
        return record.stamp == now or (record.stamp[:2] == now[:2] and hash_of(file) == record.sha256)

    def sources(self, card: EncoderCard) -> list[Source]:
        """Its vectors, by the keys of their texts; none where they were made in another precision."""
        if self.generation.manifest.encoder != asdict(card):
            return []
        texts = self.generation.texts
        return [
            Source(texts.passage_keys, self.generation.passage_vectors.vectors),
            Source(texts.sentence_keys, self.generation.sentence_vectors.vectors),
        ]


def find_earlier(index: Path, folder: Path, recipe: Recipe, card: EncoderCard, notice: Callable[[str], None]) -> Earlier | None:
    """The current generation, or where it is damaged or of another model, the newest that is neither; None without any."""
    current = _current(index)
    for path in _candidates(index, current):
        try:
            if _but_precision(read_manifest(path).encoder) == _but_precision(asdict(card)):
                return Earlier(open_generation(path, whole=True), path.name == current, folder.resolve(), recipe)
        except IndexProblem as error:
            notice(f"not used for this build: {str(error).partition(';')[0]}")
    return None


def _but_precision(card: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in card.items() if name != "precision"}


def _current(index: Path) -> str | None:
    try:
        return read_current(index)
    except IndexProblem:
        return None


def _candidates(index: Path, current: str | None) -> Iterator[Path]:
    folders = generation_folders(index)
    yield from (path for path in folders if path.name == current)
    yield from (path for path in folders if path.name != current)
