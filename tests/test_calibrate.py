"""Confidences refitted to a user's own questions, and the threshold for a stated risk."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from eval.calibrate import calibrate, choose, fit
from eval.metrics import expected_calibration_error
from index.errors import UsageError
from qa.calibration import Curve, load


def rows(confidences: np.ndarray, right: np.ndarray) -> list[dict]:
    return [{"selective": [float(c), float(r)]} for c, r in zip(confidences, right, strict=True)]


def drawn(slope: float, bias: float, n: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Confidences, and answers that are right as often as the true curve says."""
    rng = np.random.default_rng(3)
    confidences = rng.uniform(0.05, 0.95, n)
    return confidences, rng.uniform(size=n) < Curve(slope, bias)(confidences)


def test_the_true_curve_is_found_again() -> None:
    found = fit(*drawn(0.5, -1.0))
    assert (found.slope, found.bias) == (pytest.approx(0.5, abs=0.06), pytest.approx(-1.0, abs=0.1))


def test_calibration_lowers_the_error_and_keeps_the_risk() -> None:
    confidences, right = drawn(0.5, -1.0)
    found = calibrate(rows(confidences, right), 0.4)
    assert found.error_before > 0.2 and found.error_after < 0.03
    assert found.error_least == pytest.approx(expected_calibration_error(found.curve(confidences).tolist()), abs=1e-4)
    assert 0.005 < found.error_least < 0.03 < found.error_before
    answered = found.curve(confidences) >= found.threshold
    assert answered.mean() == pytest.approx(found.coverage, abs=0.001)
    assert (~right[answered]).mean() == pytest.approx(found.risk, abs=0.001) and found.risk <= 0.4


def test_the_threshold_answers_as_many_as_the_risk_allows() -> None:
    confidences, right = np.array([0.9, 0.8, 0.7, 0.6, 0.5]), np.array([True, True, False, True, False])
    assert choose(confidences, right, 0.25) == (0.6, 0.8, 0.25)
    assert choose(confidences, right, 0.1) == (0.8, 0.4, 0.0)
    with pytest.raises(UsageError, match="the least is 1"):
        choose(confidences, ~right & (confidences < 0.4), 0.2)


def test_too_few_or_useless_answers_are_refused() -> None:
    with pytest.raises(UsageError, match="too few"):
        calibrate(rows(np.full(19, 0.5), np.arange(19) % 2), 0.3)
    with pytest.raises(UsageError, match="nothing to calibrate"):
        fit(*(lambda c, r: (c, ~r))(*drawn(1.0, 0.0)))


def test_a_file_is_read_back_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    confidences, right = drawn(0.7, 0.3)
    found = calibrate(rows(confidences, right), 0.5)
    (tmp_path / "c.json").write_text(json.dumps(found.to_dict()))
    assert load(tmp_path / "c.json") == found.curve and load(None) is None
    for text in ("{", '{"slope": 1}', '{"slope": -1, "bias": 0}', '{"slope": "nan", "bias": 0}'):
        (tmp_path / "c.json").write_text(text)
        with pytest.raises(UsageError, match="no calibration"):
            load(tmp_path / "c.json")
