"""Tables become rows that can be read on their own: what the first cell names, and every other value beside the name of its column.

Three notations are known: that of Markdown (`| a | b |` with a ruling below the first row), that of MediaWiki (`{|`, `|-`, `!`, `||`), and
the separators that `html_tags` leaves of an HTML file's tables. A row's range is that of its cells in the text; what it reads as names the columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from index.html_tags import CELL, HEADING, ROW, TABLE
from index.markup_marks import plain
from index.types import Block

OPEN, ROW_MARK, CLOSE = ("{|", TABLE), ("|-", ROW), ("|}", TABLE)
MARKS = ("!", "|", HEADING, CELL)
LONGEST_CELL = 300
"""Characters; a table with a longer cell is a layout, whose cells are paragraphs."""
LONGEST = 5000
"""Lines of a table in MediaWiki's notation."""
_RULING = re.compile(r"\|?+(?:[ \t]*+:?+-++:?+[ \t]*+(?:\||$))++$")
_MARKDOWN_CELL = re.compile(r"(?:\\.|`[^`\n]{0,200}`|\[\[[^\]\n]{0,200}\]\]|[^|\\]|\\$)+")
_WIKI_CELL, _WIKI_HEADING = (
    re.compile(rf"(?:\{{\{{[^{{}}\n]{{0,200}}\}}\}}|\[\[[^\]\n]{{0,200}}\]\]|(?!{ends})[^\n])+") for ends in (r"\|\|", r"\|\||!!")
)
_ATTRIBUTES = re.compile(r"[^|\[{=]{0,100}=[^|\[{]{0,200}\|(?!\|)")
"""What MediaWiki takes for the attributes of a cell: all before a single bar."""
_SPANS = re.compile(r"\b(?:row|col)span\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Line:
    """A line without its end, at `[start, end)`."""

    start: int
    end: int
    text: str


Cells = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Row:
    """The ranges of the cells, and that of the whole row with its marks."""

    span: tuple[int, int]
    cells: Cells


def length(lines: Sequence[Line], at: int) -> int:
    """How many lines the table has that begins at line `at`; 0 where none does, and for one with another table in it."""
    if _begins(lines[at], OPEN):
        for n in range(at + 1, min(len(lines), at + LONGEST)):
            if _begins(lines[n], CLOSE):
                return n + 1 - at
            if _begins(lines[n], OPEN):
                return 0
        return 0
    if "|" not in lines[at].text or at + 1 >= len(lines) or not _is_ruling(lines[at + 1].text):
        return 0
    if len(list(_markdown_cells(lines[at]))) < 2:
        return 0
    end = at + 2
    while end < len(lines) and "|" in lines[end].text:
        end += 1
    return end - at


def _is_ruling(line: str) -> bool:
    return "|" in line and bool(_RULING.match(line.strip(" \t")))


def blocks(text: str, lines: Sequence[Line], section: tuple[str, ...]) -> list[Block]:
    """One block for each row that says something, or for each cell of a layout; before them the caption and a heading of one cell."""
    wiki = _begins(lines[0], OPEN)
    head, rows = _wiki(lines) if wiki else _markdown(lines)
    above = list(_above(lines)) if wiki else []
    if any(end - start > LONGEST_CELL for row in rows for start, end in row.cells):
        return _paragraphs(text, [*above, *head, *(cell for row in rows for cell in row.cells)], section)
    if len(head) == 1 or not rows:
        above, head = [*above, *head], []
    names = [plain(text[start:end]).rstrip(":") for start, end in head]
    padded = not _begins(lines[0], (TABLE,)) and not _SPANS.search(text, lines[0].start, lines[-1].end)
    facts = [fact for row in rows for fact in _row(text, row, names, section, padded)]
    return _paragraphs(text, above, section) + facts


def _paragraphs(text: str, cells: Cells, section: tuple[str, ...]) -> list[Block]:
    """One for each cell with words or figures."""
    return [Block("paragraph", *cell, section) for cell in cells if any(c.isalnum() for c in plain(text[slice(*cell)]))]


def _row(text: str, row: Row, names: Sequence[str], section: tuple[str, ...], padded: bool) -> list[Block]:
    """A row as a fact about what its first cell names: "Malt Lane: Rooms 185; Monthly rent 405 crowns"; one with nothing but that as it
    stands. Where short rows are not `padded`, a row of more or fewer cells than the heading has cells that span rows or columns, and
    which column the others are of is not told."""
    values = [plain(text[start:end]) for start, end in row.cells]
    while len(values) > len(names) and values and not values[-1]:
        values.pop()
    if not padded and len(values) != len(names):
        names = ()
    about = values[0] if values else ""
    if names[:1] and about[:1].isdigit():
        about = f"{names[0]} {about}"
    columns = zip([*names, *[""] * len(values)][1 : len(values)], values[1:], strict=False)
    pairs = [(name, value) for name, value in columns if any(c.isalnum() for c in value)]
    if not pairs:
        return _paragraphs(text, row.cells[:1], section)
    reading = "; ".join(f"{name}: {value}" if name else value for name, value in pairs)
    return [Block("fact", *row.span, section, about, (row.span,), (reading,))]


def _markdown(lines: Sequence[Line]) -> tuple[Cells, list[Row]]:
    rows = [Row(_trimmed(line, 0, len(line.text)), list(_markdown_cells(line))) for line in lines[2:]]
    return list(_markdown_cells(lines[0])), rows


def _markdown_cells(line: Line) -> Iterator[tuple[int, int]]:
    """The ranges of the cells between the bars; the bars at the edges enclose none."""
    own = line.text.strip()
    start = line.text.find("|") + 1 if own.startswith("|") else 0
    end = line.text.rfind("|") if own.endswith("|") and len(own) > 1 else len(line.text)
    at = start
    while at <= end:
        match = _MARKDOWN_CELL.match(line.text, at, end)
        stop = match.end() if match else at
        yield _trimmed(line, at, stop)
        at = stop + 1


def _wiki(lines: Sequence[Line]) -> tuple[Cells, list[Row]]:
    """The cells of the heading, and each row; a cell goes on over the lines up to the next mark."""
    parts: list[list[Line]] = [[]]
    for line in lines[1:-1]:
        if _begins(line, ROW_MARK):
            parts.append([])
        elif not _begins(line, ("|+",)):
            parts[-1].append(line)
    found = [part for part in parts if any(_marked(line) for line in part)]
    named = bool(found) and all(_begins(line, ("!", HEADING)) for line in found[0] if _marked(line))
    head = _wiki_row(found[0]).cells if named else []
    return head, [_wiki_row(part) for part in found[named:]]


def _above(lines: Sequence[Line]) -> Iterator[tuple[int, int]]:
    """The ranges of the caption and of other lines before the first row."""
    for line in lines[1:]:
        if _begins(line, ("|+",)):
            yield _trimmed(line, line.text.index("|+") + 2, len(line.text))
        elif _begins(line, (*MARKS, *ROW_MARK, *CLOSE)):
            return
        else:
            yield _trimmed(line, 0, len(line.text))


def _begins(line: Line, marks: tuple[str, ...]) -> bool:
    """Whether a mark stands first; the separators are white space, too."""
    return line.text.lstrip(" \t").startswith(marks)


def _marked(line: Line) -> bool:
    return _begins(line, MARKS)


def _wiki_row(lines: Sequence[Line]) -> Row:
    cells: Cells = []
    for line in lines:
        if _marked(line):
            cells += _wiki_cells(line)
        elif line.text.strip() and cells:
            cells[-1] = (cells[-1][0], line.end)
    first = next(line for line in lines if _marked(line))
    return Row((first.start, max(first.end, cells[-1][1] if cells else 0)), cells)


def _wiki_cells(line: Line) -> Iterator[tuple[int, int]]:
    at = len(line.text) - len(line.text.lstrip(" \t")) + 1
    mark = line.text[at - 1]
    if mark in (HEADING, CELL):
        yield _trimmed(line, at, len(line.text))
        return
    cell = _WIKI_HEADING if mark == "!" else _WIKI_CELL
    while at <= len(line.text):
        attributes = _ATTRIBUTES.match(line.text, at)
        begin = attributes.end() if attributes else at
        match = cell.match(line.text, begin)
        stop = match.end() if match else begin
        yield _trimmed(line, begin, stop)
        at = stop + 2


def _trimmed(line: Line, start: int, end: int) -> tuple[int, int]:
    piece = line.text[start:end]
    start += len(piece) - len(piece.lstrip())
    return line.start + start, line.start + max(start, start + len(piece.strip()))
