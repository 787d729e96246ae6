"""Does a quote bear out a claim? Pure functions of their texts.

A claim is borne out when most of its words stand in the quote (or its meaning is near by the similarity given) and nothing in it
contradicts or exceeds the quote: each number, date and name must be there, tied to the same words, with the same polarity and in
the same roles. The quote's context (title, section, the sentences before it) may supply a name that a pronoun stands for and the
year of a date; it never replaces what the quote says. The tests are of form, not of meaning: a paraphrase that shares few words
with the quote is reported as unsupported, which is the safe error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from qa.quantities import Date, Number, borne_out_date, borne_out_number, dates, numbers
from qa.types import Support
from qa.words import CRITICAL, HEDGES, LIGHT, NEGATORS, PRONOUNS, STOPWORDS, Word, alike, groups, is_name, is_negator, is_verb_form, opposite, same_name, taken_back, words

ENOUGH = 0.6
"""Share of the claim's content words that the quote must hold when nothing is known of the meaning."""
ENOUGH_WHEN_NEAR = 0.34
"""The same where claim and quote are near in meaning."""
HALF, MOST = 0.5, 0.75
"""Shares that are enough together: of the content words, and of all words with names, numbers and dates."""
NEAR = 0.75
"""The cosine from which they are near."""

_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "’": "'", "‘": "'", "–": "-", "—": "-", "−": "-", "[": "(", "]": ")", "<": "‹"})


Label = tuple[str, bool]
"""A word as the alignment compares it, and whether it is a name or a number."""
Change = tuple[Sequence[Label], Sequence[Label]]
"""What the claim and the quote have between two stretches that are equal."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`best` is the index of the quote that decides, `reasons` say what was not borne out, `overlap` is in [0, 1]."""

    best: int | None
    support: Support
    reasons: tuple[str, ...] = ()
    overlap: float = 0.0


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as the tests see it. `labels` has one entry for each word: a number, date or name as one value, else the stem."""

    text: str
    words: tuple[Word, ...]
    numbers: tuple[Number, ...]
    dates: tuple[Date, ...]
    names: frozenset[int]
    figures: frozenset[int]

    @property
    def content(self) -> list[int]:
        """Positions of the words that carry meaning: no stop words, names, numbers or dates."""
        return [n for n, w in enumerate(self.words) if n not in self.names | self.figures and w.plain not in STOPWORDS and not is_negator(w)]

    @property
    def stems(self) -> set[str]:
        return {word.stem for word in self.words}


@lru_cache(maxsize=4096)
def read(text: str) -> Reading:
    """Take a text apart, once."""
    found = tuple(words(text))
    days = tuple(dates(text))
    amounts = tuple(numbers(text, [(date.start, date.end) for date in days]))
    spans = [(item.start, item.end) for item in (*days, *amounts)]
    figures = frozenset(n for n, word in enumerate(found) if any(a < word.end and word.start < b for a, b in spans))
    names = frozenset(n for n, word in enumerate(found) if n not in figures and is_name(word))
    return Reading(text, found, amounts, days, names, figures)


def judge(
    claim: str,
    quotes: Sequence[str],
    similarity: Sequence[float] | None = None,
    *,
    contexts: Sequence[str] = (),
    headers: Sequence[str] = (),
    aliases: Mapping[str, str] | None = None,
) -> Verdict:
    """The best quote for a claim, and whether it bears it out.

    `similarity` are cosines of the claim with each quote; `contexts` the sentences before each quote and `headers` its title and
    section; `aliases` maps a variant of a name to the name. All are given for each quote in turn, or not at all.
    """
    verdicts = [
        _judge_one(
            claim,
            quote,
            n,
            similarity[n] if similarity is not None else 0.0,
            contexts[n] if contexts else "",
            headers[n] if headers else "",
            aliases or {},
        )
        for n, quote in enumerate(quotes)
    ]
    order = {"quoted": 2, "supported": 1, "unsupported": 0}
    if not verdicts:
        return Verdict(None, "unsupported", ("no quote was given",))
    return max(verdicts, key=lambda verdict: (order[verdict.support], verdict.overlap, -len(verdict.reasons)))


def _judge_one(claim: str, quote: str, number: int, near: float, context: str, header: str, aliases: Mapping[str, str]) -> Verdict:
    said, known = verbatim(claim), verbatim(quote)
    if said and said == known:
        return Verdict(number, "quoted", (), 1.0)
    one, other = read(claim), read(quote)
    share = overlap(one, other, read(header))
    reasons = contradictions(one, other, context, header, aliases)
    if not reasons and len(one.words) >= 3 and re.search(rf"(?<!\w){re.escape(said)}(?!\w)", known):
        return Verdict(number, "quoted", (), share)
    if not one.words:
        reasons = ["the sentence says nothing"]
    if not _says_enough(one, other, read(header), share, near):
        reasons.append(f"only {share:.0%} of its words are in the quote")
    return Verdict(number, "unsupported" if reasons else "supported", tuple(reasons), share)


def verbatim(text: str) -> str:
    """A text as it is compared word for word: white space, quotation marks, dashes and the end's punctuation do not count."""
    return " ".join(text.translate(_QUOTES).casefold().split()).strip(" .;,\"'")


