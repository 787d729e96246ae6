"""Embedding in several processes, with the vectors of one.

The batches are those that one process would make, so that a model whose vectors depend on the batch, in their last bits, gives the same
too. Each goes whole to a worker, which opens the same model with one thread.
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
        self._encoder = encoder
        self.card = encoder.card
        self.count_tokens = encoder.count_tokens
        self.encode_query = encoder.encode_query
        self.batches = encoder.batches
        self._pool = pool

    def exact(self) -> Encoder:
        """The same model in float32, in the same processes."""
        return FannedOut(self._encoder.exact(), self._pool)

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        """Shape (len(texts), dimension). Raises ModelError when a worker ends or has another model."""
        from concurrent.futures.process import BrokenProcessPool

        vectors = np.empty((len(texts), self.card.dimension), dtype=np.float32)
        batches = [np.sort(batch) for batch in self.batches(texts)]
        try:
            found = self._pool.map(_encode, repeat(self.card.vectors_id), [[texts[n] for n in batch] for batch in batches])
            for batch, rows in zip(batches, found, strict=True):
                vectors[batch] = rows
                if progress:
                    progress(len(batch))
        except BrokenProcessPool:
            raise ModelError("a process that embeds has ended (out of memory?); run it again with fewer --workers") from None
        return vectors


_opened: dict[str, Encoder] = {}
"""In a worker: its encoder, by what its vectors depend on, and its exact form once that was asked for. Empty anywhere else."""


def _begin(opener: Opener) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    encoder = opener()
    _opened[encoder.card.vectors_id] = encoder


def _encode(expected: str, texts: list[str]) -> np.ndarray:
    if expected not in _opened:
        exact = next(iter(_opened.values())).exact()
        _opened[exact.card.vectors_id] = exact
    if expected not in _opened:
        raise ModelError(f"a process that embeds has opened another model ({next(iter(_opened))}); run it again")
    return _opened[expected].encode_passages(texts)
