"""What to take out of an HTML text so that its readable text is left, in place.

Headings are left marked the way Markdown marks them (`## `), so that one parser serves both; block elements end with a blank
line; `script`, `style` and other unreadable content goes whole. Nothing is rendered, fetched or run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

_OPENING = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_BLOCKS = frozenset(
    "address article aside blockquote body dd details div dl dt fieldset figcaption figure footer form header hr html li main nav "
    "ol p pre section summary table tbody td tfoot th thead tr ul br title caption".split()
)
_HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}
_UNREADABLE = frozenset("script style template noscript svg math iframe object select".split())


def looks_like_html(text: str) -> bool:
    """True for a text that opens as an HTML document (doctype, html, head or body)."""
    return _OPENING.match(text[:4096].removeprefix("\ufeff")) is not None


def removals(text: str) -> Iterator[tuple[int, int, str]]:
    """Ranges of `text` to replace, in order, with what each reads as."""
    parser = _Removals(text)
    parser.feed(text)
    parser.close()
    return iter(parser.found)


class _Removals(HTMLParser):
    """Notes where each tag, comment and unreadable element lies. The parser itself keeps no text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=False)
        self._source = text
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._skipping: list[str] = []
        self.found: list[tuple[int, int, str]] = []

    def _here(self) -> int:
        line, column = self.getpos()
        return self._line_starts[line - 1] + column

    def _remove(self, end: int, new: str) -> None:
        start = self._here()
        if self.found and start < self.found[-1][1]:
            start = self.found[-1][1]
        if end > start or new:
            self.found.append((start, max(end, start), new))

    def _tag_end(self) -> int:
        end = self._source.find(">", self._here())
        return len(self._source) if end < 0 else end + 1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        new = "" if self._skipping else "\n\n" + _HEADINGS[tag] if tag in _HEADINGS else "\n\n" if tag in _BLOCKS else ""
        if tag == "title" and not self._skipping:
            new = "\n\n# "
        self._remove(self._here() + len(self.get_starttag_text() or ""), new)
        if tag in _UNREADABLE:
            self._skipping.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._remove(self._here() + len(self.get_starttag_text() or ""), "\n" if tag in _BLOCKS else "")

    def handle_endtag(self, tag: str) -> None:
        if self._skipping and tag == self._skipping[-1]:
            self._skipping.pop()
        self._remove(self._tag_end(), "\n\n" if (tag in _BLOCKS or tag in _HEADINGS) and not self._skipping else "")

    def handle_data(self, data: str) -> None:
        if self._skipping:
            self._remove(self._here() + len(data), "")

    def handle_comment(self, data: str) -> None:
        end = self._source.find("-->", self._here())
        self._remove(len(self._source) if end < 0 else end + 3, "")

    def handle_decl(self, decl: str) -> None:
        self._remove(self._tag_end(), "")

    def handle_pi(self, data: str) -> None:
        self._remove(self._tag_end(), "")

    def unknown_decl(self, data: str) -> None:
        self._remove(self._tag_end(), "")

    def handle_entityref(self, name: str) -> None:
        if self._skipping:
            self._remove(self._here() + len(name) + 1, "")

    def handle_charref(self, name: str) -> None:
        if self._skipping:
            self._remove(self._here() + len(name) + 2, "")
