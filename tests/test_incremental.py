"""Builds that do only what has changed: the result is that of a build from nothing, and what was done is not done again."""

from __future__ import annotations

import os
import shutil
import tempfile
import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index import build as build_module
from index import embedding, files, publish, recipe
from index.build import Built, build
from index.checkpoint import Checkpoint
from index.embed import Progress
from index.errors import StaleIndex
from index.freshness import check_fresh
from index.passage_files import KEY, text_key
from index.recipe import Recipe
from index.reuse import Pool, Source
from index.search import Searcher
from index.store import Generation, open_current
from index.types import Refused
from tests.conftest import write_articles
from tests.encoder_double import WordEncoder

RECIPE = Recipe("words")
PARTS = ("passages.jsonl", "passages.offsets.npy", "sentences.first.npy", "passages.keys.npy", "sentences.keys.npy")
VECTORS = ("passages.faiss", "sentences.faiss")


class CountingEncoder(WordEncoder):
    """Keeps what it was given; `stop` interrupts it after so many calls."""

    def __init__(self, stop: int = -1) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.stop = stop

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        if self.stop == 0:
            raise KeyboardInterrupt
        self.stop -= 1
        self.texts += texts
        return super().encode_passages(texts, progress)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting for the disk: what is tested here is not what a crash of the machine leaves."""
    monkeypatch.setattr(publish, "_sync", lambda path: None)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    build(write_articles(tmp_path / "articles"), tmp_path / "index", RECIPE, WordEncoder())
    return tmp_path


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The sources of the files that are opened."""
    opened: list[str] = []
    real = files.read

    def reading(file: files.File, most: int) -> files.Text | Refused:
        opened.append(file.source.partition("/")[2])
        return real(file, most)

    monkeypatch.setattr(files, "read", reading)
    yield opened


def again(home: Path, encoder: WordEncoder | None = None, said: list[str] | None = None, **more: bool) -> Built:
    notice = said.append if said is not None else None
    return build(home / "articles", home / "index", RECIPE, encoder or WordEncoder(), notice=notice, **more)


def parts(generation: Generation) -> dict[str, bytes]:
    return {name: (generation.path / name).read_bytes() for name in (*PARTS, *VECTORS)}


def assert_as_fresh(home: Path, question: str = "Who designed the bridge?") -> None:
    """The index is, byte for byte and in its ranking, what a build from nothing gives."""
    shutil.rmtree(home / "other", ignore_errors=True)
    fresh = build(home / "articles", home / "other", RECIPE, WordEncoder())
    ours, theirs = open_current(home / "index"), open_current(home / "other")
    assert ours.name == theirs.name == fresh.name and ours.manifest.refused == theirs.manifest.refused
    assert parts(ours) == parts(theirs)
    hits = [Searcher(generation, WordEncoder()).search(question, 50) for generation in (ours, theirs)]
    assert hits[0] == hits[1]
    assert [r.sha256 for r in ours.articles()] == [r.sha256 for r in theirs.articles()]
    assert [(r.first, r.count, r.title) for r in ours.articles()] == [(r.first, r.count, r.title) for r in theirs.articles()]


def test_nothing_is_done_when_nothing_has_changed(home: Path, read: list[str]) -> None:
    before = open_current(home / "index")
    built = again(home, encoder := CountingEncoder())
    assert (built.changed, built.name, built.articles, built.passages) == (False, before.name, 3, before.manifest.passages)
    assert encoder.texts == read == [] and open_current(home / "index").path == before.path


def test_only_what_changed_is_read_and_embedded(home: Path, read: list[str]) -> None:
    with (home / "articles" / "fair.txt").open("a") as file:
        file.write("\nIn 2019 it rained on the fair.\n")
    (home / "articles" / "deep" / "er").mkdir(parents=True)
    (home / "articles" / "deep" / "er" / "new.txt").write_text("The mill of Arn burned down in 1840.\n")
    built = again(home, encoder := CountingEncoder())
    assert sorted(read) == ["deep/er/new.txt", "fair.txt"]
    assert (built.added, built.edited, built.removed, built.renamed) == (1, 1, 0, 0)
    assert built.embedded == len(encoder.texts) == len(set(encoder.texts))
    assert {text for text in encoder.texts if "mill" not in text and "2019" not in text} == set()
    assert_as_fresh(home, "When did the mill burn down?")


def test_what_is_removed_is_gone_and_nothing_is_embedded(home: Path, read: list[str]) -> None:
    (home / "articles" / "lighthouse.md").unlink()
    built = again(home, encoder := CountingEncoder())
    assert (built.articles, built.removed, encoder.texts, read) == (2, 1, [], [])
    assert_as_fresh(home, "Who kept the lighthouse?")


