"""The confidence's curve and threshold, from questions whose articles were not fitted on, against what they were drawn from."""

from __future__ import annotations

import numpy as np
import pytest

from eval.held import UNANSWERABLE, WRONGLY, Held
from index.errors import UsageError


def drawn(folder: str, n: int, unanswerable: float, weight: float, slope: float = 0.7, bias: float = -0.4) -> Held:
    """Log odds, and answers that are right as often as the true curve says; of the unanswerable ones none is."""
    rng = np.random.default_rng(len(folder))
    answerable = rng.uniform(size=n) >= unanswerable
    logits = rng.normal(np.where(answerable, 1.5, -2.0), 2.0)
    right = answerable & (rng.uniform(size=n) < 1.0 / (1.0 + np.exp(-(slope * logits + bias))))
    return Held(np.full(n, folder), logits, right, answerable, np.full(n, weight))


def test_the_curve_makes_the_mean_confidence_the_share_of_right_answers_at_the_assumed_share() -> None:
    for unanswerable in (0.1, 0.4):
        held = drawn("norvane", 6000, unanswerable, 4.0)
        slope, bias = held.curve()
        confidences = 1 / (1 + np.exp(-(slope * held.logits + bias)))
        weights = np.where(held.answerable, (1 - UNANSWERABLE) / held.answerable.mean(), UNANSWERABLE / (~held.answerable).mean())
        assert np.average(confidences, weights=weights) == pytest.approx(np.average(held.right, weights=weights), abs=1e-6)
        assert 0.5 < slope < 1.5


def test_the_threshold_lets_no_more_answerable_questions_go_than_stated() -> None:
    held = Held.joined([drawn("dev", 300, 0.2, 20.0), drawn("halmer", 2000, 0.4, 4.0)])
    limit, curve = held.threshold(held.curve()), held.curve()
    below = 1 / (1 + np.exp(-(curve[0] * held.logits + curve[1]))) < limit
    wrongly = np.average(below[held.answerable], weights=held.weights[held.answerable])
    assert WRONGLY - 0.02 < wrongly <= WRONGLY
    figures = held.by_folder(curve)
    assert list(figures) == ["dev", "halmer"] and figures["dev"]["questions"] == 300
    shares = [figures[name]["wrongly abstained"] for name in ("dev", "halmer")]
    assert min(shares) <= WRONGLY <= max(shares) + 0.02
    assert figures["halmer"]["unanswerable abstained"] == pytest.approx(below[300:][~held.answerable[300:]].mean(), abs=1e-3)
    assert figures["dev"]["of perfect confidences"] > figures["halmer"]["of perfect confidences"] > 0.01


def test_questions_of_one_sort_fit_no_confidence() -> None:
    held = drawn("dev", 50, 0.4, 1.0)
    for kept in (held.answerable, ~held.answerable):
        one = Held(*(getattr(held, name)[kept] for name in ("folders", "logits", "right", "answerable", "weights")))
        with pytest.raises(UsageError, match="add the sort that is missing"):
            one.curve()


def test_a_folder_of_one_sort_has_the_figures_of_that_sort() -> None:
    plain, other = drawn("dev", 200, 0.4, 1.0), drawn("halmer", 200, 0.4, 1.0)
    one = Held(*(getattr(other, name)[other.answerable] for name in ("folders", "logits", "right", "answerable", "weights")))
    held = Held.joined([plain, one])
    figures = held.by_folder(held.curve())
    assert "unanswerable abstained" in figures["dev"] and "unanswerable abstained" not in figures["halmer"]
    assert 0.0 <= figures["halmer"]["wrongly abstained"] < 0.5
