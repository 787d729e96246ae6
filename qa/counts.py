"""The figures that claims give for what a question counts or measures, and when two of them cannot both be right.

A figure counts what is asked when the words after it name it and the same became of it: killed and wounded are counted apart, and
so are the sides. Different parts of one text, "including 3 …" and "another 4 …", are no figures for the whole.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from qa.english import CRITICAL
from qa.quantities import Number, dates, numbers
from qa.statements import Asked, Claim, Differ, Given, on_topic, one_voice, outcome, same_time, stems_of, tells, told, words_of
from qa.words import Word, alike, is_name, is_verb_form, same_name

ROUND = 0.1
"""What "about" allows on each side, as a share of the figure."""

_PHRASE_END = re.compile(
    r"\b(?:in|at|on|near|by|from|during|after|before|for|with|within|to|of|who|which|that|and|or|as|since|under|"
    r"against|inside|around|according)\b",
    re.I,
)
_QUALIFIED = re.compile(
    r"\b(?:(?:more|fewer|less|over|about|around|some|nearly|almost|roughly|approximately|up|at|than|to|"
    r"least|most|an|estimated)\s+){1,3}$",
    re.I,
)
_PARTIAL = re.compile(
    r"\b(?:including|another|other|additional|further|each|per|every|of (?:them|whom|which)|only|remaining|"
    r"also|first|besides|plus)\s*$",
    re.I,
)
_SHARE = re.compile(
    r"^\s*(?:of (?:them|whom|which|those|the)|others?|more|each|per|additional|further)\b|^\s*(?:out )?of\s+\d", re.I
)
_AWAY = re.compile(r"^\s*\w*\s*(?:\([^)]*\)\s*)?(?:later|earlier|ago|after|before|away|from|north|south|east|west)\b", re.I)
_WHOLE = re.compile(r"\b(?:overall|total|in all|altogether|together|combined)\b", re.I)
_ALL_BUT = re.compile(r"\ball (?:but|except) (?P<few>\w+)\b", re.I)


def figures(asked: Asked, claims: Sequence[Claim]) -> tuple[list[Given], Differ]:
    """The figures for what is counted, without the claims that give several of one unit: partial counts."""
    chosen = [claim for claim in claims if on_topic(asked, claim)]
    values: list[Given] = []
    for before, claim in zip([None, *chosen], chosen, strict=False):
        values += figures_of(asked, claim)
        values += _all_but(asked, before, claim) if before else ()
    given = Counter((id(value.claim), value.unit) for value in values)
    return [value for value in values if given[id(value.claim), value.unit] == 1], _differ


def figures_of(asked: Asked, claim: Claim) -> Iterator[Given]:
    text = claim.text
    found = numbers(text, [(date.start, date.end) for date in dates(text)])
    for n, number in enumerate(found):
        before = re.split(r"[,;:()]", text[found[n - 1].end if n else 0 : number.start])[-1]
        after = re.split(r"[,;:()]|\.\s", text[number.end : found[n + 1].start if n + 1 < len(found) else len(text)])[0]
        value = _figure(asked, claim, number, before, after)
        if value is not None:
            yield value


def _figure(asked: Asked, claim: Claim, number: Number, before: str, after: str) -> Given | None:
    """The number as a value, where it counts or measures what is asked; `before` and `after` are the words around it."""
    if (
        number.unit in ("th", "many")
        or _PARTIAL.search(_QUALIFIED.sub("", before))
        or (number.unit != "%" and _SHARE.search(after))
    ):
        return None
    phrase = _PHRASE_END.split(after)[0]
    nouns = _nouns(phrase)
    unit = number.unit or next((word.stem for word in nouns[:1] if {word.plain, word.stem} & CRITICAL), "")
    became = outcome(phrase) or outcome(" ".join(before.split()[-6:])) or outcome(claim.label)
    if asked.wanted == "measure" and (not unit or _AWAY.search(after) or not told(asked, claim)):
        return None
    if asked.wanted == "count" and (unit or became != asked.outcome or not _counts_the_asked(asked, claim, nouns, became)):
        return None
    beside = tuple(word.plain for word in nouns if is_name(word))
    if asked.counted_names and beside and not share_name(asked.counted_names, beside):
        return None
    qualified = _QUALIFIED.search(before)
    shown = nouns[:1] if unit else nouns or [word for word in words_of(phrase)[:1] if outcome(word.text)]
    start = number.start - (len(before) - qualified.start() if qualified else 0)
    written = claim.text[start : number.end + (shown[-1].end if shown else 0)].strip()
    part = _is_part(asked, claim)
    return Given(claim, written, normalised(number, unit), number.low, number.high, number.bound, unit, beside, part)


def _nouns(phrase: str) -> list[Word]:
    """The words that name what a number counts: up to four, before the verb."""
    found: list[Word] = []
    for word in words_of(phrase):
        if is_verb_form(word) or outcome(word.text):
            break
        if tells(word):
            found.append(word)
    return found[:4]


def _counts_the_asked(asked: Asked, claim: Claim, nouns: Sequence[Word], became: str) -> bool:
    if not asked.counted:
        return bool(became)
    if nouns:
        return any(alike(one, noun.stem) for one in asked.counted for noun in nouns)
    return bool(became) or any(alike(one, other) for one in asked.counted for other in stems_of(claim.label))


def _all_but(asked: Asked, before: Claim, claim: Claim) -> Iterator[Given]:
    """ "They held 12 men, and shot all but two of them": ten."""
    match = _ALL_BUT.search(claim.text)
    few = numbers(f"{match['few']} men") if match else []
    if match and few and before.place == claim.place and outcome(claim.text) == asked.outcome:
        for whole in figures_of(replace(asked, outcome=outcome(before.text)), before):
            left = whole.low - few[0].low
            yield replace(whole, claim=claim, written=match[0], normalised=f"{left:g}", low=left, high=left)


def _is_part(asked: Asked, claim: Claim) -> bool:
    """Whether a fact's label limits it to a side that the question does not name ("Losses of the home team")."""
    side = [word.plain for word in words_of(claim.label.partition(" of ")[2]) if is_name(word)]
    return bool(side) and not share_name(side, asked.names)


