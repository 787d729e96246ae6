"""Whether a value answers a question, in numbers: the features of the models that `eval.fit_conflicts` fits.

One row for each value of the wanted kind. The probability is that of a single value, read in its sentence; it says nothing of
other sentences.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from qa.english import DEMONYMS
from qa.events import events_of, milestone, rival_event, same_event
from qa.statements import Asked, Told, names_held, same_time, share_name, speaker, turned, wide
from qa.values import Value, dated, normalised, outcome
from qa.words import alike, is_name, is_verb_form, words

GROUPS = {"count": "number", "measure": "number", "date": "date", "person": "person", "place": "place", "name": "name"}
"""The model of each wanted kind."""

_PLACE_BEFORE = re.compile(r"\b(?:in|at|near|from|to|off|outside|around|through|into)(?: the(?: \w+ of)?)? $", re.I)
_BY = re.compile(r"\bby(?: the)?(?: [a-z]\w+){0,3} $")
_HYPOTHETICAL = re.compile(
    r"\b(?:expected|estimated to|planned|was to|were to|scheduled|forecast|predicted|proposed|would|intended|supposed|hoped|projected)\b",
    re.I,
)
_AGAIN = re.compile(r"\b(?:another|again|second|third|fourth|previous|later|earlier|other|new|next)\b", re.I)
_TIME_MORE = re.compile(r"\b(?:this time|(?:second|third|fourth|next) time|once more|twice)\b", re.I)
_AFTER = re.compile(
    r"\b(?:after|before|following|prior to|since) (?:the |a |an |his |her |its |their )?(?:[\w-]+ ){1,4}(?:in|of|on) (?:\w+ )?$",
    re.I,
)
_CALENDAR = frozenset(
    """january february march april may june july august september october november december monday tuesday wednesday thursday friday
    saturday sunday""".split()
)
_YEAR = {"dimension": "time", "factor": 31557600.0}
_FAR = re.compile(r"\b(?:how far|distance|how long (?:before|after|ago))\b", re.I)
_FIRST = re.compile(r"\bfirst\b", re.I)
_AGED = re.compile(r"\b(?:aged?|ages|at the age of)\s*(?:of\s*)?$", re.I)


@dataclass(frozen=True, slots=True)
class Given:
    """A value that a sentence gives, written up to `end`, and the probability that it answers. `side` is yes, no or nothing."""

    sentence: Told
    value: Value
    end: int
    probability: float = 1.0
    side: str = ""

    @property
    def pointed(self) -> float:
        """The span reader's score for it; -inf where it points at something else, or has not read the sentence."""
        return self.sentence.pointed(self.value)

    @property
    def written(self) -> str:
        return (self.side and self.clause) or self.sentence.read.text[self.value.start : self.end].strip()

    @property
    def normalised(self) -> str:
        return self.side or normalised(self.value)

    @property
    def clause(self) -> str:
        start, end = self.sentence.read.clause(self.value.start)
        return self.sentence.read.text[start:end].strip()


def given(asked: Asked, sentence: Told) -> Iterator[Value]:
    """The values of a sentence that are of the wanted kind."""
    if asked.wanted in ("count", "measure"):
        if _other_subject(asked, sentence):
            return
        for value in sentence.read.numbers:
            if _fits(asked, sentence, value):
                yield value if value.dimension or "age" not in asked.dimensions else replace(value, unit="year", **_YEAR)
    elif asked.wanted == "date":
        for value in dated(sentence.read.text):
            if (
                value.date
                and value.date.part != "decade"
                and not bounded(asked, sentence, value)
                and not other_milestone(asked, sentence, value)
            ):
                yield value
    elif not sentence.is_fact or any(one in asked.words for one in sentence.title):
        known = (*asked.names, *asked.noun_names)
        yield from (name for name in sentence.read.names if _is_one(asked, name) and not share_name(name.names, known))


