"""From repaired text to an article of blocks, whatever the file's shape.

The shape is detected, never told: YAML front matter is looked for first; then the headings decide between MediaWiki
(`== Section ==`), Markdown (`## Section`, which HTML is turned into by `html_tags`) and plain text. Every block is a range of
the text it came from. Images, tables' rulings and other lines without words are no blocks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from index import front_matter, infobox
from index.front_matter import BrokenFrontMatter
from index.infobox import Field
from index.markup_marks import plain
from index.repair import Repaired
from index.types import Article, Block

__all__ = ["BrokenFrontMatter", "parse"]

_WIKI_HEADING = re.compile(r"(={1,6})[ \t]*([^=\s](?:.*?[^=\s])?)[ \t]*\1[ \t]*$")
_MARKDOWN_HEADING = re.compile(r"[ ]{0,3}(#{1,6})[ \t]+(.+?)[ \t]*#*[ \t]*$")
_ITEM = re.compile(r"[ \t]*(?:[*+•·-]|\d{1,3}[.)])[ \t]+(?=\S)")
_KEY_VALUE = re.compile(r"[ \t]*[-*][ \t]+([A-Za-z][\w ]{0,40}?)[ \t]*:[ \t]*(.*)$")
_TEMPLATE_OPEN = re.compile(r"\{\{[ \t]*Infobox\b", re.IGNORECASE)
_TEMPLATE_FIELD = re.compile(r"[ \t]*\|[ \t]*([\w ]+?)[ \t]*=[ \t]*(.*)$")
_LINE = re.compile(r"[^\n]*\n?")
_RUN_ON = 600
_WIDE_GAP = re.compile(r"[ \t\xa0]{2,}")


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    text: str


def parse(source: str, sha256: str, repaired: Repaired) -> Article:
    """Understand one file. Raises BrokenFrontMatter."""
    text = repaired.text
    matter = front_matter.read(text) if not repaired.is_html else None
    blocks: list[Block] = []
    body_start, title, aliases = 0, "", ()
    if matter:
        body_start, title, aliases = matter.end, matter.title, matter.aliases
        blocks += infobox.facts(text, matter.infobox)
        blocks += infobox.facts(text, matter.other, ("Front matter",))
    reader = _Body(text, wiki=_is_wiki(text, body_start))
    blocks += reader.blocks(body_start)
    return Article(source, sha256, plain(title or reader.title), tuple(blocks), aliases)


def _is_wiki(text: str, start: int) -> bool:
    """Whether headings are MediaWiki's; the first kind of heading decides, for a text with both."""
    for line in _lines(text, start):
        if _WIKI_HEADING.match(line.text) or _TEMPLATE_OPEN.match(line.text):
            return True
        if _MARKDOWN_HEADING.match(line.text):
            return False
    return False


def _lines(text: str, start: int) -> Iterator[_Line]:
    for match in _LINE.finditer(text, start):
        if match.group():
            line = match.group().rstrip("\r\n")
            yield _Line(match.start(), match.start() + len(line), line)


class _Body:
    """Reads the lines once, keeping the section path and the paragraph that is open."""

    def __init__(self, text: str, wiki: bool) -> None:
        self._text = text
        self._heading = _WIKI_HEADING if wiki else _MARKDOWN_HEADING
        self._path: list[tuple[int, str]] = []
        self._open: list[_Line] = []
        self._blocks: list[Block] = []
        self._has_headings = False
        self.title = ""

    def blocks(self, start: int) -> list[Block]:
        lines = list(_lines(self._text, start))
        at = 0
        while at < len(lines):
            box = self._infobox_end(lines, at)
            if box:
                self._flush()
                self._blocks += infobox.facts(self._text, list(self._fields(lines[at:box])))
                at = box
                continue
            self._take(lines[at])
            at += 1
        self._flush()
        return self._blocks

    def _infobox_end(self, lines: list[_Line], at: int) -> int:
        """Where the infobox that starts at this line ends, or 0 when none starts here."""
        line = lines[at].text.strip()
        if line.lower().rstrip(":") == "infobox":
            end = at + 1
            while end < len(lines) and _KEY_VALUE.match(lines[end].text):
                end += 1
            return end if end > at + 1 else 0
        if _TEMPLATE_OPEN.match(line):
            end = at + 1
            while end < len(lines) and not lines[end].text.strip().startswith("}}"):
                end += 1
            return min(end + 1, len(lines))
        return 0

    def _fields(self, lines: list[_Line]) -> Iterator[Field]:
        """Fields of a `- Key: value` list or of an infobox template, whose values may run over several lines."""
        starts = [n for n, line in enumerate(lines) if _field_match(line)]
        for n, after in zip(starts, [*starts[1:], len(lines)], strict=True):
            match = _field_match(lines[n])
            assert match is not None
            last = max(m for m in range(n, after) if m == n or not lines[m].text.strip().startswith("}}"))
            value = (lines[n].start + match.start(2), lines[last].end)
            yield Field(match[1], lines[n].start + match.start(1), lines[last].end, value, "each" if last > n else "one")

    def _take(self, line: _Line) -> None:
        heading = self._heading.match(line.text)
        if heading:
            self._flush()
            self._enter(len(heading[1]), plain(heading[2]))
        elif not line.text.strip() or not plain(line.text) or not any(c.isalnum() for c in plain(line.text)):
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

    def _flush(self) -> None:
        """Close the open paragraph or item."""
        if not self._open:
            return
        first = self._open[0]
        mark = _ITEM.match(first.text)
        start = first.start + (mark.end() if mark else len(first.text) - len(first.text.lstrip()))
        section = tuple(title for _, title in self._path)
        for begin, end in self._pieces(start, self._open[-1].end):
            self._blocks.append(Block("item" if mark else "paragraph", begin, end, section))
        self._open = []

    def _pieces(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """In a long run-on paragraph, wide gaps are what is left of the line breaks."""
        if end - start < _RUN_ON or "\n" in self._text[start:end]:
            yield start, end
            return
        for gap in _WIDE_GAP.finditer(self._text, start, end):
            if gap.start() > start:
                yield start, gap.start()
            start = gap.end()
        if start < end:
            yield start, end


def _field_match(line: _Line) -> re.Match[str] | None:
    return _KEY_VALUE.match(line.text) or _TEMPLATE_FIELD.match(line.text)
