"""Check a saved answer against the files as they are now: is each quote still where its citation says, or where is it now?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from index.errors import UsageError
from index.files import File, Text, read
from index.files import find as find_files
from index.repair import Repaired, fold, repair
from qa.types import Answer, Citation

State = Literal["same", "moved", "changed", "gone"]


Others = Callable[[Citation], Iterable[tuple[str, Repaired]]]
"""Other files in which the quote of a citation may stand, with their names: those of the same hash first."""

_TELLING = 4
"""Words that a quote needs before it is looked for in other files: a shorter one stands in many by chance."""


@dataclass(frozen=True, slots=True)
class Check:
    """`same`: the quote stands in its place. `moved`: it stands elsewhere, in the file or, where that was renamed or its text taken
    elsewhere, in another (`source`, `start`, `end`, `line` say where). `changed`: the file is there, the quote is not.
    `gone`: the file is not."""

    citation: Citation
    state: State
    start: int = -1
    end: int = -1
    line: int = -1
    source: str = ""

    @property
    def is_elsewhere(self) -> bool:
        """Whether the quote stands in another file than the one cited."""
        return self.source not in ("", self.citation.source)


def check_answer(answer: Answer, root: Path, folder: str = "") -> list[Check]:
    """One check for each citation; sources are looked for below `root`. No file outside `root` is opened.

    `folder` is what the folder of the articles is called there now, where that may have been renamed.
    """
    read: dict[str, Repaired | None] = {}
    others = Folder(root, folder)
    for citation in answer.citations:
        if citation.source not in read:
            read[citation.source] = _read(root, citation.source)
    return [check(citation, read[citation.source], others.candidates) for citation in answer.citations]


def check(citation: Citation, file: Repaired | None, others: Others = lambda citation: ()) -> Check:
    """Look for the quote of a citation: in its place, then anywhere in the file, nearest first, then in other files.

    Other files are looked at only for a source that an index could have named.
    """
    found = _in_file(citation, citation.source, file) if file else None
    if found is None and citation.quote and _is_inside(citation.source):
        places = (_in_file(citation, source, other) for source, other in others(citation))
        found = next((replace(place, state="moved") for place in places if place), None)
    return found or Check(citation, "changed" if file else "gone")


def _in_file(citation: Citation, source: str, file: Repaired) -> Check | None:
    in_file = citation.quote and 0 <= citation.start < citation.end <= len(file.raw)
    if in_file and file.quote(citation.start, citation.end) == citation.quote:
        return _at(citation, "same", source, file, citation.start, citation.end)
    places = find(file, citation.quote)
    if not places:
        return None
    start, end = min(places, key=lambda place: abs(place[0] - citation.start))
    return _at(citation, "moved", source, file, start, end)


def _is_inside(source: str) -> bool:
    """Whether a source is one that an index could have: a path that leads out of its folder nowhere."""
    parts = source.split("/")
    return len(parts) > 1 and all(part not in ("", ".", "..") and "\0" not in part for part in parts)


def is_telling(quote: str) -> bool:
    """Whether a quote is long enough that another file which holds it holds it not by chance."""
    return len(quote.split()) >= _TELLING


class Folder:
    """The files of the folder that a citation's source lies in, and of `name`, to look for those that were renamed or edited."""

    def __init__(self, root: Path, name: str = "", max_bytes: int = 20_000_000) -> None:
        self._root = root
        self._name = name
        self._max_bytes = max_bytes
        self._files: dict[str, dict[str, list[File]]] = {}

    def candidates(self, citation: Citation) -> Iterator[tuple[str, Repaired]]:
        """Files with the hash that the citation names, then those that hold the longest words of its quote."""
        folders = [self._by_hash(name) for name in dict.fromkeys((citation.source.partition("/")[0], self._name))]
        same = [file for by_hash in folders for file in by_hash.get(citation.sha256, ())]
        yield from ((file.source, repair(text.raw)) for file in same if (text := self._text(file)))
        if not is_telling(citation.quote):
            return
        words = sorted(re.findall(r"[A-Za-z0-9]+", citation.quote), key=len, reverse=True)[:3]
        others = (file for by_hash in folders for files in by_hash.values() for file in files)
        for file in (file for file in others if file not in same and file.source != citation.source):
            text = self._text(file)
            if text and all(word in text.raw for word in words):
                yield file.source, repair(text.raw)

    def _by_hash(self, name: str) -> dict[str, list[File]]:
        if name not in self._files:
            self._files[name] = {}
            for file in _files_of(self._root, name):
                if text := self._text(file):
                    self._files[name].setdefault(text.sha256, []).append(file)
        return self._files[name]

    def _text(self, file: File) -> Text | None:
        text = read(file, self._max_bytes)
        return text if isinstance(text, Text) else None


def _files_of(root: Path, name: str) -> list[File]:
    """The files below the folder of that name in `root`; none where there is no such folder, or it is a way out of it."""
    try:
        folder = (root / name).resolve()
        if name in ("", ".", "..") or folder.parent != root.resolve():
            return []
        return [file for file in find_files(folder) if isinstance(file, File)]
    except (UsageError, OSError, ValueError, RuntimeError):
        return []


def find(file: Repaired, quote: str) -> list[tuple[int, int]]:
    """Raw ranges where the quote stands, however its white space is laid out."""
    if not quote or quote not in fold(file.text):
        return []
    pattern = re.compile(r"\s+".join(re.escape(word) for word in quote.split()))
    return [file.to_raw(*match.span()) for match in pattern.finditer(file.text)]


def _at(citation: Citation, state: State, source: str, file: Repaired, start: int, end: int) -> Check:
    return Check(citation, state, start, end, file.raw.count("\n", 0, start) + 1, source)


def _read(root: Path, source: str) -> Repaired | None:
    try:
        path = (root / source).resolve()
        inside = path.is_relative_to(root.resolve()) and path.is_file()
        return repair(path.read_bytes().decode("utf-8")) if inside else None
    except (OSError, ValueError, RuntimeError):
        return None
