"""The indexed files, to be read: only what the open generation names, found by id, never by a path from outside."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from index.repair import Repaired, repair
from qa.server.errors import Refusal
from qa.server.schemas import SourceSummary, SourceText, TextRange, page_link, source_id


@dataclass(frozen=True, slots=True)
class Entry:
    """A file as it was indexed: its name in citations, its hash then, its title."""

    source: str
    sha256: str
    title: str


class Library:
    """The files of one generation. `root` is the folder that the names in citations are relative to."""

    def __init__(self, entries: Iterable[Entry], root: Path) -> None:
        self._entries = {source_id(entry.source): entry for entry in sorted(entries, key=lambda entry: entry.source)}
        self._root = root.resolve()

    def __len__(self) -> int:
        return len(self._entries)

    def page(self, offset: int, limit: int, base: str) -> tuple[SourceSummary, ...]:
        """The files `[offset, offset + limit)` in the order of their names."""
        chosen = list(self._entries.items())[offset : offset + limit]
        return tuple(SourceSummary(id, e.source, e.title, e.sha256, page_link(base, e.source, 0, 0)) for id, e in chosen)

    def find(self, id: str) -> Entry:
        """Raises Refusal 404 for an id that the manifest does not have."""
        if id not in self._entries:
            raise Refusal(404, "unknown_source", "the index has no such source; GET /v1/sources lists them")
        return self._entries[id]

    def with_hash(self, sha256: str) -> list[str]:
        """The names of the files that had this content when they were indexed."""
        return [entry.source for entry in self._entries.values() if entry.sha256 == sha256]

    def read(self, entry: Entry) -> bytes:
        """The file as it stands on disk now. Raises Refusal 410 when it is gone, or has become a link out of the folder."""
        path = (self._root / entry.source).resolve()
        folder = (self._root / entry.source.partition("/")[0]).resolve()
        try:
            if not path.is_relative_to(folder) or not path.is_file():
                raise FileNotFoundError
            return path.read_bytes()
        except OSError:
            raise Refusal(410, "source_gone", f"{entry.source} is no longer where it was indexed") from None

    def as_it_stands(self, source: str) -> Repaired | None:
        """A file by its name in citations, or None: for one that the manifest does not name, that is gone, or no longer text."""
        entry = self._entries.get(source_id(source))
        try:
            return _repaired(_decoded(self.read(entry), entry)) if entry and entry.source == source else None
        except Refusal:
            return None

    def text(self, id: str, start: int | None, end: int | None) -> SourceText:
        """A file as it reads, and where the raw range `[start, end)` stands in it."""
        entry = self.find(id)
        data = self.read(entry)
        sha256 = hashlib.sha256(data).hexdigest()
        repaired = _repaired(_decoded(data, entry))
        return SourceText(
            id=id,
            source=entry.source,
            title=entry.title,
            sha256=sha256,
            indexed_sha256=entry.sha256,
            changed=sha256 != entry.sha256,
            text=repaired.text,
            highlight=None if start is None or end is None else _highlight(repaired, start, end),
            raw_url=f"/v1/sources/{id}/raw",
        )


def _decoded(data: bytes, entry: Entry) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refusal(409, "source_unreadable", f"{entry.source} has changed and is no longer UTF-8 text") from None


@lru_cache(maxsize=8)
def _repaired(raw: str) -> Repaired:
    return repair(raw)


def _highlight(repaired: Repaired, start: int, end: int) -> TextRange:
    if not 0 <= start <= end <= len(repaired.raw):
        raise Refusal(422, "range_outside", f"start and end must lie in order within the file's {len(repaired.raw):,} characters")
    first, last = repaired.from_raw(start, end)
    return TextRange(first, last, repaired.raw.count("\n", 0, start) + 1)
