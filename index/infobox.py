"""Infobox fields become facts that can be read, found and cited on their own.

In an infobox the fields of one side share a number: `Combatant1` says who the side is and `Casualties1` what it lost. Here a
numbered field is labelled with the name of its side, values that are lists are split into their items, and what templates
left behind (`25px`, `WIA` glued to a name) is made readable. The vocabulary below is that of infoboxes in general.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from index.markup_marks import plain
from index.types import Block

SECTION = ("Infobox",)
SIDE_KEYS = frozenset("combatant belligerent side party team opponent candidate nominee competitor player".split())
PRESENTATION_KEYS = re.compile(
    r"(?:image|img|map|logo|flag|photo|picture|alt|coordinates?)"
    r"(?:s?[ _]?\d*|[ _]\w*|(?:size|width|height|alt|caption|link|type|style|class|icon)\w*)$"
)
_SCREEN_SIZE = re.compile(r"(?:width|height|size)[ _]?\d*:\s*[\d.]+\s*(?:px|em|%)?$")
SIDE_NAME_WORDS = 14
LONGEST_MEMBER = 6
"""Words of a member's name at most."""

_KEY = re.compile(r"(.*?)[ _]?(\d+)?$")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_ITEM_MARK = re.compile(r"\s*(?:[*•·]|-(?=\s))?\s*")
_REMARK = re.compile(r"\s*\([^()]*\)")
_NO_VALUE = re.compile(r"[\W_]*$|\{\{[^{}|]*\|?$")
_LOCATION = re.compile(r"(?:https?://|www\.)\S+$|\S+\.(?:svg|png|jpe?g|gif|webp|tiff?|pdf|ogg|webm)$", re.IGNORECASE)
_PIXELS = re.compile(r"\b\d{1,4}px[ |]?")
_EMPTY_BRACKETS = re.compile(r"\(\s*\)")
_FATES = {"WIA": "wounded in action", "KIA": "killed in action", "MIA": "missing in action", "POW": "prisoner of war"}
_GLUED_FATE = re.compile(rf"(?<=[^\W\d_A-Z])({'|'.join(_FATES)})(?![^\W\d_])")


@dataclass(frozen=True, slots=True)
class Field:
    """A key and its value. `start`/`end` is the range that shows both; `value` the range of the value alone.

    `lines` tells how the value was written: "one" line, "each" line an item, or "folded" (a blank line ends an item).
    """

    key: str
    start: int
    end: int
    value: tuple[int, int]
    lines: str = "one"


def facts(text: str, fields: Sequence[Field], section: tuple[str, ...] = SECTION) -> list[Block]:
    """One block for each field that says something. Presentation (images, maps, sizes) and empty values are left out."""
    kept = [(field, _items(text, field)) for field in fields if not _is_presentation(text, field)]
    sides, members = _side_names(text, kept), _members(text, kept)
    return [fact for field, items in kept if items for fact in _facts(text, field, items, sides, members, section)]


def _is_presentation(text: str, field: Field) -> bool:
    """Whether a field is about how the infobox looks. The height of a tower is not, if it has a unit of this world."""
    key = field.key.strip().lower()
    return bool(PRESENTATION_KEYS.match(key) or _SCREEN_SIZE.match(f"{key}: {text[slice(*field.value)].strip()[:20]}"))


def _facts(
    text: str,
    field: Field,
    items: list[tuple[int, int]],
    sides: dict[str, str],
    members: dict[str, set[str]],
    section: tuple[str, ...],
) -> Iterator[Block]:
    """The field as one block, or as several where some of its items name whom of the side they are about ("Egypt 1,216")."""
    if len(items) == 1:
        span = (field.start, field.end)
        yield Block("fact", *span, section, _label(field.key, sides), (span,), (readable(text[slice(*items[0])]),))
        return
    base, number = _split_key(field.key)
    known = set() if base in SIDE_KEYS else members.get(number, set())
    values = [(span, readable(text[slice(*span)])) for span in items]
    for own, group in groupby(values, key=lambda pair: _names_one(pair[1], known)):
        spans, texts = zip(*group, strict=True)
        label = _label(field.key, {} if own else sides)
        yield Block("fact", spans[0][0], spans[-1][1], section, label, spans, texts)


def _names_one(value: str, members: set[str]) -> bool:
    """Whether a value begins with the name of a member of its side, and says more."""
    found = value.split()
    return any(" ".join(found[:n]).rstrip(":,") in members for n in range(1, min(len(found), LONGEST_MEMBER + 1)))


