"""Generations listed, put back, dropped and checked; damage to any file is found."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from index import publish, store
from index.build import build
from index.errors import DamagedIndex, IndexBusy, MissingIndex, UsageError
from index.freshness import check_fresh
from index.generations import check, listed, prune, rollback
from index.recipe import Recipe
from index.store import MANIFEST, current_name, open_current, seal_of
from tests.conftest import write_articles
from tests.encoder_double import WordEncoder

RECIPE = Recipe("words")


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of three generations, of three, four and five articles."""
    home = tmp_path_factory.mktemp("three")
    write_articles(home / "articles")
    for number in range(3):
        build(home / "articles", home / "index", RECIPE, WordEncoder(), keep=3)
        (home / "articles" / f"{number}.txt").write_text(f"House {number} was built in 190{number}.\n")
    (home / "articles" / "2.txt").unlink()
    return home


@pytest.fixture
def index(three: Path, tmp_path: Path) -> Path:
    shutil.copytree(three / "index", tmp_path / "index")
    return tmp_path / "index"


def names(index: Path) -> list[str]:
    return [row.name for row in listed(index)]


def test_generations_are_listed_newest_first(index: Path) -> None:
    rows = listed(index)
    assert [(row.articles, row.current, row.problem) for row in rows] == [(5, True, ""), (4, False, ""), (3, False, "")]
    assert [row.built_at for row in rows] == sorted((row.built_at for row in rows), reverse=True)
    for row in rows:
        folder = index / "generations" / row.name
        on_disk = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file() and p.name != MANIFEST and p.suffix != ".lock")
        assert row.bytes == on_disk and row.embedder == "words" and row.passages and row.sentences
    (index / "generations" / rows[1].name / MANIFEST).write_text("{}")
    assert "has no readable manifest" in listed(index)[1].problem or "has no readable manifest" in listed(index)[0].problem


def test_an_index_without_generations(tmp_path: Path) -> None:
    for call in (listed, rollback, check, lambda index: prune(index, 1)):
        with pytest.raises(MissingIndex, match="run: qa index build FOLDER"):
            call(tmp_path / "absent")
    assert not (tmp_path / "absent").exists()


def test_rollback_goes_back_one_by_one_and_a_name_goes_anywhere(index: Path) -> None:
    newest, middle, oldest = names(index)
    assert rollback(index).name == middle == current_name(index)
    assert rollback(index).name == oldest == open_current(index).name
    with pytest.raises(UsageError, match="is the only generation, or the oldest"):
        rollback(index)
    assert rollback(index, newest[:6]).name == newest == current_name(index)
    for name in ("absent", "../../etc", ".", "*"):
        with pytest.raises(UsageError, match=f"is no generation of this index; there are: {newest}"):
            rollback(index, name)


def test_after_a_rollback_the_next_build_keeps_what_was_gone_back_to(three: Path, tmp_path: Path) -> None:
    shutil.copytree(three, tmp_path / "home")
    home = tmp_path / "home"
    oldest = names(home / "index")[-1]
    rollback(home / "index", oldest)
    (home / "articles" / "new.txt").write_text("It rained.\n")
    built = build(home / "articles", home / "index", RECIPE, WordEncoder())
    assert sorted(names(home / "index")) == sorted([built.name, oldest])
    assert rollback(home / "index").name == oldest


def test_a_damaged_generation_is_not_put_back(index: Path) -> None:
    newest, middle, _ = names(index)
    path = index / "generations" / middle / "sentences.faiss"
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(DamagedIndex, match=r"sentences\.faiss is damaged"):
        rollback(index)
    assert current_name(index) == newest


@pytest.mark.parametrize("content", [None, "", "absent"])
def test_rollback_finds_a_whole_generation_where_current_is_lost(index: Path, content: str | None) -> None:
    newest, middle, _ = names(index)
    (index / "current").unlink() if content is None else (index / "current").write_text(content)
    (index / "generations" / newest / "passages.jsonl").unlink()
    with pytest.raises(DamagedIndex, match="run: qa index"):
        prune(index, 1)
    assert rollback(index).name == middle == open_current(index).name


