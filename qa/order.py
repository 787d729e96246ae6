"""Do names, numbers and negations stand in a claim in the places that the quote gives them?

Two ways to see it: where the claim runs along the quote, the two are aligned word by word; elsewhere the names around a verb or
after a preposition, and the things that numbers count, are compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

from qa.english import NEGATORS, PREPOSITIONS, PRONOUNS, STOPWORDS
from qa.quantities import Number
from qa.reading import Names, Reading, name_at
from qa.words import Word, is_verb_form, same_name

Label = tuple[str, bool]
"""A word as the alignment compares it, and whether it is a name or a number."""
Change = tuple[Sequence[Label], Sequence[Label]]
"""What the claim and the quote have between two stretches that are equal."""


def aligned(claim: Reading, quote: Reading, same: Names) -> list[str]:
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


def _replaced(changes: Sequence[Change], left: Sequence[Label], right: Sequence[Label], same: Names) -> list[str]:
    """A name or number that the claim has once more than the quote, in the place of one that it has once less."""
    for mine, theirs in changes:
        theirs = theirs[:12]
        if len(mine) <= 8 and not _any_same(_marked(mine), _marked(theirs), same):
            new = [label for label in _marked(mine) if _times(label, left) > _times(label, right)]
            old = [label for label in _marked(theirs) if _times(label, right) > _times(label, left)]
            if new and old and new[0][0].isdigit() == old[0][0].isdigit():
                return [f"the quote has {_show(old[0])} where the sentence has {_show(new[0])}"]
    return []


def _crossed(changes: Sequence[Change], same: Names) -> list[str]:
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
    """(what is compared, whether it is a name or a number) for each word; a number is one label, dates have none."""
    labels: list[Label] = []
    done = -1
    for n, word in enumerate(reading.words):
        number = next((item for item in reading.numbers if item.start <= word.start < item.end), None)
        if number and number.start > done:
            done = number.start
            labels.append((f"{number.low:g}-{number.high:g}{number.unit}", True))
        elif n in reading.names:
            labels.append((word.plain, True))
        elif n not in reading.figures:
            labels.append((word.plain if word.plain in STOPWORDS else word.stem, False))
    return labels


def _marked(labels: Iterable[Label]) -> list[str]:
    return [label for label, marked in labels if marked]


def _times(label: str, labels: Iterable[Label]) -> int:
    return sum(1 for other, _ in labels if same_name(label, other))


def _any_same(new: Sequence[str], old: Sequence[str], same: Names) -> bool:
    """Whether two rows of labels hold one name in common, in any of its forms."""
    if any(same_name(a, b) for a in new for b in old):
        return True
    return any(any(_holds(new, form) for form in group) and any(_holds(old, form) for form in group) for group in same)


def _holds(labels: Sequence[str], form: Sequence[str]) -> bool:
    words = {word for word in form if word not in STOPWORDS}
    return bool(words) and words <= set(labels)


def _show(label: str) -> str:
    low, _, high = label.partition("-")
    if low and low == high.rstrip("%$€£¥th"):
        return low
    return label.upper() if len(label) <= 3 else label.capitalize()


def roles(claim: Reading, quote: Reading, same: Names) -> list[str]:
    """Names, or other words, exchanged around a verb or after two prepositions; numbers that count each other's things."""
    shared = _verbs(claim) & _verbs(quote)
    turned = any(_turned(claim, quote, stem, same) for stem in shared)
    turned = turned or any(exchanged(_sides(claim, stem), _sides(quote, stem)) for stem in shared)
    after = exchanged(_after_prepositions(claim, same), _after_prepositions(quote, same))
    counts = exchanged(_pairs_counted(claim), _pairs_counted(quote))
    reasons = ["the names have changed their roles"] if turned or after else []
    return reasons + (["numbers have changed places"] if counts else [])


def _pairs_counted(reading: Reading) -> set[tuple[object, object]]:
    """Pairs (what is counted, number)."""
    return {(things[0].stem, (n.low, n.high)) for n in reading.numbers if (things := counted(reading, n))}


def _verbs(reading: Reading) -> set[str]:
    return {reading.words[n].stem for n in reading.content if is_verb_form(reading.words[n])}


def _turned(claim: Reading, quote: Reading, stem: str, same: Names) -> bool:
    """Whether the claim gives a verb another doer than the quote does, one that the quote names elsewhere.

    Where other words stand between doer and verb, only if both texts hold both names; and where the quote's doer is a pronoun,
    only if the quote names the claim's doer after the verb and not before it.
    """
    mine, theirs = _doers(claim, stem, same), _doers(quote, stem, same)
    known = {name_at(quote, n, same) for n in quote.names}
    if not mine or not mine <= known or mine & theirs:
        return False
    if theirs and theirs <= {name_at(claim, n, same) for n in claim.names}:
        return True
    at = next((n for n, word in enumerate(quote.words) if word.stem == stem), 0)
    if not _stands_by(claim, stem) or is_passive(quote, at) or not at:
        return False
    earlier = {name_at(quote, n, same) for n in quote.names if n < at}
    return (bool(theirs) and _stands_by(quote, stem)) or (quote.words[at - 1].plain in _SUBJECTS and not mine & earlier)


_SUBJECTS = ("he", "she", "it", "they")