def overlap(claim: Reading, quote: Reading, header: Reading | None = None) -> float:
    """The share of the claim's content words whose root stands in the quote or its header; where it has none, of all its words."""
    return _share([claim.words[n] for n in claim.content] or claim.words, quote, header)


def _share(part: Sequence[Word], quote: Reading, header: Reading | None) -> float:
    spelt = {"".join(pair) for pair in zip([w.plain for w in quote.words], [w.plain for w in quote.words[1:]], strict=False)}
    stems = quote.stems | (header.stems if header else set())
    held = sum(1 for word in part if word.stem in stems or word.plain in spelt or _near_spelling(word.stem, stems))
    return held / len(part) if part else 0.0


def _says_enough(claim: Reading, quote: Reading, header: Reading, share: float, near: float) -> bool:
    """Whether enough of the claim's words stand in the quote: of its content words, or fewer of these where its names, numbers and
    dates are there too. A fact of an infobox ("Date: 3 May") need not hold the verb that states it."""
    if share >= (ENOUGH_WHEN_NEAR if near >= NEAR else ENOUGH):
        return True
    if re.match(r"[^.:]{2,100}: \S", quote.text):
        content = [claim.words[n] for n in claim.content if claim.words[n].plain not in LIGHT]
        return bool(claim.figures | claim.names) and (not content or _share(content, quote, header) >= ENOUGH)
    weighty = [word for n, word in enumerate(claim.words) if word.plain not in STOPWORDS and n not in claim.figures]
    figures = len(claim.numbers) + len(claim.dates)
    whole = (_share(weighty, quote, header) * len(weighty) + figures) / max(1, len(weighty) + figures)
    verbs = [claim.words[n] for n in claim.content if is_verb_form(claim.words[n])]
    return share >= HALF and whole >= MOST and _share(verbs, quote, header) == (1.0 if verbs else 0.0)


def _near_spelling(word: str, stems: Iterable[str]) -> bool:
    """Spelling variants: protester and protestor, organise and organize, program and programme."""
    return len(word) >= 6 and any(other[:4] == word[:4] and same_name(word, other) for other in stems if len(other) >= 5)


def contradictions(claim: Reading, quote: Reading, context: str = "", header: str = "", aliases: Mapping[str, str] | None = None) -> list[str]:
    """What the claim states and the quote does not bear out, in words; empty when nothing stands against it."""
    before, above = read(context), read(header)
    same = groups(aliases or {}, (claim.text, quote.text, context, header))
    return [
        *_numbers(claim, quote),
        *_dates(claim, quote, before, above),
        *_names(claim, quote, before, above, same),
        *_aligned(claim, quote, same),
        *_polarity(claim, quote),
        *_opposites(claim, quote),
        *_critical(claim, quote, above),
        *_roles(claim, quote, same),
    ]