def bounded(asked: Asked, sentence: Told, value: Value) -> bool:
    """Whether a date only bounds, "before 1920", or is that of another event, "after the coup of 2021"; "since" tells a beginning."""
    before = sentence.read.text[: value.start]
    other = _AFTER.search(before)
    if other and not any(word.stem in forms for word in words(other[0]) for forms in asked.forms.values()):
        return True
    if not value.date or not value.date.relation:
        return False
    return not re.search(r"\bsince (?:the |about )?$", before, re.I)


def other_milestone(asked: Asked, sentence: Told, value: Value) -> bool:
    """Whether a date stands behind the verb of another event, and not behind that of the one asked for: "ended in 2011"."""
    if not asked.verbs or value.event:
        return False
    start, _ = sentence.read.clause(value.start)
    verbs = [w.stem for w in sentence.read.words if start <= w.start < value.start and is_verb_form(w)]
    if any(one in asked.forms[verb] for one in verbs for verb in asked.verbs):
        return False
    if any(rival_event(verb, one) for one in verbs for verb in asked.verbs):
        return True
    held = any(not asked.forms[verb].isdisjoint(sentence.stems) for verb in asked.verbs)
    return not held and any(milestone(one) for one in verbs[-2:])


def _other_subject(asked: Asked, sentence: Told) -> bool:
    """Whether a sentence begins with a name of which the question knows nothing, and which only says something of it."""
    names = [name for name in sentence.read.names if name.start <= 4]
    if not names or sentence.is_fact or not _strange(asked, sentence, names[0]) or speaker(sentence.read.text):
        return False
    return not sentence.read.text[names[0].end :].startswith(("'s", "’s", ","))


def _is_one(asked: Asked, name: Value) -> bool:
    """Whether a name may be that of one person, place or thing: no people ("Danish", "Islamists"), month or day."""
    if len(name.names) > 1:
        return True
    one = name.names[0]
    return one not in DEMONYMS and one not in _CALENDAR and not re.search(r"(?:ists|ians|ish|ese)$", one)


def _fits(asked: Asked, sentence: Told, value: Value) -> bool:
    """Whether a number counts or measures what is asked and is no part of another."""
    if value.partial:
        return False
    became = value.outcome or outcome(sentence.label)
    if asked.wanted == "count":
        return not value.dimension and not value.unit and became == asked.outcome and noun_held(asked, sentence, value) > 0
    if (value.away and not _FAR.search(asked.text)) or (asked.outcome and became != asked.outcome):
        return False
    if "age" in asked.dimensions:
        bare = not value.dimension and not value.nouns and bool(_AGED.search(sentence.read.text[: value.start]))
        return value.dimension == "time" or bare
    if asked.dimensions == ("share",) and asked.held(sentence.stems) < 0.5:
        return False
    return bool(value.dimension) and any(part in asked.dimensions for part in value.dimension.split(" or "))


def noun_held(asked: Asked, sentence: Told, value: Value) -> float:
    """How well what a number counts is what is asked: 1 the same noun, 0 another one."""
    if asked.wanted == "measure":
        return 1.0 if value.dimension else 0.5
    if not asked.nouns:
        return 0.8 if asked.outcome else 0.3
    head = asked.nouns[0] if len(asked.nouns) == 1 else ""
    for nouns, worth in ((value.nouns, 1.0), (() if value.nouns else value.before, 0.8)):
        if any(one in nouns for one in asked.nouns):
            return worth
        if any(alike(one, noun) and noun in _persons(one) for one in asked.nouns for noun in nouns) and nouns is value.nouns:
            return 0.7 * worth
        if nouns and nouns is value.nouns and asked.outcome == "dead":
            return 0.6 if set(asked.nouns) & wide() or set(nouns) & wide() else 0.0
        if any(alike(one, noun) or alike(noun, one) for one in asked.nouns for noun in nouns) and nouns is value.nouns:
            return 0.5 * worth
    if value.nouns:
        return 0.0
    if any(one in sentence.title for one in asked.nouns):
        return 0.7
    return 0.4 if value.outcome == asked.outcome != "" or head in sentence.stems else 0.0


