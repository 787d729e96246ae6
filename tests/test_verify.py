"""`qa verify`: a citation of a real sentence, and what is said after each kind of change to the file."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from index.repair import repair
from index.store import open_current
from qa.types import Answer, Citation
from qa.verify import check, check_answer, find


@pytest.fixture(scope="module")
def cited(seeds_index: Path) -> dict[str, list[Citation]]:
    """A citation of every sentence of the seeds, by the first three letters of the file's name."""
    generation = open_current(seeds_index)
    found: dict[str, list[Citation]] = {}
    for n in range(generation.manifest.passages):
        p = generation.passage(n)
        for s in p.sentences:
            citation = Citation(1, p.source, p.sha256, p.title, p.section, s.quote, s.start, s.end, s.line, p.id)
            found.setdefault(Path(p.source).name[:3], []).append(citation)
    return found


@pytest.fixture
def root(tmp_path: Path, seeds: Path) -> Path:
    shutil.copytree(seeds, tmp_path / "seeds")
    return tmp_path


def answer(*citations: Citation) -> Answer:
    return Answer("q", "q", "answered", "a", 1.0, citations=citations)


def states(root: Path, *citations: Citation) -> list[str]:
    return [found.state for found in check_answer(answer(*citations), root)]


def edit(root: Path, citation: Citation, change: Callable[[str, int, int], str]) -> None:
    path = root / citation.source
    raw = path.read_bytes().decode()
    path.write_bytes(change(raw, citation.start, citation.end).encode())


