"""What the benchmark measured: ours beside the plain pipeline, run by run; as ratios, as a table, and against an earlier record.

Ratios of one run are compared, not times, so that two records can come from different machines.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.errors import StorageError, UsageError

SLACK = 0.1
"""Share of a ratio that may be lost before it counts, on top of what differs from run to run."""

TARGETS = {
    "`qa --help`": 150.0,
    "one question, cold": 600.0,
    "— its greatest resident memory": 180.0,
    "a proved answer over HTTP, 1 client": 15.0,
    "proved answers over HTTP": 100.0,
    "embedding passages": 2.5,
}
"""What is wished for, by how a measure's name begins: in its unit (at least, for "per second"; at most, for the others); for embedding, how
many times the plain pipeline."""

Record = dict[str, Any]
"""`about`, and `measures`: name → unit, `ours` and, where there is one, `plain`: one number for each run."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times better ours is: the median over the runs, and the quartiles."""

    median: float
    low: float
    high: float


def ratio(measure: Mapping[str, Any]) -> Ratio | None:
    """None for a measure that has no plain counterpart. More is better in units of "per second", less in all others."""
    if not measure.get("plain"):
        return None
    pairs = zip(measure["ours"], measure["plain"], strict=True)
    each = [ours / plain if "per second" in measure["unit"] else plain / ours for ours, plain in pairs]
    low, middle, high = statistics.quantiles(each, n=4, method="inclusive") if len(each) > 1 else each * 3
    return Ratio(middle, low, high)


def ratios(record: Record) -> dict[str, Ratio]:
    return {name: found for name, measure in record["measures"].items() if (found := ratio(measure))}


def worse(before: Record, now: Record) -> list[str]:
    """What is slower than before by more than noise and slack, in a line each: the better quartile now is below the worse one then."""
    then, lines = ratios(before), []
    for name, found in ratios(now).items():
        if name in then and found.high < then[name].low * (1 - SLACK):
            lines.append(f"{name}: {found.median:.2f} times the plain pipeline, {then[name].median:.2f} before")
    return [*lines, *(f"{name}: not measured any more" for name in then.keys() - ratios(now).keys())]


def table(record: Record) -> str:
    """Markdown: the medians."""
    about = record["about"]
    head = f"Medians of {about['runs']} runs on {about['cores']} cores, ours and the plain pipeline in turn (`make bench`); load average before: {about['load']}."
    lines = ["| what | ours | plain LangChain pipeline | times better | target |", "|---|--:|--:|--:|--:|"]
    for name, measure in record["measures"].items():
        ours, plain = (_number(measure[side], measure["unit"]) for side in ("ours", "plain"))
        found = ratio(measure)
        better = f"{found.median:.1f} [{found.low:.1f}, {found.high:.1f}]" if found else "–"
        lines.append(f"| {name} | {ours} | {plain} | {better} | {_target(name, measure)} |")
    return "\n".join([head, "", *lines])


def _target(name: str, measure: Mapping[str, Any]) -> str:
    """The target and whether it is met; "–" where there is none."""
    wished = next((value for begin, value in TARGETS.items() if name.startswith(begin)), None)
    if wished is None:
        return "–"
    found, middle = ratio(measure), statistics.median(measure["ours"])
    if name.startswith("embedding"):
        return _verdict(f"{wished:g} times", found is not None and found.median >= wished)
    fast = middle >= wished if "per second" in measure["unit"] else middle <= wished
    return _verdict(f"{wished:g} {measure['unit']}", fast)


def _verdict(wished: str, met: bool) -> str:
    return f"{wished}: {'met' if met else '**missed**'}"


def _number(values: Sequence[float], unit: str) -> str:
    if not values:
        return "–"
    middle = statistics.median(values)
    return f"{middle:,.{0 if middle >= 100 else 1}f} {unit}"


def save(path: Path, record: Record) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror or error}") from None


def load(path: Path) -> Record:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        table(record)
        return record
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise UsageError(f"{path} holds no record of the benchmark; run: make bench") from None