def _persons(one: str) -> frozenset[str]:
    from qa.statements import says

    return says(one) | {one}


@dataclass(frozen=True, slots=True)
class _Seen:
    """What all values of one sentence share: where it speaks of the question's words, names and events, and how much it holds."""

    told: tuple[int, ...]
    named: tuple[int, ...]
    events: tuple[tuple[int, int], ...]
    strange: tuple[int, ...]
    common: tuple[float, ...]


def _seen(asked: Asked, sentence: Told) -> _Seen:
    found, stems, days = sentence.read.words, sentence.stems, sentence.when
    meant = frozenset().union(*asked.forms.values()) if asked.forms else frozenset()
    common = (
        sentence.similarity,
        names_held(asked.names, stems),
        names_held(asked.names, sentence.around),
        asked.held(stems),
        asked.held(sentence.around),
        float(not asked.verbs or any(not asked.forms[verb].isdisjoint(stems) for verb in asked.verbs)),
        float(mismatched(asked, sentence)),
        float(turned(asked, sentence.read.stems)),
        float(bool(asked.dates) and bool(days) and same_time(asked.dates, days)),
        float(bool(asked.dates) and not days),
        float(sentence.is_fact),
    )
    return _Seen(
        tuple(n for n, word in enumerate(found) if word.stem in meant),
        tuple(n for n, word in enumerate(found) if word.capital and is_name(word) and share_name((word.plain,), asked.names)),
        tuple((n, _rank(asked, word.stem)) for n, word in enumerate(found) if events_of(word.stem) or word.stem in asked.verbs),
        tuple(name.start for name in sentence.read.names if _strange(asked, sentence, name)),
        common,
    )


def _rank(asked: Asked, one: str) -> int:
    """1 for a word of the event that is asked for, -1 for one of a rival of it, 0 for any other."""
    if any(same_event(verb, one) for verb in asked.verbs):
        return 1
    return -1 if any(rival_event(verb, one) for verb in asked.verbs) else 0


COMMON = (
    "similarity",
    "names",
    "names_around",
    "words",
    "words_around",
    "verb_held",
    "mismatched",
    "turned",
    "date_agrees",
    "date_missing",
    "is_fact",
)
OWN = (
    "words_clause",
    "event",
    "rival",
    "near",
    "near_name",
    "noun",
    "noun_rarity",
    "other_noun",
    "rivals",
    "strange_names",
    "after_by",
    "after_place",
    "first",
    "several_words",
    "hypothetical",
    "again",
    "first_of",
    "strange_around",
    "rival_held",
)
FEATURES = COMMON + OWN


def features(asked: Asked, sentence: Told, value: Value, seen: _Seen, rivals: int) -> tuple[float, ...]:
    """The row of one value, in the order of FEATURES; `rivals` are the other values of its sentence."""
    read = sentence.read
    start, end = read.clause(value.start)
    at = read.at(value.start)
    clause = read.clause_stems(start, end)
    text, before = read.text[start:end], read.text[max(0, value.start - 48) : value.start]
    within = [(n, rank) for n, rank in seen.events if start <= read.words[n].start < end]
    event = _event(asked, value, at, [(n, rank) for n, rank in within if not value.start <= read.words[n].start < value.end])
    strange = bool(value.names) and value.kind == "number" and not share_name(value.names, (*asked.names, *asked.noun_names))
    own = (
        asked.held(clause | sentence.title if sentence.is_fact else clause),
        float(event > 0),
        float(event < 0),
        1.0 / (1 + min((abs(n - at) for n in seen.told if not value.start <= read.words[n].start < value.end), default=30)),
        1.0 / (1 + min((abs(n - at) for n in seen.named), default=30)),
        noun_held(asked, sentence, value) if value.kind == "number" else 0.0,
        asked.noun_rarity if any(one in value.nouns for one in asked.nouns) else 0.0,
        float(len(value.nouns) > 1),
        math.log1p(rivals),
        float(strange),
        float(bool(_BY.search(before))),
        float(bool(_PLACE_BEFORE.search(before))),
        float(at == 0),
        float(len(value.names) > 1),
        float(bool(_HYPOTHETICAL.search(text))),
        float(again(asked, text)),
        float(bool(_FIRST.search(text)) and not _FIRST.search(asked.text)),
        math.log1p(sum(start <= n < end and n != value.start for n in seen.strange)),
        float(not asked.outcome and any(rank < 0 for _, rank in within)),
    )
    return seen.common + own


