"""From repaired text to an article of blocks, whatever the file's shape.

The shape is detected, never told: YAML front matter is looked for first; then the headings decide between MediaWiki
(`== Section ==`), Markdown (`## Section`, which HTML is turned into by `html_tags`) and plain text. Every block is a range of
the text it came from. Images, tables' rulings and other lines without words are no blocks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from index import front_matter, infobox, tables
from index.acronyms import acronyms
from index.front_matter import BrokenFrontMatter
from index.infobox import Field
from index.markup_marks import plain
from index.repair import Repaired
from index.tables import Line
from index.types import Article, Block

__all__ = ["BrokenFrontMatter", "parse"]

_MARKDOWN_HEADING = re.compile(r"[ ]{0,3}(#{1,6})[ \t]+(.*)")
_LONGEST_HEADING = 300
_LONGEST_INFOBOX = 200_000
_ITEM = re.compile(r"[ \t]*(?:[*+•·-]|\d{1,3}[.)])[ \t]+(?=\S)")
_KEY_VALUE = re.compile(r"[ \t]*[-*][ \t]+([A-Za-z][\w ]{0,40}?)[ \t]*:[ \t]*(.*)$")
_TEMPLATE_OPEN = re.compile(r"\{\{[ \t]*Infobox\b", re.IGNORECASE)
_TEMPLATE_FIELD = re.compile(r"[ \t]*\|[ \t]*([\w ]{1,60}?)[ \t]*=[ \t]*(.*)$")
_BRACES = re.compile(r"\{\{|\}\}")
_LABELLED = re.compile(r"[ \t]*(?:([*]{2}|__|'{3})[^*_'\n:]{1,40}(?::\1|\1:)|[A-Z][\w ()/-]{0,30}:)[ \t]+\S")
"""A line that begins with a name and a colon, and goes on with its value."""
_LINE = re.compile(r"[^\n]*\n?")
_RUN_ON = 600
_WIDE_GAP = re.compile(r"[ \t\xa0]{2,}")


def parse(source: str, sha256: str, repaired: Repaired) -> Article:
    """Understand one file. Raises BrokenFrontMatter."""
    text = repaired.text
    matter = front_matter.read(text) if not repaired.is_html else None
    blocks: list[Block] = []
    body_start, title = 0, ""
    aliases: tuple[tuple[str, str], ...] = ()
    if matter:
        body_start, title, aliases = matter.end, matter.title, matter.aliases
        blocks += infobox.facts(text, matter.infobox)
        blocks += infobox.facts(text, matter.other, ("Front matter",))
    reader = _Body(text, wiki=_is_wiki(text, body_start))
    blocks += reader.blocks(body_start)
    prose = (plain(text[block.start : block.end]) for block in blocks if not block.spans)
    stated = (pair for paragraph in prose for pair in acronyms(paragraph))
    return Article(source, sha256, plain(title or reader.title), tuple(blocks), tuple(dict.fromkeys((*aliases, *stated))))


def _is_wiki(text: str, start: int) -> bool:
    """Whether headings are MediaWiki's; the first kind of heading decides, for a text with both."""
    for line in _lines(text, start):
        if _wiki_heading(line.text) or _TEMPLATE_OPEN.match(line.text):
            return True
        if _markdown_heading(line.text):
            return False
    return False


def _wiki_heading(line: str) -> tuple[int, str] | None:
    """Level and name of a heading such as `== Section ==`."""
    line = line.rstrip()
    level, closing = len(line) - len(line.lstrip("=")), len(line) - len(line.rstrip("="))
    name = line[level : len(line) - closing].strip()
    return (level, name) if 1 <= level <= 6 and level == closing and 0 < len(name) <= _LONGEST_HEADING else None


def _markdown_heading(line: str) -> tuple[int, str] | None:
    """Level and name of a heading such as `## Section` or `## Section ##`."""
    match = _MARKDOWN_HEADING.match(line)
    if not match:
        return None
    name = match[2].strip()
    bare = name.rstrip("#")
    name = bare.rstrip() if bare[-1:] in ("", " ", "\t") else name
    return (len(match[1]), name) if 0 < len(name) <= _LONGEST_HEADING else None


def _lines(text: str, start: int) -> Iterator[Line]:
    for match in _LINE.finditer(text, start):
        if match.group():
            line = match.group().rstrip("\r\n")
            yield Line(match.start(), match.start() + len(line), line)


