"""Fit the confidence to a user's own questions, and choose the threshold for a stated risk.

From a result of `qa eval run`: each row has a confidence and whether the answer behind it was right, given or held back. The
order of the answers is kept; their probabilities are refitted (Platt 1999, "Probabilistic Outputs for Support Vector
Machines", section 2), and the threshold is the one that answers most while the share of wrong answers stays below the risk
(Geifman and El-Yaniv 2017, "Selective Classification for Deep Neural Networks").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from index.errors import UsageError
from qa.calibration import Curve, log_odds

LEAST = 20
"""Questions that a fit needs at least, and right and wrong answers among them."""
LEAST_OF_EACH = 5
STEPS = 100


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A curve, the threshold on its probabilities, and what both give on the questions they were fitted on."""

    curve: Curve
    threshold: float
    risk: float
    coverage: float
    error_before: float
    error_after: float
    error_least: float
    """Of perfect confidences on as many questions: chance alone."""
    questions: int

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self.curve), "about": {k: v for k, v in asdict(self).items() if k != "curve"}}


def calibrate(rows: Sequence[Mapping[str, Any]], risk: float) -> Calibrated:
    """Raises UsageError for too few rows, or where no threshold holds the risk."""
    from eval.metrics import calibration_error, expected_calibration_error

    pairs = [row["selective"] for row in rows if row.get("selective")]
    confidences, right = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs]) > 0.5
    if len(pairs) < LEAST or min(right.sum(), (~right).sum()) < LEAST_OF_EACH:
        raise UsageError(
            f"{len(pairs)} judged answers, {right.sum()} of them right, are too few to calibrate on: {LEAST} are needed, "
            f"and {LEAST_OF_EACH} of each"
        )
    curve = fit(confidences, right)
    fitted = curve(confidences)
    threshold, coverage, wrong = choose(fitted, right, risk)
    return Calibrated(
        curve,
        threshold,
        round(wrong, 4),
        round(coverage, 4),
        round(calibration_error(confidences.tolist(), right.astype(float).tolist()), 4),
        round(calibration_error(fitted.tolist(), right.astype(float).tolist()), 4),
        round(expected_calibration_error(fitted.tolist()), 4),
        len(pairs),
    )


def fit(confidences: np.ndarray, right: np.ndarray) -> Curve:
    """Maximum likelihood by Newton's method, with Platt's smoothed targets, so that few answers do not give certainty."""
    x = log_odds(confidences)
    wins, losses = right.sum(), (~right).sum()
    targets = np.where(right, (wins + 1) / (wins + 2), 1 / (losses + 2))
    columns, point = np.column_stack([x, np.ones_like(x)]), np.array([1.0, 0.0])
    for _ in range(STEPS):
        p = 1.0 / (1.0 + np.exp(-columns @ point))
        slope = columns.T @ (p - targets)
        bend = columns.T @ (columns * (p * (1 - p))[:, None]) + 1e-9 * np.eye(2)
        step = np.linalg.solve(bend, slope)
        point = point - step
        if np.abs(step).max() < 1e-9:
            break
    if point[0] <= 0:
        raise UsageError(
            "on these questions a higher confidence does not go with right answers, so there is nothing to calibrate"
        )
    return Curve(round(float(point[0]), 6), round(float(point[1]), 6))


def choose(confidences: np.ndarray, right: np.ndarray, risk: float) -> tuple[float, float, float]:
    """The lowest threshold at which at most `risk` of the given answers are wrong, with the share of questions answered and of wrong
    answers among them. Raises UsageError where there is none."""
    order = np.argsort(-confidences, kind="stable")
    wrong = np.cumsum(~right[order]) / np.arange(1, len(order) + 1)
    last_of_its_value = np.append(np.diff(confidences[order]) != 0, True)
    held = np.flatnonzero((wrong <= risk) & last_of_its_value)
    if not len(held):
        raise UsageError(f"no threshold keeps the share of wrong answers at or below {risk:g}; the least is {wrong.min():.2f}")
    last = held[-1]
    return float(np.floor(confidences[order][last] * 1e4) / 1e4), float((last + 1) / len(order)), float(wrong[last])