def _event(asked: Asked, value: Value, at: int, events: Sequence[tuple[int, int]]) -> int:
    """1 where the event named nearest to the value is the one asked for, -1 where it is a rival of it."""
    if value.event:
        return 1 if any(value.event in name for verb in asked.verbs for name in events_of(verb)) else -1
    if asked.outcome or not asked.verbs:
        return 0
    return min(((abs(n - at), rank) for n, rank in events), default=(0, 0))[1]


def _strange(asked: Asked, sentence: Told, name: Value) -> bool:
    """Whether a name stands neither in the question nor in the title."""
    return not share_name(name.names, (*asked.names, *asked.noun_names)) and names_held(name.names, sentence.title) < 1


def again(asked: Asked, text: str) -> bool:
    """Whether a text speaks of another such event: "a second avalanche", "flooded again", where the question does not."""
    if _TIME_MORE.search(text):
        return True
    for match in _AGAIN.finditer(text):
        if match[0].lower() in asked.text.lower() or re.match(r" \w+est\b", text[match.end() :]):
            continue
        near = [*words(text[: match.start()])[-3:], *words(text[match.end() : match.end() + 40])[:2]]
        near = near[:3] if match[0].lower() == "again" else near[-2:]
        if any(not forms.isdisjoint({word.stem}) for word in near for forms in asked.forms.values()):
            return True
    return False


def mismatched(asked: Asked, sentence: Told) -> bool:
    """Whether a word of the question stands in the sentence beside another word than in the question.

    "East tower" for "west tower"; "the Ostra bridge" for "the Ostra tunnel".
    """
    found, stems = sentence.read.words, sentence.read.stems
    for one, other in asked.pairs:
        if other in stems and _missing(asked, sentence, one):
            beside = [a for a, b in pairwise(found) if b.stem == other and b.joined]
        elif one in stems and one not in asked.forms and _missing(asked, sentence, other):
            beside = [b for a, b in pairwise(found) if a.stem == one and b.joined and not is_verb_form(b)]
            beside = [] if any(word.capital or word.plain.endswith(("s", "ing")) for word in beside) else beside
        else:
            continue
        if beside and all(word.stem in stems and word.stem not in asked.forms and not is_name(word) for word in beside):
            return True
    return False


def _missing(asked: Asked, sentence: Told, one: str) -> bool:
    """Whether neither the sentence nor its title has a word of the question, or one that says the same."""
    return one in asked.forms and one not in sentence.stems and asked.forms[one].isdisjoint(sentence.stems)


Chosen = Callable[[Asked, Told, Sequence[Value]], Sequence[Value]]


def rows(
    asked: Asked, sentences: Sequence[Told], chosen: Chosen = lambda asked, sentence, values: values
) -> list[tuple[Told, Value, tuple[float, ...]]]:
    """Every value of the wanted kind that is `chosen` from its sentence's, with its features."""
    found = []
    for sentence in sentences:
        values = list(given(asked, sentence))
        kept = chosen(asked, sentence, values) if values else ()
        if kept:
            seen = _seen(asked, sentence)
            found += [(sentence, value, features(asked, sentence, value, seen, len(values) - 1)) for value in kept]
    return found