def test_prune_keeps_the_current_one_and_drops_what_was_left(index: Path) -> None:
    newest, middle, oldest = names(index)
    rollback(index, oldest)
    (index / "checkpoint").write_bytes(b"x")
    (index / "generations" / ".new-1").mkdir()
    assert prune(index, 2) == [middle, "checkpoint"], "the newest of the others stays"
    assert sorted(names(index)) == sorted([newest, oldest]) and not (index / "generations" / ".new-1").exists()
    assert prune(index, 1) == [newest] and names(index) == [oldest] == [current_name(index)]
    assert prune(index, 1) == [] and open_current(index).manifest.articles == 3


def test_nothing_is_changed_while_another_builds(index: Path) -> None:
    with publish.changing(index):
        for call in (rollback, lambda index: prune(index, 1)):
            with pytest.raises(IndexBusy):
                call(index)
    assert len(listed(index)) == 3


def damages(data: bytes) -> list[bytes | None]:
    """What may happen to a file: a bit flipped in many places, cut, emptied, grown, lost (None)."""
    step = max(1, len(data) // 12)
    flips = [
        data[:n] + bytes([data[n] ^ (1 << n % 8)]) + data[n + 1 :] for n in (*range(0, len(data), step), len(data) - 1) if data
    ]
    return [*flips, *([data[: len(data) // 2], data[:-1], b""] if data else []), data + b"\0", None]


def test_any_damage_to_any_file_is_found(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By `check`, also where an index is so large that only sizes are compared when it is opened."""
    monkeypatch.setattr(store, "VERIFIED_BYTES", 0)
    folder = index / "generations" / str(current_name(index))
    assert check(index).faults == ()
    tried = 0
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix != ".lock"):
        data = path.read_bytes()
        for damaged in damages(data):
            if path.name == MANIFEST and damaged is not None and _reads_alike(damaged, data):
                continue
            path.unlink() if damaged is None else path.write_bytes(damaged)
            faults = check(index).faults
            assert faults and all("\n" not in fault for fault in faults), (path, damaged and len(damaged))
            path.write_bytes(data)
            tried += 1
    assert tried > 200 and check(index).faults == ()


def _reads_alike(damaged: bytes, data: bytes) -> bool:
    """Whether a manifest says the same: where white space was changed."""
    try:
        return json.loads(damaged) == json.loads(data)
    except ValueError:
        return False


@pytest.mark.parametrize("wrong", ["articles", "passages", "sentences", "refused"])
def test_parts_that_disagree_in_number_are_found(index: Path, wrong: str) -> None:
    """With every checksum right: what a fault of ours could write."""
    path = index / "generations" / str(current_name(index)) / MANIFEST
    record = json.loads(path.read_text())
    del record["seal"]
    record[wrong] = [{"source": "a", "reason": "b"}] if wrong == "refused" else record[wrong] + 1
    path.write_text(json.dumps(record | {"seal": seal_of(record)}))
    faults = check(index).faults
    assert faults and all(" in the manifest" in fault for fault in faults)


def test_a_generation_is_checked_by_name(index: Path) -> None:
    newest, middle, _ = names(index)
    (index / "generations" / middle / "words" / "meta.json").unlink()
    assert check(index).faults == () and check(index).name == newest
    checked = check(index, middle)
    assert checked.name == middle and checked.faults == (f"{index / 'generations' / middle / 'words' / 'meta.json'} is missing",)
    with pytest.raises(UsageError):
        check(index, "absent")


def test_a_half_deleted_generation_is_none(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dropping is interrupted; what is left is listed no more, and is cleared away by the next who holds the lock."""
    newest = names(index)[0]
    real: Callable[..., None] = shutil.rmtree
    monkeypatch.setattr(publish.shutil, "rmtree", lambda path, **more: None)
    prune(index, 1)
    assert names(index) == [newest] and len(list((index / "generations").glob(".old-*"))) == 2
    monkeypatch.setattr(publish.shutil, "rmtree", real)
    prune(index, 1)
    assert len(list((index / "generations").iterdir())) == 1


def test_rows_are_plain_data(index: Path, three: Path) -> None:
    assert json.loads(json.dumps([asdict(row) for row in listed(index)]))[0]["articles"] == 5
    assert check_fresh(open_current(three / "index"), RECIPE) == []
