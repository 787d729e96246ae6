"""What a claim states and a quote does not bear out: numbers, dates, names, polarity, measures. Each finding is a reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from qa.english import CRITICAL, HEDGES, NO_SUPERLATIVES, PRONOUNS, STOPWORDS
from qa.order import aligned, counted, exchanged, roles
from qa.quantities import Date, Number, borne_out_date, borne_out_number
from qa.reading import Names, Reading, places, read, verbatim
from qa.unsaid import unsaid
from qa.words import Word, alike, groups, is_negator, is_verb_form, opposite, same_name, taken_back


def contradictions(
    claim: Reading, quote: Reading, context: str = "", header: str = "", aliases: Mapping[str, str] | None = None
) -> list[str]:
    """What the claim states and the quote does not bear out, in words; empty when nothing stands against it."""
    before, above = read(context), read(header)
    same = groups(aliases or {}, (claim.text, quote.text, context, header))
    return [
        *_numbers(claim, quote),
        *_dates(claim, quote, before, above),
        *_names(claim, quote, before, above, same),
        *aligned(claim, quote, same),
        *_polarity(claim, quote),
        *_opposites(claim, quote),
        *_critical(claim, quote, above),
        *roles(claim, quote, same),
        *unsaid(claim, quote, above, before if _points_back(quote) else None),
    ]


def _numbers(claim: Reading, quote: Reading) -> list[str]:
    years = {float(date.year) for date in quote.dates}
    reasons = []
    for number in claim.numbers:
        if not borne_out_number(number, quote.numbers) and not (number.low == number.high and number.low in years):
            reasons.append(f"the number {claim.text[number.start : number.end]} is not in the quote")
        elif _counts_other(claim, quote, number):
            reasons.append(f"{claim.text[number.start : number.end]} counts something else in the quote")
    return reasons


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


def _dates(claim: Reading, quote: Reading, before: Reading, above: Reading) -> list[str]:
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


def _names(claim: Reading, quote: Reading, before: Reading, above: Reading, same: Names) -> list[str]:
    in_quote = [word.plain for word in quote.words]
    in_header = [word.plain for word in above.words]
    in_context = [word.plain for word in before.words] if _points_back(quote) else []
    known = [*in_quote, *in_header, *in_context]
    excused = _by_alias(claim, known, same)
    missing = [n for n in sorted(claim.names) if n not in excused and not _known(claim.words[n], known)]
    reasons = [f"{claim.words[n].text} is not named in the quote" for n in missing]
    return reasons or _mixed(claim, quote, before, above, excused)


def _known(word: Word, known: Sequence[str]) -> bool:
    return any(same_name(word.plain, other) for other in known) or _initials(word, known)


def _initials(word: Word, known: Sequence[str]) -> bool:
    """Whether an acronym is spelt out in a run of the known words ("UN": United Nations)."""
    letters = word.plain
    if not (word.text.isupper() and 2 <= len(letters) <= 8 and letters.isalpha()):
        return False
    heads = "".join(other[0] for other in known if other not in STOPWORDS)
    return letters in heads


def _by_alias(claim: Reading, known: Sequence[str], same: Names) -> set[int]:
    """Positions of the claim's words that belong to a name of which another form is known."""
    plain = [word.plain for word in claim.words]
    excused: set[int] = set()
    for group in same:
        if any(places(known, form) for form in group):
            for form in group:
                excused.update(n for start in places(plain, form) for n in range(start, start + len(form)))
    return excused


def _points_back(quote: Reading) -> bool:
    """Whether the quote speaks of something by a pronoun or begins with one that was named before ("The city", "Both sides")."""
    pointing = any(word.plain in PRONOUNS for word in quote.words)
    opening = (
        len(quote.words) > 1
        and quote.words[0].plain in ("the", "this", "these", "those", "that", "both", "such")
        and 1 not in quote.names
    )
    return pointing or opening or not quote.names


def _mixed(claim: Reading, quote: Reading, before: Reading, above: Reading, excused: set[int]) -> list[str]:
    """A full name put together from two: neighbours in the claim, each with another neighbour in the source ("Ann Bee" from "Ann
    Cee" and "Dan Bee")."""
    pairs = [
        (n - 1, n) for n in sorted(claim.names) if n - 1 in claim.names and claim.words[n].joined and not {n - 1, n} & excused
    ]
    for first, second in pairs:
        one, other = claim.words[first], claim.words[second]
        followers, leaders = set(), set()
        together = False
        for reading in (quote, before, above):
            for n in range(len(reading.words) - 1):
                left, right = reading.words[n], reading.words[n + 1]
                starts, ends = same_name(left.plain, one.plain), same_name(right.plain, other.plain)
                together |= starts and ends
                if right.joined and starts and right.capital:
                    followers.add(right.plain)
                if right.joined and ends and left.capital and n in reading.names:
                    leaders.add(left.plain)
        if not together and followers and leaders:
            return [f"{one.text} {other.text} is not one name in the quote"]
    return []


