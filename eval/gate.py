"""May this result pass? Floors that must hold, and no significant regression against a baseline.

Floors are a JSON file: {"metric": {"min": x} or {"max": x}}. A regression is significant when the 95 % interval of the
paired difference lies wholly on the worse side of zero. Every question of the baseline must have been asked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from eval.compare import Comparison, compare
from eval.results import Result
from eval.scoring import METRICS
from index.errors import UsageError

Floors = Mapping[str, Mapping[str, float]]
DEFAULT_FLOORS = Path(__file__).parent / "floors.json"


def load_floors(path: Path) -> Floors:
    """Raises UsageError naming what is not a floor."""
    try:
        floors = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise UsageError(f"there is no file of floors {path}") from None
    except json.JSONDecodeError as error:
        raise UsageError(f"{path} is not JSON: {error}") from None
    for name, floor in floors.items():
        if name not in {metric.name for metric in METRICS} or not floor or set(floor) - {"min", "max"}:
            raise UsageError(f'{path}: {name!r} is not a metric with {{"min": x}} or {{"max": x}}')
    return floors


def faults(result: Result, baseline: Result | None, floors: Floors) -> list[str]:
    """Why the result may not pass, in words; an empty list lets it pass."""
    found = _broken_floors(result, floors)
    if baseline is not None:
        found += _regressions(compare(baseline, result))
    return found


def _broken_floors(result: Result, floors: Floors) -> list[str]:
    found = []
    for name, floor in floors.items():
        figure = result["figures"]["overall"].get(name)
        if figure is None:
            found.append(f"{name} has a floor and was not measured")
        elif figure["mean"] < floor.get("min", float("-inf")):
            found.append(f"{name} is {figure['mean']:.4f}, below its floor {floor['min']:g}")
        elif figure["mean"] > floor.get("max", float("inf")):
            found.append(f"{name} is {figure['mean']:.4f}, above its ceiling {floor['max']:g}")
    return found


def _regressions(comparison: Comparison) -> list[str]:
    found = []
    if comparison.only_old:
        found.append(
            f"{len(comparison.only_old)} questions of the baseline were not asked: {', '.join(comparison.only_old[:5])} …"
        )
    for d in comparison.differences:
        if d.verdict == "worse":
            interval = f"{d.change.mean:+.4f} [{d.change.low:+.4f}, {d.change.high:+.4f}]"
            verb = "fell" if d.change.mean < 0 else "rose"
            found.append(f"{d.metric.name} {verb} from {d.old:.4f} to {d.new:.4f} ({interval})")
    return found
