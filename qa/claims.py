"""A model's answer cut into claims: one sentence each, with the passage markers that stand with it.

Markers are `[1]`, `[1, 2]`, `[1-3]`, `[1][2]`, `[^1]`, `【1】` and `[Passage 1]`. They are looked for in what the model wrote,
never inside a shown sentence that it copied word for word: a bracketed number in the article is text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from index.sentences import split
from prompts import CANNOT_ANSWER

_NUMBER = r"(?:passages?|sources?|documents?|no\.?|#)?\s?\^?#?\d{1,4}"
MARKER = re.compile(
    rf"[\[【]\s?({_NUMBER}(?:\s?(?:[,;–-]|and|&)\s?{_NUMBER}){{0,20}})\s?(?:†[^\]】]{{0,40}})?[\]】]", re.IGNORECASE
)

_RANGE = re.compile(r"(\d+)\s?[–-]\s?\D{0,10}(\d+)|(\d+)")
_LINK = re.compile(r"!\[[^\]\n]{0,500}\]\([^)\n]{0,2000}\)|\[([^\]\n]{1,500})\]\([^)\n]{1,2000}\)")
_DEFINITION = re.compile(r"^ {0,3}\[[^\]\n]{1,100}\]:[ \t]*<?(?:[a-z][\w+.-]*:|www\.|/)\S*.*$", re.IGNORECASE | re.MULTILINE)
_TAG = re.compile(r"<[a-zA-Z/!?][^<>\n]{0,2000}>")
_LIVE = re.compile(
    r"(?:\b(?:https?|ftp|file)://)+(?:www\.)?|\bwww\.(?=\w)|(?<=\])(?=\()|(?<=!)(?=\[)|<(?=[a-zA-Z/!?])", re.IGNORECASE
)
_EMPHASIS = re.compile(r"(\*\*|__|`)(?=\S)(.{1,500}?)(?<=\S)\1")
_BULLET = re.compile(r"(?:[-*•–]\s+|\d{1,2}[.)]\s+|#{1,6}\s+|>\s+)+")
_SOURCE_PHRASE = re.compile(
    r"^(?:according to|as (?:stated|reported|described) (?:in|by)|per|in|from)(?: the)?(?: (?:passages?|sources?))?\s*,\s*", re.I
)
_LINE = re.compile(r"[^\n]+")
_CLOSED = re.compile(
    r'"[^"]*"|“[^”]*”|„[^“”]*[“”]|‘[^’]*’|«[^»]*»|‹[^›]*›|「[^」]*」|<[^<>]*>|\([^()]*\)|\{[^{}]*\}|\[[^\[\]]*\](?!\()|【[^】]*】'
)
_OPENED = re.compile(r"""["“„‘«‹「<({\[【`]|\*\*|__|(?<!\w)'""")


