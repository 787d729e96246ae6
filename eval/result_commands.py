"""The commands that read results: `compare`, `gate`, `report`, `table` and `calibrate`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from eval.flags import FAULTS, command
from index.errors import UsageError


def add_compare(commands: Any) -> None:
    parser = command(commands, "compare", "paired differences between two results", compare)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)


def compare(arguments: argparse.Namespace) -> int:
    """Print the paired differences between two results, with intervals, and the questions that changed."""
    from eval import results
    from eval.compare import as_text
    from eval.compare import compare as compared

    print(as_text(compared(results.load(arguments.old), results.load(arguments.new)), str(arguments.old), str(arguments.new)))
    return 0


def add_gate(commands: Any) -> None:
    parser = command(commands, "gate", "fail on a significant regression or a broken floor", gate)
    parser.add_argument("result", type=Path)
    parser.add_argument("--against", type=Path, help="baseline result")
    parser.add_argument("--floors", type=Path, help="JSON file of floors (default: the project's own)")


def gate(arguments: argparse.Namespace) -> int:
    """Exit 1 when a floor is broken, a figure is significantly worse than the baseline's, or a question is missing."""
    from eval import results
    from eval.gate import DEFAULT_FLOORS, faults, load_floors

    baseline = results.load(arguments.against) if arguments.against else None
    found = faults(results.load(arguments.result), baseline, load_floors(arguments.floors or DEFAULT_FLOORS))
    print("\n".join(found) if found else "the gate is passed")
    return FAULTS if found else 0


def add_report(commands: Any) -> None:
    parser = command(commands, "report", "write one HTML page and a Markdown summary", report)
    parser.add_argument("result", type=Path)
    parser.add_argument("--out", type=Path, help="the page (default: the result's name with .html; the summary with .md)")


def report(arguments: argparse.Namespace) -> int:
    """Write the HTML page and the Markdown summary of a result."""
    from eval import results
    from eval.report import page
    from eval.table import summary

    result = results.load(arguments.result)
    out = arguments.out or arguments.result.with_suffix(".html")
    results.write_text(out, page(result))
    results.write_text(out.with_suffix(".md"), summary(result))
    print(f"{out}\n{out.with_suffix('.md')}")
    return 0


def add_table(commands: Any) -> None:
    parser = command(commands, "table", "several systems beside each other, in Markdown", table)
    parser.add_argument("results", type=Path, nargs="+")
    parser.add_argument("--write", type=Path, help="put it between the lines <!-- results --> and <!-- /results --> of this file")
    parser.add_argument("--name", default="results", help="name of those lines")
    parser.add_argument("--split", choices=("dev", "test"), help="figures of this split's questions alone")
    parser.add_argument("--columns", help="metrics, separated by commas")


def table(arguments: argparse.Namespace) -> int:
    """Print the systems' figures side by side, or put them into a document."""
    from eval import results
    from eval.figures import of_split
    from eval.table import SYSTEM_COLUMNS, TITLES, replace_between, systems_table

    columns = arguments.columns.split(",") if arguments.columns else SYSTEM_COLUMNS
    unknown = [name for name in columns if name not in TITLES]
    if unknown:
        raise UsageError(f"unknown metrics {', '.join(unknown)}; there are {', '.join(TITLES)}")
    loaded = [results.load(path) for path in arguments.results]
    text = systems_table([of_split(result, arguments.split) if arguments.split else result for result in loaded], columns)
    if not arguments.write:
        print(text)
        return 0
    try:
        document = replace_between(arguments.write.read_text(encoding="utf-8"), text, arguments.name)
    except (OSError, ValueError) as error:
        raise UsageError(f"{arguments.write}: {error}") from None
    results.write_text(arguments.write, document)
    return 0


def add_calibrate(commands: Any) -> None:
    parser = command(commands, "calibrate", "fit the confidence to your own questions, for a stated risk", calibrate)
    parser.add_argument("result", type=Path, help="result file of `qa eval run` over your questions")
    parser.add_argument("--split", choices=("all", "dev", "test"), default="all")
    parser.add_argument("--risk", type=float, default=0.3, help="share of wrong answers among the given ones (default: 0.3)")
    parser.add_argument("--out", type=Path, default=Path("calibration.json"), help="file to write")


def calibrate(arguments: argparse.Namespace) -> int:
    """Refit the confidence on a result's questions and choose the threshold at which the risk is held.

    Writes the file that the setting `calibration` names, and prints the lines for qa.toml. The result must have been made without
    such a file.
    """
    from eval import results
    from eval.calibrate import calibrate as calibrated

    if not 0 < arguments.risk < 1:
        raise UsageError("--risk must lie between 0 and 1")
    result = results.load(arguments.result)
    if result["settings"].get("calibration"):
        raise UsageError(f"{arguments.result} was made with a calibration; make it again without one")
    rows = [row for row in result["rows"] if arguments.split in ("all", row["split"])]
    found = calibrated(rows, arguments.risk)
    results.write_text(arguments.out, json.dumps(found.to_dict(), indent=1) + "\n")
    print(
        f"{found.questions} questions: calibration error {found.error_before:.3f} before, {found.error_after:.3f} after "
        f"({found.error_least:.3f} by chance alone)\n"
        f"answered {found.coverage:.0%} of them, {found.risk:.0%} of the answers wrong; put this into qa.toml:\n\n"
        f'calibration = "{arguments.out}"\nthreshold = {found.threshold}'
    )
    return 0
