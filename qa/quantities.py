"""The numbers and dates that a text states, as values that can be compared.

A number keeps the words that qualify it ("more than sixty", "about 60 %", "12 to 14"), a date the parts that are written ("13
January" has no year). `borne_out_number` and `borne_out_date` say whether a claim's value follows from a quote's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

Bound = Literal["exact", "about", "above", "below"]

REMEMBERED = 20_000
"""Texts whose dates and numbers are remembered, because the same sentences are read for many questions."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number written at `[start, end)`. `high` differs from `low` for a range; `unit` is "%", a currency sign, "th" or ""."""

    low: float
    high: float
    bound: Bound
    unit: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Date:
    """A date written at `[start, end)`; 0 for a part that is not. `part` is early, mid or late; `relation` before or after."""

    year: int
    month: int
    day: int
    part: str
    relation: str
    start: int
    end: int


_TO_NINE = "zero one two three four five six seven eight nine"
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth"
_SMALL = {word: n for n, word in enumerate(f"{_TO_NINE} {_TEENS}".split())} | {
    word: 10 * n for n, word in enumerate(_TENS.split(), 2)
}
_SCALES = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "dozen": 12.0}
_MANY = {"dozens": 12.0, "scores": 20.0, "hundreds": 1e2, "thousands": 1e3, "millions": 1e6, "billions": 1e9}
_ORDINAL = {word: n for n, word in enumerate(_ORDINALS.split(), 1)}
_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]

_WORD_NUMBER = "|".join([*_SMALL, *_SCALES])
_DIGITS = r"\d{1,3}(?:[,\u202f\u00a0]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_SPELT = rf"(?:(?:{_WORD_NUMBER})(?:(?:-|\s(?:and\s)?)(?=(?:{_WORD_NUMBER})\b))?)+"
_VALUE = rf"(?:{_DIGITS})(?:\s(?:hundred|thousand|million|billion|trillion))?|{_SPELT}"
_QUALIFIER = {
    "about": r"about|around|approximately|approx|roughly|some|nearly|almost|circa|~|≈|c\.|ca\.|estimated|an estimated|close to",
    "above": "more than|over|above|at least|exceeding|upwards of|no fewer than|no less than|beyond|>|≥|minimum of",
    "below": "fewer than|less than|under|below|up to|as many as|as much as|at most|no more than|a maximum of|not more than|<|≤",
}
_BEFORE = {
    bound: re.compile(rf"(?:^|(?<![\w-]))(?:{phrases})(?:\s(?:a|an|the))?\s?$", re.IGNORECASE)
    for bound, phrases in _QUALIFIER.items()
}
_NUMBER = re.compile(
    rf"(?<![\w.,/:-])(?P<sign>[$€£¥]|US\$)?\s?(?:(?P<low>{_VALUE})(?:\s?[–—-]\s?(?=[\d$€£¥])|\s+(?:to|or)\s+)[$€£¥]?)?(?P<high>{_VALUE})"
    r"(?P<ordinal>st|nd|rd|th)?(?P<plus>\s?\+)?(?P<percent>\s?%|\s+per\s?cent\b)?(?![\w]|[./:]\d|-\w)",
    re.IGNORECASE,
)
_BETWEEN = re.compile(
    rf"\bbetween\s(?P<low>{_VALUE})\sand\s(?P<high>{_VALUE})(?P<percent>\s?%|\s+per\s?cent\b)?(?![\w]|[./:]\d|-\w)", re.I
)
_VAGUE = re.compile(
    rf"\b(?:(?P<several>several|many|few|some)\s+)?(?P<many>{'|'.join(_MANY)})\b|\b(?P<some>several|a\s+few)\s+(?P<scale>hundred|thousand|dozen|million)\b",
    re.I,
)
_ORDINAL_WORD = re.compile(rf"\b(?:{'|'.join(_ORDINAL)})\b", re.IGNORECASE)
_ONE = re.compile(r"(?:\bno|\bany|\bthe|\bthis|\bthat|\bevery|\beach|\banother)\s$", re.I)
_ONE_AFTER = re.compile(r"\s(?:of|another|who|which|that|or)\b", re.I)