# --- numbers and dates


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
    """Whether the quote gives what this number counts in the claim with another number, and not with this one."""
    counted = _counted(claim, number)
    own = [(_counted(quote, other), _leading(quote, other)) for other in quote.numbers if borne_out_number(number, [other])]
    others = [_counted(quote, other) for other in quote.numbers if not borne_out_number(number, [other])]
    if not counted or any(_count_same(counted, theirs or leading) for theirs, leading in own):
        return False
    if any(theirs for theirs, _ in own):
        return True
    leading = _leading(claim, number)
    return not any(leading == theirs for _, theirs in own) and any(alike(counted[0], stem) for theirs in others for stem in theirs[:2])


def _count_same(mine: Sequence[str], theirs: Sequence[str]) -> bool:
    """Whether the words after two numbers can name the same things: the first of one is among those of the other."""
    if not theirs:
        return False
    return any(alike(mine[0], stem) for stem in theirs) or any(alike(stem, theirs[0]) for stem in mine)


def _counted(reading: Reading, number: Number) -> tuple[str, ...]:
    """The stems right after a number that are no stop words, at most four, up to a stop, a conjunction or another number."""
    following: list[str] = []
    at = number.end
    for n, word in enumerate(reading.words):
        if word.start < number.end:
            continue
        if n in reading.figures or re.search(r"[,;:.()]", reading.text[at : word.start]) or len(following) == 4 or word.plain in ("and", "or"):
            break
        at = word.end
        if word.plain not in STOPWORDS:
            following.append(word.stem)
    return tuple(following)


def _leading(reading: Reading, number: Number) -> tuple[str, ...]:
    """The stem of the content word just before a number ("injuring four"), if there is one."""
    before = [reading.words[n] for n in reading.content if reading.words[n].end <= number.start]
    return (before[-1].stem,) if before and number.start - before[-1].end <= 3 else ()


def _dates(claim: Reading, quote: Reading, before: Reading, above: Reading) -> list[str]:
    amounts = {int(end) for number in quote.numbers for end in (number.low, number.high)}
    known = [*above.dates, *before.dates]
    reasons = []
    for date in claim.dates:
        bare_year = date.year and not date.month and date.year in amounts
        if not bare_year and not borne_out_date(date, quote.dates, known) and not _spelt_out(claim, quote, date):
            reasons.append(f"the date {claim.text[date.start : date.end]} is not borne out")
    if not reasons and (_exchanged(_dated(claim), _dated(quote)) or _of_other_date(claim, quote)):
        reasons.append("the quote gives this another date")
    return reasons


def _of_other_date(claim: Reading, quote: Reading) -> bool:
    """Whether the quote says what the claim says of its one date, of another date."""
    if len({(date.start, date.end) for date in claim.dates}) != 1 or len({(date.start, date.end) for date in quote.dates}) < 2:
        return False
    mine = {claim.words[n].stem for n in claim.content}
    held = [(borne_out_date(claim.dates[0], dates_, dates_), len(mine & stems)) for dates_, stems in _by_date(quote)]
    own = max((count for same, count in held if same), default=None)
    return own is not None and max((count for same, count in held if not same), default=0) >= own + 2


def _by_date(reading: Reading) -> list[tuple[list[Date], set[str]]]:
    """The content stems that go with each date. Between two dates, the last comma, semicolon or conjunction parts them."""
    spans = sorted({(date.start, date.end) for date in reading.dates})
    cuts = [0]
    for (_, end), (start, _) in zip(spans, spans[1:], strict=False):
        parts = [match.end() for match in re.finditer(r"[,;.:]\s|\s(?:and|but|however|while|before|after)\s", reading.text[end:start])]
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
    """Dates that only one of the two texts reads as dates: the same words in the same order."""
    return bool(re.search(rf"(?<!\w){re.escape(verbatim(claim.text[date.start : date.end]))}(?!\w)", verbatim(quote.text)))


