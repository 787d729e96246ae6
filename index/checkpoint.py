"""What was embedded so far, on disk while a build is at work: after a kill the next build goes on from there.

An append-only file. The first line is JSON and names the format and the encoder. Then come blocks, each

    BLAKE2 of the rest (16 bytes) · number of texts (4 bytes, little-endian) · their keys (16 bytes each) · their vectors (float32)

A block that is not whole, and everything after it, is cut off when the file is opened again.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from index.passage_files import KEY
from index.reuse import Source

FORMAT = 1
_SUM, _COUNT, _KEY_BYTES = 16, 4, 16
_MOST_TEXTS = 1_000_000
_MOST_HEADER = 10_000


class Checkpoint:
    """Keys and vectors in the order in which they were appended. One process at a time: the builder that holds the index's lock.

    A file of another encoder or format is begun anew. Raises OSError when the disk refuses.
    """

    def __init__(self, path: Path, card: dict[str, Any]) -> None:
        self.path = path
        self._dimension = int(card["dimension"])
        self._keys: list[np.ndarray] = []
        self._places: list[int] = []
        self._firsts = [0]
        header = (json.dumps({"format": FORMAT, "encoder": card}, sort_keys=True) + "\n").encode()
        self._file = open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666), "r+b", buffering=0)  # noqa: SIM115
        self._end = self._scan(header)

    def __len__(self) -> int:
        return self._firsts[-1]

    def __enter__(self) -> Checkpoint:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    @property
    def keys(self) -> np.ndarray:
        """Shape (len(self),)."""
        return np.concatenate(self._keys) if self._keys else np.empty(0, dtype=KEY)

    def append(self, keys: np.ndarray, vectors: np.ndarray) -> None:
        """Texts that were embedded: keys of shape (n,), vectors of shape (n, dimension)."""
        rest = b"".join(
            (
                len(keys).to_bytes(_COUNT, "little"),
                np.ascontiguousarray(keys, dtype=KEY).tobytes(),
                np.ascontiguousarray(vectors, dtype="<f4").tobytes(),
            )
        )
        self._write(_sum(rest) + rest)
        self._hold(keys)

    def vectors(self, first: int, count: int) -> np.ndarray:
        """The vectors `first` … `first + count`, shape (count, dimension)."""
        found = np.empty((count, self._dimension), dtype=np.float32)
        done = 0
        while done < count:
            block = int(np.searchsorted(self._firsts, first + done, side="right")) - 1
            skipped = first + done - self._firsts[block]
            many = min(count - done, len(self._keys[block]) - skipped)
            row = self._dimension * 4
            data = os.pread(self._file.fileno(), many * row, self._places[block] + skipped * row)
            found[done : done + many] = np.frombuffer(data, dtype="<f4").reshape(many, self._dimension)
            done += many
        return found

    def source(self) -> Source:
        """As the vectors are looked up."""
        return Source(self.keys, self.vectors)

    def discard(self) -> None:
        """Remove the file: everything in it is part of a published generation."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def _scan(self, header: bytes) -> int:
        """Read the blocks that are whole; returns where the next one goes, with nothing behind it."""
        if self._file.readline(_MOST_HEADER) != header:
            self._file.truncate(0)
            self._file.seek(0)
            self._end = 0
            self._write(header)
            return self._end
        self._end = len(header)
        while keys := self._block():
            self._hold(keys[0])
        self._file.truncate(self._end)
        return self._end

    def _block(self) -> list[np.ndarray]:
        self._file.seek(self._end)
        start = self._file.read(_SUM + _COUNT)
        count = int.from_bytes(start[_SUM:], "little")
        if len(start) < _SUM + _COUNT or not 0 < count <= _MOST_TEXTS:
            return []
        wanted = count * (_KEY_BYTES + 4 * self._dimension)
        body = self._file.read(wanted) or b""
        if len(body) != wanted or _sum(start[_SUM:] + body) != start[:_SUM]:
            return []
        self._end += len(start) + len(body)
        return [np.frombuffer(body[: count * _KEY_BYTES], dtype=KEY)]

    def _hold(self, keys: np.ndarray) -> None:
        """Note the block that ends at `self._end`."""
        self._keys.append(np.array(keys, dtype=KEY))
        self._firsts.append(self._firsts[-1] + len(keys))
        self._places.append(self._end - len(keys) * 4 * self._dimension)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            written = os.pwrite(self._file.fileno(), view, self._end)
            view = view[written:]
            self._end += written


def _sum(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_SUM).digest()
