"""The first step of a build: files to passages in the workshop, one file after the other; what has not changed is copied."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from index import files
from index.earlier import Earlier
from index.freshness import stamp
from index.passage_files import PassageWriter
from index.store import ArticleRecord, RefusedRecord
from index.types import Article, Passage, Refused


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file's text is read: `understand` cuts it into passages, `texts_of` gives what is embedded of one, the passage first."""

    max_bytes: int
    understand: Callable[[files.Text], Refused | tuple[Article, list[Passage]]]
    texts_of: Callable[[Passage], list[str]]


class Ingest:
    """What came in: counts, the hash of each article, and the files that were left out."""

    def __init__(self, workshop: Path, reading: Reading, earlier: Earlier | None) -> None:
        self._workshop = workshop
        self._reading = reading
        self._earlier = earlier
        self._indexed: dict[str, str] = {}
        self.hashes: list[tuple[str, str]] = []
        self.refused: list[RefusedRecord] = []
        self.passages = self.sentences = 0

    def take(self, found: list[files.File | Refused], done: Callable[[int], None]) -> None:
        """Write the passages and records of these files; `done` is told how many of them are."""
        with PassageWriter(self._workshop) as writer:
            _write_lines(self._workshop / "articles.jsonl", self._articles(found, writer, done))
        _write_lines(self._workshop / "refused.jsonl", self.refused)
        self.passages, self.sentences = writer.passages, writer.sentences

    def _articles(
        self, found: list[files.File | Refused], writer: PassageWriter, done: Callable[[int], None]
    ) -> Iterator[ArticleRecord]:
        for number, file in enumerate(found, 1):
            outcome = self._outcome(file, writer)
            if isinstance(outcome, RefusedRecord):
                self.refused.append(outcome)
            else:
                self._indexed[outcome.sha256] = outcome.source
                self.hashes.append((outcome.source, outcome.sha256))
                yield outcome
            done(number)

    def _outcome(self, file: files.File | Refused, writer: PassageWriter) -> ArticleRecord | RefusedRecord:
        if isinstance(file, Refused):
            return RefusedRecord(file.source, file.reason)
        now = stamp(file.path)
        if not self._earlier:
            return self._read(file, now, writer)
        sha256 = self._earlier.known_hash(file.source, now)
        if sha256 in self._indexed:
            return self._copy_of(file.source, sha256, now)
        record = self._earlier.record_of(file.source, sha256)
        return (
            self._earlier.still_refused(file.source, now)
            or (record and self._copied(record, now, writer))
            or self._read(file, now, writer)
        )

    def _copy_of(self, source: str, sha256: str, now: tuple[int, int, int]) -> RefusedRecord:
        """The same text is not indexed twice: it would fill the places of other passages. It is cited by the path that is found first."""
        return RefusedRecord(source, f"is an exact copy of {self._indexed[sha256]}", *now, sha256)

    def _copied(self, record: ArticleRecord, now: tuple[int, int, int], writer: PassageWriter) -> ArticleRecord:
        first = writer.passages
        writer.copy(self._earlier.generation.texts, record.first, record.count)  # type: ignore[union-attr]
        return ArticleRecord(record.source, record.sha256, *now[:2], record.title, first, record.count, record.aliases, now[2])

    def _read(self, file: files.File, now: tuple[int, int, int], writer: PassageWriter) -> ArticleRecord | RefusedRecord:
        text = files.read(file, self._reading.max_bytes)
        if isinstance(text, Refused):
            return RefusedRecord(text.source, text.reason, *now)
        now = (text.size, text.modified_ns, now[2])
        if text.sha256 in self._indexed:
            return self._copy_of(text.source, text.sha256, now)
        record = self._earlier.record_of(text.source, text.sha256) if self._earlier else None
        if record:
            return self._copied(record, now, writer)
        outcome = self._reading.understand(text)
        if isinstance(outcome, Refused):
            return RefusedRecord(text.source, outcome.reason, *now)
        article, passages = outcome
        first = writer.passages
        for passage in passages:
            head, *sentences = self._reading.texts_of(passage)
            writer.add(passage, head, sentences)
        return ArticleRecord(text.source, text.sha256, *now[:2], article.title, first, len(passages), article.aliases, now[2])


def _write_lines(path: Path, records: Iterable[Any]) -> None:
    """Dataclasses as lines of JSON, written as they come."""
    with path.open("wb") as stream:
        for record in records:
            stream.write((json.dumps(asdict(record), ensure_ascii=False) + "\n").encode())
