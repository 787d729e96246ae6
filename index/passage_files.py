"""The passages of a generation on disk: written in order as they come, read by number.

passages.jsonl              one line per passage, with its sentences
passages.offsets.npy        where each line starts, and the end
sentences.first.npy         the number of each passage's first sentence, and the number of all sentences
passages.keys.npy sentences.keys.npy      a hash of each text that was embedded, by which its vector is found again
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from index.arrays import ArrayWriter, closing_quietly, mapped
from index.types import Passage, Sentence

KEY = "S16"
"""Keys of texts, as NumPy has them: 16 bytes of BLAKE2. All have one length, so the zero bytes that `S` drops at the end tell nothing."""


REMEMBERED = 2_048
"""Passages that an opened generation remembers at most, some 10 MB."""


def text_key(text: str) -> bytes:
    """The same for the same text, 16 bytes."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def passage_to_json(passage: Passage) -> bytes:
    record = asdict(passage)
    return (json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def passage_from_json(line: bytes) -> Passage:
    record = json.loads(line)
    sentences = tuple(Sentence(**sentence) for sentence in record.pop("sentences"))
    return Passage(**record | {"section": tuple(record["section"]), "sentences": sentences})


class _Lines:
    """The lines of a file that starts each where `offsets` say. The file is open as long as this lives."""

    def __init__(self, path: Path, offsets: np.ndarray) -> None:
        self._offsets = offsets
        self._file = os.open(path, os.O_RDONLY)

    def __del__(self) -> None:
        descriptor = getattr(self, "_file", None)
        if descriptor is not None:
            os.close(descriptor)

    def read(self, first: int, count: int) -> bytes:
        start, end = int(self._offsets[first]), int(self._offsets[first + count])
        parts = []
        while start < end and (part := os.pread(self._file, end - start, start)):
            parts.append(part)
            start += len(part)
        return b"".join(parts)

    def passage(self, number: int) -> Passage:
        return passage_from_json(self.read(number, 1))


class PassageFiles:
    """Passages that were written, read from disk when they are asked for. Safe from several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._offsets = mapped(folder / "passages.offsets.npy")
        self.first_sentence = mapped(folder / "sentences.first.npy")
        self._lines = _Lines(folder / "passages.jsonl", self._offsets)
        self.passage = lru_cache(maxsize=REMEMBERED)(self._lines.passage)
        """The passage of a number. The ones asked for last are remembered: the same objects, read from disk once."""

    def __len__(self) -> int:
        return len(self._offsets) - 1

    @cached_property
    def passage_keys(self) -> np.ndarray:
        """Shape (passages,)."""
        return mapped(self._folder / "passages.keys.npy")

    @cached_property
    def sentence_keys(self) -> np.ndarray:
        """Shape (sentences,)."""
        return mapped(self._folder / "sentences.keys.npy")

    def lines(self, first: int, count: int) -> bytes:
        """The lines `first` … `first + count` as they stand on disk."""
        return self._lines.read(first, count)

    def offsets(self, first: int, count: int) -> np.ndarray:
        """Where those lines start, and the end: shape (count + 1,)."""
        return self._offsets[first : first + count + 1]


class PassageWriter:
    """Writes the files above. Holds nothing of what was written."""

    def __init__(self, folder: Path) -> None:
        self._bytes = 0
        with ExitStack() as opened:
            self._lines = opened.enter_context(closing_quietly((folder / "passages.jsonl").open("wb")))
            array = lambda name, dtype: opened.enter_context(ArrayWriter(folder / name, dtype))
            self._offsets = array("passages.offsets.npy", "<u8")
            self._firsts = array("sentences.first.npy", "<u8")
            self._passage_keys = array("passages.keys.npy", KEY)
            self._sentence_keys = array("sentences.keys.npy", KEY)
            self._opened = opened.pop_all()

    @property
    def passages(self) -> int:
        return self._passage_keys.rows

    @property
    def sentences(self) -> int:
        return self._sentence_keys.rows

    def __enter__(self) -> PassageWriter:
        return self

    def __exit__(self, kind: object, *error: object) -> None:
        with self._opened:
            if kind is None:
                self._offsets.append(np.array([self._bytes]))
                self._firsts.append(np.array([self.sentences]))
                self._lines.close()
                for array in (self._offsets, self._firsts, self._passage_keys, self._sentence_keys):
                    array.close()

    def add(self, passage: Passage, text: str, sentence_texts: Sequence[str]) -> None:
        """One passage, with what is embedded of it and of its sentences."""
        self._append(
            passage_to_json(passage),
            np.array([self._bytes]),
            np.array([self.sentences]),
            np.array([text_key(text)], dtype=KEY),
            np.array([text_key(sentence) for sentence in sentence_texts], dtype=KEY),
        )

    def copy(self, other: PassageFiles, first: int, count: int) -> None:
        """Passages `first` … `first + count` of another generation, as they are."""
        offsets = other.offsets(first, count)
        firsts = other.first_sentence[first : first + count + 1]
        begin, end = int(firsts[0]), int(firsts[-1])
        self._append(
            other.lines(first, count),
            offsets[:-1].astype(np.int64) - int(offsets[0]) + self._bytes,
            firsts[:-1].astype(np.int64) - begin + self.sentences,
            other.passage_keys[first : first + count],
            other.sentence_keys[begin:end],
        )

    def _append(
        self, lines: bytes, offsets: np.ndarray, firsts: np.ndarray, passage_keys: np.ndarray, sentence_keys: np.ndarray
    ) -> None:
        self._lines.write(lines)
        self._offsets.append(offsets)
        self._firsts.append(firsts)
        self._passage_keys.append(passage_keys)
        self._sentence_keys.append(sentence_keys)
        self._bytes += len(lines)