def share_name(some: Sequence[str], others: Sequence[str]) -> bool:
    return any(same_name(one, other) for one in some for other in others)


def normalised(number: Number, unit: str) -> str:
    ends = f"{number.low:.12g}" if number.low == number.high else f"{number.low:.12g}–{number.high:.12g}"
    return f"{dict(about='~', above='≥', below='≤').get(number.bound, '')}{ends} {unit}".strip()


def _differ(one: Given, other: Given) -> bool:
    if one.unit != other.unit or one.claim is other.claim or not same_time(one.claim.when, other.claim.when):
        return False
    if bool(one.claim.when) != bool(other.claim.when) and (one.claim.is_fact or other.claim.is_fact):
        return False
    if one.names and other.names and not share_name(one.names, other.names):
        return False
    if one.part or other.part:
        return one.part != other.part and _exceeds(*((one, other) if one.part else (other, one)))
    return not one_voice(one.claim, other.claim) and apart(one, other)


def apart(one: Given, other: Given) -> bool:
    """Whether no number fits both; two bounds of one kind are apart where their figures are."""
    if one.bound == other.bound != "exact":
        return (one.low, one.high) != (other.low, other.high)
    (a, b), (c, d) = _range(one), _range(other)
    return b < c or d < a


def _range(value: Given) -> tuple[float, float]:
    if value.bound == "about":
        return value.low * (1 - ROUND), value.high * (1 + ROUND)
    return (-math.inf if value.bound == "below" else value.low), (math.inf if value.bound == "above" else value.high)


def _exceeds(part: Given, whole: Given) -> bool:
    """Whether a part is larger than what is stated as the whole."""
    total = _WHOLE.search(whole.claim.text) and " of " not in whole.claim.label
    return bool(total) and part.claim.title == whole.claim.title and part.low > _range(whole)[1]
