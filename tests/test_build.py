"""The whole way from a folder to a published generation, and every kind of bad input and bad luck on it: one clear line, the
documented exit code, and the index of before still answers."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from index import files
from index.build import Built, build, passage_text
from index.embed import Encoder
from index.errors import StaleIndex, StorageError, UsageError
from index.freshness import check_fresh
from index.recipe import Recipe
from index.search import Searcher
from index.store import open_current
from index.types import Refused
from tests.conftest import ROOT, write_articles
from tests.encoder_double import WordEncoder

RECIPE = Recipe("words")
GOOD = "The bridge opened in 1931.\n"
EXIT_BUSY, EXIT_DISK, EXIT_INTERRUPTED = 4, 5, 130


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with articles and their index."""
    build(write_articles(tmp_path / "articles"), tmp_path / "index", RECIPE, WordEncoder())
    return tmp_path


def again(home: Path, recipe: Recipe = RECIPE, encoder: Encoder | None = None) -> Built:
    return build(home / "articles", home / "index", recipe, encoder or WordEncoder())


def answers(home: Path, holds: str = "Maud Tiller", question: str = "Who designed the Orrin Bridge?") -> bool:
    hits = Searcher(open_current(home / "index"), WordEncoder()).search(question, 3)  # type: ignore[arg-type]
    return any(holds in hit.passage.text for hit in hits)


def test_what_is_built(home: Path) -> None:
    told: list[tuple[str, int, int]] = []
    built = build(home / "articles", home / "index", RECIPE, WordEncoder(), lambda *row: told.append(row), fresh=True)
    manifest = open_current(home / "index").manifest
    assert (built.name, built.articles, built.passages, built.sentences) == (
        manifest.name,
        3,
        manifest.passages,
        manifest.sentences,
    )
    assert built.refused == manifest.refused == ()
    assert [row for row in told if row[0] == "reading"] == [("reading", n, 3) for n in (1, 2, 3)]
    assert told[-1] == ("embedding", built.passages + built.sentences, built.passages + built.sentences)


def test_the_seeds(seeds_index: Path, encoder: Encoder) -> None:
    generation = open_current(seeds_index)
    assert generation.manifest.articles == 5 and generation.manifest.sentences > 800 and generation.manifest.refused == ()
    passages = [generation.passage(n) for n in range(generation.manifest.passages)]
    assert all(encoder.count_tokens(passage_text(p)) <= encoder.card.max_tokens for p in passages)
    assert len({p.id for p in passages}) == len(passages)


def test_two_builds_of_the_same_give_the_same(tmp_path: Path, seeds: Path) -> None:
    """Also in another place, at another time."""
    found = []
    for place in ("one", "other"):
        shutil.copytree(seeds, tmp_path / place / "seeds")
        built = build(tmp_path / place / "seeds", tmp_path / place / "index", RECIPE, WordEncoder())
        generation = open_current(tmp_path / place / "index")
        found.append((built.name, [generation.passage(n) for n in range(built.passages)]))
    assert found[0] == found[1] and found[0][1][0].source == "seeds/000_136c2ed4ac8dc82b.txt"


@pytest.mark.parametrize(
    "other", [{"passage_words": 60}, {"max_file_bytes": 10}, {"include": ("*.md",)}, {"exclude": ("*.md",)}, {"embedder": "x"}]
)
def test_other_settings_are_another_generation_and_stale(home: Path, other: dict[str, object]) -> None:
    recipe = replace(RECIPE, **other)  # type: ignore[arg-type]
    with pytest.raises(StaleIndex, match=rf"the index was built with {next(iter(other))} = .*; run: qa index build"):
        check_fresh(open_current(home / "index"), recipe)
    if "max_file_bytes" not in other:
        assert again(home, recipe).name != again(home).name


