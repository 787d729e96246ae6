"""Metrics against hand-worked examples and against ir-measures (trec_eval)."""

from __future__ import annotations

import random
from math import log2

import ir_measures
import numpy as np
import pytest

from eval import metrics

A, B, NONE = frozenset({0}), frozenset({1}), frozenset[int]()


def test_recall_and_success_by_hand() -> None:
    ranked = [NONE, A, NONE, B]
    assert [metrics.recall(ranked, 2, k) for k in (1, 2, 3, 4, 10)] == [0.0, 0.5, 0.5, 1.0, 1.0]
    assert [metrics.success(ranked, 2, k) for k in (1, 3, 4)] == [0.0, 0.0, 1.0]
    assert metrics.recall([], 1, 5) == 0.0


def test_reciprocal_rank_by_hand() -> None:
    assert metrics.reciprocal_rank([NONE, NONE, A], 10) == pytest.approx(1 / 3)
    assert metrics.reciprocal_rank([NONE, NONE, A], 2) == 0.0


def test_ndcg_by_hand() -> None:
    ideal = 1 + 1 / log2(3)
    assert metrics.ndcg([A, B], [1, 1], 10) == 1.0
    assert metrics.ndcg([NONE, A, NONE, B], [1, 1], 10) == pytest.approx((1 / log2(3) + 1 / log2(5)) / ideal)
    assert metrics.ndcg([A, A, B], [1, 1], 10) == pytest.approx((1 + 1 / log2(4)) / ideal), "a group gains once"
    assert metrics.ndcg([frozenset({0, 1})], [1, 1], 10) == 1.0, "one passage with both is as good as the ideal, never better"
    assert metrics.ndcg([NONE, frozenset({0, 1})], [1, 1], 10) == pytest.approx((1 / log2(3) + 1 / log2(4)) / ideal)


@pytest.fixture(scope="module")
def rankings() -> tuple[dict[str, dict[str, int]], dict[str, dict[str, float]]]:
    """200 questions, one to four relevant documents with grades 1 to 3, twenty retrieved each."""
    random_numbers = random.Random(7)
    qrels, run = {}, {}
    for number in range(200):
        documents = [f"d{n}" for n in range(40)]
        random_numbers.shuffle(documents)
        qrels[f"q{number}"] = {name: random_numbers.randint(1, 3) for name in documents[: random_numbers.randint(1, 4)]}
        random_numbers.shuffle(documents)
        run[f"q{number}"] = {name: 20.0 - rank for rank, name in enumerate(documents[:20])}
    return qrels, run


def ours(qrels: dict[str, int], run: dict[str, float]) -> tuple[list[frozenset[int]], list[float]]:
    relevant = list(qrels)
    return [frozenset({relevant.index(name)} if name in qrels else ()) for name in run], [float(g) for g in qrels.values()]


def test_agrees_with_ir_measures(rankings: tuple) -> None:
    qrels, run = rankings
    wanted = ir_measures.iter_calc([ir_measures.parse_measure(n) for n in ("nDCG@10", "R@5", "RR@10", "Success@5")], qrels, run)
    seen = 0
    for value in wanted:
        ranked, grades = ours(qrels[value.query_id], run[value.query_id])
        ones = len(grades)
        found = {
            "nDCG@10": metrics.ndcg(ranked, grades, 10),
            "R@5": metrics.recall(ranked, ones, 5),
            "RR@10": metrics.reciprocal_rank(ranked, 10),
            "Success@5": float(metrics.recall(ranked, ones, 5) > 0),
        }
        assert found[str(value.measure)] == pytest.approx(value.value, abs=1e-9), value
        seen += 1
    assert seen == 4 * 200


def test_budget() -> None:
    assert metrics.within_budget([300, 300, 200, 10], 750) == 2, "the third does not fit and ends it"
    assert metrics.within_budget([800], 750) == 0
    assert metrics.within_budget([100, 200], 750) == 2


def test_token_f1_by_hand() -> None:
    assert metrics.token_f1("The city of Gao. [1]", [["Gao"]]) == pytest.approx(2 * 1 / (3 + 1)), (
        "articles and markers are left out"
    )
    assert metrics.token_f1("Gao", [["Timbuktu", "gao"]]) == 1.0
    assert metrics.token_f1("Gao and Kidal", [["Gao"], ["Kidal"]]) == pytest.approx(2 * 2 / (3 + 2))
    assert metrics.token_f1("Mopti", [["Gao"]]) == 0.0
    assert (metrics.token_f1("", []), metrics.token_f1("Mopti", [])) == (1.0, 0.0)


