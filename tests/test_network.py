"""The network that ranks sentences: its formula, and that the fit learns what a linear model cannot."""

from __future__ import annotations

import math

import numpy as np
import pytest

from eval import fit_network, regression
from qa.network import Network


def test_the_network_is_its_formula() -> None:
    record = {
        "mean": [1.0, 0.0],
        "scale": [2.0, 1.0],
        "hidden": [[1.0, -1.0], [0.5, 2.0]],
        "hidden_bias": [0.0, 0.25],
        "out": [3.0, -0.5],
        "direct": [0.3, -0.2],
        "bias": 0.1,
    }
    units = [max(0.0, 1.0 + 0.5), max(0.0, -1.0 + 2.0 + 0.25)]
    score = 3.0 * units[0] - 0.5 * units[1] + 0.3 * 1.0 - 0.2 * 1.0 + 0.1
    assert Network.of(record)(np.array([[3.0, 1.0]])) == pytest.approx([1 / (1 + np.exp(-score))])


@pytest.mark.parametrize("bias", [1e3, -1e3])
def test_a_probability_always_has_odds(bias: float) -> None:
    one = np.ones(1)
    (p,) = Network(one, one, np.ones((1, 1)), one, one, one, bias)(np.ones((1, 1))).tolist()
    assert abs(math.log(p / (1.0 - p))) == pytest.approx(30.0, abs=0.1)


@pytest.fixture(scope="module")
def lists() -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Of each list's sentences that one is right whose two features have different signs: no weights of the features find it."""
    rng = np.random.default_rng(0)
    values, labels = [], []
    for _ in range(400):
        rows = rng.uniform(0.2, 1.0, (5, 2)) * np.where(rng.random((5, 1)) < 0.5, 1.0, -1.0)
        right = np.arange(5) == rng.integers(5)
        rows[right, 1] *= -1.0
        values.append(rows)
        labels.append(right)
    return values, labels


@pytest.fixture(scope="module")
def record(lists: tuple[list[np.ndarray], list[np.ndarray]]) -> dict:
    values, labels = lists
    return fit_network.fit(("one", "other"), values[:300], labels[:300], [1.0] * 300)


def test_the_fit_learns_what_depends_on_two_features_together(
    record: dict, lists: tuple[list[np.ndarray], list[np.ndarray]]
) -> None:
    network = Network.of(record)
    found = [bool(right[int(np.argmax(network(rows)))]) for rows, right in zip(*(part[300:] for part in lists), strict=True)]
    assert np.mean(found) > 0.9


def test_its_probabilities_are_those_of_the_data(record: dict, lists: tuple[list[np.ndarray], list[np.ndarray]]) -> None:
    said = Network.of(record)(np.concatenate(lists[0][300:]))
    assert said.mean() == pytest.approx(0.2, abs=0.04)


def test_the_same_data_give_the_same_network(record: dict, lists: tuple[list[np.ndarray], list[np.ndarray]]) -> None:
    values, labels = lists
    assert fit_network.fit(("one", "other"), values[:300], labels[:300], [1.0] * 300) == record


def test_the_linear_part_keeps_to_its_bounds(lists: tuple[list[np.ndarray], list[np.ndarray]]) -> None:
    values, labels = ([*part[:100]] for part in lists)
    turned = [np.column_stack([-right.astype(float), rows]) for rows, right in zip(values, labels, strict=True)]
    bounds = [regression.FOR, regression.FREE, regression.FREE]
    for given, held in ((bounds, True), ((), False)):
        record = fit_network.fit(("turned", "one", "other"), turned, labels, [1.0] * 100, given)
        assert (record["direct"][0] >= 0.0) == held