class _Body:
    """Reads the lines once, keeping the section path and the paragraph that is open."""

    def __init__(self, text: str, wiki: bool) -> None:
        self._text = text
        self._heading = _wiki_heading if wiki else _markdown_heading
        self._path: list[tuple[int, str]] = []
        self._open: list[Line] = []
        self._blocks: list[Block] = []
        self._has_headings = False
        self._no_template_before = 0
        self.title = ""

    def blocks(self, start: int) -> list[Block]:
        lines = list(_lines(self._text, start))
        at = 0
        while at < len(lines):
            box = self._infobox(lines, at)
            if box:
                self._flush()
                self._blocks += infobox.facts(self._text, list(self._fields(box)))
                at += len(box)
                continue
            rows = tables.length(lines, at)
            if rows:
                self._flush()
                self._blocks += tables.blocks(self._text, lines[at : at + rows], self._section())
                at += rows
                continue
            self._take(lines[at])
            at += 1
        self._flush()
        return self._blocks

    def _infobox(self, lines: list[Line], at: int) -> list[Line]:
        """The lines of the infobox that starts at this line, none when none does."""
        first = lines[at].text.strip()
        if first.lower().rstrip(":") == "infobox":
            end = at + 1
            while end < len(lines) and _KEY_VALUE.match(lines[end].text):
                end += 1
            return lines[at:end] if end > at + 1 else []
        return self._template(lines, at) if _TEMPLATE_OPEN.match(first) else []

    def _template(self, lines: list[Line], at: int) -> list[Line]:
        """The lines of a template up to its closing braces; what follows these becomes a line of its own in `lines`."""
        start = lines[at].start
        if start < self._no_template_before:
            return []
        close = _template_close(self._text, start)
        if not close:
            self._no_template_before = start + _LONGEST_INFOBOX
            return []
        last = next(n for n in range(at, len(lines)) if lines[n].end >= close)
        if not any(_field_match(line) for line in lines[at : last + 1]):
            return []
        ending = lines[last]
        lines[last : last + 1] = [
            Line(ending.start, close - 2, self._text[ending.start : close - 2]),
            Line(close, ending.end, self._text[close : ending.end]),
        ]
        return lines[at : last + 1]

    def _fields(self, lines: list[Line]) -> Iterator[Field]:
        """Fields of a `- Key: value` list or of an infobox template, whose values may run over several lines."""
        starts = [n for n, line in enumerate(lines) if _field_match(line)]
        for n, after in zip(starts, [*starts[1:], len(lines)], strict=True):
            match = _field_match(lines[n])
            assert match is not None
            last = max(m for m in range(n, after) if m == n or lines[m].text.strip())
            value = (lines[n].start + match.start(2), lines[last].end)
            yield Field(match[1], lines[n].start + match.start(1), lines[last].end, value, "each" if last > n else "one")

    def _take(self, line: Line) -> None:
        heading = self._heading(line.text)
        if heading:
            self._flush()
            self._enter(heading[0], plain(heading[1]))
        elif not _has_words(line.text):
            self._flush()
        elif _ITEM.match(line.text):
            self._flush()
            self._open.append(line)
        else:
            self._open.append(line)

    def _enter(self, level: int, name: str) -> None:
        """A heading. The first one, when it is of the top level, is the article's title."""
        if not self._has_headings and level == 1:
            self.title = name
        else:
            self._path = [(upper, title) for upper, title in self._path if upper < level]
            if name != self.title:
                self._path.append((level, name))
        self._has_headings = True

    def _section(self) -> tuple[str, ...]:
        return tuple(title for _, title in self._path)

    def _flush(self) -> None:
        """Close the open paragraph or item."""
        if not self._open:
            return
        first = self._open[0]
        mark = _ITEM.match(first.text)
        start = first.start + (mark.end() if mark else len(first.text) - len(first.text.lstrip()))
        section = self._section()
        for begin, end in self._pieces(start, self._open[-1].end):
            self._blocks.append(Block("item" if mark else "paragraph", begin, end, section))
        self._open = []

    def _pieces(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Lines of names and values ("**Chair:** Elma Castane") on their own; in a long run-on paragraph, wide gaps are what is left of
        the line breaks."""
        marks = [line.start for line in self._open if _LABELLED.match(line.text)]
        if len(marks) > 1:
            starts = sorted({start, *(mark for mark in marks if mark > start)})
            for begin, finish in zip(starts, [*starts[1:], end], strict=True):
                yield begin, begin + len(self._text[begin:finish].rstrip())
            return
        if end - start < _RUN_ON or "\n" in self._text[start:end]:
            yield start, end
            return
        for gap in _WIDE_GAP.finditer(self._text, start, end):
            if gap.start() > start:
                yield start, gap.start()
            start = gap.end()
        if start < end:
            yield start, end


def _has_words(line: str) -> bool:
    """Whether a line is text: neither blank nor an image, a ruling or the like, which are never long."""
    return len(line) > _RUN_ON or any(character.isalnum() for character in plain(line))


def _template_close(text: str, start: int) -> int:
    """Where the template that opens at `start` ends, or 0 for one that never does."""
    depth = 0
    for match in _BRACES.finditer(text, start, start + _LONGEST_INFOBOX):
        depth += 1 if match.group() == "{{" else -1
        if depth == 0:
            return match.end()
    return 0


def _field_match(line: Line) -> re.Match[str] | None:
    return _KEY_VALUE.match(line.text) or _TEMPLATE_FIELD.match(line.text)
