"""Rows of a result summed up: every metric with its interval, overall and by category, and the latencies of the stages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from eval.scoring import METRICS, SET_METRICS
from eval.statistics import Estimate, mean_interval, statistic_interval

Row = Mapping[str, Any]
Figures = dict[str, dict[str, float]]
PERCENTILES = (50, 90, 95, 99)


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    """`{"overall": figures, "by_category": {category: figures}}`; a figure is {mean, low, high, rows}."""
    categories = dict.fromkeys(row["category"] for row in rows)
    by_category = {name: figures([row for row in rows if row["category"] == name]) for name in categories}
    return {"overall": figures(rows), "by_category": by_category if len(categories) > 1 else {}}


def of_split(result: Mapping[str, Any], split: str) -> dict[str, Any]:
    """The result over the questions of one split alone, its latencies left as they are."""
    rows = [row for row in result["rows"] if row["split"] == split]
    return {
        **result,
        "questions": {**result["questions"], "split": split, "rows": len(rows)},
        "figures": summary(rows),
        "rows": rows,
    }


def figures(rows: Sequence[Row]) -> Figures:
    """Every metric that applies to at least one of the rows, in the order of METRICS."""
    found = {metric.name: estimate(metric.name, rows) for metric in METRICS}
    return {name: asdict(value) for name, value in found.items() if value is not None}


def estimate(metric: str, rows: Sequence[Row]) -> Estimate | None:
    """One metric with its interval; None when it applies to no row."""
    if metric in SET_METRICS:
        rows = [row for row in rows if row.get("selective")]
        return statistic_interval(SET_METRICS[metric], selective_columns(rows), clusters(rows)) if rows else None
    rows = [row for row in rows if row["scores"].get(metric) is not None]
    return mean_interval([row["scores"][metric] for row in rows], clusters(rows)) if rows else None


def selective_columns(rows: Iterable[Row]) -> tuple[list[float], list[float]]:
    """(confidences, rights) of the rows."""
    pairs = [row["selective"] for row in rows]
    return [float(confidence) for confidence, _ in pairs], [float(right) for _, right in pairs]


def clusters(rows: Iterable[Row]) -> list[str]:
    return [row["conversation"] or row["id"] for row in rows]


def latency(timings: Iterable[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """For each stage the percentiles of its milliseconds over the questions."""
    import numpy as np

    by_stage: dict[str, list[float]] = {}
    for timing in timings:
        for stage, value in timing.items():
            by_stage.setdefault(stage, []).append(value)
    return {
        stage: {f"p{p}": round(float(np.percentile(values, p)), 2) for p in PERCENTILES} | {"rows": len(values)}
        for stage, values in by_stage.items()
    }