def test_another_model_is_another_generation(home: Path) -> None:
    assert again(home).name != again(home, RECIPE, WordEncoder(weights="1" * 64)).name


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "binary.bin": (lambda p: p.write_bytes(bytes(range(256))), "is not text (it holds NUL bytes)"),
    "empty.txt": (lambda p: p.write_bytes(b""), "is empty"),
    "mark.txt": (lambda p: p.write_bytes(b"\xef\xbb\xbf"), "holds no words"),
    "signs.txt": (lambda p: p.write_bytes(b"*** --- ***\n"), "holds no words"),
    "latin.txt": (lambda p: p.write_bytes("déjà vu".encode("latin-1")), "is not valid UTF-8 (byte 1: 0xe9); save it as UTF-8"),
    "wide.txt": (lambda p: p.write_bytes("Some text".encode("utf-16")), "is UTF-16, not UTF-8; save it as UTF-8"),
    "large.txt": (
        lambda p: p.write_bytes(b"a " * 600_000),
        "is 1.2 MB, more than max_file_mb = 1; raise the setting or split it",
    ),
    "yaml.md": (lambda p: p.write_text("---\na: [1\n---\nText.\n"), "has broken front matter at line 3"),
    "bomb.md": (lambda p: p.write_text("---\na: &a [x]\nb: &b [*a, *a]\n---\nText.\n"), "uses YAML aliases in its front matter"),
    "deep.md": (lambda p: p.write_text(f"---\na: {'[' * 999}\n---\nText.\n"), "too large or too deeply nested"),
    "out.txt": (lambda p: p.symlink_to("/etc/passwd"), "is a link to a place outside the folder"),
    "dangling.txt": (lambda p: p.symlink_to(p.parent / "absent"), "vanished while it was read"),
    "pipe": (lambda p: os.mkfifo(p), "is not a regular file"),
    "sub": (lambda p: p.symlink_to("/etc"), "is a link to a folder, which is not followed"),
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_bad_input_is_named_with_the_reason_and_the_rest_is_indexed(home: Path, name: str) -> None:
    make, reason = BAD[name]
    make(home / "articles" / name)
    built = again(home, replace(RECIPE, max_file_bytes=1_000_000))
    assert [r.source for r in built.refused] == [f"articles/{name}"] and reason in built.refused[0].reason
    assert "\n" not in built.refused[0].reason and built.articles == 3
    generation = open_current(home / "index")
    assert generation.manifest.refused == built.refused and answers(home)
    assert check_fresh(generation, replace(RECIPE, max_file_bytes=1_000_000)) == []


def test_a_folder_of_nothing_but_bad_input_keeps_the_index(home: Path) -> None:
    for path in (home / "articles").iterdir():
        path.write_bytes(b"\xff")
    with pytest.raises(UsageError, match=r"holds no text that can be indexed\n  articles/bridge\.txt is not valid UTF-8"):
        again(home)
    assert answers(home)
    with pytest.raises(UsageError, match="absent is not a folder"):
        build(home / "absent", home / "index", RECIPE, WordEncoder())


def test_a_file_that_vanishes_while_the_folder_is_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = files.read

    def vanishing(file: files.File, most: int) -> files.Text | Refused:
        if file.source.endswith("fair.txt"):
            file.path.unlink()
        return real(file, most)

    monkeypatch.setattr(files, "read", vanishing)
    built = build(home / "articles", home / "index", RECIPE, WordEncoder(), fresh=True)
    assert built.refused == (Refused("articles/fair.txt", "vanished while it was read"),)
    assert answers(home)


