"""What a claim says that no word of the quote bears out, whatever the rest of it shares with the quote.

A claim is as true as its least word: "most" for "all", "must" for "can", "silver" for "gold" each make another claim of one that
shares all its other words. So each word that carries meaning needs ground in the quote: its root, a synonym, a narrower word, or
one made from the same root; and words that say how many, how surely and when are compared by what they say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.resources import files

from qa import thesaurus
from qa.english import GLUE, LIGHT, NEED_GROUND, PREPOSITIONS, PRONOUNS, SCALES, STOPWORDS, WIDE
from qa.order import is_passive
from qa.reading import Reading, is_fact, share
from qa.words import Word, alike, is_verb_form, opposite, says_alike, stem

SHORTEST_ROOT = 5
"""Letters that two words made from one root begin with in common ("defected", "defector")."""


EARLY, LATE = frozenset(("before", "until", "till")), frozenset(("after", "following", "since"))


def unsaid(claim: Reading, quote: Reading, above: Reading, before: Reading | None = None) -> list[str]:
    """Words of the claim without ground in the quote or its header (nor, where given, the sentences before), and measures that differ."""
    return [
        *_groundless(claim, quote, above, before)[:1],
        *_measured(claim, quote)[:1],
        *_when(claim, quote),
        *_crossed(claim, quote),
        *_other_doer(claim, quote),
    ]


def _groundless(claim: Reading, quote: Reading, above: Reading, before: Reading | None) -> list[str]:
    """Content words without ground. A fact of an infobox need not hold the verb that states it."""
    fact = is_fact(quote.text)
    known = quote.stems | above.stems | (before.stems if before else set())
    missing = []
    for n in claim.content:
        word = claim.words[n]
        if fact and (word.plain in LIGHT or is_verb_form(word) or _is_counted(claim, n)):
            continue
        if word.stem in _glue() or grounded(word, known):
            continue
        if share([word], quote, above) < 1:
            missing.append(word)
    return [f'the quote does not say "{word.text}"' for word in missing]


def all_grounded(claim: Reading, quote: Reading, above: Reading) -> bool:
    """Whether the claim has words that carry meaning and each of them has ground."""
    words = [claim.words[n] for n in claim.content if claim.words[n].stem not in _glue()]
    return bool(words) and all(grounded(word, quote.stems | above.stems) for word in words)


def _is_counted(claim: Reading, n: int) -> bool:
    """Whether a number stands before word `n`, with names at most between."""
    while n - 1 in claim.names:
        n -= 1
    return n - 1 in claim.figures


def grounded(word: Word, known: Iterable[str]) -> bool:
    """Whether one of the roots that are known bears a word out."""
    return any(bears(word.stem, root) for root in known)


@lru_cache(maxsize=100_000)
def bears(mine: str, theirs: str) -> bool:
    """Whether a root of the quote bears out a root of the claim."""
    if mine == theirs or alike(mine, theirs) or says_alike(mine, theirs):
        return True
    if opposite(mine, theirs) or thesaurus.opposites(mine, theirs):
        return False
    return _one_root(mine, theirs) or thesaurus.synonyms(mine, theirs) or thesaurus.broader(mine, theirs)


def _one_root(one: str, other: str) -> bool:
    """Whether two stems begin alike and neither takes back what it begins with ("harm", "harmless")."""
    short, long = sorted((one, other), key=len)
    shared = next((n for n, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    return shared >= max(SHORTEST_ROOT, len(short) - 2) and len(long) - shared <= 4 and not long.endswith("less")


@lru_cache(maxsize=1)
def _glue() -> frozenset[str]:
    return frozenset(stem(word) for word in GLUE | WIDE)


def _measured(claim: Reading, quote: Reading) -> list[str]:
    """Words of quantity, certainty, time and condition that say another measure than the quote's.

    Some need ground of their own ("all", "must"); the others only differ where the quote has another word of their scale.
    """
    reasons = []
    for scale in SCALES:
        mine, theirs = _levels(claim, scale), {level for _, level in _levels(quote, scale)}
        reasons += [word for word, level in mine if level not in theirs and (theirs or scale[level] & NEED_GROUND)]
    return [f'the quote does not say "{word}"' for word in reasons]


def _levels(reading: Reading, scale: Sequence[frozenset[str]]) -> list[tuple[str, int]]:
    """(word, level) for each word of the text that stands on the scale."""
    return [
        (word.text, level)
        for n, word in enumerate(reading.words)
        for level, names in enumerate(scale)
        if word.plain in names and not (n and reading.words[n - 1].plain == "as") and not _each_other(reading, n)
    ]


def _each_other(reading: Reading, n: int) -> bool:
    return reading.words[n].plain == "each" and n + 1 < len(reading.words) and reading.words[n + 1].plain == "other"


def _when(claim: Reading, quote: Reading) -> list[str]:
    """ "Before" for "after", unless what they join has changed places too; or the same word, and what it joins has."""
    mine, theirs = _joints(claim), _joints(quote)
    if not mine or not theirs:
        return []
    (early, left, right), (early_there, left_there, right_there) = mine[0], theirs[0]
    turned = bool(right & left_there or left & right_there) and not (right & right_there or left & left_there)
    if (early == early_there) == turned and (turned or right & right_there or left & left_there):
        return ["the quote has this in another order of time"]
    return []


def _joints(reading: Reading) -> list[tuple[bool, set[str], set[str]]]:
    """(whether it is "before", roots of what comes first or stands with it, roots of what follows it) for each such word."""
    found = []
    for n, word in enumerate(reading.words):
        if word.plain not in EARLY | LATE or _measures_time(reading, n + 1):
            continue
        ends = next((m for m in range(n + 1, len(reading.words)) if _parted(reading, m)), len(reading.words))
        rest = [*range(n), *range(ends, len(reading.words))]
        found.append((word.plain in EARLY, _weighty(reading, rest), _weighty(reading, range(n + 1, ends))))
    return found


def _measures_time(reading: Reading, n: int) -> bool:
    """Whether a number or a date follows: "after three months" joins no two things."""
    return any(m in reading.figures for m in range(n, min(n + 3, len(reading.words))))


def _parted(reading: Reading, n: int) -> bool:
    """Whether a comma or a stop stands before word `n`; the point of an initial is none."""
    if not n:
        return False
    last = reading.words[n - 1]
    gap = reading.text[last.end : reading.words[n].start]
    return any(mark in gap for mark in ",;:()") or ("." in gap and len(last.text) > 1)


def _weighty(reading: Reading, row: Iterable[int]) -> set[str]:
    return {reading.words[n].stem for n in row if n not in reading.figures and reading.words[n].plain not in STOPWORDS}


def _crossed(claim: Reading, quote: Reading) -> list[str]:
    """Things on the other side of a word that both texts have than the quote has them, both ways."""
    for pivot in _acting(claim) & _acting(quote):
        measures = any(pivot in level for scale in SCALES for level in scale)
        if measures or _voice(claim, pivot) != _voice(quote, pivot) or _with(claim, quote, pivot):
            continue
        (left, right), (left_there, right_there) = _around(claim, pivot, 3), _around(quote, pivot, 3)
        near, near_there = _around(claim, pivot, 1), _around(quote, pivot, 1)
        turned = left & right_there and right & left_there and not (left & left_there or right & right_there)
        if turned or (near[0] and near[1] and near == near_there[::-1] and near[0] != near[1]):
            return [f'what stands around "{pivot}" has changed sides']
    return []


def _acting(reading: Reading) -> set[str]:
    """The roots of words that may be verbs: forms of the past, and words that English uses as verbs for the most part."""
    words = [reading.words[n] for n in reading.content]
    return {word.stem for word in words if is_verb_form(word) or (word.plain.endswith("s") and word.stem in _verb_roots())}


@lru_cache(maxsize=1)
def _verb_roots() -> frozenset[str]:
    return frozenset(stem(word) for word in (files("qa") / "data" / "verbs.txt").read_text(encoding="utf-8").split())


def _voice(reading: Reading, pivot: str) -> bool:
    """Whether a word is a passive whose doer is not named: what stands around it is then no doer and no object."""
    at = next(n for n, word in enumerate(reading.words) if word.stem == pivot)
    return is_verb_form(reading.words[at]) and _after_be(reading, at) and not is_passive(reading, at)


def _after_be(reading: Reading, n: int) -> bool:
    return bool({word.plain for word in reading.words[max(0, n - 3) : n]} & _BE)


def _around(reading: Reading, pivot: str, reach: int) -> tuple[set[str], set[str]]:
    """The roots of the doer's side and of the other side of a word: up to `reach` weighty words each way, turned in the passive."""
    left: set[str] = set()
    right: set[str] = set()
    weighty = [n for n, word in enumerate(reading.words) if word.plain not in STOPWORDS and n not in reading.figures]
    for place, n in enumerate(weighty):
        if reading.words[n].stem == pivot:
            sides = [
                _weighty(reading, part)
                for part in (weighty[max(0, place - reach) : place], weighty[place + 1 : place + 1 + reach])
            ]
            if is_passive(reading, n):
                sides.reverse()
            left |= sides[0]
            right |= sides[1]
    return left, right


