"""Embedding in several processes, with the vectors of one.

A text's vector depends, in its last bits, on the batch it is encoded in. So the batches are those that one process would make, and each
goes whole to a worker, which opens the same model with one thread (ONNX Runtime's results do not depend on the number of threads).
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np

from index.embed import Encoder, Progress
from index.errors import ModelError

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

Opener = Callable[[], Encoder]
"""Opens the encoder in a worker; a function of a module, or a `functools.partial` of one."""


@contextmanager
def fanned_out(encoder: Encoder, workers: int, opener: Opener) -> Iterator[Encoder]:
    """`encoder`, its passages embedded by so many processes while the block runs; the encoder itself for one."""
    if workers < 2:
        yield encoder
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    pool = ProcessPoolExecutor(workers, get_context("spawn"), _begin, (opener,))
    try:
        yield FannedOut(encoder, pool)
    finally:
        pool.shutdown(cancel_futures=True)


class FannedOut:
    """An `Encoder` that hands the batches of passages to a pool, and does everything else itself."""

    def __init__(self, encoder: Encoder, pool: ProcessPoolExecutor) -> None:
        self.card = encoder.card
        self.count_tokens = encoder.count_tokens
        self.encode_query = encoder.encode_query
        self.batches = encoder.batches
        self._pool = pool

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        """Shape (len(texts), dimension). Raises ModelError when a worker ends or has another model."""
        from concurrent.futures.process import BrokenProcessPool

        vectors = np.empty((len(texts), self.card.dimension), dtype=np.float32)
        batches = [np.sort(batch) for batch in self.batches(texts)]
        try:
            found = self._pool.map(_encode, repeat(self.card.id), [[texts[n] for n in batch] for batch in batches])
            for batch, rows in zip(batches, found, strict=True):
                vectors[batch] = rows
                if progress:
                    progress(len(batch))
        except BrokenProcessPool:
            raise ModelError("a process that embeds has ended (out of memory?); run it again with fewer --workers") from None
        return vectors


_opened: list[Encoder] = []
"""In a worker: its encoder. Empty anywhere else."""


def _begin(opener: Opener) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _opened.append(opener())


def _encode(expected: str, texts: list[str]) -> np.ndarray:
    encoder = _opened[0]
    if encoder.card.id != expected:
        raise ModelError(f"a process that embeds has opened another model ({encoder.card.id}); run it again")
    return encoder.encode_passages(texts)