@pytest.mark.parametrize("unit", ["word ", "x", "[", "é", "√©", "It rained. ", "<", "`", "- a: b "])
def test_a_long_line_is_indexed_in_time(tmp_path: Path, unit: str) -> None:
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles" / "line.txt").write_text(unit * (400_000 // len(unit)) + " The end is here.", encoding="utf-8")
    begun = time.process_time()
    built = again(tmp_path)
    assert time.process_time() - begun < 8 and built.refused == ()
    assert answers(tmp_path, "The end is here", "end here")


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["word ", "x"])
def test_a_line_of_50_mb_is_indexed_in_bounded_time_and_memory(tmp_path: Path, unit: str) -> None:
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles" / "line.txt").write_text(unit * (50_000_000 // len(unit)))
    code = (
        "import sys; from pathlib import Path; from index.build import Recipe, build; from tests.encoder_double import WordEncoder\n"
        "home = Path(sys.argv[1])\n"
        "print(build(home / 'articles', home / 'index', Recipe('words', max_file_bytes=60_000_000), WordEncoder()).sentences)"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, cwd=ROOT, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert int(done.stdout) > 1000
    assert after.ru_utime - before.ru_utime < 60
    assert after.ru_maxrss < 2_000_000, "kilobytes"


def test_freshness(home: Path) -> None:
    generation = open_current(home / "index")
    assert check_fresh(generation, RECIPE) == []
    bridge = home / "articles" / "bridge.txt"
    text = bridge.read_bytes()
    os.utime(bridge, (1, 1))
    assert check_fresh(generation, RECIPE) == [], "touched, not changed"
    (home / "articles" / "new.txt").write_text(GOOD)
    assert check_fresh(generation, RECIPE) == ["1 new file not indexed yet (articles/new.txt); run: qa index build"]
    (home / "articles" / "newer.txt").write_text(GOOD)
    assert check_fresh(generation, RECIPE) == ["2 new files not indexed yet (articles/new.txt …); run: qa index build"]
    bridge.write_bytes(text.replace(b"1931", b"1932"))
    with pytest.raises(StaleIndex, match=r"articles/bridge\.txt has changed since it was indexed; run: qa index build"):
        check_fresh(generation, RECIPE)
    bridge.unlink()
    with pytest.raises(StaleIndex, match=r"articles/bridge\.txt is in the index but no longer on disk"):
        check_fresh(generation, RECIPE)
    shutil.rmtree(home / "articles")
    assert check_fresh(generation, RECIPE) == [f"the folder {home / 'articles'} is gone; answers come from the index alone"]


def test_a_refused_file_that_was_mended_is_noticed(home: Path) -> None:
    bad = home / "articles" / "bad.txt"
    bad.write_bytes(b"\xff")
    again(home)
    assert check_fresh(open_current(home / "index"), RECIPE) == []
    time.sleep(0.02)
    bad.write_text(GOOD)
    assert check_fresh(open_current(home / "index"), RECIPE) == [
        "1 new file not indexed yet (articles/bad.txt); run: qa index build"
    ]
    assert again(home).articles == 4 and check_fresh(open_current(home / "index"), RECIPE) == []


@contextmanager
def small_disk(folder: Path, options: str) -> Iterator[None]:
    """A file system of its own in `folder`, where this user may mount one."""
    folder.mkdir(exist_ok=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(folder)], capture_output=True).returncode:
        pytest.skip("needs the right to mount a file system")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("size", ["4k", "16k", "40k", "60k", "100k"])
def test_a_full_disk(tmp_path: Path, seeds: Path, size: str) -> None:
    """Full at different places of the build, with an index of before on it."""
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "a.txt").write_text(GOOD)
    with small_disk(tmp_path / "disk", "size=160k"):
        index = tmp_path / "disk" / "index"
        build(tmp_path / "one", index, RECIPE, WordEncoder())
        used = shutil.disk_usage(tmp_path / "disk").used
        filler = 160 * 1024 - used - int(size[:-1]) * 1024
        (tmp_path / "disk" / "filler").write_bytes(b"\0" * max(0, filler))
        with pytest.raises(StorageError) as caught:
            build(seeds, index, RECIPE, WordEncoder())
        assert str(caught.value) == (
            f"cannot write the index in {index}: the disk is full; the previous index is unchanged; "
            "free some space (qa index prune drops old generations), then run: qa index build"
        )
        assert "1931" in Searcher(open_current(index), WordEncoder()).search("bridge", 1)[0].passage.text  # type: ignore[arg-type]
        assert len(list((index / "generations").iterdir())) == 1


