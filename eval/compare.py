"""Two results side by side: paired differences with intervals, and the questions that changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eval.figures import Row, clusters, selective_columns
from eval.results import Result, same_figures
from eval.scoring import METRICS, SET_METRICS, Metric
from eval.statistics import Estimate, paired_difference, paired_statistic
from index.errors import UsageError


@dataclass(frozen=True, slots=True)
class Difference:
    """A metric in both results over the rows that both have, and `new − old` with its interval."""

    metric: Metric
    old: float
    new: float
    change: Estimate

    @property
    def verdict(self) -> str:
        """`better` or `worse` when the whole interval lies on one side of zero and the metric has a direction, else empty."""
        if not self.metric.better or self.change.low <= 0.0 <= self.change.high:
            return ""
        return "better" if (self.change.mean > 0) == (self.metric.better == "higher") else "worse"


@dataclass(frozen=True, slots=True)
class Comparison:
    """`became_right`, `became_wrong` and `reworded` hold pairs (old row, new row); the others ids."""

    differences: tuple[Difference, ...]
    became_right: tuple[tuple[Row, Row], ...]
    became_wrong: tuple[tuple[Row, Row], ...]
    reworded: tuple[tuple[Row, Row], ...]
    only_old: tuple[str, ...]
    only_new: tuple[str, ...]
    identical: bool


def compare(old: Result, new: Result) -> Comparison:
    """Compare by question id. Raises UsageError when the two have no question in common."""
    old_rows, new_rows = ({row["id"]: row for row in result["rows"]} for result in (old, new))
    pairs = [(row, new_rows[name]) for name, row in old_rows.items() if name in new_rows]
    if not pairs:
        raise UsageError("the two results have no question in common")
    return Comparison(
        differences=tuple(d for metric in METRICS if (d := difference(metric, pairs)) is not None),
        became_right=tuple(pair for pair in pairs if pair[1]["right"] and not pair[0]["right"]),
        became_wrong=tuple(pair for pair in pairs if pair[0]["right"] and not pair[1]["right"]),
        reworded=tuple(p for p in pairs if p[0]["right"] == p[1]["right"] and p[0]["answer"] != p[1]["answer"]),
        only_old=tuple(name for name in old_rows if name not in new_rows),
        only_new=tuple(name for name in new_rows if name not in old_rows),
        identical=same_figures(old, new),
    )


def difference(metric: Metric, pairs: Sequence[tuple[Row, Row]]) -> Difference | None:
    """The paired difference over the rows to which the metric applies in both results; None when there is none.

    Precision-like metrics apply to other rows after a change of behaviour (an answer that is now an abstention); such rows
    are left out here and are seen in the metrics that apply to every row, such as `correct` and `citation_recall`.
    """
    if metric.name in SET_METRICS:
        return _set_difference(metric, [(a, b) for a, b in pairs if a.get("selective") and b.get("selective")])
    both = [(a, b) for a, b in pairs if _value(a, metric) is not None and _value(b, metric) is not None]
    if not both:
        return None
    old, new = ([row["scores"][metric.name] for row in rows] for rows in zip(*both, strict=True))
    change = paired_difference(new, old, clusters(a for a, _ in both))
    return Difference(metric, sum(old) / len(old), sum(new) / len(new), change)


def _set_difference(metric: Metric, pairs: Sequence[tuple[Row, Row]]) -> Difference | None:
    if not pairs:
        return None
    old, new = (selective_columns(rows) for rows in zip(*pairs, strict=True))
    statistic = SET_METRICS[metric.name]
    change = paired_statistic(statistic, new, old, clusters(a for a, _ in pairs))
    return Difference(metric, statistic(*old), statistic(*new), change)


def _value(row: Row, metric: Metric) -> float | None:
    return row["scores"].get(metric.name)


def as_text(comparison: Comparison, old_name: str, new_name: str) -> str:
    """The comparison as lines for a terminal; every difference in points of the metric, not in per cent."""
    lines = [f"{old_name} → {new_name}" + ("   (same figures, same rows)" if comparison.identical else ""), ""]
    lines += [_line(d) for d in comparison.differences]
    for title, pairs in (("became right", comparison.became_right), ("became wrong", comparison.became_wrong)):
        lines += ["", f"{len(pairs)} {title}"] + [line for pair in pairs for line in _changed(pair)]
    lines += ["", f"{len(comparison.reworded)} answered differently, no more and no less right"]
    lines += [f"  {new['id']}  {new['question']}" for _, new in comparison.reworded]
    for title, names in (("only in the first", comparison.only_old), ("only in the second", comparison.only_new)):
        if names:
            lines += ["", f"{len(names)} {title}: {', '.join(names)}"]
    return "\n".join(lines)


def _line(d: Difference) -> str:
    interval = f"{d.change.mean:+.3f} [{d.change.low:+.3f}, {d.change.high:+.3f}]"
    return f"{d.metric.title:<40} {d.old:8.3f} → {d.new:<8.3f} {interval:<26} n={d.change.rows:<4} {d.verdict}".rstrip()


def _changed(pair: tuple[Row, Row]) -> list[str]:
    old, new = pair
    return [f"  {new['id']}  {new['question']}", f"    − {_shown(old)}", f"    + {_shown(new)}"]


def _shown(row: Any) -> str:
    return f"{row['status']} ({row['confidence']:.2f}): {row['answer']}"
