"""What to take out of an HTML text so that its readable text is left, in place.

Headings are left marked the way Markdown marks them (`## `), so that one parser serves both; block elements end with a blank
line; `script`, `style` and other unreadable content goes whole. Nothing is rendered, fetched or run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

_OPENING = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:(?><!--.*?-->)\s*)*+<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_BLOCKS = frozenset(
    """address article aside blockquote body dd details div dl dt fieldset figcaption figure footer form header hr html li
    main nav ol p pre section summary table tbody td tfoot th thead tr ul title caption""".split()
)
_LINE_BREAKS = {"br": "\n"}
_HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}
_FOREIGN = frozenset({"svg", "math"})
"""Drawings and formulas, which a paragraph or heading ends even where nothing closes them, as in browsers."""
_LONGEST_TABLE = 50_000
_LAYOUT = re.compile(r"<(?:table|p|div|h[1-6]|[uod]l|form|section|article|pre)\b")
TABLE, ROW, HEADING, CELL = "\x1c", "\x1d", "\x1e", "\x1f"
_TABLE_MARKS = {"table": f"\n\n{TABLE}\n", "tr": f"\n{ROW}\n", "th": f"\n{HEADING}", "td": f"\n{CELL}", "br": " "}
"""A table of data is left marked with the separators of ASCII, which are white space to all that reads the text."""
_UNREADABLE = frozenset("script style template noscript svg math iframe object select".split())


def looks_like_html(text: str) -> bool:
    """True for a text that opens as an HTML document (doctype, html, head or body)."""
    return _OPENING.match(text[:4096].removeprefix("\ufeff")) is not None


def removals(text: str) -> Iterator[tuple[int, int, str]]:
    """Ranges of `text` to replace, in order, with what each reads as. After the last `>` there are no tags to look for."""
    parser = _Removals()
    parser.read(text, text.rfind(">") + 1)
    return iter(parser.found)


class _Removals(HTMLParser):
    """Notes where each tag, comment and unreadable element lies. The parser itself keeps no text.

    A token ends where the next one begins, so what ends it (`-->`, `--!>`, a bogus comment's `>`) is the parser's affair.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self._line_starts = [0]
        self._skipping: list[str] = []
        self._open: tuple[int, str] | None = None
        self._folded = ""
        self._no_close_before = 0
        self._tabular = False
        self.found: list[tuple[int, int, str]] = []

    def read(self, text: str, end: int) -> None:
        """Find all removals in `text`, whose tags lie before `end`."""
        self._folded = text.replace("İ", "I").lower()  # the one letter that becomes two
        self._line_starts += (match.end() for match in re.finditer("\n", text))
        self.feed(text[:end])
        self.close()
        self._end(len(text) if self._skipping else end)

    def _token(self, new: str | None) -> None:
        """A token begins here, which reads as `new` or, with None, as it stands."""
        here = self._here()
        self._end(here)
        self._open = None if new is None else (here, new)

    def _here(self) -> int:
        line, column = self.getpos()
        return self._line_starts[line - 1] + column

    def _holds_data(self) -> bool:
        """Whether the table that begins here is one of short cells, and no layout of a page."""
        here = self._here()
        close = self._folded.find("</table", max(here, self._no_close_before), here + _LONGEST_TABLE)
        self._no_close_before = close if close > 0 else here + _LONGEST_TABLE - len("</table")
        return close > 0 and not _LAYOUT.search(self._folded, here + 6, close)

    def _end(self, here: int) -> None:
        if self._open and here > self._open[0]:
            self.found.append((self._open[0], here, self._open[1]))

    def _text(self) -> None:
        self._token("" if self._skipping else None)

    def _break(self, tag: str) -> str:
        if self._skipping or self._tabular:
            return ""
        return "\n\n" if tag in _BLOCKS or tag in _HEADINGS else _LINE_BREAKS.get(tag, "")

    def _leaves_drawing(self, tag: str) -> bool:
        return self._skipping[-1] in _FOREIGN and (tag in _BLOCKS or tag in _HEADINGS)

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """`<![…` is a bogus comment, as it is in browsers; the parser's own reading of it gives up on unknown words."""
        return self.parse_bogus_comment(i, report)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._skipping and self._leaves_drawing(tag):
            self._skipping.pop()
        if tag == "table" and not self._skipping:
            self._tabular = self._holds_data()
        mark = "" if self._skipping else "# " if tag == "title" else _HEADINGS.get(tag, "")
        mark = _TABLE_MARKS.get(tag, " " if tag in _BLOCKS else "") if self._tabular and not self._skipping else mark
        self._token(self._break(tag) + mark)
        if tag in _UNREADABLE:
            self._skipping.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._token(" " if self._tabular and not self._skipping else self._break(tag))

    def handle_endtag(self, tag: str) -> None:
        if self._skipping and (tag == self._skipping[-1] or self._leaves_drawing(tag)):
            self._skipping.pop()
        if tag == "table" and self._tabular and not self._skipping:
            self._tabular = False
            self._token(f"\n{TABLE}\n\n")
        else:
            self._token(self._break(tag))

    def handle_data(self, data: str) -> None:
        self._text()

    def handle_entityref(self, name: str) -> None:
        self._text()

    def handle_charref(self, name: str) -> None:
        self._text()

    def handle_comment(self, data: str) -> None:
        self._token("")

    def handle_decl(self, decl: str) -> None:
        self._token("")

    def handle_pi(self, data: str) -> None:
        self._token("")