@dataclass(frozen=True, slots=True)
class Marker:
    """`text` as written at `[start, end)` of the model's answer; `numbers` in the order written, ranges spelt out."""

    text: str
    start: int
    end: int
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A sentence of the model's answer: `text` without its markers, standing at `[start, end)` of the answer with them.

    `before` is what precedes it on its line or on the lines before: white space, bullets, heading marks.
    """

    text: str
    start: int
    end: int
    before: str
    markers: tuple[Marker, ...] = ()

    @property
    def numbers(self) -> tuple[int, ...]:
        """The passages that its markers name, each once."""
        return tuple(dict.fromkeys(number for marker in self.markers for number in marker.numbers))


def plain(text: str) -> str:
    """A model's answer without images, link targets, HTML tags and emphasis marks: nothing in it can fetch or lead anywhere.

    An address that stands open loses what a reader's program knows it by (`https://`, `www.`).
    """
    text = _TAG.sub("", _DEFINITION.sub("", _LINK.sub(lambda match: match[1] or "", text)))
    text = _EMPHASIS.sub(r"\2", text)
    return _LIVE.sub(lambda match: {"": " ", "<": "‹"}.get(match[0], ""), text).strip()


def cannot_answer(text: str) -> bool:
    """Whether the model says that it cannot answer: it begins with the fixed phrase, give or take punctuation."""
    return _letters(MARKER.sub("", text)).startswith(_letters(CANNOT_ANSWER))


def parse(text: str, verbatim: Sequence[str] = ()) -> list[Found]:
    """The claims of `text` in order. `verbatim` are the sentences shown: where one stands word for word it is one claim.

    A marker belongs to the sentence before it on its line; to the sentence after it where a line begins with a marker and
    does not end with one. Pieces without letters or digits are no claims.
    """
    copies = _copies(text, verbatim)
    claims: list[Found] = []
    for line in _LINE.finditer(text):
        found = _line(
            text, line.start(), line.end(), [copy for copy in copies if line.start() <= copy[0] and copy[1] <= line.end()]
        )
        if claims and not found:
            claims[-1] = replace(claims[-1], markers=claims[-1].markers + tuple(markers(text, line.start(), line.end())))
        claims += found
    return _with_gaps(text, claims)


def settled(text: str, verbatim: Sequence[str] = ()) -> list[Found]:
    """The first claims of an answer that is still being written, as far as nothing that follows can change them.

    Not settled are the last sentence, whatever stands on a line that begins with a marker, or after a bracket, quotation mark or
    emphasis that is still open (a straight single quotation mark stays open: it may be an apostrophe), and what may yet become a
    shown sentence copied word for word.
    """
    text = plain(_whole_words(text))
    last = text.rfind("\n") + 1
    line = text[last:] + " "
    said = _BULLET.sub("", line, count=1).lstrip()
    opened = _OPENED.search(_CLOSED.sub(lambda match: "x" * len(match[0]), line))
    sure = last if not said or MARKER.match(said) else last + opened.start() if opened else len(text)
    text = _whole_words(text[:sure] + ("" if opened else " "))
    claims = parse(text, verbatim)[:-1]
    copied = min((_beginning(shown, text.rstrip()) for shown in verbatim), default=len(text))
    return [claim for claim in claims if claim.end <= copied]


def _whole_words(text: str) -> str:
    """`text` up to its last white space."""
    return text[: max((n + 1 for n, character in enumerate(text) if character.isspace()), default=0)]


def _beginning(shown: str, text: str) -> int:
    """Where in `text` its longest end starts that is the beginning of `shown`; its length if none is."""
    return len(text) - next((n for n in range(min(len(shown), len(text)), 0, -1) if text.endswith(shown[:n])), 0)


def markers(text: str, start: int = 0, end: int | None = None) -> list[Marker]:
    """All markers in `text[start:end]`."""
    end = len(text) if end is None else end
    return [Marker(m[0], m.start(), m.end(), _numbers(m[1])) for m in MARKER.finditer(text, start, end)]


def _numbers(inside: str) -> tuple[int, ...]:
    found: list[int] = []
    for match in _RANGE.finditer(inside):
        if match[3]:
            found.append(int(match[3]))
        else:
            first, last = int(match[1]), int(match[2])
            found += range(first, last + 1) if first <= last < first + 50 else (first, last)
    return tuple(dict.fromkeys(found))


def _letters(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _copies(text: str, verbatim: Sequence[str]) -> list[tuple[int, int]]:
    """Ranges of `text` that are shown sentences word for word, longest first choice, not overlapping, in order."""
    ranges: list[tuple[int, int]] = []
    for sentence in sorted({s for s in verbatim if len(s) >= 3 and "\n" not in s}, key=lambda s: (-len(s), s)):
        at = text.find(sentence)
        while at >= 0:
            end = at + len(sentence)
            if _stands_alone(text, at, end) and all(end <= other[0] or other[1] <= at for other in ranges):
                ranges.append((at, end))
            at = text.find(sentence, end)
    return sorted(ranges)


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether `text[start:end]` is a sentence of its own there, and not a part of one ("It is false that …")."""
    line = text[text.rfind("\n", 0, start) + 1 : start]
    begins = not _BULLET.sub("", line.lstrip(), count=1).strip() or line.rstrip()[-1] in '.!?…"”’»)]】'
    after = text[end : end + 1]
    ends = (
        after in ("", "\n") or bool(MARKER.match(text[end:].lstrip(" \t"))) or (after.isspace() and text[end - 1] in '.!?…"”’»)')
    )
    return begins and (ends or text[end:].strip() in (".", "!"))


