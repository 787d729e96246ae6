"""A confidence refitted to a user's own questions: the file that `qa eval calibrate` writes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from index.errors import UsageError

CERTAIN = 1e-6
"""Confidences are kept this far from 0 and 1, where the log odds have no end."""


@dataclass(frozen=True, slots=True)
class Curve:
    """p' = 1 / (1 + exp(−(slope · ln(p / (1 − p)) + bias))), with a slope above 0: the order of answers is kept."""

    slope: float = 1.0
    bias: float = 0.0

    def __call__(self, confidence: Any) -> Any:
        """The refitted probability of one confidence or an array of them."""
        return 1.0 / (1.0 + np.exp(-(self.slope * log_odds(confidence) + self.bias)))


def log_odds(confidence: Any) -> Any:
    p = np.clip(confidence, CERTAIN, 1.0 - CERTAIN)
    return np.log(p / (1.0 - p))


def load(path: Path | None) -> Curve | None:
    """The curve in a file, None for no path. Raises UsageError where the file is none of `qa eval calibrate`."""
    if path is None:
        return None
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        curve = Curve(float(record["slope"]), float(record["bias"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is no calibration ({error}); write one with: qa eval calibrate RESULT.json") from None
    if not (0 < curve.slope < 1e6 and abs(curve.bias) < 1e6):
        raise UsageError(f"{path} is no calibration: slope {curve.slope:g}, bias {curve.bias:g}")
    return curve
