"""One score from three: how near the passage, how near its best sentence, and how many of the question's telling words.

A convex combination of scores with fixed bounds (Bruch, Gai and Ingber 2023, "An Analysis of Fusion Functions for Hybrid
Retrieval", TM2C2), not of ranks: where BM25 finds nothing of use all its scores are near 0 and it moves nothing, so a question
that shares no word with its answer keeps the order that the vectors gave. Weights were fitted on the `dev` split.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

Score = TypeVar("Score", float, np.ndarray)


@dataclass(frozen=True, slots=True)
class Weights:
    passage: float
    sentence: float
    words: float
    kindred: float = 0.0
    """Worth of a word that WordNet puts beside one of the question's, as a share of that word's own (`index.akin`)."""


MODES = {
    "hybrid": Weights(passage=0.2, sentence=0.3, words=0.5, kindred=0.5),
    "dense": Weights(passage=1.0, sentence=0.0, words=0.0),
    "lexical": Weights(passage=0.0, sentence=0.0, words=1.0),
}


def fuse(weights: Weights, passage: Score, sentence: Score, words: Score) -> Score:
    """`passage` and `sentence` are cosines, `words` a share of the highest possible BM25 score; of one passage, or one a row."""
    return weights.passage * passage + weights.sentence * sentence + weights.words * words
