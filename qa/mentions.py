"""What a question or an answer speaks of: names, dates, "the …" phrases and plural nouns, each with its kind."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from qa.clause import (
    ARTICLES,
    ASKING,
    PREPOSITIONS,
    Clause,
    after_article,
    is_auxiliary,
    is_base_verb,
    is_past,
    is_plural,
    owns,
    parse,
)
from qa.english import STOPWORDS
from qa.words import Word, is_name, words

_KINDS = {
    "person": (
        "man woman person leader commander general colonel captain president minister king queen prince emperor chief director "
        "chairman mayor governor officer author founder writer composer singer painter player scientist inventor architect speaker"
    ),
    "group": (
        "group movement organisation organization army party company team band unit force militia government alliance tribe club"
    ),
    "place": "place city town village country region province state district island river capital",
    "event": (
        "battle war siege attack operation campaign revolt uprising revolution coup massacre raid conflict fighting election "
        "treaty event agreement deal ceasefire truce festival race match expedition strike flood earthquake fire ceremony concert"
    ),
    "date": "year month week day night morning afternoon evening summer winter century decade date period time",
}
NOUNS = {noun: kind for kind, nouns in _KINDS.items() for noun in nouns.split()}
"""General nouns and the kind of thing they mean."""

_MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
DATE = re.compile(
    rf"\b(?:(?:{_DAY} (?:of )?)?{_MONTH}(?: {_DAY}\b)?(?:,? \d{{4}})?|(?:1\d|20)\d\ds?|the \d+(?:st|nd|rd|th) century)\b"
)
_COMPLEMENT = frozenset("of to at on in for from about against between over under into off near with as by".split())
LONGEST_COMPLEMENT = 16
"""Words of what tells a thing apart."""
_PLACING = frozenset("in at from near to into around outside inside".split())


@dataclass(frozen=True, slots=True)
class Mention:
    """A thing named in a text: as short as it can be said, and in `full` with what the question says of it.

    `kind` is one of `NOUNS`, or "name", "agent" (a name that does what is asked about), "thing". `before` is the preposition
    in front of it. `asked`: the question asks for this thing, so that its name may stand in the answer.
    """

    text: str
    kind: str
    plural: bool = False
    start: int = 0
    before: str = ""
    full: str = ""
    asked: bool = False

    @property
    def named(self) -> bool:
        return self.kind == "date" or any(c.isupper() for c in self.text.removeprefix("The "))


@lru_cache(maxsize=256)
def mentions(text: str) -> tuple[Mention, ...]:
    """The names, dates, "the …" phrases and plural nouns of a text, in order."""
    dates = [match.span() for match in DATE.finditer(text)]
    found, verb = words(text), parse(text).verb
    made = [_mention(text, start, end, found) for start, end in dates]
    run: list[int] = []
    for n, word in enumerate(found):
        dated = any(start <= word.start < end for start, end in dates)
        content = word.plain not in STOPWORDS and word.text != verb and (not is_past(word) or after_article(found, n))
        content = content and not infinitive(found, n)
        titled = (
            word.plain == "for" and bool(run) and found[run[-1]].capital and [w.capital for w in found[n + 1 : n + 2]] == [True]
        )
        through_of = bool(run) and (word.plain == "of" or titled or found[run[-1]].plain in ("of", "for"))
        article = word.plain in ARTICLES
        titled = titled or (article and word.capital and not word.begins and bool(run) and found[run[-1]].plain not in ARTICLES)
        joined = word.joined or text[found[n - 1].end : word.start] in ("' ", "’ ")
        if run and (dated or not joined or not (content or titled or through_of)):
            made += _phrase(text, found, run)
            run = []
        if not dated and (content or article or titled or (run and word.plain == "of")):
            run.append(n)
    made += _phrase(text, found, run)
    return tuple(sorted(made, key=lambda mention: mention.start))


def _phrase(text: str, found: Sequence[Word], run: list[int]) -> list[Mention]:
    """A run of words as a mention, and the place within an event's name ("the Battle of Hastings")."""
    while run and found[run[-1]].plain in ARTICLES | {"of"}:
        run = run[:-1]
    if not run:
        return []
    first, last = found[run[0]], found[run[-1]]
    if not (first.plain in ARTICLES or is_plural(last.plain) or any(is_name(found[n]) for n in run)):
        return []
    whole = _mention(text, first.start, last.end, found)
    if first.plain in ARTICLES and not whole.named:
        whole = replace(whole, full=whole.text + complement(text, found, run[-1] + 1))
    owner = next((n for n in run[:-1] if owns(found[n]) and found[n].capital), None)
    if owner is not None:
        name = unowned(text[first.start : found[owner].end])
        return [whole, Mention(name, *described(name), first.start, whole.before, name)]
    within = next((found[n + 1].start for n in run[:-1] if found[n].plain == "of" and found[n + 1].capital), None)
    if within is None:
        return [whole]
    name = text[within : last.end]
    kind = "place" if whole.kind in ("event", "place") else described(name)[0]
    return [whole, Mention(name, kind, False, within, "in", name)]


