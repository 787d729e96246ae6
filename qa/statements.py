"""What a question asks for, and a sentence with all that stands around it, as they are compared. Nothing here knows of any topic."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from index.types import Passage
from qa.clause import is_plural, parse
from qa.english import ALIKE, STOPWORDS, VERBS_ALIKE, WIDE
from qa.events import events_of, happens_once, same_event
from qa.quantities import Date, dates
from qa.span_reader import Span
from qa.units import ASKED, unit_of
from qa.values import Text, Value, outcome, taken_apart, tells, with_year
from qa.words import Word, is_name, is_verb_form, opposites, same_name, stem, words

Place = tuple[Passage, int]
"""A sentence: its passage and its number there."""
Wanted = Literal["count", "measure", "date", "person", "place", "name", "yes_no", ""]

_HOW_MANY = re.compile(r"\b(?:how many(?: of)?|(?:number|numbers|count|total) of)\s+(?P<counted>[^?]*)", re.IGNORECASE)
_STRENGTH = re.compile(r"\bhow strong\b|\b(?:strength|size) of\b", re.IGNORECASE)
_COUNTING = re.compile(r"\b(?:death toll|toll|casualt\w+|death count|population)\b")
_WHICH = re.compile(r"^\W*(?:(?:in|at|to|from|by|on|of|under|for|with) )?(?:which|what) (?P<kind>[\w-]+)", re.IGNORECASE)
_SUPERLATIVE = re.compile(
    r"^\W*(?:which|what) (?:of the \w+ )?(?:is|was|are|were) (?:the )?(?:name of |(?:[\w']+ ){0,3}(?:first|last|oldest|earliest|largest|"
    r"longest|highest|tallest|deepest|biggest|smallest|capital)\b)|\bis the (?:first|last|oldest|earliest|largest|longest|highest|"
    r"tallest|deepest|biggest|smallest)\b",
    re.IGNORECASE,
)
_SEVERAL = re.compile(
    r"^\W*(?:who|which|what) (?:are|were)\b|\b(?:list|name (?:the|all|some|two|three)|all the|both|each)\b", re.I
)
_PLACES = frozenset(
    "city town country region village state province place county district island capital parish location".split()
)
_EITHER = re.compile(r"\bor\b(?! not\b)", re.IGNORECASE)
_YES_NO = re.compile(r"^\W*(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should)\b", re.IGNORECASE)
_ASKS: tuple[tuple[Wanted, re.Pattern[str]], ...] = (
    ("date", re.compile(r"^\W*(?:since |until )?when\b|\bwhen (?:did|does|do|was|were|is|are|had|has|have)\b|\bwhen\W*$", re.I)),
    ("date", re.compile(r"\b(?:what|which) (?:date|day|year|month|century|decade)\b", re.I)),
    ("place", re.compile(r"^\W*(?:from )?where\b", re.I)),
    ("person", re.compile(r"^\W*(?:by |to )?(?:who|whom|whose)\b", re.I)),
)
_SPEECH = re.compile(
    r"\b(?:said|says|saying|state[ds]?|stating|claim(?:s|ed|ing)?|report(?:s|ed|ing)?|announc(?:es?|ed|ing)|told|estimate[ds]?|put|"
    r"acknowledged|admitted|confirm(?:s|ed)|insist(?:s|ed)|maintain(?:s|ed)|argue[ds]?|counted|assert(?:s|ed)|declared)\b",
    re.IGNORECASE,
)
_ACCORDING = re.compile(r"\baccording to\s+([^,;.()]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it is compared.

    `nouns`: the stems that name what is counted; `dimensions`: what is measured; `words`: the other telling words that are no
    names, `verbs` those among them that say what happened; `weights`: their rarity; `forms`: for each the stems that say the same.
    `names` are single words, `whole_names` those that stand together. `once`: what is asked about can have happened only once;
    `noun_rarity` is that of the rarest noun that is counted, 1 where one sentence has it.
    """

    text: str
    wanted: Wanted
    nouns: tuple[str, ...]
    dimensions: tuple[str, ...]
    outcome: str
    dates: tuple[Date, ...]
    names: tuple[str, ...]
    whole_names: tuple[tuple[str, ...], ...]
    noun_names: tuple[str, ...]
    words: tuple[str, ...]
    verbs: tuple[str, ...]
    weights: dict[str, float]
    forms: dict[str, frozenset[str]]
    pairs: tuple[tuple[str, str], ...]
    once: bool
    noun_rarity: float

    def held(self, stems: frozenset[str]) -> float:
        """The share of the rarity of the question's words that these stems hold; 1 where it has none."""
        total = sum(self.weights.values())
        found = sum(weight for one, weight in self.weights.items() if not self.forms[one].isdisjoint(stems))
        return found / total if total else 1.0


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence among its neighbours: `title` and `around` are the stems of the header and of the passage up to it.

    `when`: its own dates, else those of the nearest sentence before it; `year`: the year in which it is told.
    """

    place: Place
    read: Text
    title: frozenset[str]
    around: frozenset[str]
    when: tuple[Date, ...]
    year: int
    stems: frozenset[str]
    """Those of the sentence; of a fact, those of its title too."""
    probability: float = 1.0
    similarity: float = 1.0
    span: Span | None = None
    """What the span reader points at in the sentence with its label, where it has read it."""

    @property
    def is_fact(self) -> bool:
        return self.place[0].kind == "facts"

    @property
    def label(self) -> str:
        return self.place[0].sentences[self.place[1]].label

    def pointed(self, value: Value) -> float:
        """The span reader's score where it points at a value of the sentence; -inf where it does not.

        It points at a name where that is the end of what it points at: at "General Bilal", not at "Niger" in "Niger fighters".
        """
        if not self.span:
            return -math.inf
        sentence = self.place[0].sentences[self.place[1]]
        ahead = len(sentence.full_text) - len(sentence.text)
        meets = self.span.start < value.end + ahead and value.start + ahead < self.span.end
        ends = value.kind != "name" or self.span.end <= value.end + ahead + len("'s")
        return self.span.score if meets and ends else -math.inf


@lru_cache(maxsize=512)
def wanted(text: str) -> Wanted:
    """The kind of value that a question asks for; "" where none is compared."""
    if _HOW_MANY.search(text):
        noun = parse(text).noun.split()
        return "measure" if noun and unit_of(noun[0].lower()) else "count"
    if _COUNTING.search(text) or _STRENGTH.search(text):
        return "count"
    for kind, pattern in _ASKS:
        if pattern.search(text):
            return kind
    if any(pattern.search(text) for pattern, _ in ASKED) and not _YES_NO.search(text):
        return "measure"
    if _SUPERLATIVE.search(text):
        return "name"
    which = _WHICH.search(text)
    if which and which["kind"].lower() not in ("kind", "kinds", "type", "types", "sort", "sorts"):
        kind = words(which["kind"])[0]
        if kind.plain in _PLACES:
            return "place"
        return "name" if tells(kind) and not is_verb_form(kind) else ""
    return "yes_no" if _YES_NO.search(text) and not _EITHER.search(text) else ""


def several(text: str) -> bool:
    """Whether a question asks for several things."""
    noun = parse(text).noun.split(" of ")[0].split()
    return bool(_SEVERAL.search(text)) or (bool(noun) and is_plural(noun[-1].lower()))


def ask(text: str, sentences: Sequence[frozenset[str]]) -> Asked:
    """Read a question; the rarity of its words is that among the sentences, given by their stems."""
    kind = wanted(text)
    counted = _counted(text, kind)
    became = outcome(text) if kind == "count" else ""
    found = words(text)
    aside = [(date.start, date.end) for date in dates(text)] + [(word.start, word.end) for word in counted]
    asking = _asking_words(text, kind)
    content = [w for w in found if tells(w) and w.plain not in asking and not any(a <= w.start < b for a, b in aside)]
    plain = [w for w in content if not is_name(w)]
    verbs = tuple(w.stem for w in plain if events_of(w.stem) or is_verb_form(w) or w.text == parse(text).verb)
    predicate = [
        w for w in found if kind == "yes_no" and w.text == parse(text).verb and not tells(w) and w.plain not in STOPWORDS
    ]
    verbs = (*verbs, *(w.stem for w in predicate))
    keep = list(dict.fromkeys(w.stem for w in (*predicate, *plain) if not (became and outcome(w.text))))
    names = tuple(dict.fromkeys(w.plain for w in content if is_name(w)))
    forms = {one: says(one) for one in dict.fromkeys((*keep, *verbs))}
    rarity = {one: _rarity(forms[one], sentences) for one in keep}
    dimensions = next((asked for pattern, asked in ASKED if pattern.search(text)), ()) if kind == "measure" else ()
    if kind == "measure" and _HOW_MANY.search(text):
        unit = unit_of(counted[0].plain) if counted else None
        dimensions = (unit[0],) if unit else dimensions
    return Asked(
        text,
        kind,
        tuple(w.stem for w in counted if not is_name(w)),
        dimensions,
        became,
        tuple(dates(text)),
        names,
        _whole_names(content),
        tuple(w.plain for w in counted if is_name(w)),
        tuple(keep),
        verbs,
        rarity,
        forms,
        tuple((a.stem, b.stem) for a, b in pairwise(found) if b.joined and tells(a) and tells(b)),
        happens_once(text, frozenset(w.stem for w in plain)),
        max((_rarity(frozenset([w.stem]), sentences) for w in counted if w.start >= 0), default=0.0)
        / math.log1p(max(1, len(sentences))),
    )


def _whole_names(content: Sequence[Word]) -> tuple[tuple[str, ...], ...]:
    """The names among these words, those that stand side by side as one."""
    whole: list[list[Word]] = []
    for word in content:
        if is_name(word):
            if whole and word.joined and word.start - whole[-1][-1].end <= 5:
                whole[-1].append(word)
            else:
                whole.append([word])
    return tuple(tuple(word.plain for word in name) for name in whole)


def _asking_words(text: str, kind: Wanted) -> frozenset[str]:
    """The words that only say what kind of value is asked for: "year", "how old", "the name of"."""
    match = re.match(
        r"\W*(?:(?:in|at|on|to|from|by|of|for) )?(?:(?:what|which) (?:was|is|were|are) the (?:name|date|length|height|depth|number|"
        r"percentage|share|cost|price|strength|size|duration)\b|(?:what|which) \w+|how \w+)",
        text,
        re.IGNORECASE,
    )
    aside = frozenset(w.plain for w in words(match[0])) if match else frozenset()
    return aside | (frozenset(["toll", "death", "population", "number", "strength"]) if kind == "count" else frozenset())


def _counted(text: str, kind: Wanted) -> list[Word]:
    """The words that name what is counted: those after "how many" up to the verb; men where a strength is asked for."""
    if kind not in ("count", "measure"):
        return []
    match = _HOW_MANY.search(text)
    if not match:
        plain = (
            "inhabitants population people residents"
            if re.search(r"\bpopulation\b", text, re.I)
            else "men"
            if _STRENGTH.search(text)
            else ""
        )
        return [replace(word, start=-1, end=-1) for word in words(plain)]
    phrase = parse(text).noun
    within = [w for w in words(text) if w.start >= match.start("counted")]
    found: list[Word] = []
    for word in within:
        if not found and (outcome(word.text) or is_verb_form(word)):
            break
        if found and (not tells(word) or is_verb_form(word) or (phrase and word.text not in phrase)):
            break
        if tells(word):
            found.append(word)
    return found[:4]


_NOUN_ENDINGS = ("ur", "ment", "er", "or", "ion", "i", "eri")
"""What the stemmer leaves of the endings that make a noun of a verb: failure, settlement, winner, governor."""


@lru_cache(maxsize=1)
def _synonyms() -> dict[str, frozenset[str]]:
    table: dict[str, set[str]] = {}
    for group in (*ALIKE, *VERBS_ALIKE):
        stems = {stem(word) for word in group}
        for one in stems:
            table.setdefault(one, set()).update(stems)
    return {one: frozenset(group) for one, group in table.items()}


@lru_cache(maxsize=20_000)
def says(one: str) -> frozenset[str]:
    """The stems that may say the same as one: near synonyms and the words of one event."""
    alike = _synonyms().get(one, frozenset()) | {one} | {one + ending for ending in _NOUN_ENDINGS}
    mine = events_of(one)
    return alike | _event_stems(mine) if mine else alike


@lru_cache(maxsize=2_000)
def _event_stems(events: frozenset[str]) -> frozenset[str]:
    from qa.events import stems_of_events

    return stems_of_events(events)


def _rarity(forms: frozenset[str], texts: Sequence[frozenset[str]]) -> float:
    """How telling a word is among these texts; one that none of them holds counts half as much as one that a single text holds."""
    having = sum(not forms.isdisjoint(text) for text in texts)
    return math.log1p(len(texts) / having) if having else 0.5 * math.log1p(len(texts))


def set_among(place: Place, probability: float, similarity: float, span: Span | None = None) -> Told:
    """A sentence with what stands around it."""
    return replace(_set_among(*place), probability=probability, similarity=similarity, span=span)


@lru_cache(maxsize=4_096)
def _set_among(passage: Passage, number: int) -> Told:
    """The same for any question, so found once."""
    sentence, fact = passage.sentences[number], passage.kind == "facts"
    read = taken_apart(sentence.text, fact)
    title = stems_of(passage.header) | stems_of(sentence.label)
    before = [] if fact else [taken_apart(other.text) for other in passage.sentences[:number]]
    heads = [taken_apart(head) for head in (passage.title, *passage.section)]
    year = next(
        (date.year for text in (read, *reversed(before), *reversed(heads)) for date in reversed(text.dates) if _dated(date)), 0
    )
    own = tuple(with_year(date, year) for date in read.dates)
    told = next((text.dates for text in reversed(before) if text.dates), ())
    when = own or tuple(with_year(date, year) for date in told)
    around = title.union(read.stems, *(text.stems for text in before))
    return Told((passage, number), read, title, around, when, year, read.stems | title if fact else read.stems)


def _dated(date: Date) -> bool:
    return bool(date.year) and date.part != "decade"


@lru_cache(maxsize=4_096)
def stems_of(text: str) -> frozenset[str]:
    """The stems of a text's telling words."""
    return frozenset(word.stem for word in words(text) if tells(word))