def _dated(reading: Reading) -> set[tuple[str, object]]:
    """Pairs (content stem before a date, date) of a text."""
    pairs: set[tuple[str, object]] = set()
    for date in reading.dates:
        before = [reading.words[n].stem for n in reading.content if reading.words[n].end <= date.start]
        if before:
            pairs.add((before[-1], (date.month, date.day) if date.month else date.year))
    return pairs


def _exchanged(claim: Iterable[tuple[object, object]], quote: Iterable[tuple[object, object]]) -> bool:
    """Whether two of the claim's pairs (place, thing) stand in the quote with their things exchanged."""
    said, known = set(claim), set(quote)
    news = [pair for pair in said if pair not in known]
    return any(
        a[0] != b[0] and a[1] != b[1] and (a[0], b[1]) in known and (b[0], a[1]) in known for a in news for b in news
    )


# --- names


def _names(claim: Reading, quote: Reading, before: Reading, above: Reading, same: list[frozenset[tuple[str, ...]]]) -> list[str]:
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


def _by_alias(claim: Reading, known: Sequence[str], same: list[frozenset[tuple[str, ...]]]) -> set[int]:
    """Positions of the claim's words that belong to a name of which another form is known."""
    plain = [word.plain for word in claim.words]
    excused: set[int] = set()
    for group in same:
        if any(_at(known, form) for form in group):
            for form in group:
                excused.update(n for start in _at(plain, form) for n in range(start, start + len(form)))
    return excused


def _at(row: Sequence[str], form: tuple[str, ...]) -> list[int]:
    """Where the words `form` stand one after the other in `row`."""
    return [n for n in range(len(row) - len(form) + 1) if tuple(row[n : n + len(form)]) == form]


def _points_back(quote: Reading) -> bool:
    """Whether the quote speaks of something by a pronoun or begins with one that was named before ("The city", "Both sides")."""
    pointing = any(word.plain in PRONOUNS for word in quote.words)
    opening = len(quote.words) > 1 and quote.words[0].plain in ("the", "this", "these", "those", "that", "both", "such") and 1 not in quote.names
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


def _aligned(claim: Reading, quote: Reading, same: list[frozenset[tuple[str, ...]]]) -> list[str]:
    """Names, numbers and negations that differ where the claim otherwise runs along the quote.

    The two are aligned word by word (difflib). Only where half of the claim runs along the quote is a difference telling.
    """
    left, right = _labels(claim), _labels(quote)
    matcher = SequenceMatcher(None, [label for label, _ in left], [label for label, _ in right], autojunk=False)
    along = sum(block.size for block in matcher.get_matching_blocks() if block.size >= 2)
    if along < 0.5 * len(left):
        return []
    changes = [(left[a:b], right[c:d]) for kind, a, b, c, d in matcher.get_opcodes() if kind != "equal"]
    return _replaced(changes, left, right, same) or _crossed(changes, same) or _negated(changes, left, right)


def _replaced(changes: Sequence[Change], left: Sequence[Label], right: Sequence[Label], same: list[frozenset[tuple[str, ...]]]) -> list[str]:
    """A name or number that the claim has once more than the quote, in the place of one that it has once less."""
    for mine, theirs in changes:
        theirs = theirs[:12]
        if len(mine) <= 8 and not _any_same(_marked(mine), _marked(theirs), same):
            new = [label for label in _marked(mine) if _times(label, left) > _times(label, right)]
            old = [label for label in _marked(theirs) if _times(label, right) > _times(label, left)]
            if new and old and new[0][0].isdigit() == old[0][0].isdigit():
                return [f"the quote has {_show(old[0])} where the sentence has {_show(new[0])}"]
    return []