def test_a_renamed_file_is_read_and_not_embedded(home: Path, read: list[str]) -> None:
    (home / "articles" / "bridge.txt").rename(home / "articles" / "a-bridge.txt")
    built = again(home, encoder := CountingEncoder())
    assert (built.added, built.removed, built.renamed, encoder.texts, read) == (1, 1, 1, [], ["a-bridge.txt"])
    assert_as_fresh(home)


def test_files_of_one_size_and_time_that_change_places(home: Path) -> None:
    for name, year in (("a.txt", 1911), ("b.txt", 1922)):
        (home / "articles" / name).write_text(f"The tower of {name} was built in {year}.\n")
        os.utime(home / "articles" / name, ns=(1, 1))
    again(home)
    (home / "articles" / "a.txt").rename(home / "articles" / "c")
    (home / "articles" / "b.txt").rename(home / "articles" / "a.txt")
    (home / "articles" / "c").rename(home / "articles" / "b.txt")
    assert again(home).edited == 2
    assert_as_fresh(home, "When was the tower built?")


def test_a_touched_file_makes_a_generation_that_knows_its_time(home: Path) -> None:
    name = open_current(home / "index").name
    os.utime(home / "articles" / "bridge.txt", ns=(10**18, 10**18))
    built = again(home, encoder := CountingEncoder())
    assert (built.changed, built.name, built.edited, encoder.texts) == (True, name, 0, [])
    assert not again(home).changed


def test_a_new_mode_of_a_file_changes_nothing(home: Path) -> None:
    (home / "articles" / "bridge.txt").chmod(0o600)
    assert not again(home).changed


def test_an_exact_copy_is_named_and_takes_its_place_when_the_first_goes(home: Path, read: list[str]) -> None:
    (home / "articles" / "z").mkdir()
    copy = shutil.copy(home / "articles" / "bridge.txt", home / "articles" / "z" / "copy.txt")
    built = again(home)
    assert built.refused == (Refused("articles/z/copy.txt", "is an exact copy of articles/bridge.txt"),) and built.articles == 3
    assert check_fresh(open_current(home / "index"), RECIPE) == []
    read.clear()
    assert not again(home).changed and read == []
    (home / "articles" / "bridge.txt").unlink()
    with pytest.raises(StaleIndex):
        check_fresh(open_current(home / "index"), RECIPE)
    built = again(home, encoder := CountingEncoder())
    assert (built.refused, built.articles, encoder.texts, read) == ((), 3, [], ["z/copy.txt"])
    assert_as_fresh(home)
    assert copy.name == "copy.txt"


def test_a_copy_that_is_edited_is_an_article(home: Path) -> None:
    shutil.copy(home / "articles" / "bridge.txt", home / "articles" / "copy.txt")
    again(home)
    with (home / "articles" / "copy.txt").open("a") as file:
        file.write("It has a toll.\n")
    assert check_fresh(open_current(home / "index"), RECIPE) == [
        "1 new file not indexed yet (articles/copy.txt); run: qa index build"
    ]
    assert again(home).articles == 4
    assert_as_fresh(home)


def test_refused_files_are_not_read_again_until_they_are_touched(home: Path, read: list[str]) -> None:
    (home / "articles" / "bad.txt").write_bytes(b"\xff")
    (home / "articles" / "pipe.txt").symlink_to("absent")
    assert len(again(home).refused) == 2
    (home / "articles" / "new.txt").write_text("It rained.\n")
    read.clear()
    assert len(again(home).refused) == 2 and read == ["new.txt", "pipe.txt"], "a link that leads nowhere may lead somewhere now"
    (home / "articles" / "bad.txt").write_text("It is mended.\n")
    read.clear()
    assert len(again(home).refused) == 1 and "bad.txt" in read
    assert_as_fresh(home)


def test_patterns_take_files_in_and_out(home: Path) -> None:
    only = Recipe("words", include=("*.md",))
    built = build(home / "articles", home / "index", only, encoder := CountingEncoder())
    assert (built.articles, built.removed, encoder.texts) == (1, 2, [])
    assert again(home).articles == 3
    assert_as_fresh(home)


