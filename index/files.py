"""Find the files of a folder and read them as text. Nothing here looks inside the text.

Offsets in citations count the characters of a file decoded as UTF-8 with its line ends as they are, so a file in another
encoding is refused with the reason, never converted behind the reader's back.
"""

from __future__ import annotations

import codecs
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from index.errors import UsageError
from index.types import Refused

_WIDE_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


@dataclass(frozen=True, slots=True)
class File:
    """One file of the folder: `source` is the folder's name and the path inside it, with forward slashes."""

    source: str
    path: Path


@dataclass(frozen=True, slots=True)
class Text:
    """A file's text as it stands on disk, with the hash, size and time of the bytes that were read."""

    source: str
    raw: str
    sha256: str
    size: int
    modified_ns: int


def find(folder: Path, include: Sequence[str] = ("**/*",), exclude: Sequence[str] = ()) -> Iterator[File | Refused]:
    """The files below `folder`, sorted by path; hidden ones are left out. Links out of the folder are refused, and what cannot be
    looked into: links to folders, folders without permission, names that are not UTF-8.

    Raises UsageError when `folder` is not a folder that can be read.
    """
    root = Path(os.path.realpath(folder))
    if not root.is_dir():
        raise UsageError(f"{folder} is not a folder; name the folder that holds the articles")
    if not _is_utf8(str(root)):
        raise UsageError(f"the path of {_readable(str(folder))} is not UTF-8; rename it")
    for path, reason in _walk(root):
        inside = path.relative_to(root).as_posix()
        if (reason and not _wanted(inside, ("*",), exclude)) or (not reason and not _wanted(inside, include, exclude)):
            continue
        source = f"{root.name}/{inside}"
        reason = reason or _unfit(path, root)
        yield Refused(_readable(source), reason) if reason else File(source, path)


def _unfit(path: Path, root: Path) -> str:
    """Why a file is not even opened, or nothing."""
    if not _is_utf8(str(path)):
        return "has a name that is not UTF-8; rename it"
    return "" if Path(os.path.realpath(path)).is_relative_to(root) else "is a link to a place outside the folder"


def _is_utf8(name: str) -> bool:
    """Whether a name's bytes are UTF-8; in the name of a file where they are not, each stands as a lone surrogate."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def _readable(name: str) -> str:
    return name.encode(errors="backslashreplace").decode()


def _walk(root: Path) -> Iterator[tuple[Path, str]]:
    """Every file, and with the reason every folder that is not looked into."""
    unread: list[OSError] = []
    for folder, folders, names in os.walk(root, onerror=unread.append):
        yield from _unread(root, unread)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        paths = [Path(folder) / name for name in folders]
        yield from ((path, "is a link to a folder, which is not followed") for path in paths if path.is_symlink())
        yield from ((Path(folder) / name, "") for name in sorted(names) if not name.startswith("."))
    yield from _unread(root, unread)


def _unread(root: Path, errors: list[OSError]) -> Iterator[tuple[Path, str]]:
    while errors:
        error = errors.pop(0)
        if Path(error.filename) == root:
            raise UsageError(f"{root} cannot be read: {error.strerror}")
        yield Path(error.filename), f"cannot be read: {error.strerror}"


def _wanted(inside: str, include: Sequence[str], exclude: Sequence[str]) -> bool:
    return any(_matches(inside, pattern) for pattern in include) and not any(_matches(inside, pattern) for pattern in exclude)


def _matches(inside: str, pattern: str) -> bool:
    """Glob match on the whole path; `**/` also matches nothing, and a pattern without a slash matches the file's name."""
    if pattern.startswith("**/") and _matches(inside, pattern[3:]):
        return True
    return fnmatch(inside, pattern) or ("/" not in pattern and fnmatch(inside.rsplit("/", 1)[-1], pattern))


def read(file: File, max_bytes: int) -> Text | Refused:
    """Read one file whole, or say why it cannot be indexed. Never raises for what a file may be."""
    try:
        data, modified_ns = _read_bytes(file.path, max_bytes)
        return Text(file.source, _decode(data), hashlib.sha256(data).hexdigest(), len(data), modified_ns)
    except FileNotFoundError:
        reason = "vanished while it was read"
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}"
    except _Unfit as error:
        reason = str(error)
    return Refused(file.source, reason)


class _Unfit(Exception):
    """A file's content is not something to index."""


def _read_bytes(path: Path, max_bytes: int) -> tuple[bytes, int]:
    with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as stream:
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise _Unfit("is not a regular file")
        if status.st_size > max_bytes:
            raise _Unfit(
                f"is {status.st_size / 1e6:,.1f} MB, more than max_file_mb = {max_bytes / 1e6:g}; raise the setting or split it"
            )
        data = stream.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise _Unfit(f"grew over max_file_mb = {max_bytes / 1e6:g} while it was read")
    return data, status.st_mtime_ns


def _decode(data: bytes) -> str:
    if not data.strip():
        raise _Unfit("is empty")
    for mark, name in _WIDE_MARKS.items():
        if data.startswith(mark):
            raise _Unfit(f"is {name}, not UTF-8; save it as UTF-8")
    if b"\0" in data:
        raise _Unfit("is not text (it holds NUL bytes)")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _Unfit(f"is not valid UTF-8 (byte {error.start:,}: 0x{data[error.start]:02x}); save it as UTF-8") from None