def _crossed(changes: Sequence[Change], same: list[frozenset[tuple[str, ...]]]) -> list[str]:
    """Two names or numbers in each other's place, with more than a conjunction between them."""
    marked = [(_marked(mine), _marked(theirs)) for mine, theirs in changes if len(mine) <= 8 and len(theirs) <= 8]
    for n, (mine, theirs) in enumerate(marked):
        for mine_too, theirs_too in marked[n + 1 :]:
            gone_over = set(mine) & set(theirs_too) and set(mine_too) & set(theirs)
            if gone_over and not _any_same(mine, theirs, same):
                return [f"{_show(mine[0])} and {_show(mine_too[0])} have changed places"]
    return []


def _negated(changes: Sequence[Change], left: Sequence[Label], right: Sequence[Label]) -> list[str]:
    """A negation put in, or taken out without what it negates, so that one text has more of them."""
    more = _negations(left) - _negations(right)
    for mine, theirs in changes:
        if more > 0 and _negations(mine) > _negations(theirs):
            return ["the sentence negates what the quote does not"]
        if more < 0 and _negations(theirs) > _negations(mine) and not _takes_its_object(theirs):
            return ["the quote negates what the sentence does not"]
    return []


def _takes_its_object(labels: Sequence[Label]) -> bool:
    """Whether a content word follows the last negation of a stretch."""
    last = max(n for n, label in enumerate(labels) if _negations([label]))
    return any(label not in STOPWORDS for label, _ in labels[last + 1 :])


def _negations(labels: Iterable[Label]) -> int:
    return sum(1 for label, _ in labels if label in NEGATORS or label.endswith("n't"))


def _labels(reading: Reading) -> list[Label]:
    """(what is compared, whether it is a name or a figure) for each word; a number is one label, dates have none."""
    labels: list[Label] = []
    counted: set[tuple[int, int]] = set()
    for n, word in enumerate(reading.words):
        number = next((item for item in reading.numbers if item.start <= word.start < item.end), None)
        if number:
            if (number.start, number.end) not in counted:
                counted.add((number.start, number.end))
                labels.append((f"{number.low:g}-{number.high:g}{number.unit}" if number.low != number.high else f"{number.low:g}{number.unit}", True))
        elif n not in reading.figures:
            labels.append((word.plain, True) if n in reading.names else (word.stem if word.plain not in STOPWORDS else word.plain, False))
    return labels


def _marked(labels: Iterable[Label]) -> list[str]:
    return [label for label, marked in labels if marked]


def _times(label: str, labels: Iterable[Label]) -> int:
    return sum(1 for other, _ in labels if same_name(label, other))


def _any_same(new: Sequence[str], old: Sequence[str], same: list[frozenset[tuple[str, ...]]]) -> bool:
    """Whether two rows of labels hold one name in common, in any of its forms."""
    forms = [group for group in same if any(_at(old, form) or set(form) & set(old) for form in group)]
    return any(same_name(a, b) for a in new for b in old) or any(set(form) & set(new) for group in forms for form in group if len(form) == 1)


def _show(label: str) -> str:
    return label.upper() if len(label) <= 3 else label.capitalize()


# --- polarity


def _polarity(claim: Reading, quote: Reading) -> list[str]:
    reasons = []
    for kind, test in (("not", is_negator), ("only perhaps", _is_hedge)):
        mine, wide_mine = _scopes(claim, test)
        theirs, wide_theirs = _scopes(quote, test)
        said = {claim.words[n].stem for n in range(len(claim.words))}
        dropped = [stem for stem in theirs if stem in said and stem not in wide_mine]
        added = [stem for stem in mine if stem not in wide_theirs and (stem in quote.stems or not theirs)] if kind == "not" else []
        if dropped:
            reasons.append(f'the quote says "{kind}" of "{dropped[0]}", the sentence does not')
        if added:
            reasons.append(f'the sentence says "{kind}" of "{added[0]}", the quote does not')
    return reasons or _taken_back(claim, quote)