def _members(text: str, fields: Iterable[tuple[Field, list[tuple[int, int]]]]) -> dict[str, set[str]]:
    """Number of a side → the names of its members, and what those are of ("Mali" of "Government of Mali")."""
    found: dict[str, set[str]] = {}
    for field, items in fields:
        base, number = _split_key(field.key)
        if base in SIDE_KEYS and number and len(items) > 1:
            names = {_REMARK.sub("", readable(text[start:end])).strip() for start, end in items}
            found[number] = names | {name.rpartition(" of ")[2] for name in names}
    return found


def readable(value: str) -> str:
    """A value without markup marks, image sizes and empty brackets, the fate of a person spelled out."""
    value = _EMPTY_BRACKETS.sub("", _PIXELS.sub("", plain(value)))
    value = _GLUED_FATE.sub(lambda match: f" ({_FATES[match.group()]})", value)
    return re.sub(r"\s+", " ", value).strip(" ,;*")


def _side_names(text: str, fields: Iterable[tuple[Field, list[tuple[int, int]]]]) -> dict[str, str]:
    """Number of a side → who it is. A side that the infobox leaves unnamed is known by whom it opposes."""
    names = {}
    for field, items in fields:
        base, number = _split_key(field.key)
        if base in SIDE_KEYS and number:
            names[number] = _side_name(readable(text[start:end]) for start, end in items)
    named = [name for name in names.values() if name]
    for number in {_split_key(field.key)[1] for field, _ in fields} - {number for number, name in names.items() if name}:
        if len(named) == 1 and number in names:
            names[number] = f"the side opposing {named[0]}"
    return {number: name for number, name in names.items() if name}


def _side_name(items: Iterable[str]) -> str:
    """The first few members, without remarks in brackets (except an acronym, which people will ask by)."""
    words: list[str] = []
    for item in items:
        name = _REMARK.sub(lambda match: match.group() if match.group().strip(" ()").isupper() else "", item).strip()
        if words and len(words) + len(name.split()) > SIDE_NAME_WORDS:
            break
        if name and not name.endswith(":"):
            words += f"{name},".split()
    return " ".join(words[: 3 * SIDE_NAME_WORDS]).rstrip(",")


def _split_key(key: str) -> tuple[str, str]:
    base, number = _KEY.match(key.strip()).groups()  # type: ignore[union-attr]
    return base.lower().rstrip("s") if base.lower() not in SIDE_KEYS else base.lower(), number or ""


def _label(key: str, sides: dict[str, str]) -> str:
    base, number = _KEY.match(key.strip()).groups()  # type: ignore[union-attr]
    name = _CAMEL.sub(" ", base).replace("_", " ").strip().capitalize() or key
    side = sides.get(number or "")
    if _split_key(key)[0] in SIDE_KEYS:
        return f"{name} {number}" if number else name
    return f"{name} of {side}" if side else name


def _items(text: str, field: Field) -> list[tuple[int, int]]:
    """Ranges of the items of a value, marks of lists and white space left out; nothing for a value that says nothing."""
    if field.lines == "one":
        pieces = [field.value]
    else:
        pieces = _joined(text, _lines(text, field))
    return [piece for piece in (_stripped(text, *span) for span in pieces) if _says_something(text[piece[0] : piece[1]])]


def _says_something(value: str) -> bool:
    return not _NO_VALUE.match(readable(value)) and not _LOCATION.match(value)


def _lines(text: str, field: Field) -> list[tuple[int, int]]:
    """Lines of the value; in a folded value, lines up to a blank one or a list mark belong together."""
    spans: list[tuple[int, int]] = []
    open_line = False
    for match in re.compile(r"[^\n]+|\n[^\S\n]*(?=\n)").finditer(text, *field.value):
        line = match.group()
        if not line.strip():
            open_line = False
        elif open_line and field.lines == "folded" and not line.lstrip().startswith("*"):
            spans[-1] = (spans[-1][0], match.end())
        else:
            spans.append(match.span())
            open_line = True
    return spans


def _joined(text: str, lines: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Put together what a line break tore apart: a remark in brackets, an open range, a sum, a heading and its value."""
    items: list[tuple[int, int]] = []
    for start, end in lines:
        before = text[items[-1][0] : items[-1][1]].strip() if items else ""
        if items and (text[start:end].lstrip().startswith("(") or before.endswith(("–", "-", ",", ":"))):
            items[-1] = (items[-1][0], end)
        else:
            items.append((start, end))
    return items


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    start = _ITEM_MARK.match(text, start, end).end()  # type: ignore[union-attr]
    return start, max(start, start + len(text[start:end].rstrip()))