def middle(citations: list[Citation]) -> Citation:
    """One that stands once in its file, with text before and after it."""
    return next(c for c in citations[len(citations) // 2 :] if len(c.quote) > 40)


NAMES = ["000", "001", "002", "003", "004"]


@pytest.mark.parametrize("name", NAMES)
def test_every_sentence_of_an_untouched_file_is_the_same(root: Path, cited: dict[str, list[Citation]], name: str) -> None:
    checks = check_answer(answer(*cited[name]), root)
    assert {c.state for c in checks} == {"same"}
    assert all((c.start, c.end, c.line) == (c.citation.start, c.citation.end, c.citation.line) for c in checks)


@pytest.mark.parametrize("name", NAMES)
def test_text_inserted_after_the_quote_changes_nothing(root: Path, cited: dict[str, list[Citation]], name: str) -> None:
    citation = middle(cited[name])
    edit(root, citation, lambda raw, start, end: raw[:end] + " More words." + raw[end:] + "\nAn end.\n")
    assert states(root, citation) == ["same"]


@pytest.mark.parametrize("name", NAMES)
def test_text_inserted_before_the_quote_moves_it(root: Path, cited: dict[str, list[Citation]], name: str) -> None:
    citation = middle(cited[name])
    edit(root, citation, lambda raw, start, end: raw[:start] + "\nOne\nmore. " + raw[start:])
    (found,) = check_answer(answer(citation), root)
    assert found.state == "moved" and found.line == citation.line + 2
    assert (found.start, found.end) == (citation.start + 11, citation.end + 11)
    raw = (root / citation.source).read_bytes().decode()
    assert repair(raw).quote(found.start, found.end) == citation.quote


def test_other_line_breaks_move_it(root: Path, cited: dict[str, list[Citation]]) -> None:
    citation = middle(cited["004"])
    edit(root, citation, lambda raw, start, end: raw.replace(" ", "\r\n   "))
    assert states(root, citation) == ["moved"]


def test_a_file_mended_by_hand_moves_it(root: Path, cited: dict[str, list[Citation]]) -> None:
    citations = [c for c in cited["001"] if c.start > 40_000][:20]
    path = root / citations[0].source
    path.write_bytes(path.read_bytes().decode().encode("mac_roman"))
    assert states(root, *citations) == ["moved"] * 20


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("change", ["letter", "cut", "word", "empty"])
def test_a_quote_that_is_edited_is_changed(root: Path, cited: dict[str, list[Citation]], name: str, change: str) -> None:
    citation = middle(cited[name])
    edits: dict[str, Callable[[str, int, int], str]] = {
        "letter": lambda raw, start, end: raw[: start + 5] + "Q" + raw[start + 6 :],
        "cut": lambda raw, start, end: raw[: start + 9] + raw[start + 20 :],
        "word": lambda raw, start, end: raw[: (start + end) // 2] + " not " + raw[(start + end) // 2 :],
        "empty": lambda raw, start, end: "",
    }
    edit(root, citation, edits[change])
    (found,) = check_answer(answer(citation), root)
    assert (found.state, found.start, found.end, found.line) == ("changed", -1, -1, -1)


def test_a_quote_that_is_moved_and_left_is_the_same_until_it_is_cut_there(root: Path, cited: dict[str, list[Citation]]) -> None:
    citation = middle(cited["000"])
    edit(root, citation, lambda raw, start, end: raw + "\n" + raw[start:end] + "\n")
    assert states(root, citation) == ["same"]
    edit(root, citation, lambda raw, start, end: raw[:start] + raw[end:])
    assert states(root, citation) == ["moved"]


def test_of_several_places_the_nearest_is_named() -> None:
    raw = "It rained. It snowed. It rained. It froze. It rained."
    citation = Citation(1, "a", "", "", (), "It rained.", 30, 40, 1, "p")
    found = check(citation, repair(raw))
    assert (found.state, found.start, found.end) == ("moved", 22, 32)
    assert find(repair(raw), "It rained.") == [(0, 10), (22, 32), (43, 53)]
    assert find(repair(raw), "It") == [(0, 2), (11, 13), (22, 24), (33, 35), (43, 45)]
    assert find(repair(raw), "") == find(repair(raw), "absent") == []


def test_a_quote_is_found_however_its_white_space_is_laid_out() -> None:
    assert find(repair("a (b)\r\n\t c.* d"), "(b) c.*") == [(2, 12)]


def test_a_file_that_is_no_longer_there_is_gone(root: Path, cited: dict[str, list[Citation]]) -> None:
    one, other = middle(cited["000"]), middle(cited["001"])
    (root / one.source).unlink()
    assert states(root, one, other) == ["gone", "same"]


@pytest.mark.parametrize(
    "source", ["../outside.txt", "/etc/passwd", "seeds", "", "a\0b", "x" * 5000, "seeds/link.txt", "seeds/pipe", "seeds/loop"]
)
def test_no_file_outside_the_root_is_opened(root: Path, source: str) -> None:
    (root.parent / "outside.txt").write_text("It rained.")
    (root / "seeds" / "link.txt").symlink_to(root.parent / "outside.txt")
    (root / "seeds" / "loop").symlink_to(root / "seeds" / "loop")
    os.mkfifo(root / "seeds" / "pipe")
    assert states(root, Citation(1, source, "", "", (), "It rained.", 0, 10, 1, "p")) == ["gone"]


def test_a_file_that_is_no_longer_text_is_gone(root: Path, cited: dict[str, list[Citation]]) -> None:
    citation = middle(cited["002"])
    (root / citation.source).write_bytes(b"\xff\xfe\x00")
    assert states(root, citation) == ["gone"]


@pytest.mark.parametrize("place", [{"start": -5}, {"end": 10**9}, {"start": 90, "end": 80}, {"start": 10**9, "end": 10**9 + 5}])
def test_a_place_that_cannot_be_is_not_the_same(root: Path, cited: dict[str, list[Citation]], place: dict[str, int]) -> None:
    assert states(root, replace(middle(cited["000"]), **place)) == ["moved"]  # type: ignore[arg-type]


def test_an_empty_quote_proves_nothing(root: Path, cited: dict[str, list[Citation]]) -> None:
    raw = (root / cited["000"][0].source).read_bytes().decode()
    space = raw.index("\n\n")
    assert states(root, replace(cited["000"][0], quote="", start=space, end=space + 2)) == ["changed"]


def test_part_of_a_quote_or_a_wider_range_is_not_the_same(root: Path, cited: dict[str, list[Citation]]) -> None:
    citation = middle(cited["000"])
    assert states(root, replace(citation, end=citation.end - 3), replace(citation, start=citation.start - 9)) == [
        "moved",
        "moved",
    ]
    assert states(root, replace(citation, quote=citation.quote[:-3])) == ["moved"]
    assert states(root, replace(citation, quote=citation.quote.replace("e", "a"))) == ["changed"]


# --- files that were renamed, or whose text went elsewhere


@pytest.mark.parametrize("name", NAMES)
def test_a_renamed_file_is_found(root: Path, cited: dict[str, list[Citation]], name: str) -> None:
    """By its hash: every quote of it, in its old place."""
    citations = cited[name][:40]
    (root / "seeds" / "deep").mkdir()
    (root / citations[0].source).rename(root / "seeds" / "deep" / "other name.txt")
    checks = check_answer(answer(*citations), root)
    assert {(c.state, c.source) for c in checks} == {("moved", "seeds/deep/other name.txt")} and all(
        c.is_elsewhere for c in checks
    )
    assert all((c.start, c.end, c.line) == (c.citation.start, c.citation.end, c.citation.line) for c in checks)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_is_renamed_and_edited_is_found_by_its_text(root: Path, cited: dict[str, list[Citation]], name: str) -> None:
    citation = middle([c for c in cited[name] if len(c.quote.split()) > 8])
    edit(root, citation, lambda raw, start, end: "A line.\n" + raw)
    (root / citation.source).rename(root / "seeds" / "zz.md")
    (found,) = check_answer(answer(citation), root)
    assert (found.state, found.source) == ("moved", "seeds/zz.md")
    assert (found.start, found.line) == (citation.start + 8, citation.line + 1)
    assert repair((root / "seeds" / "zz.md").read_bytes().decode()).quote(found.start, found.end) == citation.quote


def test_a_sentence_that_was_taken_to_another_file_is_found_there(root: Path, cited: dict[str, list[Citation]]) -> None:
    citation = middle([c for c in cited["000"] if len(c.quote.split()) > 8])
    edit(root, citation, lambda raw, start, end: raw[:start] + raw[end:])
    assert states(root, citation) == ["changed"]
    (root / "seeds" / "new.txt").write_text(f"Elsewhere.\n\n{citation.quote}\n")
    (found,) = check_answer(answer(citation), root)
    assert (found.state, found.source, found.line) == ("moved", "seeds/new.txt", 3)


def test_a_short_quote_in_another_file_is_chance(root: Path) -> None:
    (root / "seeds" / "a.txt").write_text("It rained there.\n")
    citation = Citation(1, "seeds/gone.txt", "0" * 64, "", (), "It rained there.", 0, 16, 1, "p")
    assert states(root, citation) == ["gone"]


def test_a_renamed_folder_is_searched_where_the_index_names_it(root: Path, cited: dict[str, list[Citation]]) -> None:
    citation = middle(cited["000"])
    (root / "seeds").rename(root / "articles")
    assert states(root, citation) == ["gone"]
    (found,) = check_answer(answer(citation), root, "articles")
    assert (found.state, found.source) == ("moved", citation.source.replace("seeds/", "articles/"))


@pytest.mark.parametrize("source", ["../other/a.txt", "/other/a.txt", "other/../../other/a.txt", "link/a.txt", "a.txt"])
def test_no_file_outside_the_root_is_searched(root: Path, source: str) -> None:
    text = "It rained on the far side of the hills.\n"
    (root.parent / "other").mkdir(exist_ok=True)
    (root.parent / "other" / "a.txt").write_text(text)
    if not (root / "link").exists():
        (root / "link").symlink_to(root.parent / "other")
    citation = Citation(1, source, hashlib.sha256(text.encode()).hexdigest(), "", (), text.strip(), 0, len(text) - 1, 1, "p")
    assert states(root, citation) == ["gone"]