def _is_hedge(word: Word) -> bool:
    return word.plain in HEDGES and not (word.plain == "may" and word.capital)


def _scopes(reading: Reading, test) -> tuple[list[str], set[str]]:  # type: ignore[no-untyped-def]
    """The stems that each operator governs first, and all that it may reach (four content words on, up to a stop; "none" back)."""
    first: list[str] = []
    wide: set[str] = set()
    for n, word in enumerate(reading.words):
        if not test(word) or _is_no_operator(reading, n):
            continue
        reach = _reach(reading, n)
        first += reach[:1]
        wide.update(reach)
        if word.plain in ("none", "hedge", "nobody", "nothing") or _is_hedge(word):
            wide.update(w.stem for w in reading.words[max(0, n - 6) : n] if w.plain not in STOPWORDS)
    return first, wide


def _is_no_operator(reading: Reading, n: int) -> bool:
    """"not only", "no. 5", and a name such as "No" are none."""
    following = reading.words[n + 1] if n + 1 < len(reading.words) else None
    between = reading.text[reading.words[n].end : following.start] if following else ""
    return bool(following) and (following.plain == "only" or (reading.words[n].plain == "no" and between.startswith(".") and following.text.isdigit()))


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
    """A claim that states, as true, the part of the quote that the quote itself denies."""
    start = taken_back(quote.text)
    if taken_back(claim.text) < len(claim.text) and start == len(quote.text) and not any(is_negator(word) for word in quote.words):
        return ["the sentence denies what the quote does not"]
    if start == len(quote.text) or taken_back(claim.text) < len(claim.text) or any(is_negator(word) for word in claim.words):
        return []
    denied = {w.stem for w in quote.words if w.start >= start}
    stated = {w.stem for w in quote.words if w.end <= start}
    mine = [claim.words[n].stem for n in claim.content]
    only = [stem for stem in mine if stem in denied - stated]
    return ["the quote itself denies this"] if mine and len(only) >= max(1.0, 0.6 * len(mine)) else []


def _opposites(claim: Reading, quote: Reading) -> list[str]:
    """The claim uses the opposite of a word of the quote, instead of it."""
    mine = {claim.words[n].stem: claim.words[n].text for n in claim.content}
    theirs = {quote.words[n].stem: quote.words[n].text for n in quote.content}
    clash = [(a, b) for a in mine if a not in theirs for b in theirs if b not in mine and opposite(a, b)]
    return [f'the sentence says "{mine[a]}", the quote "{theirs[b]}"' for a, b in clash[:1]]


def _critical(claim: Reading, quote: Reading, above: Reading) -> list[str]:
    """Words of measure, time of day and direction that the quote does not have."""
    known = quote.stems | above.stems
    return [
        f'"{claim.words[n].text}" is not in the quote'
        for n in claim.content
        if _is_critical(claim.words[n]) and claim.words[n].stem not in known
    ][:1]


def _is_critical(word: Word) -> bool:
    return word.plain in CRITICAL or (word.plain.endswith("s") and word.plain[:-1] in CRITICAL)


# --- roles


def _roles(claim: Reading, quote: Reading, same: list[frozenset[tuple[str, ...]]]) -> list[str]:
    """Two names whose places around a verb, or after two prepositions, are exchanged."""
    shared = _verbs(claim) & _verbs(quote)
    around = any(_turned(claim, quote, stem, same) for stem in shared)
    after = _exchanged(_after_prepositions(claim, same), _after_prepositions(quote, same))
    counts = _exchanged(_pairs_counted(claim), _pairs_counted(quote))
    return (["the names have changed their roles"] if around or after else []) + (["numbers have changed places"] if counts else [])


def _pairs_counted(reading: Reading) -> set[tuple[object, object]]:
    return {(counted[0], (n.low, n.high)) for n in reading.numbers if (counted := _counted(reading, n))}