def speaker(text: str) -> frozenset[str]:
    """The stems of who says so; empty where the article itself does."""
    according = _ACCORDING.search(text)
    if according:
        return stems_of(according[1])
    speech = _SPEECH.search(text)
    return stems_of(text[: speech.start()]) if speech else frozenset()


def names_held(asked: Iterable[str], stems: frozenset[str]) -> float:
    """The share of these folded names that are among the stems, perhaps spelled otherwise; 1 where there is none."""
    asked = tuple(asked)
    return sum(named(name, stems) for name in asked) / len(asked) if asked else 1.0


def whole_names_held(asked: Asked, stems: frozenset[str]) -> float:
    """The share of the question's names of which a part is among the stems; 1 where it has none."""
    names = asked.whole_names
    return sum(any(named(part, stems) for part in name) for name in names) / len(names) if names else 1.0


def named(name: str, stems: frozenset[str]) -> bool:
    """Whether a folded name is among these stems, perhaps spelled otherwise."""
    if name in stems or stem(name) in stems:
        return True
    return any(same_name(name, other) for other in _by_initial(stems).get(name[:1], ()) if abs(len(other) - len(name)) < 4)


@lru_cache(maxsize=4_096)
def _by_initial(stems: frozenset[str]) -> dict[str, list[str]]:
    """The stems by their first letter."""
    found: dict[str, list[str]] = {}
    for one in stems:
        found.setdefault(one[:1], []).append(one)
    return found