_MONTH = rf"(?P<month>{'|'.join(m[:3] + '(?:' + m[3:] + ')?' if len(m) > 3 else m for m in _MONTHS)}|sept)\b\.?"
_MONTH2 = _MONTH.replace("?P<month>", "?P<month2>")
_TO = r"\s?(?:[–—-]|to|and|until|through|or|&)\s?"
_DAY = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)?"
_DAY2 = r"(?P<day2>[0-3]?\d)(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>[12]\d{3})(?!\d|,\d)"
_DATES = [
    re.compile(r"(?<![\d.])(?P<year>[12]\d{3})-(?P<number>[01]\d)-(?P<day>[0-3]\d)(?!\d)"),
    re.compile(rf"(?<![\w.,]){_DAY}\s?(?:of\s)?{_MONTH}{_TO}{_DAY2}\s(?:of\s)?{_MONTH2}(?:,?\s(?:of\s)?{_YEAR})?", re.I),
    re.compile(rf"(?<![\w.,]){_DAY}(?:{_TO}(?:the\s)?{_DAY2})?\s(?:of\s)?{_MONTH}(?:,?\s(?:of\s)?{_YEAR})?", re.I),
    re.compile(rf"\b{_MONTH}\s(?:the\s)?{_DAY}(?!\d|[,.]\d|\s?%)(?:{_TO}{_DAY2}(?!\d|[,.]\d))?(?:,?\s{_YEAR})?", re.I),
    re.compile(rf"\b{_MONTH}(?:,)?\s(?:of\s)?{_YEAR}", re.I),
    re.compile(r"(?<![\w.,$€£-])(?P<year>[12]\d{3})(?P<to>[–—-]|\sto\s|\sand\s)(?P<year2>[12]\d{3}|\d{2})(?![\w%]|[.,]\d)"),
    re.compile(r"(?<![\w.,$€£/-])(?P<year>1[0-9]\d{2}|20\d{2})(?P<decade>s)?(?![\w%]|[.,]\d|\s?(?:to|or|[–—-])\s?\d{1,3},\d)"),
    re.compile(
        rf"\b(?:(?<=in\s)|(?<=since\s)|(?<=until\s)|(?<=by\s)|(?<=of\s)|(?<=early\s)|(?<=late\s)|(?<=mid-)|(?<=last\s)|(?<=from\s)|(?<=and\s)|(?<=to\s)|(?<=next\s)){_MONTH}",
        re.I,
    ),
]
_PART = re.compile(r"(?P<early>early|beginning\s+of|start\s+of)|(?P<mid>mid|middle\s+of)|(?P<late>late|end\s+of)")
_PART_BEFORE = re.compile(
    r"\b(early|(?:the\s)?beginning\sof|(?:the\s)?start\sof|mid|(?:the\s)?middle\sof|late|(?:the\s)?end\sof)(?:\sin)?[\s-]+(?:the\s)?$",
    re.I,
)
_RELATION_BEFORE = re.compile(
    r"\b(before|prior\sto|until|till|after|since|following)\s+(?:the\s|about\s)?(?:(?:early|mid|late|end\sof|beginning\sof)[\s-]+)?$",
    re.I,
)


def value_of(text: str) -> float | None:
    """The number that digits or words spell: "1,500", "1.2 million", "one hundred and five", "twenty-five"."""
    total, current, seen = 0.0, 0.0, False
    for word in re.findall(rf"{_DIGITS}|[a-z]+", text.lower()):
        if word == "and":
            continue
        if word[0].isdigit():
            current += float(re.sub(r"[,\u202f\u00a0]", "", word))
        elif word in _SMALL:
            current += _SMALL[word]
        elif word == "hundred" or word == "dozen":
            current = (current or 1.0) * _SCALES[word]
        elif word in _SCALES:
            total, current = total + (current or 1.0) * _SCALES[word], 0.0
        else:
            return None
        seen = True
    return total + current if seen else None