def _line(text: str, start: int, end: int, copies: list[tuple[int, int]]) -> list[Found]:
    """The claims of one line. Markers are cut out, the rest is split into sentences, and each marker goes to its sentence."""
    bullet = _BULLET.match(text, start, end)
    start = bullet.end() if bullet else start
    found = [m for m in markers(text, start, end) if not any(a < m.end and m.start < b for a, b in copies)]
    kept, at = _without(text, start, end, found)
    spans = _spans(kept, [(bisect_right(at, a - 1), bisect_right(at, b - 1)) for a, b in copies])
    if not spans:
        return []
    leading = bool(found) and not text[start : found[0].start].strip() and bool(text[found[-1].end : end].strip(" .!?"))
    owners = [_owner(marker, [(at[a], at[b - 1]) for a, b in spans], leading) for marker in found]
    return [
        _found(kept[a:b], at[a], at[b - 1] + 1, tuple(m for m, owner in zip(found, owners, strict=True) if owner == n))
        for n, (a, b) in enumerate(spans)
    ]


def _without(text: str, start: int, end: int, found: list[Marker]) -> tuple[str, list[int]]:
    """`text[start:end]` without its markers and the white space before them, and for each character where it stands in `text`."""
    places: list[int] = []
    at = start
    for marker in found:
        stop = marker.start
        while stop > at and text[stop - 1].isspace():
            stop -= 1
        places += range(at, stop)
        at = marker.end
        if stop == start:
            while at < end and text[at].isspace():
                at += 1
    places += range(at, end)
    return "".join(text[place] for place in places), places


def _spans(kept: str, copies: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges of sentences in `kept`: copies as they are, the rest as the splitter cuts it."""
    spans: list[tuple[int, int]] = []
    at = 0
    for first, last in [*copies, (len(kept), len(kept))]:
        spans += [(at + a, at + b) for a, b in split(kept[at:first]) if any(c.isalnum() for c in kept[at + a : at + b])]
        if last > first:
            spans.append((first, last))
        at = last
    return spans


def _owner(marker: Marker, spans: list[tuple[int, int]], leading: bool) -> int:
    """Index of the sentence that a marker belongs to; `spans` are first and last characters in the answer."""
    if leading:
        return next((n for n, (_, last) in enumerate(spans) if marker.start < last), len(spans) - 1)
    return next((n for n, (first, _) in reversed(list(enumerate(spans))) if first < marker.start), 0)


def _found(text: str, start: int, end: int, found: tuple[Marker, ...]) -> Found:
    """A claim; a phrase that only introduced its marker ("According to [1], …") goes."""
    inner = [m for m in found if start < m.start < end]
    phrase = _SOURCE_PHRASE.match(text) if inner else None
    if phrase and len(text) > phrase.end():
        text = text[phrase.end()].upper() + text[phrase.end() + 1 :]
    return Found(" ".join(text.split()), start, end, "", found)


def _with_gaps(text: str, claims: list[Found]) -> list[Found]:
    """The claims with what stands before each (without markers)."""
    whole: list[Found] = []
    at = 0
    for claim in claims:
        before = MARKER.sub("", text[at : claim.start]) if at <= claim.start else ""
        whole.append(replace(claim, before=before))
        at = max([claim.end, *(m.end for m in claim.markers)])
    return whole
