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
_RULING = re.compile(r"[ \t]*\|?(?:[ \t]*:?-+:?[ \t]*\|)*[ \t]*:?-+:?[ \t]*\|?[ \t]*$")
_MARKDOWN_CELL = re.compile(r"(?:\\.|`[^`\n]{0,200}`|\[\[[^\]\n]{0,200}\]\]|[^|\\]|\\$)+")
_WIKI_CELL = re.compile(r"(?:\{\{[^{}\n]{0,200}\}\}|\[\[[^\]\n]{0,200}\]\]|(?!\|\||!!)[^\n])+")
_ATTRIBUTES = re.compile(r"[^|\[{=]{0,100}=\s?[\"'][^|\[{]{0,200}\|(?!\|)")


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
    """How many lines the table has that begins at line `at`; 0 where none does."""
    if _begins(lines[at], OPEN):
        for n in range(at + 1, min(len(lines), at + LONGEST)):
            if _begins(lines[n], CLOSE):
                return n + 1 - at
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
    return "|" in line and bool(_RULING.match(line))


def blocks(text: str, lines: Sequence[Line], section: tuple[str, ...]) -> list[Block]:
    """One block for each row that says something, or for each cell of a layout."""
    wiki = _begins(lines[0], OPEN)
    head, rows = _wiki(lines) if wiki else _markdown(lines)
    if any(end - start > LONGEST_CELL for row in rows for start, end in row.cells):
        cells = [cell for one in (head, *(row.cells for row in rows)) for cell in one]
        return [Block("paragraph", *cell, section) for cell in cells if any(c.isalnum() for c in plain(text[slice(*cell)]))]
    names = [plain(text[start:end]).rstrip(":") for start, end in head]
    above = [
        Block("paragraph", *cell, section) for cell in _above(lines) if wiki and any(c.isalnum() for c in text[slice(*cell)])
    ]
    return above + [
        fact for row in rows for fact in _facts(row, names, [plain(text[start:end]) for start, end in row.cells], section)
    ]


def _facts(row: Row, names: Sequence[str], values: Sequence[str], section: tuple[str, ...]) -> Iterator[Block]:
    """A row as a fact about what its first cell names: "Malt Lane: Rooms 185; Monthly rent 405 crowns"."""
    about = values[0] if values else ""
    if names[:1] and about[:1].isdigit():
        about = f"{names[0]} {about}"
    pairs = [
        (n, v)
        for n, v in zip([*names, *[""] * len(values)][1 : len(values)], values[1:], strict=False)
        if any(c.isalnum() for c in v)
    ]
    if pairs:
        yield Block("fact", *row.span, section, about, (row.span,), ("; ".join(f"{n}: {v}" if n else v for n, v in pairs),))


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
    head = [cell for line in found[0] for cell in _wiki_cells(line)] if named else []
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
    while at <= len(line.text):
        attributes = _ATTRIBUTES.match(line.text, at)
        begin = attributes.end() if attributes else at
        match = _WIKI_CELL.match(line.text, begin)
        stop = match.end() if match else begin
        yield _trimmed(line, begin, stop)
        at = stop + 2


def _trimmed(line: Line, start: int, end: int) -> tuple[int, int]:
    piece = line.text[start:end]
    start += len(piece) - len(piece.lstrip())
    return line.start + start, line.start + max(start, start + len(piece.strip()))
