"""A generation whose passages and vectors lie in Milvus. The only module that knows pymilvus (extra `milvus`).

Two collections hold a generation: `seedqa_NAME_passages` (number, vector, the passage as JSON) and `seedqa_NAME_sentences` (number,
vector). They are filled under another name and renamed when they are whole, so a half-filled one is never opened. The manifest, the
list of articles, the BM25 index and the table of first sentences stay in the folder of the index: they are small, and the same BM25
gives the same scores to the bit. Up to `EXACT_MOST` vectors the search is exact (FLAT), above that Milvus chooses (AUTOINDEX).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from index.errors import IndexProblem, MissingIndex, StorageError, UsageError
from index.lexical import LexicalIndex
from index.passage_files import passage_from_json, passage_to_json
from index.store import ArticleRecord, Generation, RefusedRecord, read_articles, read_manifest, read_refused, verify
from index.types import Passage
from index.vectors import EXACT_MOST

HELD_HERE = ("articles.jsonl", "refused.jsonl", "sentences.first.npy")
"""Files that a machine which answers needs beside `manifest.json` and `words/`."""

_ROWS_AT_ONCE = 500
_LONGEST_LINE = 65_535
"""Bytes of a passage as JSON: Milvus's bound for a text."""


class MilvusVectors:
    """One collection's vectors."""

    def __init__(self, client: Any, collection: str, count: int) -> None:
        self._client, self._collection, self._count = client, collection, count

    def __len__(self) -> int:
        return self._count

    def search(self, query: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Cosines and numbers of the `k` nearest vectors (fewer when there are fewer), best first."""
        k = min(k, len(self))
        if k == 0:
            return np.empty(0, np.float32), np.empty(0, np.int64)
        with _translated(self._collection):
            (hits,) = self._client.search(self._collection, data=[query.tolist()], limit=k, anns_field="vector")
        found = sorted((-float(hit["distance"]), int(hit["number"])) for hit in hits)
        return np.array([-score for score, _ in found], np.float32), np.array([number for _, number in found], np.int64)

    def rows(self, numbers: np.ndarray) -> np.ndarray:
        """The stored vectors of those numbers, in that order: shape (len(numbers), dimension), float32."""
        return np.array(_values(self._client, self._collection, numbers, "vector"), dtype=np.float32)


class MilvusGeneration:
    """One published generation (`index.search.Store`). Safe from several threads."""

    def __init__(self, path: Path, uri: str, token: str = "") -> None:
        manifest = read_manifest(path)
        held = {name: entry for name, entry in manifest.files.items() if name in HELD_HERE or name.startswith("words/")}
        verify(path, replace(manifest, files=held), whole=False)
        self.path, self.manifest = path, manifest
        self.first_sentence = np.load(path / "sentences.first.npy", mmap_mode="r", allow_pickle=False)
        self.words = LexicalIndex(path / "words")
        self._client = _connected(uri, token)
        self.passage_vectors = self._vectors("passages", manifest.passages, uri)
        self.sentence_vectors = self._vectors("sentences", manifest.sentences, uri)

    def _vectors(self, part: str, count: int, uri: str) -> MilvusVectors:
        name = collection(self.manifest.name, part)
        if not _is_whole(self._client, name, count):
            raise MissingIndex(
                f"the index {self.manifest.name} is not in Milvus at {uri}; run: qa index build --store milvus:{uri}"
            )
        with _translated(name):
            self._client.load_collection(name)
        return MilvusVectors(self._client, name, count)

    @property
    def name(self) -> str:
        return self.manifest.name

    def passage(self, number: int) -> Passage:
        return self.passages([number])[0]

    def passages(self, numbers: Sequence[int]) -> list[Passage]:
        """The passages of those numbers, in that order."""
        lines = _values(self._client, collection(self.name, "passages"), numbers, "line")
        return [passage_from_json(line.encode()) for line in lines]

    def articles(self) -> Iterator[ArticleRecord]:
        return read_articles(self.path)

    def refused(self) -> Iterator[RefusedRecord]:
        return read_refused(self.path)

    def article_path(self, source: str) -> Path:
        return Path(self.manifest.root) / source


def collection(generation: str, part: str) -> str:
    """The name of a generation's collection; `part` is "passages" or "sentences"."""
    return f"seedqa_{generation}_{part}"


def deliver(generation: Generation, uri: str, token: str = "") -> None:
    """Copy a generation's passages and vectors into Milvus, unless they are there. Raises IndexProblem or StorageError."""
    client = _connected(uri, token)
    dimension = int(generation.manifest.encoder["dimension"])
    _fill(client, collection(generation.name, "sentences"), dimension, len(generation.sentence_vectors), _sentences(generation))
    _fill(client, collection(generation.name, "passages"), dimension, len(generation.passage_vectors), _passages(generation))


def withdraw(names: Sequence[str], uri: str, token: str = "") -> None:
    """Drop the collections of generations that are no longer kept."""
    client = _connected(uri, token)
    for name in names:
        for part in ("passages", "sentences"):
            with _translated(name):
                client.drop_collection(collection(name, part))


def _sentences(generation: Generation) -> Iterator[dict[str, Any]]:
    for first in range(0, len(generation.sentence_vectors), _ROWS_AT_ONCE):
        count = min(_ROWS_AT_ONCE, len(generation.sentence_vectors) - first)
        for number, vector in enumerate(generation.sentence_vectors.vectors(first, count), first):
            yield {"number": number, "vector": vector}


def _passages(generation: Generation) -> Iterator[dict[str, Any]]:
    for number in range(len(generation.passage_vectors)):
        passage = generation.passage(number)
        line = passage_to_json(passage).decode()
        if len(line.encode()) > _LONGEST_LINE:
            raise StorageError(f"a passage of {passage.source} (line {passage.line}) is too long for Milvus; lower passage_words")
        yield {"number": number, "vector": generation.passage_vectors.vectors(number, 1)[0], "line": line}


def _fill(client: Any, name: str, dimension: int, count: int, rows: Iterator[dict[str, Any]]) -> None:
    if _is_whole(client, name, count):
        return
    filling = name + "_filling"
    with _translated(name):
        for left_over in (name, filling):
            client.drop_collection(left_over)
        _create(client, filling, dimension, count, has_lines=name.endswith("passages"))
        while some := list(islice(rows, _ROWS_AT_ONCE)):
            client.insert(filling, some)
        client.flush(filling)
        client.rename_collection(filling, name)


def _create(client: Any, name: str, dimension: int, count: int, has_lines: bool) -> None:
    from pymilvus import DataType

    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("number", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dimension)
    if has_lines:
        schema.add_field("line", DataType.VARCHAR, max_length=_LONGEST_LINE)
    kinds = client.prepare_index_params()
    kinds.add_index("vector", index_type="FLAT" if count <= EXACT_MOST else "AUTOINDEX", metric_type="IP")
    client.create_collection(name, schema=schema, index_params=kinds, consistency_level="Strong")


def _is_whole(client: Any, name: str, count: int) -> bool:
    with _translated(name):
        return client.has_collection(name) and int(client.get_collection_stats(name)["row_count"]) == count


def _values(client: Any, name: str, numbers: Sequence[int] | np.ndarray, field: str) -> list[Any]:
    """One field of the rows of those numbers, in that order."""
    wanted = [int(number) for number in numbers]
    if not wanted:
        return []
    with _translated(name):
        found = {row["number"]: row[field] for row in client.get(name, ids=wanted, output_fields=["number", field])}
    if len(found) < len(set(wanted)):
        raise MissingIndex(f"{name} in Milvus has lost rows; drop it there and run: qa index build --store …")
    return [found[number] for number in wanted]


def _connected(uri: str, token: str) -> Any:
    try:
        from pymilvus import MilvusClient
    except ImportError:
        raise UsageError(
            'the setting store names Milvus, whose client is not installed; run: pip install "seedqa[milvus]"'
        ) from None
    with _translated(uri):
        return MilvusClient(uri, token=token)


@contextmanager
def _translated(what: str) -> Iterator[None]:
    """Milvus's errors as an IndexProblem with the first line of what it said."""
    from pymilvus.exceptions import MilvusException

    try:
        yield
    except MilvusException as error:
        said = (str(error.message).strip().splitlines() or ["no reason given"])[0][:200]
        raise IndexProblem(f"Milvus refused ({what}): {said}") from None
