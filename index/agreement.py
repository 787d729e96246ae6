"""Whether the quick encoder serves a folder of articles as well as the exact one, measured on a sample of its own passages.

Questions and passages are encoded in 8-bit integers where, over the sample, the vectors and what they find first are nearly those of
float32; else in float32. The sample depends on the passages alone, so that the same articles are always decided alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from index.embed import Encoder, Precision

SAMPLE = 32
"""Passages, evenly spread, and as many questions; embedded in both precisions."""
LEAST_COSINE = 0.985
"""Least mean cosine between the quick and the exact vector of a text …"""
LEAST_OVERLAP = 0.85
"""… and least mean share of the passages found first that both find first, for the quick encoder to be used."""
AT = 10


@dataclass(frozen=True, slots=True)
class Agreement:
    """How near the quick vectors are to the exact ones, and which of the two are used."""

    precision: Precision
    texts: int = 0
    cosine: float = 1.0
    least_cosine: float = 1.0
    overlap: float = 1.0


def sample(passages: int) -> list[int]:
    """The numbers of the passages to measure on."""
    return sorted({round(n) for n in np.linspace(0, passages - 1, min(SAMPLE, passages))})


def settled(encoder: Encoder, passages: Sequence[str], questions: Sequence[str]) -> tuple[Encoder, Agreement]:
    """The encoder to use for articles of which these are a sample: the given one, or its exact form."""
    if encoder.card.precision == "float32":
        return encoder, Agreement("float32")
    exact = encoder.exact()
    quick_rows, exact_rows = (one.encode_passages([*passages, *questions]) for one in (encoder, exact))
    cosines = (quick_rows * exact_rows).sum(axis=1)
    overlap = _overlap(quick_rows, exact_rows, len(passages))
    near = float(cosines.mean()) >= LEAST_COSINE and overlap >= LEAST_OVERLAP
    used = encoder if near else exact
    rounded = (round(float(value), 4) for value in (cosines.mean(), cosines.min(), overlap))
    return used, Agreement(used.card.precision, len(cosines), *rounded)


def _overlap(one: np.ndarray, other: np.ndarray, passages: int) -> float:
    """Mean share of the first `AT` passages (of a quarter of them, where they are few) for a question that are the same in both."""
    at = max(1, min(AT, passages // 4))
    found: Callable[[np.ndarray], np.ndarray] = lambda rows: np.argsort(
        -(rows[passages:] @ rows[:passages].T), axis=1, kind="stable"
    )[:, :at]
    return float(np.mean([len(np.intersect1d(a, b)) / at for a, b in zip(found(one), found(other), strict=True)]))
