"""Plots of a result as SVG text, the same bytes each time. The only module that knows matplotlib."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from eval import metrics
from eval.figures import selective_columns
from eval.results import Result
from eval.speed import Ratio

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, BLUE, ORANGE, GREY = "#1f2933", "#2563a8", "#c4601d", "#9aa5b1"
BARS = (("recall@5", "evidence in the first 5", BLUE), ("correct", "right", ORANGE))


@contextmanager
def _axes(width: float, height: float) -> Iterator[tuple[Axes, io.StringIO]]:
    """Axes to draw on, and the text that holds the SVG once the block is left. No window, no global state."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"svg.hashsalt": "seedqa", "svg.fonttype": "none", "font.size": 9, "font.family": "sans-serif"}):
        figure = Figure(figsize=(width, height), layout="constrained")
        axes, text = figure.subplots(), io.StringIO()
        axes.spines[["top", "right"]].set_visible(False)
        yield axes, text
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})


def _svg(text: io.StringIO) -> str:
    """The SVG element without the XML head, to stand in an HTML page."""
    whole = text.getvalue()
    return whole[whole.index("<svg") :]


def speed_ratios(ratios: Mapping[str, Ratio]) -> str:
    """How many times better than the plain pipeline, by measure: medians and quartiles."""
    with _axes(8.6, 0.42 * len(ratios) + 0.8) as (axes, text):
        names = [name.strip("— ").split(" (")[0] for name in ratios]
        found = list(ratios.values())
        ends = [[max(r.median - r.low, 0.0) for r in found], [max(r.high - r.median, 0.0) for r in found]]
        axes.barh(names, [r.median for r in found], color=BLUE, xerr=ends, ecolor=INK, error_kw={"lw": 0.8})
        axes.axvline(1, color=GREY, lw=0.8)
        axes.invert_yaxis()
        axes.set_xlabel("times better than the plain pipeline")
    return _svg(text)


def by_category(result: Result) -> str:
    """Evidence recall@5 and right answers by category, with their intervals."""
    categories = result["figures"]["by_category"] or {"all": result["figures"]["overall"]}
    with _axes(10.4, 0.4 * len(categories) + 0.9) as (axes, text):
        for shift, (name, label, colour) in enumerate(BARS):
            rows = [(n, figures[name]) for n, figures in enumerate(categories.values()) if name in figures]
            _bars(axes, rows, shift, colour, label)
        axes.set_yticks(range(len(categories)), [name.replace("_", " ") for name in categories])
        axes.invert_yaxis()
        axes.set_xlim(0, 1)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False)
    return _svg(text)


def _bars(axes: Axes, rows: Sequence[tuple[int, dict[str, float]]], shift: int, colour: str, label: str) -> None:
    places = [number + 0.36 * shift - 0.18 for number, _ in rows]
    means = [figure["mean"] for _, figure in rows]
    ends = [[f["mean"] - f["low"] for _, f in rows], [f["high"] - f["mean"] for _, f in rows]]
    ends = [[max(end, 0.0) for end in side] for side in ends]
    axes.barh(places, means, height=0.34, color=colour, xerr=ends, ecolor=INK, error_kw={"lw": 0.8}, label=label)


def risk_coverage(result: Result) -> str:
    """The risk–coverage curve, and where the system stands with its threshold."""
    confidence, right = selective_columns(row for row in result["rows"] if row.get("selective"))
    with _axes(4.9, 3.4) as (axes, text):
        points = metrics.risk_coverage(confidence, right)
        axes.plot([coverage for coverage, _ in points], [risk for _, risk in points], color=BLUE, lw=1.6)
        answered = [row for row in result["rows"] if row["status"] != "abstained" and row["right"] is not None]
        if answered:
            risk = 1 - sum(bool(row["right"]) for row in answered) / len(answered)
            axes.plot([len(answered) / len(points)], [risk], "o", color=ORANGE, label="with the threshold")
            axes.legend(frameon=False)
        axes.set(xlim=(0, 1), ylim=(0, None), xlabel="coverage (share answered)", ylabel="risk (share wrong)")
    return _svg(text)


def reliability(result: Result) -> str:
    """The reliability diagram: the share of right answers in each tenth of confidence."""
    confidence, right = selective_columns(row for row in result["rows"] if row.get("selective"))
    bins = metrics.reliability(confidence, right)
    with _axes(4.9, 3.4) as (axes, text):
        axes.plot([0, 1], [0, 1], color=GREY, lw=0.8, ls="--")
        for number, (count, mean, share) in enumerate(bins):
            if count:
                axes.bar((number + 0.5) / len(bins), share, width=0.092, color=BLUE, alpha=0.35)
                axes.plot([mean], [share], "o", color=BLUE, ms=4)
                axes.annotate(str(count), (mean, share), textcoords="offset points", xytext=(0, 5), ha="center", fontsize=7)
        axes.set(xlim=(0, 1), ylim=(0, 1.08), xlabel="confidence", ylabel="share right")
    return _svg(text)


def latency(result: Result) -> str:
    """The latencies of each stage: all questions as points, the median as a line, on a logarithmic scale."""
    rows, stages = result["latency"]["rows"], result["latency"]["stages"]
    with _axes(10.4, 0.36 * len(stages) + 0.9) as (axes, text):
        for number, (stage, figures) in enumerate(stages.items()):
            values = [max(timing[stage], 0.01) for timing in rows.values() if stage in timing]
            places = [number + 0.24 * ((step * 0.618034) % 1 - 0.5) for step in range(len(values))]
            axes.plot(values, places, "o", color=BLUE, ms=2.2, alpha=0.35, mew=0)
            axes.plot([max(figures["p50"], 0.01)] * 2, [number - 0.3, number + 0.3], color=ORANGE, lw=2)
        axes.set_yticks(range(len(stages)), list(stages))
        axes.invert_yaxis()
        axes.set_xscale("log")
        axes.set_xlabel("milliseconds (line: median)")
    return _svg(text)


def scale(rows: Sequence[dict[str, Any]]) -> str:
    """Milliseconds of retrieval by the number of passages, medians and 95th percentiles, both axes logarithmic."""
    sizes = [row["passages"] for row in rows]
    with _axes(6.4, 3.6) as (axes, text):
        for name, label, colour in (("wall_ms", "by the wall", BLUE), ("cpu_ms", "of the processor", ORANGE)):
            middle, high = ([row[name][share] for row in rows] for share in ("p50", "p95"))
            axes.plot(sizes, middle, "o-", color=colour, ms=4, label=f"{label}, median and 95th percentile")
            axes.fill_between(sizes, middle, high, color=colour, alpha=0.15, lw=0)
        axes.set(xscale="log", yscale="log", xlabel="passages", ylabel="milliseconds of retrieval")
        axes.legend(frameon=False, loc="upper left")
    return _svg(text)