def share_name(some: Sequence[str], others: Sequence[str]) -> bool:
    """Whether two names share a word, perhaps spelled otherwise."""
    return any(_one_name(one, other) for one in some for other in others)


@lru_cache(maxsize=50_000)
def _one_name(one: str, other: str) -> bool:
    return same_name(one, other) or stem(one) == stem(other)


@lru_cache(maxsize=1)
def wide() -> frozenset[str]:
    """Stems of nouns that may count whatever person a narrower one counts."""
    return frozenset(
        stem(word) for word in (*WIDE, "man", "men", "victim", "life", "lives", "soul", "body", "bodies", "hand", "inhabitant")
    )


def agree(one: Date, other: Date) -> bool:
    """Whether nothing that both dates state differs."""
    return all(not a or not b or a == b for a, b in ((one.year, other.year), (one.month, other.month), (one.day, other.day)))


def same_time(one: Sequence[Date], other: Sequence[Date]) -> bool:
    """Whether two lists of dates may mean one time; an empty list says nothing."""
    return not one or not other or any(agree(a, b) for a in one for b in other)


def turned(asked: Asked, stems: frozenset[str]) -> bool:
    """Whether these stems hold the opposite of a word of the question, and not the word: "east" for "west"."""
    others = stems - set(asked.words) - set(asked.nouns)
    return any(not opposites(one).isdisjoint(others) for one in asked.words if one not in stems)


__all__ = [
    "Asked", "Place", "Told", "agree", "ask", "named", "names_held", "same_event", "same_time", "says", "set_among",
    "several", "share_name", "speaker", "stems_of", "turned", "wanted", "whole_names_held", "wide",
]  # fmt: skip
