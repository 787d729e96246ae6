"""From text to blocks: every shape of file, sections, and that no word of the prose gets lost on the way."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.markup import BrokenFrontMatter, parse
from index.markup_marks import plain
from index.repair import Repaired, repair
from index.types import Article


def understood(raw: str) -> tuple[Article, Repaired]:
    repaired = repair(raw)
    return parse("a/b.txt", "f" * 64, repaired), repaired


def rows(raw: str) -> list[tuple[str, tuple[str, ...], str]]:
    """(kind, section, text) of each block; of a fact, its label and values."""
    article, repaired = understood(raw)
    return [
        (b.kind, b.section, f"{b.label}: {' | '.join(b.texts)}" if b.kind == "fact" else repaired.text[b.start : b.end])
        for b in article.blocks
    ]


def title(raw: str) -> str:
    return understood(raw)[0].title


def test_mediawiki_text() -> None:
    raw = "= The Bridge =\n\nInfobox\n- Name: Orrin\n- Length: 412 m\n\nFirst.\nStill first.\n\n== Use ==\nSecond.\n=== Closure ===\nThird.\n== End ==\nFourth.\n"
    assert title(raw) == "The Bridge"
    assert rows(raw) == [
        ("fact", ("Infobox",), "Name: Orrin"),
        ("fact", ("Infobox",), "Length: 412 m"),
        ("paragraph", (), "First.\nStill first."),
        ("paragraph", ("Use",), "Second."),
        ("paragraph", ("Use", "Closure"), "Third."),
        ("paragraph", ("End",), "Fourth."),
    ]


def test_markdown() -> None:
    raw = "# The *Bridge*\n\nFirst.\n\n## Use\n- One item.\n- Two\n  lines.\n\n1. Numbered.\n2) Too.\n\n* * *\n---\n\n### C#\nSharp.\n## Closed ##\nEnd.\n"
    assert title(raw) == "The Bridge"
    assert rows(raw) == [
        ("paragraph", (), "First."),
        ("item", ("Use",), "One item."),
        ("item", ("Use",), "Two\n  lines."),
        ("item", ("Use",), "Numbered."),
        ("item", ("Use",), "Too."),
        ("paragraph", ("Use", "C#"), "Sharp."),
        ("paragraph", ("Closed",), "End."),
    ]


def test_front_matter_then_markdown() -> None:
    raw = "---\ntitle: Orrin\ninfobox:\n  architect: Maud Tiller\nauthor: me\n---\nFirst.\n\n# Part\nSecond.\n"
    assert title(raw) == "Orrin"
    assert rows(raw) == [
        ("fact", ("Infobox",), "Architect: Maud Tiller"),
        ("fact", ("Front matter",), "Author: me"),
        ("paragraph", (), "First."),
        ("paragraph", (), "Second."),
    ]


def test_plain_text_has_no_title_and_no_sections() -> None:
    raw = "A first paragraph\nover two lines.\r\n\r\nA second = one, # not a heading.\n"
    assert title(raw) == ""
    assert rows(raw) == [
        ("paragraph", (), "A first paragraph\nover two lines."),
        ("paragraph", (), "A second = one, # not a heading."),
    ]


def test_the_first_kind_of_heading_decides() -> None:
    assert rows("== Wiki ==\n# not one\n")[-1] == ("paragraph", ("Wiki",), "# not one")
    assert rows("## Markdown\n== not one ==\n")[-1] == ("paragraph", ("Markdown",), "== not one ==")


def test_two_rulings_at_the_top_lose_no_text() -> None:
    assert [text for *_, text in rows("---\nIt was a dark night.\n---\nIt rained.\n")] == ["It was a dark night.", "It rained."]


def test_broken_front_matter_is_reported() -> None:
    with pytest.raises(BrokenFrontMatter, match="line 3"):
        understood("---\na: [1\n---\nText.\n")


def test_infobox_templates() -> None:
    raw = "{{Infobox bridge\n| name = {{nowrap|Orrin}} Bridge\n| length = 412 m\n| towers =\n* North\n* South\n}}\nThe text.\n\n== Use ==\nMore.\n"
    assert rows(raw) == [
        ("fact", ("Infobox",), "Name: Orrin Bridge"),
        ("fact", ("Infobox",), "Length: 412 m"),
        ("fact", ("Infobox",), "Towers: North | South"),
        ("paragraph", (), "The text."),
        ("paragraph", ("Use",), "More."),
    ]


@pytest.mark.parametrize("ending", ["}}\nThe text.", "}} The text.", "}}\n\nThe text."])
@pytest.mark.parametrize("break_", ["\n", ""])
def test_an_infobox_ends_with_its_braces(ending: str, break_: str) -> None:
    found = rows(f"{{{{Infobox bridge\n| name = Orrin\n| length = 412 m{break_}{ending}\n\nMore.\n")
    assert found == [
        ("fact", ("Infobox",), "Name: Orrin"),
        ("fact", ("Infobox",), "Length: 412 m"),
        ("paragraph", (), "The text."),
        ("paragraph", (), "More."),
    ]


@pytest.mark.parametrize(
    "opening", ["{{Infobox bridge | name = Orrin}}", "{{Infobox bridge\n| name = Orrin", "{{Infobox", "{{Infobox x}}"]
)
def test_an_infobox_that_is_none_takes_no_text_with_it(opening: str) -> None:
    found = rows(f"{opening}\n\nThe text.\n\n== Use ==\nMore.\n")
    assert found[-2:] == [("paragraph", (), "The text."), ("paragraph", ("Use",), "More.")]


def test_lines_without_words_are_no_blocks() -> None:
    assert rows("![An image](a.png)\n\n|---|---|\n\n* \n\n<br>\n\nText.\n") == [("paragraph", (), "Text.")]


def test_wide_gaps_are_the_line_breaks_of_a_run_on_article() -> None:
    sentence = "The town lies on the river and has a bridge. "
    raw = f"Ongoing  Azawad  {sentence * 20}"
    assert [text.strip() for *_, text in rows(raw)] == ["Ongoing", "Azawad", (sentence * 20).strip()]
    assert len(rows(f"Two  words. {sentence}")) == 1, "a short paragraph is left whole"


def test_a_heading_too_long_to_be_one_is_text() -> None:
    words = "word " * 100
    assert [kind for kind, *_ in rows(f"= {words}=\n")] == ["paragraph"]
    assert title(f"= {words}=\n") == title(f"# {words}\n") == ""


@pytest.mark.parametrize(
    "line", ["= a" + " " * 200_000, "# a" + " #" * 100_000, "- a" + " " * 200_000 + "b", "|" + " a" * 100_000]
)
def test_time_is_bounded_for_hostile_lines(line: str) -> None:
    begun = time.perf_counter()
    rows(line)
    rows("{{Infobox\n" + line + "\n}}")
    assert time.perf_counter() - begun < 3


def test_many_infoboxes_that_never_end_take_no_long() -> None:
    begun = time.perf_counter()
    assert rows("{{Infobox\n| a = b\n" * 10_000)
    assert time.perf_counter() - begun < 5


LINES = [
    "= T =",
    "== S ==",
    "# T",
    "## S",
    "Some words.",
    "- an item",
    "- Key: value",
    "Infobox",
    "{{Infobox x",
    "| k = v",
    "}}",
    "",
]
LINES += ["1. one", "![i](u)", "---", "title: x", "  indented", "text  with  gaps", "|", "a}} b", "\r", "* "]


@given(st.lists(st.sampled_from(LINES), max_size=25).map("\n".join))
def test_blocks_are_in_order_and_apart_and_hold_words(raw: str) -> None:
    try:
        article, repaired = understood(raw)
    except BrokenFrontMatter:
        return
    at = 0
    for block in article.blocks:
        assert at <= block.start < block.end <= len(repaired.text)
        at = block.end
        for start, end in block.spans:
            assert block.start <= start < end <= block.end


@given(
    st.lists(st.sampled_from(["Some words.", "more of them", "", "- an item", "== S ==", "1. one"]), max_size=25).map("\n".join)
)
def test_no_word_outside_headings_is_lost(raw: str) -> None:
    article, repaired = understood(raw)
    held = "".join(repaired.text[b.start : b.end] for b in article.blocks)
    lost = "".join(line.lstrip("-1. ") for line in raw.split("\n") if not line.startswith("=="))
    assert "".join(held.split()) == "".join(lost.split())


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("a '''bold''' and ''thin'' word", "a bold and thin word"),
        ("**a** _b_ *c* __d__ `e` ***f***", "a b c d e f"),
        ("snake_case_name 2*3*4 a * b * c", "snake_case_name 2*3*4 a * b * c"),
        ("[text](http://a.b/c_(d)) and [[Page|shown]] and [[Page]]", "text and shown and Page"),
        ("![alt](a.png)seen", "seen"),
        ("[http://a.b c d] seen", "c d seen"),
        ("a<ref>no</ref> b<ref name=x/> c<br/>d <b>e</b>", "a b c d e"),
        ("a<!-- no --> b {{cite|x}} c", "a b c"),
        ("  a \n b\t\xa0c ", "a b c"),
        ("1 < 2 and [brackets] stay (so)", "1 < 2 and [brackets] stay (so)"),
        ("it's a 'quote'", "it's a 'quote'"),
        ("{{nowrap|412 m}} of {{lang|fr|Loire|x=y}}, {{convert|58|m|ft}}", "412 m of Loire, 58 m"),
        ("{{nowrap|{{flag|Mali}} 300}}", "Mali 300"),
        ("**He left.", "He left."),
        ("Nobody came.**", "Nobody came."),
        ("2**3 and 2 ** 3", "2**3 and 2 ** 3"),
    ],
)
def test_inline_marks_are_read_over(text: str, reading: str) -> None:
    assert plain(text) == reading
    assert plain(reading) == reading


@pytest.mark.parametrize(
    "mark", ["[", "![", "[[", "<ref>", "<ref", "<!--", "{{", "*", "_", "`", "'", "<a ", "](", "[http://a ", "<br "]
)
def test_time_is_bounded_for_hostile_marks(mark: str) -> None:
    begun = time.perf_counter()
    for ending in ("", "](x", "]]", "-->", "</ref", "}}"):
        plain(mark * (30_000 // len(mark)) + ending)
    assert time.perf_counter() - begun < 6


def test_lines_of_names_and_values_are_apart() -> None:
    raw = "# Case\n\n**Judge:** Oda Kremer\n**Counsel:** Petra\nVoss\n\nHe said: go.\nThey went.\n"
    assert rows(raw) == [
        ("paragraph", (), "**Judge:** Oda Kremer"),
        ("paragraph", (), "**Counsel:** Petra\nVoss"),
        ("paragraph", (), "He said: go.\nThey went."),
    ]


def test_lone_carriage_returns_end_lines() -> None:
    article, repaired = understood("# T\r\r- one\r- two\r\rText.\r")
    assert [(b.kind, repaired.text[b.start : b.end]) for b in article.blocks] == [
        ("item", "one"),
        ("item", "two"),
        ("paragraph", "Text."),
    ]
    assert all(repaired.raw[slice(*repaired.to_raw(b.start, b.end))] == repaired.text[b.start : b.end] for b in article.blocks)


def test_the_shape_of_each_seed(seeds: Path) -> None:
    shapes = {}
    for path in sorted(seeds.iterdir()):
        article, _ = understood(path.read_bytes().decode())
        kinds = {b.kind for b in article.blocks}
        shapes[path.name[:3]] = (article.title, sorted(kinds), sorted({b.section[0] for b in article.blocks if b.section}))
    assert {name: shape[:2] for name, shape in shapes.items()} == {
        "000": ("Battle of Gao", ["fact", "paragraph"]),
        "001": ("Mali War", ["fact", "item", "paragraph"]),
        "002": ("Bombardment of Gao", ["fact", "paragraph"]),
        "003": ("", ["paragraph"]),
        "004": ("Battle of Diabaly", ["fact", "paragraph"]),
    }
    assert shapes["002"][2] == ["Aftermath", "Background", "Bombardment", "Infobox"]
    assert {"Battle", "Infobox"} <= set(shapes["000"][2]) and {"Background", "Infobox"} <= set(shapes["001"][2])
    assert {"order of battle", "Background"} <= set(shapes["004"][2]) and shapes["003"][2] == []