def _polarity(claim: Reading, quote: Reading) -> list[str]:
    reasons = []
    for kind, test in (("not", is_negator), ("only perhaps", _is_hedge)):
        mine, wide_mine = _scopes(claim, test)
        theirs, wide_theirs = _scopes(quote, test)
        dropped = [stem for stem in theirs if stem in claim.stems and stem not in wide_mine]
        added = [stem for stem in mine if stem not in wide_theirs and (stem in quote.stems or not theirs) and test is is_negator]
        if dropped:
            reasons.append(f'the quote says "{kind}" of "{dropped[0]}", the sentence does not')
        if added:
            reasons.append(f'the sentence says "{kind}" of "{added[0]}", the quote does not')
    return reasons or _taken_back(claim, quote)


def _is_hedge(word: Word) -> bool:
    return word.plain in HEDGES and not (word.plain == "may" and word.capital)


def _scopes(reading: Reading, test: Callable[[Word], bool]) -> tuple[list[str], set[str]]:
    """The stems that each negation or hedge governs first, and all that it may reach: four content words on, up to a stop.

    "None", "nobody" and hedges ("… was probably killed") reach back too.
    """
    first: list[str] = []
    wide: set[str] = set()
    for n, word in enumerate(reading.words):
        if not test(word) or _is_no_operator(reading, n):
            continue
        reach = _reach(reading, n)
        first += reach[:1]
        wide.update(reach)
        if word.plain in ("none", "nobody", "nothing") or _is_hedge(word):
            wide.update(w.stem for w in reading.words[max(0, n - 6) : n] if w.plain not in STOPWORDS)
    return first, wide


def _is_no_operator(reading: Reading, n: int) -> bool:
    """Whether a word that looks like a negation is none: "not only", "no. 5"."""
    if n + 1 == len(reading.words):
        return False
    word, following = reading.words[n], reading.words[n + 1]
    numbered = word.plain == "no" and reading.text[word.end : word.end + 1] == "." and following.text.isdigit()
    return following.plain == "only" or numbered


def _reach(reading: Reading, n: int) -> list[str]:
    """Up to four content stems after word `n`, not beyond a stop."""
    reached: list[str] = []
    at = reading.words[n].end
    for word in reading.words[n + 1 :]:
        if re.search(r"[.;:!?]", reading.text[at : word.start]) or len(reached) == 4:
            break
        at = word.end
        if word.plain not in STOPWORDS and not is_negator(word):
            reached.append(word.stem)
    return reached


def _taken_back(claim: Reading, quote: Reading) -> list[str]:
    """A claim that states, as true, the part of the quote that the quote itself denies; or denies what the quote does not."""
    start = taken_back(quote.text)
    denies, denied = taken_back(claim.text) < len(claim.text), start < len(quote.text)
    if denies and not denied and not any(is_negator(word) for word in quote.words):
        return ["the sentence denies what the quote does not"]
    if denies or not denied or any(is_negator(word) for word in claim.words):
        return []
    stated = {word.stem for word in quote.words if word.end <= start}
    only = {word.stem for word in quote.words if word.start >= start} - stated
    mine = [claim.words[n].stem for n in claim.content]
    return ["the quote itself denies this"] if mine and sum(stem in only for stem in mine) >= 0.6 * len(mine) else []


def _opposites(claim: Reading, quote: Reading) -> list[str]:
    """The claim uses the opposite of a word of the quote: instead of it, or of what the quote uses that word of."""
    mine = {claim.words[n].stem: claim.words[n].text for n in claim.content}
    theirs = {quote.words[n].stem: quote.words[n].text for n in quote.content}
    before, known = _neighbours(claim), _neighbours(quote)
    for a in mine:
        for b in theirs:
            if b not in mine and opposite(a, b) and (a not in theirs or before[a] & known[b] - known[a]):
                return [f'the sentence says "{mine[a]}", the quote "{theirs[b]}"']
    return []


def _neighbours(reading: Reading) -> dict[str, set[str]]:
    """For each content stem the content stems right before it."""
    stems = [reading.words[n].stem for n in reading.content]
    found: dict[str, set[str]] = {stem: set() for stem in stems}
    for one, other in pairwise(stems):
        found[other].add(one)
    return found


def _critical(claim: Reading, quote: Reading, above: Reading) -> list[str]:
    """Words of measure, time of day, direction and superlatives that the quote does not have."""
    known = quote.stems | above.stems
    return [
        f'"{claim.words[n].text}" is not in the quote'
        for n in claim.content
        if _is_critical(claim.words[n].plain) and not any(alike(claim.words[n].stem, stem) for stem in known)
    ][:1]


def _is_critical(plain: str) -> bool:
    superlative = plain.endswith("est") and len(plain) > 5 and plain not in NO_SUPERLATIVES
    return superlative or plain in CRITICAL or (plain.endswith("s") and plain[:-1] in CRITICAL)
