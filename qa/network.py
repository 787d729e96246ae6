"""A small network over the features of a sentence: one hidden layer beside a linear part, fitted by `eval.fit_network`, computed with
numpy alone.

What speaks for a sentence depends on what else is known of it: words of the question weigh much where the sentence holds them,
and say nothing of one that answers in other words. A linear model cannot tell the two apart, but goes less astray on articles unlike
those it was fitted on; so each has half a say (Cheng et al. 2016, "Wide & Deep Learning for Recommender Systems").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

LARGEST = 30.0
"""Log odds count as no larger than this: a probability is never so near to 0 or 1 that it has no odds in floating point."""


@dataclass(frozen=True, slots=True)
class Network:
    """p = 1 / (1 + exp(−(max(0, z · hidden + hidden_bias) · out + z · direct + bias))), with z = (x − mean) / scale."""

    mean: np.ndarray
    scale: np.ndarray
    hidden: np.ndarray
    """Shape (features, units)."""
    hidden_bias: np.ndarray
    out: np.ndarray
    direct: np.ndarray
    """Shape (features,)."""
    bias: float

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Network:
        """A fitted network as its file holds it."""
        mean, scale, hidden, hidden_bias, out, direct = (
            np.array(record[name], dtype=np.float64) for name in ("mean", "scale", "hidden", "hidden_bias", "out", "direct")
        )
        return cls(mean, scale, hidden, hidden_bias, out, direct, float(record["bias"]))

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Probabilities; `values` of shape (n, features)."""
        known = (values - self.mean) / self.scale
        units = np.maximum(0.0, known @ self.hidden + self.hidden_bias)
        return 1.0 / (1.0 + np.exp(-np.clip(units @ self.out + known @ self.direct + self.bias, -LARGEST, LARGEST)))
