"""Percentile bootstrap intervals (Efron & Tibshirani 1993, ch. 13), seeded: the same rows give the same interval anywhere.

Rows that are not independent (the turns of one conversation) are drawn together: what is resampled are clusters of rows
(Davison & Hinkley 1997, §3.8). All intervals are of 95 %.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
LEVEL = 0.95
SEED = 20_240_601
BLOCK = 200
DIGITS = 4


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with the ends of its interval, and how many rows it was taken over. Rounded to four digits."""

    mean: float
    low: float
    high: float
    rows: int


def mean_interval(values: Sequence[float], clusters: Sequence[str], resamples: int = RESAMPLES) -> Estimate:
    """The mean of `values` and its interval; `clusters` names the cluster of each row. Needs at least one row."""
    sums, counts = _by_cluster(np.asarray(values, dtype=float), clusters)
    means = np.concatenate([sums[draw].sum(axis=1) / counts[draw].sum(axis=1) for draw in _draws(len(sums), resamples)])
    return _estimate(float(np.mean(values)), means, len(values))


def paired_difference(ours: Sequence[float], theirs: Sequence[float], clusters: Sequence[str]) -> Estimate:
    """The mean of `ours − theirs` over the same rows, and its interval."""
    return mean_interval(np.subtract(ours, theirs).tolist(), clusters)


def statistic_interval(
    statistic: Callable[[list[float], list[float]], float],
    columns: tuple[Sequence[float], Sequence[float]],
    clusters: Sequence[str],
    resamples: int = 500,
) -> Estimate:
    """A statistic of two columns that is no mean of rows (AURC, ECE), with its interval."""
    values = _resampled(statistic, columns, clusters, resamples)
    return _estimate(statistic(*map(list, columns)), values, len(clusters))


def paired_statistic(
    statistic: Callable[[list[float], list[float]], float],
    ours: tuple[Sequence[float], Sequence[float]],
    theirs: tuple[Sequence[float], Sequence[float]],
    clusters: Sequence[str],
    resamples: int = 500,
) -> Estimate:
    """The difference `ours − theirs` of such a statistic; both are resampled with the same draws."""
    values = _resampled(statistic, ours, clusters, resamples) - _resampled(statistic, theirs, clusters, resamples)
    return _estimate(statistic(*map(list, ours)) - statistic(*map(list, theirs)), values, len(clusters))


def _resampled(
    statistic: Callable[[list[float], list[float]], float],
    columns: tuple[Sequence[float], Sequence[float]],
    clusters: Sequence[str],
    resamples: int,
) -> NDArray[np.float64]:
    members = _members(clusters)
    first, second = (np.asarray(column, dtype=float) for column in columns)
    values = []
    for draw in _draws(len(members), resamples):
        for numbers in draw:
            rows = np.concatenate([members[number] for number in numbers])
            values.append(statistic(first[rows].tolist(), second[rows].tolist()))
    return np.asarray(values)


def _members(clusters: Sequence[str]) -> list[NDArray[np.int64]]:
    rows: dict[str, list[int]] = {}
    for number, cluster in enumerate(clusters):
        rows.setdefault(cluster, []).append(number)
    return [np.asarray(numbers) for numbers in rows.values()]


def _by_cluster(values: NDArray[np.float64], clusters: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    members = _members(clusters)
    return np.array([values[rows].sum() for rows in members]), np.array([float(len(rows)) for rows in members])


def _draws(clusters: int, resamples: int) -> list[NDArray[np.int64]]:
    """`resamples` draws of `clusters` cluster numbers with replacement, in blocks of bounded size."""
    random = np.random.default_rng(SEED)
    sizes = [min(BLOCK, resamples - start) for start in range(0, resamples, BLOCK)]
    return [random.integers(0, clusters, size=(size, clusters)) for size in sizes]


def _estimate(mean: float, resampled: NDArray[np.float64], rows: int) -> Estimate:
    low, high = np.quantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(round(mean, DIGITS), round(float(low), DIGITS), round(float(high), DIGITS), rows)