def _stands_by(reading: Reading, stem: str) -> bool:
    """Whether a name stands right before a verb, or has only an auxiliary between; a comma too, where the verb is the first one."""
    verbs = [n for n in reading.content if is_verb_form(reading.words[n])]
    for n, word in enumerate(reading.words):
        near = word.joined or (bool(verbs) and n == verbs[0])
        if word.stem == stem and n not in reading.names and n and near and not is_passive(reading, n):
            auxiliary = n > 1 and reading.words[n - 1].plain in ("had", "has", "have", "then", "also", "later", "soon")
            subject = n - 2 if auxiliary else n - 1
            if subject in reading.names and not _after_preposition(reading, subject):
                return True
    return False


def _doers(reading: Reading, stem: str, same: Names) -> set[str]:
    """The names that do what a verb says: before it, or after "by" in the passive; all names of the phrase together."""
    doers: set[str] = set()
    for n, word in enumerate(reading.words):
        if word.stem != stem or n in reading.names:
            continue
        if is_passive(reading, n):
            by = next(m for m in range(n + 1, len(reading.words)) if reading.words[m].plain == "by")
            row = range(by + 1, len(reading.words))
        else:
            row = range(n - 1, -1, -1)
        doers |= _phrase(reading, row, same)
    return doers


def _phrase(reading: Reading, row: Iterable[int], same: Names) -> set[str]:
    """The names of the phrase that `row` enters first, but none after a preposition; nothing where a pronoun comes first."""
    found: set[str] = set()
    for n in row:
        word = reading.words[n]
        if n in reading.names:
            if not _after_preposition(reading, n):
                found.add(name_at(reading, n, same))
        elif word.plain in PRONOUNS or (found and (is_verb_form(word) or word.plain in PREPOSITIONS or n in reading.figures)):
            break
    return found


def _sides(reading: Reading, stem: str) -> set[tuple[object, object]]:
    """Pairs (before or after, nearest content word) for a verb that is no passive with "by"; names are no content words."""
    pairs: set[tuple[object, object]] = set()
    content = reading.content
    for place, n in enumerate(content):
        if reading.words[n].stem == stem:
            passive = is_passive(reading, n)
            if place:
                pairs.add((not passive, reading.words[content[place - 1]].stem))
            if place + 1 < len(content):
                pairs.add((passive, reading.words[content[place + 1]].stem))
    return pairs


def _after_preposition(reading: Reading, n: int) -> bool:
    """Whether the name that word `n` belongs to stands after "of", "in", "against" and the like."""
    while n - 1 in reading.names and reading.words[n].joined:
        n -= 1
    before = [word.plain for word in reading.words[max(0, n - 2) : n]]
    return bool(before) and (before[-1] in PREPOSITIONS or (before[-1] in ("the", "a", "an") and before[0] in PREPOSITIONS))


def is_passive(reading: Reading, n: int) -> bool:
    """Whether a verb is passive and its doer named: "was founded by two brothers", "founded by two brothers".

    A number after "by" is a measure or a date ("rose by 12 %", "passed by 61 votes") unless a form of "be" stands before and the
    number counts who did it.
    """
    by = next((m for m in range(n + 1, min(n + 7, len(reading.words))) if reading.words[m].plain == "by"), None)
    if by is None or by + 1 == len(reading.words):
        return False
    before = {word.plain for word in reading.words[max(0, n - 4) : n]}
    if before & {"was", "were", "been", "being", "is", "are", "be"}:
        return not re.match(r"\d", reading.words[by + 1].text)
    return (
        by == n + 1
        and not re.match(r"\d", reading.words[by + 1].text)
        and bool(n)
        and reading.words[n - 1].plain not in _SUBJECTS
    )


def _after_prepositions(reading: Reading, same: Names) -> set[tuple[object, object]]:
    """Pairs (preposition, name or number that follows within four words)."""
    pairs: set[tuple[object, object]] = set()
    for n, word in enumerate(reading.words):
        if word.plain in ("from", "to", "into", "by", "against", "over", "with", "under", "between"):
            for m in range(n + 1, min(n + 5, len(reading.words))):
                number = next((item for item in reading.numbers if item.start <= reading.words[m].start < item.end), None)
                if number or m in reading.names:
                    pairs.add((word.plain, (number.low, number.high) if number else name_at(reading, m, same)))
                    break
    return pairs


def exchanged(claim: Iterable[tuple[object, object]], quote: Iterable[tuple[object, object]]) -> bool:
    """Whether two of the claim's pairs (place, thing) stand in the quote with their things exchanged."""
    said, known = set(claim), set(quote)
    news = [pair for pair in said if pair not in known]
    return any(a[0] != b[0] and a[1] != b[1] and (a[0], b[1]) in known and (b[0], a[1]) in known for a in news for b in news)


def counted(reading: Reading, number: Number) -> tuple[Word, ...]:
    """The words right after a number that are no stop words, at most four, up to a stop, a conjunction or another number.

    None where "of" follows: "1,500 of the passengers" counts what the context says.
    """
    following: list[Word] = []
    at = number.end
    for n, word in enumerate(reading.words):
        if word.start < number.end:
            continue
        parted = re.search(r"[,;:.()]", reading.text[at : word.start]) or word.plain in ("and", "or", "of")
        ordinal = number.unit == "th" and word.plain in STOPWORDS and not following
        if n in reading.figures or parted or ordinal or len(following) == 4:
            break
        at = word.end
        if word.plain not in STOPWORDS:
            following.append(word)
    return tuple(following)