def unowned(name: str) -> str:
    """A name without its possessive ending."""
    return re.sub(r"['’]s?$", "", name)


def infinitive(found: Sequence[Word], n: int) -> bool:
    """Whether a word is the verb of "to remove"."""
    return n > 0 and found[n - 1].plain == "to" and not found[n].capital and is_base_verb(found[n].plain)


def complement(text: str, found: Sequence[Word], first: int) -> str:
    """What tells apart the thing before word `first`: " at the Pargeter Laboratory" behind "the fire"; "" for times and what names nothing."""
    if first >= len(found) or found[first].plain not in _COMPLEMENT or not found[first].joined:
        return ""
    verb, n = parse(text).verb, first + 1
    while n < min(len(found), first + LONGEST_COMPLEMENT) and found[n].joined and not _breaks(found, n, verb):
        n += 1
    said = text[found[first - 1].end : found[n - 1].end]
    dated = DATE.search(said)
    if dated:
        said = re.sub(r" \w+$", "", said[: dated.start()].rstrip())
    return said if any(word.capital for word in words(said)) else ""


def _breaks(found: Sequence[Word], n: int, verb: str) -> bool:
    """Whether the phrase is over: a verb of the clause, a word that begins another clause, or a time."""
    word = found[n]
    if word.text == verb or word.plain in ASKING | {"that", "and"} or (is_auxiliary(word) and not word.capital):
        return True
    if found[n - 1].capital and not (word.capital or word.plain in PREPOSITIONS | ARTICLES or owns(found[n - 1])):
        return True
    return is_past(word) and not after_article(found, n)


def _mention(text: str, start: int, end: int, found: Sequence[Word]) -> Mention:
    own = unowned(re.sub(r"^an? ", "the ", text[start:end]))
    before = next((w.plain for w in reversed(found) if w.end <= start), "")
    before = before if before in PREPOSITIONS else ""
    kind, plural = ("date", False) if DATE.fullmatch(own) else described(own, before)
    return Mention(own, kind, plural, start, before, own)


def described(phrase: str, before: str = "") -> tuple[str, bool]:
    """The kind of thing and whether it is several, by the head noun, a title, or the preposition before a name."""
    parts = words(re.split(r"\b(?:of|at|in|on|for|from|to|near|against)\b", phrase)[0]) or words(phrase)
    head, names = parts[-1], [w for w in parts if w.capital]
    plural = " and " in phrase or (is_plural(head.plain) and (not head.capital or parts[0].plain == "the"))
    for word in (head, *names):
        kind = NOUNS.get(word.plain) or NOUNS.get(word.plain.removesuffix("s"))
        if kind:
            return kind, plural
    if not names:
        return "thing", plural
    placed = before in _PLACING and parts[0].plain != "the"
    return ("agent" if before == "by" else "place" if placed else "name"), plural


def asked_thing(clause: Clause) -> Mention:
    """The thing asked for with a noun: "which town fell in May?" speaks of the town that fell in May."""
    counting = clause.asking.lower().startswith("how")
    noun = re.sub(r"^of (?:the )?", "", clause.noun)
    kind, plural = described(noun)
    said = clause.statement() if clause.subject else clause.rest
    text = f"the {noun}"
    if noun != clause.noun and not counting:
        return Mention("the one", "one", full=f"the one {clause.noun} that {said}", asked=True)
    return Mention(text, kind, plural, full=f"{text} that {said}" if said else text, asked=True)
