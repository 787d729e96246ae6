"""Generations: what is published, what a reader keeps, and that no damage goes unnoticed."""

from __future__ import annotations

import errno
import gc
import json
import os
import shutil
import threading
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest

from index import publish, store
from index.build import build
from index.errors import DamagedIndex, IndexBusy, MissingIndex, StorageError
from index.passage_files import REMEMBERED, passage_from_json, passage_to_json
from index.publish import workshop
from index.recipe import Recipe
from index.search import Searcher
from index.store import current_manifest, current_name, open_current, open_generation, read_manifest, verify
from tests.conftest import write_articles
from tests.encoder_double import WordEncoder

RECIPE = Recipe("words")
QUESTION = "Who designed the Orrin Bridge?"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("stored")
    build(write_articles(home / "articles"), home / "index", RECIPE, WordEncoder())
    return home


@pytest.fixture
def home(built: Path, tmp_path: Path) -> Path:
    """A copy of the articles and their index, to change and to damage."""
    shutil.copytree(built, tmp_path / "home")
    return tmp_path / "home"


def rebuild(home: Path) -> str:
    return build(home / "articles", home / "index", RECIPE, WordEncoder()).name


def generations(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "index" / "generations").iterdir())


def first_hit(index: Path) -> str:
    return Searcher(open_current(index), WordEncoder()).search(QUESTION, 1)[0].passage.text  # type: ignore[arg-type]


def change(home: Path, number: int) -> None:
    with (home / "articles" / "bridge.txt").open("a", encoding="utf-8") as file:
        file.write(f"\n\nThe Orrin Bridge was painted for the {number}th time.\n")


def test_what_is_on_disk(home: Path) -> None:
    name = (home / "index" / "current").read_text().strip()
    folder = home / "index" / "generations" / name
    assert generations(home) == [name] and name == current_name(home / "index")
    files = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    assert [f for f in files if not f.startswith("words/")] == [
        "articles.jsonl",
        "manifest.json",
        "passages.faiss",
        "passages.json",
        "passages.jsonl",
        "passages.keys.npy",
        "passages.offsets.npy",
        "refused.jsonl",
        "sentences.faiss",
        "sentences.first.npy",
        "sentences.json",
        "sentences.keys.npy",
    ]
    assert not any(f.endswith((".pkl", ".pickle")) for f in files)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["name"] == name and manifest["folder"] == "articles" and manifest["articles"] == 3
    assert manifest["encoder"]["name"] == "words" and set(manifest["files"]) == {
        f for f in files if f != "manifest.json" and not f.endswith(".lock")
    }


def test_passages_and_articles_come_back_as_they_were_cut(home: Path) -> None:
    generation = open_current(home / "index")
    passages = [generation.passage(n) for n in range(generation.manifest.passages)]
    assert sum(len(p.sentences) for p in passages) == generation.manifest.sentences == generation.first_sentence[-1]
    assert all(passage_from_json(passage_to_json(p)) == p for p in passages)
    records = list(generation.articles())
    assert [r.source for r in records] == ["articles/bridge.txt", "articles/fair.txt", "articles/lighthouse.md"]
    for record in records:
        assert generation.article_path(record.source).stat().st_size == record.size
        assert {p.source for p in passages[record.first : record.first + record.count]} == {record.source}


def test_passages_are_remembered_within_bounds_and_forgotten_with_their_generation(home: Path) -> None:
    generation = open_current(home / "index")
    remembered = generation.texts.passage
    assert generation.passage(0) is generation.passage(0) == passage_from_json(generation.texts.lines(0, 1))
    assert remembered.cache_info().maxsize == REMEMBERED and remembered.cache_info().currsize == 1
    opened = weakref.ref(generation.texts)
    gc.disable()
    try:
        del generation, remembered
        assert opened() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("content", [None, "", "../../etc", "a/b", "absent", "\0"])
def test_an_index_without_a_generation(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "current").write_text(content)
    error = MissingIndex if content is None else DamagedIndex
    for read in (open_current, current_manifest):
        with pytest.raises(error, match="run: qa index build") as caught:
            read(tmp_path)
        assert "\n" not in str(caught.value) and "\0" not in str(caught.value)


