"""Finding and reading: every kind of thing that lies in a folder is read, refused with the reason, or hidden."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import files
from index.errors import UsageError
from index.files import File, Text, find, read
from index.types import Refused

MOST = 1000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    home = tmp_path / "articles"
    home.mkdir()
    return home


def names(folder: Path, *arguments: tuple[str, ...]) -> list[str]:
    return [f.source for f in find(folder, *arguments) if isinstance(f, File)]


def refused(folder: Path) -> dict[str, str]:
    return {f.source: f.reason for f in find(folder) if isinstance(f, Refused)}


def outcome(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    result = read(File(f"articles/{path.name}", path), MOST)
    assert isinstance(result, Refused) and result.source == f"articles/{path.name}" and "\n" not in result.reason
    return result.reason


def test_files_come_in_order_with_their_folders_and_without_hidden_ones(folder: Path) -> None:
    for name in (
        "b.txt",
        "a.md",
        "sub/c.txt",
        "sub/deep/d.txt",
        ".hidden",
        ".git/e.txt",
        "sub/.f.txt",
        "with space.txt",
        "é.txt",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    assert names(folder) == [f"articles/{n}" for n in ("a.md", "b.txt", "with space.txt", "é.txt", "sub/c.txt", "sub/deep/d.txt")]
    assert all(isinstance(f, File) and f.path.is_absolute() and f.path.is_file() for f in find(folder))


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        (("**/*",), (), ["a.md", "b.txt", "sub/c.txt"]),
        (("*.txt",), (), ["b.txt", "sub/c.txt"]),
        (("**/*.txt",), (), ["b.txt", "sub/c.txt"]),
        (("sub/*",), (), ["sub/c.txt"]),
        (("*",), ("*.txt",), ["a.md"]),
        (("*",), ("sub/**",), ["a.md", "b.txt"]),
        (("*.md", "c.*"), (), ["a.md", "sub/c.txt"]),
        (("x",), (), []),
    ],
)
def test_patterns(folder: Path, include: tuple[str, ...], exclude: tuple[str, ...], expected: list[str]) -> None:
    for name in ("a.md", "b.txt", "sub/c.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x")
    assert names(folder, include, exclude) == [f"articles/{name}" for name in expected]


@pytest.mark.parametrize("name", ["absent", "file"])
def test_what_is_no_folder_is_a_usage_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match=f"{name} is not a folder"):
        list(find(tmp_path / name))


def test_links(folder: Path) -> None:
    outside = folder.parent / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("secret")
    (folder / "real.txt").write_text("x")
    (folder / "inside.txt").symlink_to(folder / "real.txt")
    (folder / "out.txt").symlink_to(outside / "secret.txt")
    (folder / "up.txt").symlink_to("../outside/secret.txt")
    (folder / "passwd").symlink_to("/etc/passwd")
    (folder / "dangling").symlink_to(folder / "absent")
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "linked").symlink_to(outside)
    (folder / "around").symlink_to(folder)
    assert names(folder) == [f"articles/{n}" for n in ("dangling", "inside.txt", "loop", "real.txt")]
    away = "is a link to a place outside the folder"
    assert refused(folder) == {
        "articles/out.txt": away,
        "articles/up.txt": away,
        "articles/passwd": away,
        "articles/linked": "is a link to a folder, which is not followed",
        "articles/around": "is a link to a folder, which is not followed",
    }
    assert read(File("x", folder / "dangling"), MOST) == Refused("x", "vanished while it was read")
    assert read(File("x", folder / "loop"), MOST) == Refused("x", "cannot be read: Too many levels of symbolic links")


def test_a_name_that_is_not_utf_8_is_refused(folder: Path) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.txt")).write_text("x")
    assert refused(folder) == {"articles/caf\\udce9.txt": "has a name that is not UTF-8; rename it"}


def test_a_folder_without_permission_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root reads everything, so the refusal is made up."""
    for name in ("closed", "open"):
        (folder / name).mkdir()
        (folder / name / "a.txt").write_text("x")
    scan = os.scandir

    def closed(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(files.os, "scandir", closed)
    assert names(folder) == ["articles/open/a.txt"]
    assert refused(folder) == {"articles/closed": "cannot be read: Permission denied"}
    with pytest.raises(UsageError, match="cannot be read: Permission denied"):
        list(find(folder / "closed"))


@pytest.mark.parametrize("raw", ["Text.\n", "\ufeffText.\r\n\r\nMore.\r", "é — 中文 🎉", "\x0c\x85\u2028"])
def test_text_is_read_as_it_stands(tmp_path: Path, raw: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(raw.encode())
    status = path.stat()
    assert read(File("s/a.txt", path), MOST) == Text(
        "s/a.txt", raw, hashlib.sha256(raw.encode()).hexdigest(), len(raw.encode()), status.st_mtime_ns
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b" \n\t\r\n", "is empty"),
        ("Text é".encode("utf-16"), "is UTF-16, not UTF-8; save it as UTF-8"),
        (b"\xfe\xff\0T", "is UTF-16, not UTF-8; save it as UTF-8"),
        ("Text".encode("utf-32"), "is UTF-32, not UTF-8; save it as UTF-8"),
        ("Text é".encode("utf-16-le"), "is not text (it holds NUL bytes)"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is not text (it holds NUL bytes)"),
        (b"caf\xe9", "is not valid UTF-8 (byte 3: 0xe9); save it as UTF-8"),
        (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3", "is not valid UTF-8 (byte 10: 0xe2); save it as UTF-8"),
        (b"a\xed\xa0\x80b", "is not valid UTF-8 (byte 1: 0xed); save it as UTF-8"),
        (b"a" * 1001, "is 0.0 MB, more than max_file_mb = 0.001; raise the setting or split it"),
    ],
)
def test_what_cannot_be_indexed_says_why(tmp_path: Path, data: bytes, reason: str) -> None:
    assert outcome(tmp_path / "a.txt", data) == reason


@given(data=st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(data)
    result = read(File("any", path), MOST)
    assert result.raw.encode() == data if isinstance(result, Text) else result.reason


def test_a_pipe_and_a_folder_are_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert read(File("pipe", tmp_path / "pipe"), MOST) == Refused("pipe", "is not a regular file")
    assert isinstance(read(File("x", tmp_path), MOST), Refused)
    assert read(File("null", Path("/dev/null")), MOST) == Refused("null", "is not a regular file")


def test_a_file_that_vanishes_or_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    path.write_text("x")
    (found,) = find(tmp_path)
    path.unlink()
    assert isinstance(found, File) and read(found, MOST) == Refused(found.source, "vanished while it was read")

    def denied(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(files.os, "open", denied)
    assert read(found, MOST) == Refused(found.source, "cannot be read: Permission denied")


def test_a_file_that_grows_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"a" * 2000)
    small = tmp_path / "b.txt"
    small.write_bytes(b"a")
    status = os.stat(small)
    monkeypatch.setattr(files.os, "fstat", lambda _: status)
    assert read(File("a", path), MOST) == Refused("a", "grew over max_file_mb = 0.001 while it was read")
