"""Arrays written to disk as they come, as plain `.npy` files, so that nothing has to be held whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np

_HEADER = 128


class ArrayWriter:
    """Appends rows to a `.npy` file; the number of rows is put into its header when it is closed.

    Without mapping the file into memory, where a full disk would kill the process instead of raising OSError.
    """

    def __init__(self, path: Path, dtype: str, columns: int = 0) -> None:
        self._dtype = np.dtype(dtype)
        self._columns = columns
        self._stream = path.open("wb")
        self._stream.write(b"\0" * _HEADER)
        self.rows = 0

    def append(self, rows: np.ndarray) -> None:
        """Rows of shape (n,) or (n, columns)."""
        self._stream.write(np.ascontiguousarray(rows, dtype=self._dtype).tobytes())
        self.rows += len(rows)

    def close(self) -> None:
        """Write the header, which makes it a readable array, and close. Raises OSError when the disk refuses."""
        self._stream.seek(0, os.SEEK_SET)
        self._stream.write(_header(self._dtype, (self.rows, self._columns) if self._columns else (self.rows,)))
        self._stream.close()

    def __enter__(self) -> ArrayWriter:
        return self

    def __exit__(self, *error: object) -> None:
        """Close what was not closed by then: a file that is thrown away."""
        with suppress(OSError):
            self._stream.close()


@contextmanager
def closing_quietly(stream: BinaryIO) -> Iterator[BinaryIO]:
    """The stream, closed at the end without a word where it cannot be written any more. Who wants to know closes it before."""
    try:
        yield stream
    finally:
        with suppress(OSError):
            stream.close()


def _header(dtype: np.dtype, shape: tuple[int, ...]) -> bytes:
    """Version 1.0 of the format, numpy.org/doc/stable/reference/generated/numpy.lib.format.html, padded to a fixed length."""
    description = f"{{'descr': {dtype.str!r}, 'fortran_order': False, 'shape': {shape!r}, }}"
    text = description.ljust(_HEADER - 11) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode("ascii")


def mapped(path: Path) -> np.ndarray:
    """An array on disk, read where it is needed. Raises OSError or ValueError when it is none."""
    return np.load(path, mmap_mode="r", allow_pickle=False)
