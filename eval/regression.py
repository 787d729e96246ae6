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
    """The record of the likeliest model (`qa.reader.Logistic.of`). `values` of shape (n, features); `bounds` of each weight."""
    mean, scale, found = _likeliest(values, labels, weights, ridge, bounds)
    return {
        "weights": [round(float(weight), 5) for weight in found[:-1]],
        "mean": [round(float(m), 5) for m in mean],
        "scale": [round(float(s), 5) for s in scale],
        "bias": round(float(found[-1]), 5),
    }


def curve(scores: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """(slope, shift) that make log odds of scores (Platt 1999)."""
    (mean,), (scale,), (slope, shift) = _likeliest(scores[:, None], labels, weights, 0.0, (), ftol=1e-15, gtol=1e-9)
    return float(slope / scale), float(shift - slope * mean / scale)


def _likeliest(
    values: np.ndarray, labels: np.ndarray, weights: np.ndarray, ridge: float, bounds: Sequence[Bound], **options: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means, scales, and the weights of the standardised values with the bias behind them, by L-BFGS-B."""
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
    begin = np.zeros(values.shape[1] + 1)
    return mean, scale, minimize(loss, begin, jac=True, bounds=every, method="L-BFGS-B", options=options).x
