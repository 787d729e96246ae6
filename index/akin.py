"""Words that an article may use where a question uses another: "rival" for "competitor", "brother" for "relative". By WordNet.

The relations are of roots, as `index.lexical.terms` gives them, and stand in `data/akin.txt.gz`, which `eval.wordnet` writes: one line
for each root, the roots that share a sense with it, and those one step broader or narrower. Which sense is meant is not known,
so such a word is worth less than the question's own.
"""

from __future__ import annotations

import gzip
from functools import lru_cache
from importlib.resources import files

SAME = 1.0
"""Worth of a root that shares a sense."""
STEP = 0.5
"""Worth of a root that is one step broader or narrower."""


def akin(root: str) -> tuple[tuple[str, float], ...]:
    """The other roots that may stand for `root`, each with its worth; none for a root that WordNet does not relate to any."""
    line = _lines().get(root)
    if line is None:
        return ()
    same, step = line.split("\t")
    return (*((one, SAME) for one in same.split()), *((one, STEP) for one in step.split()))


@lru_cache(maxsize=1)
def _lines() -> dict[str, str]:
    """root → the rest of its line, taken apart only when it is asked for."""
    text = gzip.decompress((files("index") / "data" / "akin.txt.gz").read_bytes()).decode()
    return {root: rest for root, _, rest in (line.partition("\t") for line in text.splitlines())}
