"""Readable text from damaged text, with the way back to every character of the file.

Four layers, each a list of edits on the text of the layer before: mojibake is undone, flag emojis become country names,
character references (`&amp;`) become characters, and the tags of an HTML file go. `Repaired.to_raw` maps a range of the
result to the range of the file that it was read from, so a citation can always name offsets in the file on disk. Before them, a
lone carriage return becomes a line end.

What counts as damage is decided for a whole text, never for a slice: `’é` is two good characters in a French article and
one damaged character in a Mac Roman one. Nothing else here changes spelling, punctuation, line ends or white space.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from index import html_tags

SINGLE_BYTE = ("mac_roman", "sloppy-windows-1252", "latin-1", "cp437", "iso-8859-2", "sloppy-windows-1251")
"""Encodings in which UTF-8 bytes are commonly misread; one character is one byte in each, so the map back is exact."""

_FTFY = (*SINGLE_BYTE, *(f"sloppy-windows-{page}" for page in (1250, 1253, 1254, 1257)))
"""All that ftfy looks for."""

_NON_ASCII = re.compile(r"[^\x00-\x7f]+")
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_SPACE = re.compile(r"\s+")
_PIECE = re.compile(r"[^\n]{0,3999}(?:[\n ]|\Z)|[^\n]{1,4000}")
_STRETCH = 100
_ALIKE = 6
_FLAG_REACH = 40


@dataclass(frozen=True, slots=True)
class Edit:
    """The range `[start, end)` of a text reads `new` instead."""

    start: int
    end: int
    new: str


class Layer:
    """One pass of edits, and the map between the text before (`old`) and after it (`new`)."""

    def __init__(self, old: str, edits: Sequence[Edit]) -> None:
        parts: list[str] = []
        self._old: list[tuple[int, int]] = []
        self._new: list[tuple[int, int]] = []
        done = length = 0
        for edit in edits:
            kept = old[done : edit.start]
            length += len(kept)
            parts += (kept, edit.new)
            self._old.append((edit.start, edit.end))
            self._new.append((length, length + len(edit.new)))
            length += len(edit.new)
            done = edit.end
        parts.append(old[done:])
        self.text = "".join(parts)
        self._old_starts = [start for start, _ in self._old]
        self._new_starts = [start for start, _ in self._new]

    def to_old(self, start: int, end: int) -> tuple[int, int]:
        return _through(start, end, self._new, self._new_starts, self._old)

    def to_new(self, start: int, end: int) -> tuple[int, int]:
        return _through(start, end, self._old, self._old_starts, self._new)


def _through(
    start: int, end: int, here: list[tuple[int, int]], starts: list[int], there: list[tuple[int, int]]
) -> tuple[int, int]:
    """Map a range; a range that begins or ends inside an edit is widened to the whole edit."""
    return _edge(start, here, starts, there, 0), max(_edge(end, here, starts, there, 1), _edge(start, here, starts, there, 0))


def _edge(position: int, here: list[tuple[int, int]], starts: list[int], there: list[tuple[int, int]], side: int) -> int:
    at = bisect_right(starts, position if side == 0 else position - 1) - 1
    if at < 0:
        return position
    begin, finish = here[at]
    inside = begin <= position < finish if side == 0 else begin < position <= finish
    if inside:
        return there[at][side]
    return there[at][1] + position - finish


@dataclass(frozen=True, slots=True)
class Repaired:
    """`text` and its map to the `raw` text it was made from. Ranges are half-open, in characters."""

    raw: str
    layers: tuple[Layer, ...]
    is_html: bool = False

    @property
    def text(self) -> str:
        return self.layers[-1].text if self.layers else self.raw

    def to_raw(self, start: int, end: int) -> tuple[int, int]:
        """The smallest raw range that reads as `text[start:end]`."""
        for layer in reversed(self.layers):
            start, end = layer.to_old(start, end)
        return start, end

    def from_raw(self, start: int, end: int) -> tuple[int, int]:
        """The range of `text` that a raw range reads as."""
        for layer in self.layers:
            start, end = layer.to_new(start, end)
        return start, end

    def quote(self, start: int, end: int) -> str:
        """What a citation of the raw range `[start, end)` quotes: its repaired text, white space folded."""
        begin, finish = self.from_raw(start, end)
        return fold(self.text[begin:finish])


def fold(text: str) -> str:
    """White-space runs become one space; none is left at the ends."""
    return _SPACE.sub(" ", text).strip()


def repair(raw: str) -> Repaired:
    """Make a whole text readable. Text that needs no repair comes back as it is, without layers."""
    layers: list[Layer] = []
    text = raw
    is_html = html_tags.looks_like_html(raw)
    passes = (_line_ends, _mark, _mojibake, _mark, _flags, *((_tags,) if is_html else ()), _references)
    for find in passes:
        edits = list(find(text))
        if edits:
            layers.append(Layer(text, edits))
            text = layers[-1].text
    return Repaired(raw, tuple(layers), is_html)


def _mark(text: str) -> list[Edit]:
    """The byte order mark, whether it stood there as such or came out of the mojibake."""
    return [Edit(0, 1, "")] if text.startswith("\ufeff") else []


def _line_ends(text: str) -> Iterator[Edit]:
    """A carriage return that ends a line alone, as files of old Macintoshes have it, is a line end."""
    found = re.finditer("\r" if "\n" not in text else "(?<!\r)\r(?![\r\n])", text)
    return (Edit(match.start(), match.end(), "\n") for match in found)


def _tags(text: str) -> Iterator[Edit]:
    return (Edit(start, end, new) for start, end, new in html_tags.removals(text))


def _references(text: str) -> Iterator[Edit]:
    for match in _REFERENCE.finditer(text):
        new = html.unescape(match.group())
        if new != match.group():
            yield Edit(match.start(), match.end(), new)


def _mojibake(text: str) -> Iterator[Edit]:
    """Undo a wrong decoding: of the whole text where that explains (nearly) all of it, else line by line with ftfy."""
    if text.isascii():
        return
    from ftfy.badness import badness

    if badness(text) == 0:
        return
    encoding = _whole_text_encoding(text)
    yield from _decode_runs(text, encoding) if encoding else _mixed(text)


def _whole_text_encoding(text: str) -> str | None:
    """The encoding through which at least nine in ten of the non-ASCII runs turn into good UTF-8, if there is one."""
    from ftfy.badness import badness

    runs = _NON_ASCII.findall(text)
    for encoding in SINGLE_BYTE:
        decoded = [_decode(run, encoding) for run in runs]
        good = sum(new is not None for new in decoded)
        if good >= 0.9 * len(runs):
            fixed = " ".join(new or run for new, run in zip(decoded, runs, strict=True))
            if badness(fixed) < badness(" ".join(runs)) / 2:
                return encoding
    return None


def _decode(run: str, encoding: str) -> str | None:
    import ftfy.bad_codecs  # noqa: F401  (registers the sloppy encodings)

    try:
        return run.encode(encoding).decode("utf-8")
    except UnicodeError:
        return None


def _decode_runs(text: str, encoding: str) -> Iterator[Edit]:
    """One edit for each decoded character: exactly as many characters of the file as it has UTF-8 bytes."""
    for match in _NON_ASCII.finditer(text):
        at = match.start()
        for character in _decode(match.group(), encoding) or "":
            width = len(character.encode("utf-8"))
            yield Edit(at, at + width, character)
            at += width


def _mixed(text: str) -> Iterator[Edit]:
    """Lines damaged in different ways: ftfy mends each, and the difference gives the edits."""
    from ftfy import fix_encoding
    from ftfy.badness import is_bad

    at = 0
    for line in _pieces(text):
        if is_bad(line):
            yield from _differences(line, fix_encoding(line), at)
        at += len(line)


def _pieces(text: str) -> list[str]:
    """Lines, cut after a space where they are very long."""
    return _PIECE.findall(text)


def _differences(old: str, new: str, offset: int) -> Iterator[Edit]:
    """Edits that turn `old` into `new`, character by character where one was misread byte for byte, else by short stretches.

    None puts something in the place of nothing: every character of the new text has a place in the old one.
    """
    i = k = 0
    while i < len(old) or k < len(new):
        if old[i : i + 1] == new[k : k + 1]:
            i, k = i + 1, k + 1
            continue
        j, m = _misread(old, new, i, k) or _next_alike(old, new, i, k)
        yield Edit(offset + i, offset + j, new[k:m])
        i, k = j, m


def _misread(old: str, new: str, i: int, k: int) -> tuple[int, int] | None:
    """The places after `new[k]` and what it was misread as, if that stands at `old[i]`."""
    character = new[k : k + 1]
    j = i + len(character.encode("utf-8"))
    return (j, k + 1) if any(_decode(old[i:j], encoding) == character for encoding in _FTFY) else None


def _next_alike(old: str, new: str, i: int, k: int) -> tuple[int, int]:
    """The nearest places after `old[i]` and `new[k]` from which the two go on alike; their ends where there are none."""
    for distance in range(1, _STRETCH):
        for step in range(1, distance + 1):
            j, m = i + step, k + distance - step
            if j <= len(old) and m <= len(new) and old[j : j + _ALIKE] == new[m : m + _ALIKE]:
                return j, m
    return len(old), len(new)


def _flags(text: str) -> Iterator[Edit]:
    """A flag emoji becomes the country's name, or nothing where the rest of the line names the country anyway."""
    for match in _FLAG.finditer(text):
        name = country(match.group())
        if not name:
            continue
        rest = text[match.end() : match.end() + _FLAG_REACH].partition("\n")[0]
        end = match.end()
        if name.casefold() in rest.casefold():
            name = ""
            end += len(rest) - len(rest.lstrip(" "))
        elif rest[:1].isalnum() or _FLAG.match(rest):
            name += " "
        yield Edit(match.start(), end, name)


def country(flag: str) -> str | None:
    """English name (Unicode CLDR, by way of Babel) of a flag emoji such as the pair of regional indicators F, R."""
    return _territories().get("".join(chr(ord(letter) - 0x1F1E6 + ord("A")) for letter in flag))


@cache
def _territories() -> dict[str, str]:
    from babel import Locale

    return dict(Locale("en").territories)
