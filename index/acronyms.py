"""Short forms and what they stand for, where a text says so itself: "Long Form (LF)"."""

from __future__ import annotations

import re

_DEFINED = re.compile(r"\(([A-Z][\w./-]{1,11})\)")


def definitions(text: str) -> list[tuple[str, str]]:
    """Pairs (short form, long form) that a text states as "Long Form (LF)".

    The long form is the run of capitalised words before the bracket where most of their initials are the short form's letters (in
    any order: MNLA is the National Movement for the Liberation of Azawad); else the shortest one that holds the letters in order.
    """
    found = []
    for match in _DEFINED.finditer(text):
        before = re.split(r"[()\n]", text[max(0, match.start() - 120) : match.start()])[-1].rstrip()
        short = re.sub(r"[^a-z]", "", match[1].lower())
        start = _run_of_capitals(short, before)
        start = _long_form(short, before) if start is None else start
        if short and start is not None:
            found.append((match[1], before[start:].removeprefix("The ")))
    return found


_CAPITALS = re.compile(
    r"[A-ZÀ-Þ][\w'’-]*(?:,?\s(?:(?:and|of|the|for|in|on|to|de|du|des|la|le|les|et|pour|d)\s)*[A-ZÀ-Þ][\w'’-]*)+$"
)


def _run_of_capitals(short: str, before: str) -> int | None:
    match = _CAPITALS.search(before)
    if not match:
        return None
    initials = [word[0].lower() for word in match[0].split() if word[0].isupper()]
    shared = sum(min(initials.count(letter), short.count(letter)) for letter in set(short))
    return match.start() if shared >= max(2.0, 0.6 * max(len(initials), len(short))) else None


def _long_form(short: str, before: str) -> int | None:
    """Where the long form begins: the letters are found from the last back, the first one at the start of a capitalised word.

    Schwartz and Hearst, "A simple algorithm for identifying abbreviation definitions", PSB 2003, section 2.
    """
    at = len(before)
    for letter in reversed(short):
        at -= 1
        while at >= 0 and (before[at].lower() != letter or (letter == short[0] and at > 0 and before[at - 1].isalnum())):
            at -= 1
        if at < 0:
            return None
    return at if before[at].isupper() else None


def acronyms(text: str) -> list[tuple[str, str]]:
    """The definitions whose short form is an acronym: at least two capitals, and one word."""
    return [(short, long) for short, long in definitions(text) if sum(map(str.isupper, short)) >= 2]