def test_citations_by_hand() -> None:
    assert metrics.citation_precision([A, NONE, B, A]) == 0.75
    assert metrics.citation_precision([]) is None
    assert metrics.citation_recall([A, NONE, A], 2) == 0.5
    assert metrics.citation_recall([], 2) == 0.0


def test_risk_coverage_by_hand() -> None:
    points = metrics.risk_coverage([0.9, 0.8, 0.7, 0.6], [1, 0, 1, 0])
    assert points == [(0.25, 0.0), (0.5, 0.5), (0.75, pytest.approx(1 / 3)), (1.0, 0.5)]
    assert metrics.area_under_risk_coverage([0.9, 0.8, 0.7, 0.6], [1, 0, 1, 0]) == pytest.approx((0 + 0.5 + 1 / 3 + 0.5) / 4)
    assert metrics.area_under_risk_coverage([0.9, 0.1], [1, 1]) == 0.0


def test_risk_coverage_does_not_depend_on_the_order_of_ties() -> None:
    one = metrics.area_under_risk_coverage([0.5, 0.5, 0.5], [1, 0, 0])
    assert one == metrics.area_under_risk_coverage([0.5, 0.5, 0.5], [0, 0, 1]) == pytest.approx(2 / 3)


def test_calibration_by_hand() -> None:
    """0.95 and 0.85: two right of two and none of two: (2·0.05 + 2·0.85) / 4."""
    assert metrics.calibration_error([0.95, 0.95, 0.85, 0.85], [1, 1, 0, 0]) == pytest.approx((2 * 0.05 + 2 * 0.85) / 4)
    assert metrics.calibration_error([1.0, 0.0], [1, 0]) == 0.0
    bins = metrics.reliability([1.0, 0.05, 0.09], [1, 0, 1])
    assert (bins[0][0], bins[0][2], bins[9]) == (2, 0.5, (1, 1.0, 1.0))


def test_the_error_of_perfect_confidences_is_what_drawn_outcomes_show() -> None:
    """60 confidences: 0.11 and more by chance alone, the mean over drawn outcomes being what the formula says."""
    rng = np.random.default_rng(5)
    confidences = rng.uniform(0.02, 0.98, 60)
    drawn = (rng.uniform(size=(400, 60)) < confidences).astype(float)
    shown = [metrics.calibration_error(confidences.tolist(), right.tolist()) for right in drawn]
    expected = metrics.expected_calibration_error(confidences.tolist())
    assert expected == pytest.approx(float(np.mean(shown)), abs=0.01) and expected > 0.1
    assert metrics.expected_calibration_error([0.5] * 100) == pytest.approx((2 / np.pi * 25) ** 0.5 / 100)
    assert metrics.expected_calibration_error([0.0, 1.0]) == 0.0


def test_the_debiased_error_by_hand() -> None:
    """Two bins: 0.4 against 1 of 2 right, 0.9 against 2 of 2; the squares less share (1 − share) / (rows − 1)."""
    found = metrics.debiased_calibration_error([0.4, 0.4, 0.9, 0.9], [1, 0, 1, 1], bins=2)
    assert found == 0.0, "0.5 · (0.01 − 0.25) + 0.5 · (0.01 − 0) is below 0"
    assert metrics.debiased_calibration_error([0.6, 0.6, 0.9, 0.9], [0, 0, 1, 1], 2) == pytest.approx(((0.36 + 0.01) / 2) ** 0.5)


def test_the_debiased_error_finds_what_is_wrong_and_not_chance() -> None:
    rng = np.random.default_rng(6)
    true = rng.uniform(0.1, 0.9, (200, 100))
    right = (rng.uniform(size=true.shape) < true).astype(float)
    plain = [metrics.debiased_calibration_error(p.tolist(), r.tolist()) for p, r in zip(true, right, strict=True)]
    low = [metrics.debiased_calibration_error((p - 0.1).tolist(), r.tolist()) for p, r in zip(true, right, strict=True)]
    assert np.mean(np.square(low)) ** 0.5 == pytest.approx(0.1, abs=0.012), "its square has no bias"
    by_chance = [metrics.calibration_error(p.tolist(), r.tolist()) for p, r in zip(true, right, strict=True)]
    assert np.mean(plain) < 0.45 * np.mean(by_chance)
