"""How near words are in meaning: by the bundled encoder's own table of words, brought down to few dimensions.

`data/roots.npz`, which `eval.roots` writes, holds a unit vector for each root (`index.lexical.terms`) of a word in that table. So a
sentence that says "bought" takes up a question's "purchase" for the most part. A word that stands in no table, such as a
name, is near itself only. (The best match of each word of a question, added up: Khattab and Zaharia 2020, "ColBERT", section 3.3,
here with vectors that know no context.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files

import numpy as np

from qa.kinds import TEXTS, stem_set

DATA = "roots.npz"


def taken_up(weights: Mapping[str, float], texts: Sequence[str]) -> np.ndarray:
    """The share of the weights of a question's roots that each text takes up, 0 to 1: shape (len(texts),).

    A root counts whole where the text holds it, else by its cosine with the nearest root of the text.
    """
    total = sum(weights.values())
    shares = np.zeros(len(texts))
    if not total:
        return shares
    numbers, vectors = _table()
    held = [_numbers(text) for text in texts]
    starts = np.concatenate([[0], np.cumsum([len(one) for one in held])])
    full = np.flatnonzero(np.diff(starts))
    used, at = np.unique(np.concatenate([*held, np.zeros(0, np.int64)]), return_inverse=True)
    near = vectors[used]
    for root, weight in weights.items():
        best = np.zeros(len(texts))
        number = numbers.get(root)
        if number is not None and len(full):
            best[full] = np.maximum.reduceat((near @ vectors[number])[at], starts[:-1][full])
        own = np.array([root in stem_set(text) for text in texts])
        shares += weight * np.where(own, 1.0, np.clip(best, 0.0, 1.0))
    return shares / total


@lru_cache(maxsize=TEXTS)
def _numbers(text: str) -> np.ndarray:
    """The rows of the roots of a text that have one."""
    numbers, _ = _table()
    return np.array(sorted(numbers[root] for root in stem_set(text) if root in numbers), dtype=np.int64)


@lru_cache(maxsize=1)
def _table() -> tuple[dict[str, int], np.ndarray]:
    """root → row, and the rows as unit vectors, float32."""
    with np.load(str(files("qa") / "data" / DATA), allow_pickle=False) as kept:
        roots, rows = kept["roots"], kept["rows"].astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return {root.decode(): number for number, root in enumerate(roots.tolist())}, rows
