"""Logistic regression as all small models are fitted: standardised values, weighted examples, a ridge, and signs bounded where they are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Bound = tuple[float | None, float | None]
FREE: Bound = (None, None)
FOR: Bound = (0.0, None)
AGAINST: Bound = (None, 0.0)


def fitted(
    values: np.ndarray, labels: np.ndarray, weights: np.ndarray, ridge: float = 1.0, bounds: Sequence[Bound] = ()
) -> dict[str, Any]:
    """The record of the likeliest model (`qa.reader.Logistic.of`), by L-BFGS-B. `values` of shape (n, features); `bounds` of each weight."""
    from scipy.optimize import minimize

    mean = np.average(values, axis=0, weights=weights)
    scale = np.sqrt(np.average((values - mean) ** 2, axis=0, weights=weights))
    scale[scale < 1e-6] = 1.0
    scaled, sign = (values - mean) / scale, np.where(labels, 1.0, -1.0)

    def loss(point: np.ndarray) -> tuple[float, np.ndarray]:
        margin = sign * (scaled @ point[:-1] + point[-1])
        slope = -weights * sign / (1.0 + np.exp(np.minimum(margin, 500.0)))
        value = float((weights * np.logaddexp(0.0, -margin)).sum() + 0.5 * ridge * (point[:-1] ** 2).sum())
        return value, np.append(scaled.T @ slope + ridge * point[:-1], slope.sum())

    every = [*(bounds or [FREE] * values.shape[1]), FREE]
    found = minimize(loss, np.zeros(values.shape[1] + 1), jac=True, bounds=every, method="L-BFGS-B").x
    return {
        "weights": [round(float(weight), 5) for weight in found[:-1]],
        "mean": [round(float(m), 5) for m in mean],
        "scale": [round(float(s), 5) for s in scale],
        "bias": round(float(found[-1]), 5),
    }
