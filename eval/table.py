"""Markdown tables from results: one result by category, and several systems beside each other (the README's table)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eval.results import Result
from eval.scoring import METRICS

SYSTEM_COLUMNS = (
    "recall@5", "ndcg@10", "mrr@10", "correct", "citation_recall", "citation_precision",
    "proof_rate", "unsupported", "abstention_recall", "conflict_recall", "aurc",
)  # fmt: skip
CATEGORY_COLUMNS = ("recall@5", "ndcg@10", "correct", "citation_recall", "citation_precision")
TITLES = {metric.name: metric.title for metric in METRICS}
NONE = "–"


def systems_table(results: Sequence[Result], columns: Sequence[str] = SYSTEM_COLUMNS) -> str:
    """One line for each system, its figures with their 95 % intervals; columns that no system has are left out."""
    columns = [name for name in columns if any(name in result["figures"]["overall"] for result in results)]
    head = ["System", *(TITLES[name] for name in columns), "median ms"]
    return markdown([head, *(_system_line(result, columns) for result in results)])


def _system_line(result: Result, columns: Sequence[str]) -> list[str]:
    total = result.get("latency", {}).get("stages", {}).get("total")
    figures = result["figures"]["overall"]
    return [
        cell(result["system"]),
        *(with_interval(figures.get(name)) for name in columns),
        f"{total['p50']:.0f}" if total else NONE,
    ]


def summary(result: Result) -> str:
    """A result as Markdown: what it was of, every figure, the categories, the latencies."""
    questions, made, index = result["questions"], result.get("made", {}), result.get("index", {})
    commit = made.get("commit", "")[:12] + (" with changes" if made.get("changed") else "")
    about = (
        f"Questions {cell(str(questions.get('file', '')))}, split {questions.get('split', 'all')}. "
        f"Commit {commit or 'unknown'}, index {cell(str(index.get('generation', '')))}. "
        "Intervals are of 95 % (bootstrap over conversations)."
    )
    lines = [
        f"# {cell(result['system'])}: {questions['rows']} questions",
        "",
        about,
        "",
        markdown([["Metric", "Figure", "Questions"], *_figure_lines(result["figures"]["overall"])]),
    ]
    if result["figures"]["by_category"]:
        lines += ["", "## By category", "", category_table(result)]
    if result.get("latency", {}).get("stages"):
        lines += ["", "## Latency in milliseconds", "", latency_table(result)]
    return "\n".join(lines) + "\n"


def _figure_lines(figures: Mapping[str, Mapping[str, float]]) -> list[list[str]]:
    return [[TITLES.get(name, name), with_interval(figure), str(figure["rows"])] for name, figure in figures.items()]


def category_table(result: Result) -> str:
    categories = result["figures"]["by_category"]
    columns = [name for name in CATEGORY_COLUMNS if any(name in figures for figures in categories.values())]
    rows = [
        [cell(category), str(sum(row["category"] == category for row in result["rows"]))]
        + [with_interval(figures.get(name)) for name in columns]
        for category, figures in categories.items()
    ]
    return markdown([["Category", "Questions", *(TITLES[name] for name in columns)], *rows])


def latency_table(result: Result) -> str:
    stages = result["latency"]["stages"]
    names = [name for name in next(iter(stages.values())) if name != "rows"]
    return markdown(
        [["Stage", *names], *([cell(stage), *(f"{values[name]:.1f}" for name in names)] for stage, values in stages.items())]
    )


def with_interval(figure: Mapping[str, float] | None) -> str:
    """`0.912 [0.87, 0.95]`; a dash where there is no figure."""
    if figure is None:
        return NONE
    digits = 1 if figure["mean"] > 1.5 else 3
    return f"{figure['mean']:.{digits}f} [{figure['low']:.{min(digits, 2)}f}, {figure['high']:.{min(digits, 2)}f}]"


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first row is its head."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("---" if n == 0 else "--:" for n in range(len(rows[0]))) + "|")
    return "\n".join(lines)


def cell(text: str) -> str:
    """Text that cannot end a table's cell or start markup."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def replace_between(document: str, table: str, name: str) -> str:
    """`document` with what stands between its `<!-- name -->` and `<!-- /name -->` lines replaced by `table`.

    Raises ValueError when the document has no such lines.
    """
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, found, rest = document.partition(start)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"there are no lines {start} and {end}")
    return f"{before}{start}\n{table}\n{end}{after}"