def _verbs(reading: Reading) -> set[str]:
    return {reading.words[n].stem for n in reading.content if is_verb_form(reading.words[n])}


def _turned(claim: Reading, quote: Reading, stem: str, same: list[frozenset[tuple[str, ...]]]) -> bool:
    """Whether the claim gives a verb another doer than the quote does, though both texts hold both names."""
    mine, theirs = _doers(claim, stem, same), _doers(quote, stem, same)
    in_both = {_name(claim, n, same) for n in claim.names} & {_name(quote, n, same) for n in quote.names}
    return bool(mine and theirs) and not mine & theirs and (mine | theirs) <= in_both


def _doers(reading: Reading, stem: str, same: list[frozenset[tuple[str, ...]]]) -> set[str]:
    """The names that do what a verb says: before it, or after "by" in the passive; those joined by "and" or a comma together."""
    doers: set[str] = set()
    for n, word in enumerate(reading.words):
        if word.stem != stem or n in reading.names:
            continue
        if _is_passive(reading, n):
            by = next(m for m in range(n + 1, n + 7) if reading.words[m].plain == "by")
            row = range(by + 1, len(reading.words))
        else:
            row = range(n - 1, -1, -1)
        doers |= _row_of_names(reading, row, same)
    return doers


def _row_of_names(reading: Reading, row: Iterable[int], same: list[frozenset[tuple[str, ...]]]) -> set[str]:
    """The first names met in `row` and those joined to them, passing over names after a preposition; none where a pronoun is met."""
    found: set[str] = set()
    for n in row:
        if n in reading.names:
            if not _after_preposition(reading, n):
                found.add(_name(reading, n, same))
        elif found and reading.words[n].plain not in ("and", "or", "the", "ag", "al", "de", "as", "well"):
            break
        elif not found and reading.words[n].plain in PRONOUNS:
            break
    return found


def _after_preposition(reading: Reading, n: int) -> bool:
    """Whether the name that word `n` belongs to stands after "of", "in", "against" and the like."""
    while n - 1 in reading.names and reading.words[n].joined:
        n -= 1
    before = [word.plain for word in reading.words[max(0, n - 2) : n]]
    return bool(before) and (before[-1] in _PREPOSITIONS or (before[-1] in ("the", "a", "an") and before[0] in _PREPOSITIONS))


_PREPOSITIONS = frozenset("of in at to from against with for on near under over between into towards toward through around".split())


def _is_passive(reading: Reading, n: int) -> bool:
    before = {word.plain for word in reading.words[max(0, n - 4) : n]}
    after = [word.plain for word in reading.words[n + 1 : n + 7]]
    return bool(before & {"was", "were", "been", "being", "is", "are", "be"}) and "by" in after


def _after_prepositions(reading: Reading, same: list[frozenset[tuple[str, ...]]]) -> set[tuple[object, object]]:
    pairs: set[tuple[object, object]] = set()
    for n, word in enumerate(reading.words):
        if word.plain in ("from", "to", "into", "by", "against", "over", "with", "under", "between"):
            name = next((m for m in range(n + 1, min(n + 5, len(reading.words))) if m in reading.names), None)
            if name is not None:
                pairs.add((word.plain, _name(reading, name, same)))
    return pairs


def _name(reading: Reading, n: int, same: list[frozenset[tuple[str, ...]]]) -> str:
    """A name by its last word; where the words up to there are a form of a name with several, by the first of these."""
    last = n
    while last + 1 in reading.names and reading.words[last + 1].joined:
        last += 1
    plain = [word.plain for word in reading.words[max(0, last - 12) : last + 1]]
    ending = [(len(form), group) for group in same for form in group if tuple(plain[-len(form) :]) == form]
    return min(" ".join(form) for form in max(ending, key=lambda item: item[0])[1]) if ending else plain[-1]
