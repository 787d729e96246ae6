"""A result on disk: one JSON file. All in it but `latency` and `made` depends only on code, questions, settings and index.

{"format": 1, "system": name, "made": {code, commit, changed, time}, "settings": {…}, "index": {generation, embedder},
 "questions": {file, sha256, split, categories, dataset, rows}, "figures": {overall, by_category}, "rows": [one per question],
 "latency": {machine, stages, rows}}
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from index.errors import StorageError, UsageError

FORMAT = 1
FRACTION = 0.0015
Result = dict[str, Any]
NEEDED = ("format", "system", "questions", "figures", "rows")


def load(path: Path) -> Result:
    """Raises UsageError when the file is missing or is no result of this format."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise UsageError(f"there is no result file {path}") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not JSON: {error}") from None
    if not isinstance(data, dict) or any(name not in data for name in NEEDED):
        raise UsageError(f"{path} is not the result of `qa eval run`")
    if data["format"] != FORMAT:
        raise UsageError(f"{path} has format {data['format']}, this version reads {FORMAT}; make it again with `qa eval run`")
    return data


def save(result: Mapping[str, Any], path: Path) -> None:
    """Write the file in one step: readers see the old one or the new one. Raises StorageError when the disk refuses."""
    write_text(path, json.dumps(result, ensure_ascii=False, indent=1) + "\n")


def write_text(path: Path, text: str) -> None:
    """Put a text file in its place in one step, its folder made where it is missing."""
    temporary = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, path)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror or error}") from None


def made() -> dict[str, Any]:
    """The commit of the code that ran ("" outside a checkout), whether tracked files differ from it, and when."""
    folder = Path(__file__).parent
    return {
        "code": code_hash(),
        "commit": _git(folder, "rev-parse", "HEAD"),
        "changed": bool(_git(folder, "status", "--porcelain", "--untracked-files=no")),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }


@cache
def code_hash() -> str:
    """Names the code, prompts and fitted models that run, committed or not: a stopped run goes on only under the same."""
    digest = hashlib.sha256()
    for folder in ("index", "qa", "prompts", "eval"):
        for path in sorted((Path(__file__).parent.parent / folder).rglob("*")):
            if path.suffix in (".py", ".md", ".json") and path.is_file():
                digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def machine() -> dict[str, Any]:
    """What the latencies were measured on, in general terms."""
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


def same_figures(one: Result, other: Result) -> bool:
    """Whether two results agree in every figure and every row: the reproduction of a result.

    Texts, ids, offsets and counts must be equal. Fractions may differ by 0.0015: processors differ in the last digit of a
    cosine, which can move a confidence over an edge of rounding.
    """
    return _agree(one["figures"], other["figures"]) and _agree(one["rows"], other["rows"])


def _agree(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_agree(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_agree, one, other))
    if isinstance(one, float) or isinstance(other, float):
        return isinstance(one, (int, float)) and isinstance(other, (int, float)) and abs(one - other) <= FRACTION
    return bool(one == other)