LIMITED = """
import resource, sys
from pathlib import Path
from index.build import Recipe, build
from index.errors import StorageError
from tests.encoder_double import WordEncoder
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
try:
    build(Path(sys.argv[1]), Path(sys.argv[2]), Recipe("words"), WordEncoder())
except StorageError as error:
    print(error)
"""


@pytest.mark.parametrize("most", [100, 5000, 60_000, 200_000])
def test_a_disk_that_takes_no_larger_file(home: Path, seeds: Path, most: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(seeds), str(home / "index"), str(most)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    assert done.stdout == f"cannot write the index in {home / 'index'}: File too large; the previous index is unchanged\n"
    assert answers(home) and len(list((home / "index" / "generations").iterdir())) == 1


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Forbid writing in `folder`: by its mode, or for root, whom modes do not bind, by mounting it so."""
    if os.geteuid() != 0:
        paths = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
        for path in paths:
            path.chmod(0o555)
        yield
        for path in paths:
            path.chmod(0o755)
        return
    if subprocess.run(["mount", "--bind", str(folder), str(folder)], capture_output=True).returncode:
        pytest.skip("needs the right to mount a file system")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True, capture_output=True)
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_read_only_index_answers_and_cannot_be_built(home: Path) -> None:
    with read_only(home / "index"):
        assert answers(home) and check_fresh(open_current(home / "index"), RECIPE) == []
        with pytest.raises(
            StorageError, match=r"cannot write the index in .*: it (is read-only|may not be written to); the previous"
        ):
            again(home)
        assert answers(home)
    again(home)


def cli(home: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("QA_")}
    command = [sys.executable, "-m", "qa", "index", "build", *arguments, "--index", str(home / "index")]
    return subprocess.Popen(
        command, cwd=home, env=environment | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_for(happens: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_second_builder_is_sent_away_and_ctrl_c_leaves_the_index_of_before(home: Path, seeds: Path) -> None:
    """The first builder is met in the middle of its work: it has written passages and is embedding them."""
    with cli(home, str(seeds)) as first:
        wait_for(lambda: any(home.glob("index/generations/.new-*/words/meta.json")))
        first.send_signal(signal.SIGSTOP)
        assert answers(home)
        with cli(home, str(seeds)) as second:
            assert second.communicate() == (
                "",
                f"qa: another process is building the index in {home / 'index'}; wait for it\n",
            )
            assert second.returncode == EXIT_BUSY
        first.send_signal(signal.SIGINT)
        first.send_signal(signal.SIGCONT)
        out, err = first.communicate()
    assert (first.returncode, out, err.splitlines()[-1]) == (EXIT_INTERRUPTED, "", "qa: interrupted")
    assert "Traceback" not in err
    assert answers(home) and [path.name[0] for path in (home / "index" / "generations").iterdir()] != ["."]
    assert len(list((home / "index" / "generations").iterdir())) == 1


def test_a_killed_builder_leaves_the_index_of_before_and_no_lock(home: Path, seeds: Path) -> None:
    with cli(home, str(seeds)) as builder:
        wait_for(lambda: any(home.glob("index/generations/.new-*/words/meta.json")))
        builder.kill()
        builder.communicate()
    assert answers(home)
    again(home)
    assert answers(home) and not list((home / "index" / "generations").glob(".new-*"))


def test_the_command_line_says_what_was_refused_and_why(home: Path) -> None:
    (home / "articles" / "latin.txt").write_bytes(b"caf\xe9")
    with cli(home, str(home / "articles")) as builder:
        out, err = builder.communicate()
    assert builder.returncode == 0 and out == ""
    assert "qa: not indexed: articles/latin.txt is not valid UTF-8 (byte 3: 0xe9); save it as UTF-8\n" in err
    (home / "index" / "generations").rename(home / "index" / "before")
    (home / "index" / "generations").write_text("")
    with cli(home, str(home / "articles")) as builder:
        out, err = builder.communicate()
    assert (
        (builder.returncode, out) == (EXIT_DISK, "") and err.startswith("qa: cannot write the index in") and err.count("\n") == 1
    )
