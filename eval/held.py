"""Answers to questions of articles that were not fitted on: the curve and the threshold that follow from them, and how good they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from eval import regression
from eval.metrics import calibration_error, expected_calibration_error
from index.errors import UsageError

UNANSWERABLE = 0.2
"""Share of the questions that the articles do not answer, as the confidence assumes it: of the practice questions it is two fifths."""
WRONGLY = 0.08
"""Share of the answerable questions that may be abstained from: the threshold is the confidence that so many of them fall below."""


@dataclass(frozen=True, slots=True)
class Held:
    """For each question its folder, the log odds of its answer, whether that is right, whether there is one, and its weight."""

    folders: np.ndarray
    logits: np.ndarray
    right: np.ndarray
    answerable: np.ndarray
    weights: np.ndarray

    @classmethod
    def joined(cls, parts: Sequence[Held]) -> Held:
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))

    def curve(self) -> tuple[float, float]:
        """(slope, bias) of the log odds, fitted to whether the answers are right, the unanswerable
        questions weighed to be UNANSWERABLE of all. One curve for all folders. Raises UsageError where all are of one sort."""
        if self.answerable.all() or not self.answerable.any():
            raise UsageError(
                "a confidence is fitted on questions that the articles answer and on others; add the sort that is missing"
            )
        return regression.curve(self.logits, self.right, self._weighed())

    def threshold(self, curve: tuple[float, float]) -> float:
        """The confidence that WRONGLY of the answerable questions fall below at most, down to whole hundredths."""
        found, weights = self._confidences(curve)[self.answerable], self.weights[self.answerable]
        order = np.argsort(found)
        below = np.cumsum(weights[order]) - weights[order]
        last = np.flatnonzero(below <= WRONGLY * weights.sum())[-1]
        return float(np.floor(found[order][last] * 100) / 100)

    def by_folder(self, curve: tuple[float, float]) -> dict[str, dict[str, float]]:
        """How good curve and threshold are for each folder, and how good a calibration error could be."""
        found, limit = self._confidences(curve), self.threshold(curve)
        of = {str(name): self.folders == name for name in dict.fromkeys(self.folders)}
        return {name: self._figures(found, limit, chosen) for name, chosen in of.items()}

    def _figures(self, found: np.ndarray, limit: float, chosen: np.ndarray) -> dict[str, float]:
        confidences, right = found[chosen].tolist(), self.right[chosen].astype(float).tolist()
        figures = {
            "calibration error": calibration_error(confidences, right),
            "of perfect confidences": expected_calibration_error(confidences),
            "mean confidence": float(np.mean(confidences)),
            "right": float(np.mean(right)),
        }
        for name, sort in (("wrongly abstained", self.answerable), ("unanswerable abstained", ~self.answerable)):
            if (chosen & sort).any():
                figures[name] = float((found[chosen & sort] < limit).mean())
        return {"questions": int(chosen.sum()), **{name: round(value, 3) for name, value in figures.items()}}

    def _confidences(self, curve: tuple[float, float]) -> np.ndarray:
        return 1.0 / (1.0 + np.exp(-(curve[0] * self.logits + curve[1])))

    def _weighed(self) -> np.ndarray:
        share = self.weights[~self.answerable].sum() / self.weights.sum()
        return self.weights * np.where(self.answerable, (1.0 - UNANSWERABLE) / (1.0 - share), UNANSWERABLE / share)
