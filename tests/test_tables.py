"""Tables of three notations, row by row, and what is no table of data."""

from __future__ import annotations

import time

import pytest

from index.markup import parse
from index.repair import repair

EXPECTED = [("Abbey Close", "Rooms: 310; Rent: 430 crowns"), ("Malt Lane", "Rooms: 185")]


def found(raw: str) -> list[tuple[str, str]]:
    """(label, reading) of each fact; every fact's range of the file is proved to hold its values."""
    repaired = repair(raw)
    blocks = [block for block in parse("a.md", "f" * 64, repaired).blocks if block.kind == "fact"]
    for block in blocks:
        quote = repaired.quote(*repaired.to_raw(*block.spans[0]))
        assert all(value.partition(": ")[2] in quote for value in block.texts[0].split("; "))
        assert block.label.split()[-1] in quote
    return [(block.label, *block.texts) for block in blocks]


@pytest.mark.parametrize(
    "raw",
    [
        "Halls:\n\n| Hall | Rooms | Rent |\n|---|--:|:-:|\n| Abbey Close | 310 | **430** crowns |\n| Malt Lane | 185 | – |\n\nMore.\n",
        "Hall | Rooms | Rent\n--- | --- | ---\nAbbey Close | 310 | 430 crowns\nMalt Lane | 185 |\n",
        '{| class="wikitable"\n! Hall !! Rooms !! Rent\n|-\n| Abbey Close || 310 || 430 crowns\n|-\n| Malt Lane || style="x" | 185\n|}\n',
        "{|\n|+ Halls\n|-\n! Hall\n! Rooms\n! Rent\n|-\n| [[Abbey|Abbey Close]]\n| 310\n| 430 crowns\n|-\n| Malt Lane\n| 185\n|}\n",
        "<html><body><table><tr><th>Hall</th><th>Rooms</th><th>Rent</th></tr><tr><td>Abbey Close</td><td>310</td>"
        "<td>430<br>crowns</td></tr>\n<tr><td>Malt Lane</td><td>185</td><td></td></tr></table></body></html>",
    ],
)
def test_each_row_reads_with_the_names_of_its_columns(raw: str) -> None:
    if "**" in raw:
        assert [reading for _, reading in parsed(raw)] == [reading for _, reading in EXPECTED]
    else:
        assert found(raw) == EXPECTED


def parsed(raw: str) -> list[tuple[str, str]]:
    return [(b.label, *b.texts) for b in parse("a.md", "f" * 64, repair(raw)).blocks if b.kind == "fact"]


def test_a_row_that_begins_with_a_number_says_what_of() -> None:
    assert parsed("| Year | Winner |\n|---|---|\n| 1954 | Hester Roan |\n") == [("Year 1954", "Winner: Hester Roan")]


def test_a_row_is_proved_by_its_line() -> None:
    raw = "é\r\n\r\n| A | B |\r\n|---|---|\r\n| x | y |\r\n"
    repaired = repair(raw)
    (row,) = [block for block in parse("a.md", "f" * 64, repaired).blocks if block.kind == "fact"]
    assert raw[slice(*repaired.to_raw(*row.spans[0]))] == "| x | y |"


def blocks(raw: str) -> list[str]:
    """Every block: a fact as "label: reading", else its text."""
    repaired = repair(raw)
    return [
        f"{b.label}: {b.texts[0]}" if b.kind == "fact" else repaired.text[b.start : b.end]
        for b in parse("a.md", "f" * 64, repaired).blocks
    ]


PAGE = "<html><body><table>{}</table></body></html>"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (PAGE.format("<tr><td>One cell alone.</td></tr>"), ["One cell alone."]),
        ("| A | B |\n|---|---|\n", ["A", "B"]),
        ("{|\n! A !! B\n|-\n| colspan=2 | Part one\n|-\n| x || 1\n|}\n", ["Part one", "x: B: 1"]),
        ("{|\n|+ Halls\n! A !! B\n|-\n| " + "long " * 70 + "|| x\n|}\n", ["Halls", "A", "B", ("long " * 70).strip(), "x"]),
        (PAGE.format("<tr><th colspan=2>Ostrand</th></tr><tr><th>Mayor</th><td>Ida</td></tr>"), ["Ostrand", "Mayor: Ida"]),
        ("{|\n! A\ngoes on\n! B\n|-\n| x || 1\n|-\n| 2 || 3\n|}\n", ["x: B: 1", "A goes on 2: B: 3"]),
    ],
)
def test_no_words_of_a_table_are_lost(raw: str, expected: list[str]) -> None:
    assert [one.replace("\n", " ") for one in blocks(raw)] == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (
            PAGE.format("<tr><th>Song</th><th>Year</th></tr><tr><td>Help!!</td><td>1965 || 6</td></tr>"),
            [("Help!!", "Year: 1965 || 6")],
        ),
        ("{|\n! Song !! Year\n|-\n| Help!! || 1965\n|}\n", [("Help!!", "Year: 1965")]),
        ("{|\n! scope=col | Song !! Year\n|-\n| align=left | Help || 1965\n|}\n", [("Help", "Year: 1965")]),
    ],
)
def test_a_cell_ends_only_where_its_notation_says_so(raw: str, expected: list[tuple[str, str]]) -> None:
    assert parsed(raw) == expected


@pytest.mark.parametrize(
    "raw",
    [
        PAGE.format(
            "<tr><th>A</th><th>B</th><th>C</th></tr><tr><td rowspan=2>x</td><td>1</td><td>2</td></tr><tr><td>y</td><td>4</td></tr>"
        ),
        "{|\n! A !! B !! C\n|-\n| rowspan=2 | x || 1 || 2\n|-\n| y || 4\n|}\n",
    ],
)
def test_a_row_below_a_cell_of_two_rows_is_not_told_by_the_wrong_columns(raw: str) -> None:
    assert parsed(raw) == [("x", "B: 1; C: 2"), ("y", "4")]


@pytest.mark.parametrize(
    "raw",
    [
        "Either a | or b.\nNothing below.\n",
        "{| never closed\n| a || b\n\nText.\n",
        "<html><body><table><tr><td><p>A page that is laid out</p></td><td><p>in a table.</p></td></tr></table></body></html>",
        "| A | B |\n|---|---|\n| x | " + "long " * 100 + "|\n",
    ],
)
def test_what_is_no_table_of_data_is_read_as_text(raw: str) -> None:
    assert parsed(raw) == []
    assert parse("a.md", "f" * 64, repair(raw)).blocks


@pytest.mark.parametrize("line", ["{|", "| a || b", "!", '| x="', "[[", "|-|", "`", "|---", "{{"])
def test_time_is_bounded_for_hostile_tables(line: str) -> None:
    begun = time.perf_counter()
    for raw in (line * 10_000, f"{line}\n" * 5_000, "{|\n" + line * 10_000 + "\n|}", "a|b\n-|-\n" + line * 10_000):
        parsed(raw)
    assert time.perf_counter() - begun < 10


@pytest.mark.parametrize("raw", ["{|\n" * 12_000, "a|b\n" + " " * 40_000 + "|x\n", "a|b\n|-" + " " * 80_000 + "x\n"])
def test_time_is_in_proportion_to_a_hostile_table(raw: str) -> None:
    begun = time.perf_counter()
    parsed(raw)
    assert time.perf_counter() - begun < 5
