"""Check a saved answer against the files as they are now: is each quote still where its citation says?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from index.repair import Repaired, fold, repair
from qa.types import Answer, Citation

State = Literal["same", "moved", "changed", "gone"]


@dataclass(frozen=True, slots=True)
class Check:
    """`same`: the quote stands in its place. `moved`: it stands elsewhere in the file (`start`, `end`, `line` say where).
    `changed`: the file is there, the quote is not. `gone`: the file is not."""

    citation: Citation
    state: State
    start: int = -1
    end: int = -1
    line: int = -1


def check_answer(answer: Answer, root: Path) -> list[Check]:
    """One check for each citation; sources are looked for below `root`. No file outside `root` is opened."""
    read: dict[str, Repaired | None] = {}
    for citation in answer.citations:
        if citation.source not in read:
            read[citation.source] = _read(root, citation.source)
    return [check(citation, read[citation.source]) for citation in answer.citations]


def check(citation: Citation, file: Repaired | None) -> Check:
    """Look for the quote of a citation: in its place, then anywhere in the file, nearest first."""
    if file is None:
        return Check(citation, "gone")
    in_file = citation.quote and 0 <= citation.start < citation.end <= len(file.raw)
    if in_file and file.quote(citation.start, citation.end) == citation.quote:
        return _at(citation, "same", file, citation.start, citation.end)
    places = find(file, citation.quote)
    if not places:
        return Check(citation, "changed")
    start, end = min(places, key=lambda place: abs(place[0] - citation.start))
    return _at(citation, "moved", file, start, end)


def find(file: Repaired, quote: str) -> list[tuple[int, int]]:
    """Raw ranges where the quote stands, however its white space is laid out."""
    if not quote or quote not in fold(file.text):
        return []
    import re

    pattern = re.compile(r"\s+".join(re.escape(word) for word in quote.split()))
    return [file.to_raw(*match.span()) for match in pattern.finditer(file.text)]


def _at(citation: Citation, state: State, file: Repaired, start: int, end: int) -> Check:
    return Check(citation, state, start, end, file.raw.count("\n", 0, start) + 1)


def _read(root: Path, source: str) -> Repaired | None:
    try:
        path = (root / source).resolve()
        inside = path.is_relative_to(root.resolve()) and path.is_file()
        return repair(path.read_bytes().decode("utf-8")) if inside else None
    except (OSError, ValueError, RuntimeError):
        return None
