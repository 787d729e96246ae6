"""The third step of a build: vectors for the texts that have none yet, in blocks that go to a checkpoint; then all in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from index import vectors
from index.arrays import ArrayWriter, mapped
from index.checkpoint import Checkpoint
from index.embed import Encoder
from index.passage_files import PassageFiles
from index.reuse import Pool, Source, positions
from index.types import Passage

BLOCK = 256
"""Texts that are embedded together and then written to the checkpoint: what a kill can cost."""

WINDOW = 4096
"""Texts that are sorted by length before they are cut into blocks, so that little of a batch is padding; held in memory."""

_AT_ONCE = 4096
"""Passages whose keys are looked up together."""

Progress = Callable[[str, int, int], None]
"""Told the stage, how many are done, and of how many."""

Notice = Callable[[str], None]
"""Told a line for the person who builds."""


def embed_missing(
    texts: PassageFiles,
    sources: Sequence[Source],
    checkpoint: Checkpoint,
    encoder: Encoder,
    texts_of: Callable[[Passage], list[str]],
    tell: Progress,
    say: Notice,
) -> tuple[int, int]:
    """Embed each text once that is in no source and not in the checkpoint.

    Returns how many texts that were, and how many more an interrupted build had embedded into the checkpoint.
    """
    keys = np.concatenate([texts.passage_keys, texts.sentence_keys])
    missing = np.unique(keys[Pool(sources).find(keys) < 0])
    wanted = missing[positions(np.sort(checkpoint.keys), missing) < 0]
    resumed, done = len(missing) - len(wanted), 0
    if resumed:
        say(f"going on from an interrupted build: {resumed:,} of {len(missing):,} texts are embedded already")
    for block in _blocks(_texts_for(wanted, texts, texts_of)):
        before = done

        def count(more: int) -> None:
            nonlocal done
            done += more
            tell("embedding", done, len(wanted))

        embedded = encoder.encode_passages([text for _, text in block], count)
        checkpoint.append(wanted[[place for place, _ in block]], embedded)
        done = before + len(block)
    return len(wanted), resumed


def _texts_for(wanted: np.ndarray, texts: PassageFiles, texts_of: Callable[[Passage], list[str]]) -> Iterator[tuple[int, str]]:
    """Each key's place in `wanted` (sorted) with its text, once, in the order in which the texts come."""
    pending = np.ones(len(wanted), dtype=bool)
    for first in range(0, len(texts), _AT_ONCE):
        after = min(first + _AT_ONCE, len(texts))
        starts = texts.first_sentence[first : after + 1].astype(np.int64)
        heads = positions(wanted, texts.passage_keys[first:after])
        sentences = positions(wanted, texts.sentence_keys[starts[0] : starts[-1]])
        for number in range(first, after):
            begin, end = starts[number - first : number - first + 2] - starts[0]
            places = [int(heads[number - first]), *sentences[begin:end].tolist()]
            if not any(place >= 0 and pending[place] for place in places):
                continue
            for place, text in zip(places, texts_of(texts.passage(number)), strict=True):
                if place >= 0 and pending[place]:
                    pending[place] = False
                    yield place, text


def _blocks(pairs: Iterator[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    """Blocks of texts of similar length, the longest of each window first."""
    while window := sorted(islice(pairs, WINDOW), key=lambda pair: -len(pair[1])):
        yield from (window[start : start + BLOCK] for start in range(0, len(window), BLOCK))


def write_vectors(folder: Path, texts: PassageFiles, sources: Sequence[Source]) -> None:
    """The vectors of all passages and of all sentences, in their order, from wherever they are. None may be missing."""
    pool = Pool(sources)
    for name, keys in (("passages", texts.passage_keys), ("sentences", texts.sentence_keys)):
        rows = pool.find(keys)
        if (rows < 0).any():
            raise RuntimeError(f"{int((rows < 0).sum())} {name} have no vector")
        _write(folder / f"{name}.faiss", pool, rows)


def _write(path: Path, pool: Pool, rows: np.ndarray) -> None:
    """Gather the vectors in a file beside it, then build the index from there. The one place that hands vectors to `index.vectors`."""
    gathered = path.with_suffix(".gathered")
    if len(rows):
        with ArrayWriter(gathered, "<f4", pool.take(rows[:1]).shape[1]) as writer:
            for start in range(0, len(rows), BLOCK):
                writer.append(pool.take(rows[start : start + BLOCK]))
            writer.close()
        vectors.build(path, mapped(gathered))
        gathered.unlink()
