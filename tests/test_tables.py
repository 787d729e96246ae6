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
