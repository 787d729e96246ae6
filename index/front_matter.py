"""YAML front matter: its place in the text, its title, its fields with their ranges, the names its links give.

The YAML is read as a stream of events, never built into objects: no tag is obeyed, no alias is followed (a file that uses
aliases is refused, which is what makes a "YAML bomb" harmless), and nesting costs no recursion.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from index.infobox import Field

_FENCE = re.compile(r"\ufeff?---[ \t]*\r?\n")
_CLOSE = re.compile(r"^(?:---|\.\.\.)[ \t]*\r?$", re.MULTILINE)
MAX_NODES = 200_000
MAX_DEPTH = 60


class BrokenFrontMatter(Exception):
    """The front matter is not YAML that can be used; the message says where and why."""


@dataclass(frozen=True, slots=True)
class FrontMatter:
    title: str
    end: int
    infobox: tuple[Field, ...] = ()
    other: tuple[Field, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class _Scalar:
    """A scalar and the keys that lead to it (list positions as whole numbers)."""

    path: tuple[str | int, ...]
    value: str
    start: int
    end: int
    style: str
    key_start: int = field(default=0)


def read(text: str) -> FrontMatter | None:
    """The front matter that opens `text`, or None where there is none: text between two rulings is no mapping.

    Raises BrokenFrontMatter.
    """
    opening = _FENCE.match(text)
    if not opening:
        return None
    closing = _CLOSE.search(text, opening.end())
    if not closing:
        return None
    scalars = list(_scalars(text, opening.end(), closing.start()))
    if any(not scalar.path or not isinstance(scalar.path[0], str) for scalar in scalars):
        return None
    title = next((s.value.strip() for s in scalars if s.path == ("title",)), "")
    fields = [found for s in scalars if (found := _field(text, s)) and s.path != ("title",)]
    return FrontMatter(
        title,
        closing.end(),
        tuple(f for inside, f in fields if inside),
        tuple(f for inside, f in fields if not inside),
        tuple(_aliases(scalars)),
    )


def _scalars(text: str, start: int, end: int) -> Iterator[_Scalar]:
    """Every scalar value with its path and its range in `text`."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        yield from _walk(yaml, yaml.parse(text[start:end], Loader=loader), start)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = text.count("\n", 0, start) + mark.line + 1 if mark else 1
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise BrokenFrontMatter(f"has broken front matter at line {line}: {problem}") from None


def _walk(yaml: Any, events: Iterator[Any], offset: int) -> Iterator[_Scalar]:
    """`stack` holds, for each open mapping its pending key (with its place), for each open list its position."""
    stack: list[list] = []
    nodes = 0
    for event in events:
        nodes += 1
        if isinstance(event, yaml.AliasEvent):
            raise BrokenFrontMatter("uses YAML aliases in its front matter, which are not followed")
        if nodes > MAX_NODES or len(stack) > MAX_DEPTH:
            raise BrokenFrontMatter("has front matter that is too large or too deeply nested")
        if isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            stack.pop()
            _advance(stack)
            continue
        if not isinstance(event, (yaml.ScalarEvent, yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            continue
        top = stack[-1] if stack else None
        if top and top[0] == "map" and top[1] is None and isinstance(event, yaml.ScalarEvent):
            top[1], top[2] = event.value, event.start_mark.index + offset
            continue
        path = tuple(frame[1] for frame in stack)
        if isinstance(event, yaml.ScalarEvent):
            start = event.start_mark.index + offset
            key_start = next((frame[2] for frame in reversed(stack) if frame[0] == "map" and frame[1] != "text"), start)
            yield _Scalar(path, event.value, start, event.end_mark.index + offset, event.style or "", key_start)
            _advance(stack)
        elif isinstance(event, yaml.MappingStartEvent):
            stack.append(["map", None, 0])
        elif isinstance(event, yaml.SequenceStartEvent):
            stack.append(["list", 0, 0])


def _advance(stack: list[list]) -> None:
    """A value has been read: the innermost mapping waits for its next key, the innermost list for its next item."""
    if stack:
        stack[-1][1] = None if stack[-1][0] == "map" else stack[-1][1] + 1


def _field(text: str, scalar: _Scalar) -> tuple[bool, Field] | None:
    """The scalar as a field where it states something: (it stands in an infobox, the field)."""
    names = [part for part in scalar.path if isinstance(part, str)]
    if any(name in ("links", "formatting", "number") for name in names) or not scalar.value.strip():
        return None
    key = next((name for name in reversed(names) if name != "text"), "")
    if not key:
        return None
    lines = {"|": "each", ">": "folded"}.get(scalar.style, "one")
    start = text.index("\n", scalar.start) + 1 if lines != "one" else scalar.start
    end = start + len(text[start : scalar.end].rstrip())
    return "infobox" in names[0].lower(), Field(key, scalar.key_start, end, (start, end), lines)


def _aliases(scalars: list[_Scalar]) -> Iterator[tuple[str, str]]:
    """Pairs (text, page) of the links between names: the file itself says that the one means the other."""
    links: dict[tuple[str | int, ...], dict[str, str]] = {}
    for scalar in scalars:
        if "links" in scalar.path[:-1]:
            links.setdefault(scalar.path[:-1], {})[str(scalar.path[-1])] = scalar.value
    for link in links.values():
        text, page = link.get("text", "").strip(), link.get("page", "").strip()
        if text[:1].isupper() and page[:1].isupper() and ":" not in page and text != page:
            yield text, page