@pytest.mark.parametrize("change", ["code", "settings", "weights", "fresh"])
def test_what_was_made_otherwise_is_not_taken(home: Path, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    """Other code or settings: everything is cut again, and only texts that come out otherwise are embedded. Other weights: all are."""
    cut: list[str] = []
    real = build_module.parse
    monkeypatch.setattr(build_module, "parse", lambda source, *more: (cut.append(source), real(source, *more))[1])
    encoder, ours, more = CountingEncoder(), RECIPE, {}
    if change == "code":
        monkeypatch.setattr("index.earlier.made_by", lambda: "other")
        (home / "articles" / "new.txt").write_text("It rained.\n")
    elif change == "settings":
        ours = Recipe("words", passage_words=30)
    elif change == "weights":
        encoder.card = WordEncoder(weights="1" * 64).card
    else:
        more = {"fresh": True}
    built = build(home / "articles", home / "index", ours, encoder, **more)  # type: ignore[arg-type]
    assert built.changed and len(cut) == built.articles
    if change == "code":
        assert encoder.texts == ["It rained."]
    elif change in ("weights", "fresh"):
        assert len(set(encoder.texts)) == built.embedded > 20
    else:
        assert 0 < len(encoder.texts) < built.passages + built.sentences


def test_the_code_that_cuts_passages_is_known_by_its_text(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe.made_by.cache_clear()
    before = recipe.made_by()
    real = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: real(path) + b"#" * (path.name == "chunk.py"))
    recipe.made_by.cache_clear()
    assert recipe.made_by() != before
    monkeypatch.undo()
    recipe.made_by.cache_clear()
    assert recipe.made_by() == before


def test_a_damaged_generation_gives_nothing_and_the_one_before_stands_in(home: Path) -> None:
    (home / "articles" / "new.txt").write_text("It rained.\n")
    again(home)
    path = open_current(home / "index").path / "passages.jsonl"
    data = path.read_bytes()
    path.write_bytes(data[:50] + bytes([data[50] ^ 1]) + data[51:])
    said: list[str] = []
    built = again(home, encoder := CountingEncoder(), said)
    assert built.changed and encoder.texts == ["It rained."]
    assert said == [f"not used for this build: {path} is damaged"]
    assert_as_fresh(home)


# --- checkpoints


def test_a_build_goes_on_where_a_killed_one_was(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "BLOCK", 4)
    (home / "articles" / "more.txt").write_text(" ".join(f"House {n} was built by {n} masons." for n in range(30)))
    stopped = CountingEncoder(stop=5)
    with pytest.raises(KeyboardInterrupt):
        again(home, stopped)
    assert len(stopped.texts) == 20 and open_current(home / "index").manifest.articles == 3
    said: list[str] = []
    told: list[tuple[str, int, int]] = []
    going = CountingEncoder()
    built = build(home / "articles", home / "index", RECIPE, going, lambda *row: told.append(row), said.append)
    assert (built.resumed, built.embedded) == (20, len(going.texts)) and not set(going.texts) & set(stopped.texts)
    total = 20 + len(going.texts)
    assert said == [f"going on from an interrupted build: 20 of {total} texts are embedded already"]
    assert told[-1] == ("embedding", len(going.texts), len(going.texts)), "what is left, so that the time left can be told"
    assert not (home / "index" / "checkpoint").exists()
    assert_as_fresh(home, "Who built house 7?")


@pytest.mark.parametrize("damage", ["cut", "flip", "garbage", "empty", "header"])
def test_a_checkpoint_is_taken_as_far_as_it_is_whole(tmp_path: Path, damage: str) -> None:
    card = {"dimension": 3, "name": "a"}
    path = tmp_path / "checkpoint"
    keys = np.array([text_key(str(n)) for n in range(10)], dtype=KEY)
    vectors = np.arange(30, dtype=np.float32).reshape(10, 3)
    with Checkpoint(path, card) as checkpoint:
        for start in (0, 4, 8):
            checkpoint.append(keys[start : start + 4], vectors[start : start + 4])
    data = path.read_bytes()
    block = 20 + 4 * 28
    first = len(data) - 2 * block - (20 + 2 * 28)
    damaged, whole = {
        "cut": (data[:-1], 8),
        "flip": (data[: first + block + 30] + bytes([data[first + block + 30] ^ 4]) + data[first + block + 31 :], 4),
        "garbage": (data + b"\xff" * 100, 10),
        "empty": (b"", 0),
        "header": (b"x" + data[1:], 0),
    }[damage]
    path.write_bytes(damaged)
    with Checkpoint(path, card) as checkpoint:
        assert len(checkpoint) == whole and checkpoint.keys.tolist() == keys[:whole].tolist()
        if whole:
            assert (checkpoint.vectors(0, whole) == vectors[:whole]).all()
            assert (checkpoint.vectors(1, whole - 2) == vectors[1 : whole - 1]).all()
        checkpoint.append(keys[whole : whole + 1] if whole < 10 else keys[:1], np.ones((1, 3)))
    with Checkpoint(path, card) as checkpoint:
        assert len(checkpoint) == whole + 1 and (checkpoint.vectors(whole, 1) == 1).all()
    with Checkpoint(path, card | {"name": "b"}) as checkpoint:
        assert len(checkpoint) == 0, "another encoder"


def test_vectors_are_found_by_the_keys_of_their_texts() -> None:
    rng = np.random.default_rng(1)
    keys = np.array([text_key(str(n)) for n in range(100)], dtype=KEY)
    table = rng.random((100, 4), dtype=np.float32)
    sources = [
        Source(keys[a:b], lambda first, count, a=a: table[a + first : a + first + count])  # type: ignore[misc]
        for a, b in ((0, 60), (60, 60), (60, 90))
    ]
    pool = Pool(sources)
    wanted = rng.permutation(100)
    rows = pool.find(keys[wanted])
    assert ((rows < 0) == (wanted >= 90)).all()
    assert (pool.take(rows[rows >= 0]) == table[wanted[wanted < 90]]).all()
    assert (pool.take(pool.find(keys[10:90])) == table[10:90]).all()
    assert (Pool([]).find(keys) == -1).all()


def peak_of_a_build(home: Path, articles: int) -> tuple[int, int]:
    """Most bytes that Python and NumPy held at a time, and the number of texts."""
    (home / "articles").mkdir(parents=True)
    for number in range(articles):
        lines = (f"House {number} of street {n} was built by {number * n} masons in the year {1000 + n}." for n in range(40))
        (home / "articles" / f"{number}.txt").write_text("\n\n".join(lines))
    tracemalloc.start()
    try:
        built = again(home)
        return tracemalloc.get_traced_memory()[1], built.passages + built.sentences
    finally:
        tracemalloc.stop()


def test_memory_hardly_grows_with_the_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A vector of this encoder has 256 bytes, a passage over a thousand: neither is held for every text."""
    monkeypatch.setattr(embedding, "BLOCK", 64)
    peak_of_a_build(tmp_path / "first", 2)
    (few, few_texts), (many, many_texts) = (peak_of_a_build(tmp_path / str(n), n) for n in (15, 60))
    assert (many - few) / (many_texts - few_texts) < 100


# --- any sequence of changes

NAMES = ("a.txt", "b.txt", "c.md", "deep/d.txt", "deep/er/e.txt")
WORDS = st.sampled_from("ferry tower mill queen storm ledger harbour winter copper treaty".split())
SENTENCE = st.lists(WORDS, min_size=1, max_size=6).map(lambda words: f"The {' '.join(words)} was seen.")
TEXT = st.lists(SENTENCE, min_size=0, max_size=5).map(lambda lines: "\n\n".join(lines))
STEP = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(NAMES), TEXT),
    st.tuples(st.just("append"), st.sampled_from(NAMES), SENTENCE),
    st.tuples(st.just("delete"), st.sampled_from(NAMES), st.none()),
    st.tuples(st.just("rename"), st.sampled_from(NAMES), st.sampled_from(NAMES)),
    st.tuples(st.just("copy"), st.sampled_from(NAMES), st.sampled_from(NAMES)),
    st.tuples(st.just("build"), st.none(), st.none()),
)


def do(folder: Path, step: tuple[str, str | None, str | None]) -> None:
    what, name, value = step
    path = folder / str(name)
    if what == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(value))
    elif what == "append" and path.exists():
        path.write_text(f"{path.read_text()}\n\n{value}")
    elif what == "delete":
        path.unlink(missing_ok=True)
    elif what in ("rename", "copy") and path.exists() and name != value:
        (folder / str(value)).parent.mkdir(parents=True, exist_ok=True)
        (os.replace if what == "rename" else shutil.copyfile)(path, folder / str(value))


def check_steps(steps: list[tuple[str, str | None, str | None]]) -> None:
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        (home / "articles").mkdir()
        (home / "articles" / "always.txt").write_text("The ferry was seen. The winter was long.")
        again(home)
        for step in steps:
            if step[0] == "build":
                again(home)
            else:
                do(home / "articles", step)
        again(home)
        assert_as_fresh(home, "the ferry in winter, the copper mill")


@settings(max_examples=12)
@given(st.lists(STEP, min_size=1, max_size=8))
def test_any_edits_give_what_a_fresh_build_gives(steps: list[tuple[str, str | None, str | None]]) -> None:
    check_steps(steps)


@pytest.mark.slow
@settings(max_examples=300)
@given(st.lists(STEP, min_size=3, max_size=25))
def test_many_edits_give_what_a_fresh_build_gives(steps: list[tuple[str, str | None, str | None]]) -> None:
    check_steps(steps)
