"""Bootstrap intervals: exact where they can be, close to theory elsewhere, and the same each time."""

from __future__ import annotations

import pytest

from eval.metrics import area_under_risk_coverage
from eval.statistics import mean_interval, paired_difference, paired_statistic, statistic_interval


def names(count: int) -> list[str]:
    return [f"q{number}" for number in range(count)]


def test_a_constant_has_no_width() -> None:
    found = mean_interval([0.25] * 8, names(8))
    assert (found.mean, found.low, found.high, found.rows) == (0.25, 0.25, 0.25, 8)


def test_close_to_the_normal_interval() -> None:
    """80 of 100: 0.8 ± 1.96 √(0.8 · 0.2 / 100) = [0.722, 0.878]."""
    found = mean_interval([1.0] * 80 + [0.0] * 20, names(100))
    assert found.mean == 0.8
    assert found.low == pytest.approx(0.722, abs=0.012)
    assert found.high == pytest.approx(0.878, abs=0.012)


def test_the_same_each_time() -> None:
    values = [0.1, 0.9, 0.4, 0.4, 1.0]
    assert mean_interval(values, names(5)) == mean_interval(values, names(5))


def test_turns_of_one_conversation_are_drawn_together() -> None:
    values = [1.0] * 4 + [0.0] * 4
    alone, together = mean_interval(values, names(8)), mean_interval(values, ["a"] * 4 + ["b"] * 4)
    assert (together.low, together.high) == (0.0, 1.0)
    assert alone.low > 0.0


def test_one_row_is_enough() -> None:
    assert mean_interval([1.0], ["a"]).low == 1.0


def test_paired_difference() -> None:
    same = paired_difference([1.0, 0.0, 1.0], [1.0, 0.0, 1.0], names(3))
    assert (same.mean, same.low, same.high) == (0.0, 0.0, 0.0)
    worse = paired_difference([0.0] * 30 + [1.0] * 70, [1.0] * 100, names(100))
    assert worse.mean == -0.3
    assert worse.high < -0.2
    one = paired_difference([0.0] + [1.0] * 99, [1.0] * 100, names(100))
    assert one.high == 0.0, "one question is no proof"


def test_statistics_that_are_no_means() -> None:
    confidence, right = [0.9, 0.8, 0.7, 0.6] * 10, [1.0, 1.0, 0.0, 0.0] * 10
    found = statistic_interval(area_under_risk_coverage, (confidence, right), names(40), resamples=100)
    assert found.low < found.mean == round(area_under_risk_coverage(confidence, right), 4) < found.high
    flipped = [1.0 - value for value in confidence]
    change = paired_statistic(area_under_risk_coverage, (flipped, right), (confidence, right), names(40), resamples=100)
    assert change.low > 0.0