def test_a_file_or_bytes_in_the_place_of_an_index(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(MissingIndex):
        open_current(tmp_path / "file")
    (tmp_path / "current").write_bytes(b"\xff")
    with pytest.raises(DamagedIndex, match="cannot be read"):
        open_current(tmp_path)


def damaged(path: Path) -> list[tuple[str, bytes | None]]:
    """What may happen to a file, each with what is left of it (None: nothing)."""
    data = path.read_bytes()
    if not data:
        return [("longer", b"x"), ("gone", None)]
    places = sorted({0, len(data) // 3, len(data) // 2, len(data) - 1})
    flips = [(f"flip {n}", data[:n] + bytes([data[n] ^ 0x10]) + data[n + 1 :]) for n in places]
    return [
        *flips,
        ("cut", data[: len(data) // 2]),
        ("short", data[:-1]),
        ("empty", b""),
        ("longer", data + b"\0"),
        ("gone", None),
    ]


def test_any_damage_to_any_file_is_noticed(home: Path) -> None:
    manifest = current_manifest(home / "index")
    folder = home / "index" / "generations" / manifest.name
    tried = 0
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix != ".lock"):
        data = path.read_bytes()
        for what, left in damaged(path):
            if path.name == "manifest.json" and what == "short":  # its last line break
                continue
            path.unlink() if left is None else path.write_bytes(left)
            with pytest.raises(DamagedIndex, match="run: qa index build") as caught:
                open_current(home / "index")
            assert "\n" not in str(caught.value), (path, what)
            path.write_bytes(data)
            tried += 1
    assert tried > 100 and "Maud Tiller" in first_hit(home / "index")


def test_any_flip_in_the_manifest_is_noticed_or_changes_nothing(home: Path) -> None:
    manifest = current_manifest(home / "index")
    path = home / "index" / "generations" / manifest.name / "manifest.json"
    data = path.read_bytes()
    noticed = 0
    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ (1 << place % 8)]) + data[place + 1 :])
        try:
            assert read_manifest(path.parent) == manifest, place
        except DamagedIndex:
            noticed += 1
    assert noticed > 0.8 * len(data)


def test_damage_to_the_name_of_the_current_generation_is_noticed(home: Path) -> None:
    current = home / "index" / "current"
    data = current.read_bytes()
    for place in range(len(data) - 1):
        current.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        with pytest.raises(DamagedIndex):
            open_current(home / "index")


def test_a_large_index_is_checked_by_sizes(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "VERIFIED_BYTES", 0)
    manifest = current_manifest(home / "index")
    path = home / "index" / "generations" / manifest.name / "passages.jsonl"
    data = path.read_bytes()
    path.write_bytes(data[:-1])
    with pytest.raises(DamagedIndex, match=r"passages\.jsonl is damaged"):
        open_current(home / "index")
    path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    open_current(home / "index")
    with pytest.raises(DamagedIndex):
        verify(path.parent, manifest, whole=True)


def test_an_index_of_another_format_is_said_to_be_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "FORMAT", store.FORMAT + 1)
    with pytest.raises(DamagedIndex, match="written by another version; run: qa index build"):
        open_current(home / "index")


def test_the_last_two_generations_are_kept_and_a_reader_keeps_its_own(home: Path) -> None:
    first = current_name(home / "index")
    reader = Searcher(open_current(home / "index"), WordEncoder())  # type: ignore[arg-type]
    before = reader.search(QUESTION, 3)
    change(home, 2)
    second = rebuild(home)
    assert generations(home) == sorted([first, second]) and current_name(home / "index") == second
    assert open_generation(home / "index" / "generations" / str(first)).name == first
    change(home, 3)
    third = rebuild(home)
    assert generations(home) == sorted([second, third])
    assert reader.search(QUESTION, 3) == before and reader.generation == first


def test_building_the_same_again_replaces_it_and_keeps_the_one_before(home: Path) -> None:
    first = str(current_name(home / "index"))
    change(home, 2)
    second = rebuild(home)
    reader = open_current(home / "index")
    for _ in range(3):
        assert rebuild(home) == second == current_name(home / "index") == open_current(home / "index").name
        names = generations(home)
        assert len(names) == 2 and first in names and next(n for n in names if n != first).startswith(second)
    assert reader.passage(0) == open_current(home / "index").passage(0)


def test_a_damaged_generation_is_mended_by_building_again(home: Path) -> None:
    name = str(current_name(home / "index"))
    (home / "index" / "generations" / name / "passages.jsonl").write_text("x")
    assert rebuild(home) == name and "Maud Tiller" in first_hit(home / "index")


