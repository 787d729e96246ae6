"""HTML: what goes, what is left, and that hostile markup costs neither text nor time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.html_tags import looks_like_html, removals
from index.markup import parse
from index.repair import repair


def readable(html: str) -> str:
    parts, done = [], 0
    for start, end, new in removals(html):
        assert done <= start < end <= len(html)
        parts += (html[done:start], new)
        done = end
    return "".join([*parts, html[done:]])


def words(html: str) -> list[str]:
    return readable(f"<html><body>{html}</body></html>").split()


@pytest.mark.parametrize(
    "text",
    [
        "<!DOCTYPE html><p>x",
        "\ufeff\n <!-- a --> <!-- b --><HTML lang=en>",
        '<?xml version="1.0"?>\n<!doctype  html SYSTEM "x">',
        "<body class='a'>",
        "<head\n>",
    ],
)
def test_an_html_document_is_known_by_how_it_opens(text: str) -> None:
    assert looks_like_html(text)


@pytest.mark.parametrize(
    "text",
    ["", "Text about <html>.", "<p>A fragment.</p>", "<!-- a comment --> text", "<bodyguard>", "<htmlx>", "# Title\n<body>"],
)
def test_other_text_is_not_html(text: str) -> None:
    assert not looks_like_html(text)


def test_an_opening_of_many_comments_is_judged_at_once() -> None:
    begun = time.perf_counter()
    assert not looks_like_html("<!---->" * 580 + "x")
    assert time.perf_counter() - begun < 1


@pytest.mark.parametrize(
    ("html", "left"),
    [
        ("<p>One <b>bold</b> word.</p>", "One bold word."),
        ("a<br>b<br/>c<br />d", "a b c d"),
        ("un<em>believ</em>able", "unbelievable"),
        ("<img src='x.png' alt='1 > 0'>seen", "seen"),
        ("<script>if (a < b) { '</p>' }</script>seen", "seen"),
        ("<style>p > a {}</style>seen", "seen"),
        ("<svg><text>no</text> &amp; <!-- no --> no</svg>seen", "seen"),
        ("<noscript><p>no</p></noscript>seen", "seen"),
        ("seen<!-- no > no -->too", "seentoo"),
        ("seen<!-- no\n-->too", "seentoo"),
        ("I </3 you</p> and </> more", "I and </> more"),
        ("a<![if x]>b<![foo[c]]>d", "abd"),
        ("1 < 2 and 3 > 2 &amp; A&B &lt;p&gt;", "1 < 2 and 3 > 2 &amp; A&B &lt;p&gt;"),
        ("seen<script>var x = 1;", "seen"),
        ("<?php no ?>seen", "seen"),
        ("<a href='x\n\ny'\n>link</a>", "link"),
    ],
)
def test_what_is_left(html: str, left: str) -> None:
    assert words(html) == left.split()


def test_structure_is_left_as_marks() -> None:
    html = "<html><head><title>A &amp; B</title></head><body><h2>Part</h2><ul><li>One.</li><li>Two.</li></ul><p>Three.<br>Four.</p></body></html>"
    article = parse("a.html", "", repair(html))
    text = repair(html).text
    assert article.title == "A & B"
    assert [(block.section, text[block.start : block.end]) for block in article.blocks] == [
        (("Part",), "One."),
        (("Part",), "Two."),
        (("Part",), "Three.\nFour."),
    ]


def test_a_quote_leads_back_through_the_tags() -> None:
    html = "<html><body>\n<p>The <b>bridge</b> was caf&eacute;&nbsp;green.</p></body></html>"
    repaired = repair(html)
    at = repaired.text.index("bridge")
    assert html[slice(*repaired.to_raw(at, at + 6))] == "bridge"
    start, end = html.index("The"), html.index("</p>")
    assert repaired.quote(start, end) == "The bridge was café green."


TAGS = [
    "<p>",
    "</p>",
    "<br>",
    "<b",
    ">",
    "<!--",
    "-->",
    "--!>",
    "<![",
    "]]>",
    "</",
    "<a href='",
    '"',
    "&",
    "&#",
    "<svg>",
    "</svg>",
]
TAGS += ["<script>", "</script>", "<?", "word", " ", "\n", "<title>"]


@given(st.lists(st.sampled_from(TAGS), max_size=30).map("".join))
def test_no_markup_is_too_broken(html: str) -> None:
    readable(f"<html>{html}")
    readable(f"<html>{html}>")


@given(
    st.lists(
        st.sampled_from(["<p>", "</p>", "<b>", "</i>", "<br>", "<!-- x -->", "one", "two", " ", "1 < 2", "a & b"]), max_size=20
    )
)
def test_no_word_between_whole_tags_is_lost(pieces: list[str]) -> None:
    kept = [piece for piece in pieces if not piece.startswith("<")]
    assert "".join(words("".join(pieces))) == "".join(kept).replace(" ", "")


@pytest.mark.parametrize(
    "piece", ["<!--", "<a", "</", "<![", "&#", "<!", "<", '<a b="', "<a b='", "<a b c", "<?", "<p>", "<svg>", "<table>"]
)
def test_time_is_bounded_for_hostile_markup(piece: str) -> None:
    begun = time.perf_counter()
    readable("<html>" + piece * (60_000 // len(piece)))
    readable("<html>" + piece * (60_000 // len(piece)) + ">")
    assert time.perf_counter() - begun < 5


def test_a_drawing_that_nothing_closes_ends_at_the_next_paragraph() -> None:
    text = repair("<html><body><p>Before <svg><path d='x'><g>drawn</g><p>After</p><h2>More</h2>Text</body></html>").text
    assert text.split() == ["Before", "After", "##", "More", "Text"]
    closed = repair("<html><body><p>Before <svg><text>drawn</text></svg> after</p></body></html>").text
    assert closed.split() == ["Before", "after"]


def test_letters_that_grow_in_lower_case_move_no_table() -> None:
    table = "<table><tr><td>a</td><td>b<hr>c</td></tr></table>"
    assert repair(f"<html><p>İİİİİİİİ</p>{table}").text.split("İ")[-1] == repair(f"<html><p>I</p>{table}").text.split("I")[-1]
    assert "b c" in repair(f"<html>{table}").text
