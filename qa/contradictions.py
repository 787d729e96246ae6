"""What a claim states and a quote does not bear out: numbers, dates, names, polarity, measures. Each finding is a reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from qa.amounts import unborne_dates, unborne_numbers
from qa.english import CRITICAL, HEDGES, NO_SUPERLATIVES, PRONOUNS, STOPWORDS
from qa.order import aligned, roles
from qa.reading import Names, Reading, places, read
from qa.unsaid import bears, unsaid
from qa.words import Word, alike, groups, is_negator, opposite, same_name, taken_back


def contradictions(
    claim: Reading, quote: Reading, context: str = "", header: str = "", aliases: Mapping[str, str] | None = None
) -> list[str]:
    """What the claim states and the quote does not bear out, in words; empty when nothing stands against it."""
    before, above = read(context), read(header)
    quote = _begun(claim, quote)
    same = groups(aliases or {}, (claim.text, quote.text, context, header))
    return [
        *unborne_numbers(claim, quote),
        *unborne_dates(claim, quote, before, above),
        *_names(claim, quote, before, above, same),
        *aligned(claim, quote, same),
        *_polarity(claim, quote),
        *_opposites(claim, quote),
        *_critical(claim, quote, above),
        *roles(claim, quote, same),
        *unsaid(claim, quote, above, before if _points_back(quote) else None),
    ]


_NOT_UNTIL = re.compile(r"\b(was|were|is|are|did|had|has|have|could) not (?=[^.;]{2,80}\buntil\b)")


def _begun(claim: Reading, quote: Reading) -> Reading:
    """The quote without the negation of "not … until": what was not done until then was done then."""
    if any(is_negator(word) or word.plain in ("until", "before", "till") for word in claim.words):
        return quote
    return read(_NOT_UNTIL.sub(r"\1 ", quote.text))


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
        dropped = [
            stem for stem in theirs if stem in claim.stems and stem not in wide_mine and not _affirmed(claim, quote, stem, test)
        ]
        added = [stem for stem in mine if stem not in wide_theirs and (stem in quote.stems or not theirs) and test is is_negator]
        if dropped:
            reasons.append(f'the quote says "{kind}" of "{dropped[0]}", the sentence does not')
        if added:
            reasons.append(f'the sentence says "{kind}" of "{added[0]}", the quote does not')
    return reasons or _taken_back(claim, quote)


def _affirmed(claim: Reading, quote: Reading, stem: str, test: Callable[[Word], bool]) -> bool:
    """Whether the quote also says a word without the negation, and more like the claim than where it negates it."""
    mine = claim.stems - {stem}
    plain: list[int] = []
    negated: list[int] = []
    for n, word in enumerate(quote.words):
        if word.stem == stem:
            near = quote.words[max(0, n - 6) : n + 3]
            denied = any(test(other) for other in quote.words[max(0, n - 4) : n])
            (negated if denied else plain).append(len(mine & {o.stem for o in near if o.plain not in STOPWORDS}))
    return bool(plain) and max(plain) > max(negated, default=-1)


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
            said = a in theirs or any(bears(a, other) for other in theirs)
            if b not in mine and opposite(a, b) and (not said or before[a] & known[b] - known.get(a, set())):
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
