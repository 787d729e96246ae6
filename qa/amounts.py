"""Numbers and dates of a claim that a quote does not bear out. Each finding is a reason."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from qa.order import counted, exchanged
from qa.quantities import Date, Number, borne_out_date, borne_out_number
from qa.reading import Reading, verbatim
from qa.words import Word, alike, is_verb_form


def unborne_numbers(claim: Reading, quote: Reading) -> list[str]:
    """Numbers of the claim that the quote has not, or has of something else."""
    years = {float(date.year) for date in quote.dates}
    reasons = []
    for number in claim.numbers:
        if _stands_for_a_thing(claim, number):
            continue
        if not borne_out_number(number, quote.numbers) and not (number.low == number.high and number.low in years):
            reasons.append(f"the number {claim.text[number.start : number.end]} is not in the quote")
        elif _counts_other(claim, quote, number):
            reasons.append(f"{claim.text[number.start : number.end]} counts something else in the quote")
    return reasons


def _stands_for_a_thing(claim: Reading, number: Number) -> bool:
    """Whether a number word counts nothing: "than the first one", "was written in Pascal first", "first admitted women"."""
    text, before = claim.text[number.start : number.end].lower(), claim.text[: number.start].split()
    following = next((word for word in claim.words if word.start >= number.end), None)
    last = not re.match(r"\w", claim.text[number.end :].lstrip())
    if text == "first":
        return (
            bool(before)
            and before[-1].lower() != "the"
            and (last or following is None or is_verb_form(following) or following.plain == "and")
        )
    return text == "one" and bool(before) and last


def _counts_other(claim: Reading, quote: Reading, number: Number) -> bool:
    """Whether this number counts something else in the quote, or the quote gives what it counts with another number."""
    mine = counted(claim, number)
    own = [(counted(quote, other), _leading(quote, other)) for other in quote.numbers if borne_out_number(number, [other])]
    others = [counted(quote, other) for other in quote.numbers if not borne_out_number(number, [other])]
    if not mine or any(_count_same(mine, theirs or leading) for theirs, leading in own):
        return False
    if number.unit == "th" and not any(theirs for theirs, _ in own):
        return False
    exchange = [theirs for theirs, _ in own if theirs and is_verb_form(theirs[0]) == is_verb_form(mine[0])]
    if exchange and not number.unit and _is_elsewhere(mine[0], quote, exchange):
        return True
    leading = [word.stem for word in _leading(claim, number)]
    known = bool(leading) and any(leading == [word.stem for word in theirs] for _, theirs in own)
    return not known and any(alike(mine[0].stem, word.stem) for theirs in others for word in theirs[:2])


def _is_elsewhere(counts: Word, quote: Reading, things: Sequence[Sequence[Word]]) -> bool:
    """Whether the quote has the counted word, and not near the number; where it has not, the word itself lacks ground."""
    near = {word.stem for row in things for word in row}
    return counts.stem in quote.stems - near


def _count_same(mine: Sequence[Word], theirs: Sequence[Word]) -> bool:
    """Whether the words after two numbers can name the same things: the first of one is among those of the other."""
    if not theirs:
        return False
    return any(alike(mine[0].stem, word.stem) for word in theirs) or any(alike(word.stem, theirs[0].stem) for word in mine)


def _leading(reading: Reading, number: Number) -> tuple[Word, ...]:
    """The content word just before a number ("injuring four"), if there is one."""
    before = [reading.words[n] for n in reading.content if reading.words[n].end <= number.start]
    return (before[-1],) if before and number.start - before[-1].end <= 3 else ()


def unborne_dates(claim: Reading, quote: Reading, before: Reading, above: Reading) -> list[str]:
    """Dates of the claim that the quote has not, or gives something else; the context and the header may supply the year."""
    amounts = {int(end) for number in quote.numbers for end in (number.low, number.high)}
    known = [*above.dates, *before.dates]
    reasons = []
    for date in claim.dates:
        bare_year = date.year and not date.month and date.year in amounts
        if not bare_year and not borne_out_date(date, quote.dates, known) and not _spelt_out(claim, quote, date):
            reasons.append(f"the date {claim.text[date.start : date.end]} is not borne out")
    if not reasons and (exchanged(_dated(claim), _dated(quote)) or _of_other_date(claim, quote)):
        reasons.append("the quote gives this another date")
    return reasons


def _of_other_date(claim: Reading, quote: Reading) -> bool:
    """Whether the quote says what the claim says of one of its dates, of another date."""
    theirs = _by_date(quote)
    if len(theirs) < 2:
        return False
    whole = {claim.words[n].stem for n in claim.content}
    mine = _by_date(claim)
    return any(_is_of_other(dates_, stems if len(mine) > 1 else whole, theirs) for dates_, stems in mine)


def _is_of_other(dates_: Sequence[Date], mine: set[str], theirs: Sequence[tuple[list[Date], set[str]]]) -> bool:
    held = [(borne_out_date(dates_[0], others, others), len(mine & stems)) for others, stems in theirs]
    own = max((count for same, count in held if same), default=None)
    other = max((count for same, count in held if not same), default=0)
    return own is not None and other >= (own + 2 if own else 1)


def _by_date(reading: Reading) -> list[tuple[list[Date], set[str]]]:
    """The content stems that go with each date. Between two dates, the last comma, semicolon or conjunction parts them."""
    spans = sorted({(date.start, date.end) for date in reading.dates})
    cuts = [0]
    for (_, end), (start, _) in pairwise(spans):
        parts = [
            match.end() for match in re.finditer(r"[,;.:]\s|\s(?:and|but|however|while|before|after)\s", reading.text[end:start])
        ]
        cuts.append(end + parts[-1] if parts else start)
    cuts.append(len(reading.text))
    return [
        (
            [date for date in reading.dates if (date.start, date.end) == span],
            {reading.words[n].stem for n in reading.content if first <= reading.words[n].start < last},
        )
        for span, first, last in zip(spans, cuts, cuts[1:], strict=False)
    ]


def _spelt_out(claim: Reading, quote: Reading, date: Date) -> bool:
    """A date where the quote has the same words but they are not read as a date there."""
    return (
        not quote.dates
        and not date.part
        and bool(re.search(rf"(?<!\w){re.escape(verbatim(claim.text[date.start : date.end]))}(?!\w)", verbatim(quote.text)))
    )


def _dated(reading: Reading) -> set[tuple[str, object]]:
    """Pairs (content stem before a date, date) of a text."""
    pairs: set[tuple[str, object]] = set()
    for date in reading.dates:
        before = [reading.words[n].stem for n in reading.content if reading.words[n].end <= date.start]
        if before:
            pairs.add((before[-1], (date.month, date.day) if date.month else date.year))
    return pairs
