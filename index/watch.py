"""Keeps an index up to date: looks at the folder every few seconds and builds when it has changed and is still again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from index import files
from index.errors import IndexBusy, StorageError, UsageError
from index.freshness import stamp
from index.types import Refused

MOST_LOOKS = 10
"""A folder that never comes to rest is indexed after so many looks."""

B = TypeVar("B")
Seen = dict[str, tuple[int, int, int] | str]


def look(folder: Path, include: tuple[str, ...], exclude: tuple[str, ...]) -> Seen:
    """Size and times of each file, or why it is not looked at. Raises UsageError where there is no such folder."""
    found = files.find(folder, include, exclude)
    return {file.source: file.reason if isinstance(file, Refused) else stamp(file.path) for file in found}


def watch(look: Callable[[], Seen], build: Callable[[], B], pauses: Iterable[object], say: Callable[[str], None]) -> None:
    """Build at once, and again whenever two looks after a change are alike. Runs as long as `pauses` (each waits) goes on.

    What may pass (another builder, a full disk, a folder that is gone or empty for a moment) is told once, and tried again.
    """
    built: Seen | None = None
    last: Seen | None = None
    waited = 0
    told = ""
    for _ in pauses:
        try:
            seen = look()
            waited = 0 if seen == built else waited + 1
            if seen != built and (built is None or seen == last or waited >= MOST_LOOKS):
                build()
                built, waited = seen, 0
            last, told = seen, ""
        except (UsageError, StorageError, IndexBusy) as error:
            if str(error) != told:
                say(f"{error} (trying again)")
            told, last = str(error), None