def dates(text: str) -> list[Date]:
    """The dates of `text` in order; a range gives its two ends."""
    return list(_dates_in(text))


@lru_cache(maxsize=REMEMBERED)
def _dates_in(text: str) -> tuple[Date, ...]:
    found: list[Date] = []
    taken: list[tuple[int, int]] = []
    for pattern in _DATES:
        for match in pattern.finditer(text):
            if all(match.end() <= a or b <= match.start() for a, b in taken) and _is_written_large(match):
                ends = [date for date in _dates_of(match) if date.day < 32 and date.month < 13]
                if ends:
                    taken.append(match.span())
                    found += [_in_context(date, text) for date in ends]
    return tuple(sorted(found, key=lambda date: (date.start, date.year, date.month, date.day)))


def _dates_of(match: re.Match[str]) -> Iterator[Date]:
    parts = match.groupdict()
    year = int(parts.get("year") or 0)
    month = int(parts["number"]) if parts.get("number") else _month(parts.get("month"))
    first = Date(year, month, int(parts.get("day") or 0), "decade" if parts.get("decade") else "", "", *match.span())
    yield first
    if parts.get("year2"):
        written = parts["year2"]
        yield replace(first, year=int(written) if len(written) == 4 else year // 100 * 100 + int(written))
    elif parts.get("day2"):
        yield replace(first, day=int(parts["day2"]), month=_month(parts.get("month2")) or month)


def _is_written_large(match: re.Match[str]) -> bool:
    """Months have a capital: "may" and "march" are verbs otherwise."""
    return not (match.groupdict().get("month") or "X").islower()


def _month(word: str | None) -> int:
    return next((n for n, name in enumerate(_MONTHS, 1) if name.startswith(word.lower()[:3])), 0) if word else 0


def _in_context(date: Date, text: str) -> Date:
    before = text[max(0, date.start - 40) : date.start]
    part, relation = _PART_BEFORE.search(before), _RELATION_BEFORE.search(before)
    named = _PART.search(part[1].lower()) if part else None
    return replace(
        date,
        part=date.part or (named.lastgroup or "" if named else ""),
        relation=("before" if relation[1].lower() in ("before", "prior to", "until", "till") else "after") if relation else "",
    )


def numbers(text: str, without: Iterable[tuple[int, int]] = ()) -> list[Number]:
    """The numbers of `text` in order, leaving out the ranges `without` (where its dates stand)."""
    return list(_numbers_in(text, tuple(without)))


@lru_cache(maxsize=REMEMBERED)
def _numbers_in(text: str, without: tuple[tuple[int, int], ...]) -> tuple[Number, ...]:
    taken = list(without)
    found: list[Number] = []
    for finder in (_vague, _between, _plain, _ordinals):
        for number in finder(text):
            if all(number.end <= a or b <= number.start for a, b in taken):
                taken.append((number.start, number.end))
                found.append(number)
    return tuple(sorted(found, key=lambda number: number.start))


def _between(text: str) -> Iterator[Number]:
    """ "between 500 and 1,000" is one range."""
    for match in _BETWEEN.finditer(text):
        low, high = value_of(match["low"]), value_of(match["high"])
        if low is not None and high is not None and low < high:
            yield Number(low, high, "exact", "%" if match["percent"] else "", match.start("low"), match.end())


def _plain(text: str) -> Iterator[Number]:
    for match in _NUMBER.finditer(text):
        high = value_of(match["high"])
        low = value_of(match["low"]) if match["low"] else high
        if low is None or high is None or _is_pronoun(text, match):
            continue
        scale = re.search(r"[a-z]+$", match["high"].lower())
        if match["low"] and scale and scale[0] in _SCALES and re.fullmatch(r"[\d.]+", match["low"]):
            low *= _SCALES[scale[0]]
        unit = "th" if match["ordinal"] else "%" if match["percent"] else match["sign"] or ""
        start = match.start("low") if match["low"] else match.start("high")
        if match["low"] and low >= high:
            yield Number(low, low, _bound(text, start, ""), unit, start, match.end("low"))
            low, start = high, match.start("high")
        yield Number(low, high, _bound(text, start, match["plus"] or ""), unit, start, match.end())


def _is_pronoun(text: str, match: re.Match[str]) -> bool:
    """ "one" that counts nothing: no one, the one, one of, one another."""
    if match["high"].lower() != "one" or match["low"]:
        return False
    return bool(_ONE.search(text[max(0, match.start("high") - 8) : match.start("high")]) or _ONE_AFTER.match(text, match.end()))


def _bound(text: str, start: int, plus: str) -> Bound:
    if plus:
        return "above"
    before = text[max(0, start - 24) : start]
    found = [(match.start(), bound) for bound, pattern in _BEFORE.items() if (match := pattern.search(before))]
    return min(found)[1] if found else "exact"  # type: ignore[return-value]


def _vague(text: str) -> Iterator[Number]:
    for match in _VAGUE.finditer(text):
        value = _MANY[match["many"].lower()] if match["many"] else _SCALES[match["scale"].lower()]
        yield Number(value, value, "above", "many", *match.span())


def _ordinals(text: str) -> Iterator[Number]:
    for match in _ORDINAL_WORD.finditer(text):
        value = float(_ORDINAL[match[0].lower()])
        yield Number(value, value, "exact", "th", *match.span())


_FOLLOWS: dict[Bound, set[Bound]] = {
    "exact": {"exact", "about"},
    "about": {"exact", "about", "above", "below"},
    "above": {"above"},
    "below": {"below"},
}


def borne_out_number(claim: Number, quote: Sequence[Number]) -> bool:
    """Whether one of the quote's numbers has the claim's value, unit and a bound from which the claim's follows.

    "60" follows from "60" and "about 60" but not from "more than 60"; an end of a range does not follow from the range.
    "At least 12" follows from "12 to 14". Nothing is worked out: "over 50" does not follow from "60".
    """
    return any(_same_number(claim, other) for other in quote)


def _same_number(claim: Number, quote: Number) -> bool:
    if claim.unit != quote.unit:
        return False
    if (claim.low, claim.high) == (quote.low, quote.high):
        return quote.bound in _FOLLOWS[claim.bound]
    return (claim.bound, claim.low, claim.high) in (("above", quote.low, quote.low), ("below", quote.high, quote.high))


def borne_out_date(claim: Date, quote: Sequence[Date], context: Sequence[Date] = ()) -> bool:
    """Whether the claim's date follows from one of the quote's: every part it states is stated there, or the year by the context.

    A date of the quote that states fewer parts is completed by the latest date of the context, never changed by it. Where the
    quote states no date at all, the context's own stand.
    """
    known = [_completed(date, context) for date in quote] if quote else list(context)
    return any(_same_date(claim, date) for date in known)


def _completed(date: Date, context: Sequence[Date]) -> Date:
    if date.year or not date.month:
        return date
    years = [other.year for other in context if other.year and other.part != "decade"]
    return replace(date, year=years[-1]) if years else date


def _same_date(claim: Date, quote: Date) -> bool:
    parts = ((claim.year, quote.year), (claim.month, quote.month), (claim.day, quote.day))
    if any(said and said != known for said, known in parts) or (claim.part and claim.part != quote.part):
        return False
    if quote.part == "decade" and claim.part != "decade":
        return False
    return not (claim.relation and quote.relation) or claim.relation == quote.relation