def test_readers_never_see_a_gap_while_it_is_built_again(home: Path) -> None:
    """Every open finds a whole generation, also when it is replaced by one of the same name."""
    done = threading.Event()
    failures: list[BaseException] = []
    opened = []

    def read() -> None:
        while not done.is_set():
            try:
                opened.append(open_current(home / "index").passage(0).text)
            except BaseException as error:
                failures.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(12):
        if number % 3 == 0:
            change(home, number)
        rebuild(home)
    done.set()
    reader.join()
    assert failures == [] and len(opened) > 12 and set(opened) == {opened[0]}


def test_a_builder_that_dies_anywhere_in_publishing_leaves_the_index_whole(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call that changes the disk is made to fail in turn; afterwards the index is the old one or the new one."""
    old = current_name(home / "index")
    change(home, 2)
    for module, name in (
        (publish.os, "replace"),
        (publish.os, "fsync"),
        (publish.os, "open"),
        (publish.Path, "write_text"),
        (publish.Path, "mkdir"),
    ):
        for call in range(80):
            left = [call]
            real = getattr(module, name)

            def dying(*arguments: object, left: list[int] = left, real: Callable[..., object] = real, **named: object) -> object:
                left[0] -= 1
                if left[0] == -1:
                    raise KeyboardInterrupt
                return real(*arguments, **named)

            change(home, call)
            with monkeypatch.context() as patch:
                patch.setattr(module, name, dying)
                try:
                    rebuild(home)
                except KeyboardInterrupt:
                    pass
            generation = open_current(home / "index")
            assert generation.manifest.articles == 3
            if left[0] >= 0:
                break
        else:
            pytest.fail(f"{name} is called more than 80 times")
    rebuild(home)
    assert current_name(home / "index") not in (old, None)
    assert len(generations(home)) == 2 and not [name for name in generations(home) if name.startswith(".")]


def test_one_builder_at_a_time(home: Path) -> None:
    with workshop(home / "index") as folder:
        assert folder.parent == home / "index" / "generations"
        with pytest.raises(IndexBusy, match=r"another process is building the index in .*; wait for it"):
            rebuild(home)
        assert "Maud Tiller" in first_hit(home / "index")
    rebuild(home)


def test_what_a_dead_builder_left_is_cleared_away(home: Path) -> None:
    (home / "index" / "generations" / ".new-1").mkdir()
    (home / "index" / "generations" / ".new-1" / "half").write_text("x")
    rebuild(home)
    assert not [name for name in generations(home) if name.startswith(".new")]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "the disk is full; the previous index is unchanged; free some space"),
        (errno.EDQUOT, "the disk quota is used up; the previous index is unchanged; free some space"),
        (errno.EROFS, "it is read-only"),
        (errno.EACCES, "it may not be written to"),
        (errno.EIO, "Input/output error"),
        (None, "1000 requested and 8 written"),
    ],
)
@pytest.mark.parametrize("place", ["mkdir", "write_text", "open"])
def test_what_the_disk_refuses_is_said_in_one_line(
    home: Path, monkeypatch: pytest.MonkeyPatch, code: int | None, words: str, place: str
) -> None:
    error = OSError("1000 requested and 8 written") if code is None else OSError(code, os.strerror(code))
    real = getattr(Path, place)

    def refusing(path: Path, *arguments: object, **named: object) -> object:
        if "generations" in path.parts and not (place == "open" and arguments[:1] in ((), ("rb",), ("r",))):
            raise error
        return real(path, *arguments, **named)

    monkeypatch.setattr(Path, place, refusing)
    with pytest.raises(StorageError) as caught:
        rebuild(home)
    told = f"cannot write the index in {home / 'index'}: {words}"
    if "free some space" in words:
        assert str(caught.value) == f"{told} (qa index prune drops old generations), then run: qa index build"
    else:
        assert str(caught.value) == f"{told}; the previous index is unchanged"
    monkeypatch.undo()
    assert "Maud Tiller" in first_hit(home / "index") and not [n for n in generations(home) if n.startswith(".new")]


@pytest.mark.parametrize("place", ["index", "index/generations", "index/lock"])
def test_a_file_or_folder_in_the_way(home: Path, place: str) -> None:
    path = home / place
    shutil.rmtree(home / "index")
    path.parent.mkdir(exist_ok=True)
    path.mkdir() if place.endswith("lock") else path.write_text("x")
    with pytest.raises(StorageError, match="cannot write the index in") as caught:
        rebuild(home)
    assert "\n" not in str(caught.value)


def test_a_generation_may_be_read_by_whoever_may_read_the_index(home: Path) -> None:
    modes = {oct(path.stat().st_mode & 0o777) for path in (home / "index" / "generations").iterdir()}
    assert modes == {oct((home / "index").stat().st_mode & 0o777)}