def _other_doer(claim: Reading, quote: Reading) -> list[str]:
    """A verb whose doer is another in the quote, where the quote has the claim's doer elsewhere: as what the verb is done to, or
    in another clause while the verb's own doer is plain."""
    for verb in [claim.words[n].stem for n in claim.content if is_verb_form(claim.words[n])]:
        (mine, _), (theirs, plain) = _doer(claim, verb), _doer(quote, verb)
        if not mine or not theirs or not mine <= quote.stems or any(bears(a, b) or bears(b, a) for a in mine for b in theirs):
            continue
        if (plain or theirs <= claim.stems) and not _with(claim, quote, verb):
            return [f'the quote says "{verb}" of something else']
    return []


def _with(claim: Reading, quote: Reading, verb: str) -> bool:
    """Whether one does with the other what the verb says ("clashed with", "signed by both"): either may be named first."""
    return all(
        any(w.stem == verb and n + 1 < len(r.words) and r.words[n + 1].plain in ("with", "and") for n, w in enumerate(r.words))
        for r in (claim, quote)
    )


def _doer(reading: Reading, verb: str) -> tuple[set[str], bool]:
    """The roots of the phrase right before a verb, or after "by" in the passive; and whether nothing else can be the doer, because
    the phrase begins its sentence or clause and no comma parts it from what may be the doer."""
    for n, word in enumerate(reading.words):
        if word.stem != verb or n in reading.names or not is_verb_form(word):
            continue
        if is_passive(reading, n):
            by = next(m for m in range(n + 1, len(reading.words)) if reading.words[m].plain == "by")
            ends = next(
                (m for m in range(by + 1, len(reading.words)) if _parted(reading, m) or reading.words[m].plain in _ENDS), None
            )
            after = ends is not None and _parted(reading, ends)
            return _weighty(reading, range(by + 1, ends or len(reading.words))), not after
        return _subject(reading, n)
    return set(), False


_ENDS = PREPOSITIONS | {"and", "but", "or", "who", "which", "that", "when", "while", "because", "although", "to", "as"}


def _subject(reading: Reading, n: int) -> tuple[set[str], bool]:
    """The words before verb `n` back to the last stop, conjunction or other verb (see `_doer`); none where that is empty or a
    pronoun stands there, and none in the passive or after another verb."""
    found: list[int] = []
    for m in range(n - 1, -1, -1):
        plain = reading.words[m].plain
        if plain in _BE or plain in PRONOUNS or (is_verb_form(reading.words[m]) and plain not in ("had", "has", "have")):
            return set(), False
        if plain in _ENDS - PREPOSITIONS:
            return _weighty(reading, found), plain in ("but", "while", "because", "although", "when")
        if plain in PREPOSITIONS:
            found = []
        elif not plain.endswith("ly"):
            found.append(m)
        if _parted(reading, m):
            return _weighty(reading, found), False
    return _weighty(reading, found), True


_BE = frozenset(("was", "were", "been", "being", "is", "are", "be"))
