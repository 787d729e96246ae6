"""Questions and sentences as they are compared: what a question asks for, and what a sentence claims, by whom and of what time.

A sentence of prose is read as its clauses, an infobox fact as its items. Nothing here knows of any topic.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from index.types import Passage
from qa.english import LIGHT, STOPWORDS
from qa.quantities import Date, dates
from qa.words import Word, alike, is_name, is_verb_form, opposite, same_name, stem, words

Place = tuple[Passage, int]
"""A sentence: its passage and its number there."""
Wanted = Literal["count", "measure", "date", "person", "place", "name", "yes_no", ""]

ABOUT = 0.45
"""Share of the question's rarity that a claim must hold to be about the fact asked for."""

TOLD = 0.75
"""Share of the question's words, names apart, that a sentence must hold to tell the very thing."""

_CLAUSE = re.compile(
    r";\s+|(?<!\ball)(?<!\bnone),?\s+(?=(?:while|whereas|but|however|although|though|despite|contrary to)\s)|"
    r",\s+(?=which\s+(?:was|were|is|are|has|have|had)\s)|"
    r"\s+(?=which\s+(?:was|is|has been)\s+(?:denied|disputed|rejected|refuted)\b)|"
    r",\s+(?:and\s+)?(?=[^,;]{3,60}\s(?:said|stated|claimed|reported|according to)\b)"
)
_ITEM = re.compile(r"[,;]\s+(?![^()]*\))")
_SPEECH = re.compile(
    r"\b(?:said|says|saying|state[ds]?|stating|claim(?:s|ed|ing)?|report(?:s|ed|ing)?|announc(?:es?|ed|ing)|told|estimate[ds]?|put|"
    r"acknowledged|admitted|confirm(?:s|ed)|insist(?:s|ed)|maintain(?:s|ed)|argue[ds]?|counted|assert(?:s|ed)|declared)\b",
    re.IGNORECASE,
)
_ACCORDING = re.compile(r"\baccording to\s+([^,;.()]+)", re.IGNORECASE)
_OUTCOMES = {
    name: re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)
    for name, pattern in {
        "dead": r"kill\w*|dead|die[ds]?|deaths?|fatalit\w+|los[ets]+ (?:their|his|her) li[vf]e\w*|loss of life|put to death|"
        r"execut(?:ed|ing)|massacr\w+|slain|slaughter\w*|murder\w*|perish\w*|toll",
        "hurt": r"wound\w*|injur\w+|hurt",
        "held": r"captur\w+|prisoners?|captives?|detain\w*|arrest\w*|hostages?",
        "gone": r"missing|displaced|refugees?|fled|flee\w*|evacuat\w+",
        "lost": r"destroy\w*|damag\w+|sunk|sank",
    }.items()
}
"""What may become of the things counted: figures of different outcomes count different things."""
_HOW_MANY = re.compile(r"\b(?:how many(?: of)?|(?:number|numbers|count|total) of)\s+(?P<counted>[^?]*)", re.IGNORECASE)
_STRENGTH = re.compile(r"\bhow strong\b|\b(?:strength|size) of\b", re.IGNORECASE)
_WHICH = re.compile(r"^\W*(?:(?:in|at|to|from|by|on|of|under) )?(?:which|what) (?P<kind>\w+)", re.IGNORECASE)
_ANOTHER = re.compile(r"\b(?:another|again|second|third|later|earlier|previous|new|other)\b", re.IGNORECASE)
_FILLERS = frozenset(["still", "ever", "already", "actually", "really", "ago"])
_EITHER = re.compile(r"\bor\b(?! not\b)", re.IGNORECASE)
_WANTED: tuple[tuple[Wanted, re.Pattern[str]], ...] = (
    ("count", _HOW_MANY),
    ("measure", re.compile(r"\bhow (?:much|far|long|old|high|tall|deep|large|big|wide|heavy|fast|hot|cold)\b", re.IGNORECASE)),
    ("measure", re.compile(r"\bwhat (?:percentage|share|proportion|distance)\b", re.IGNORECASE)),
    ("count", re.compile(r"\b(?:toll|casualt\w+|death count)\b", re.IGNORECASE)),
    ("count", _STRENGTH),
    ("date", re.compile(r"\bwhen (?:did|does|do|was|were|is|are|had|has|have|will)\b|\bwhen\W*$", re.IGNORECASE)),
    ("date", re.compile(r"\b(?:what|which) (?:date|day|year|month)\b", re.IGNORECASE)),
    ("place", re.compile(r"^\W*(?:from )?where\b", re.IGNORECASE)),
    ("person", re.compile(r"^\W*(?:by )?(?:who|whom)\b", re.IGNORECASE)),
    ("name", _WHICH),
    ("yes_no", re.compile(r"^\W*(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should)\b", re.IGNORECASE)),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it is compared.

    `counted`: the stems that name what is counted; `weights`: the rarity of the other words; `words`: those that are no names.
    """

    wanted: Wanted
    counted: tuple[str, ...]
    outcome: str
    dates: tuple[Date, ...]
    names: tuple[str, ...]
    counted_names: tuple[str, ...]
    words: tuple[str, ...]
    weights: dict[str, float]


@dataclass(frozen=True, slots=True)
class Claim:
    """A clause of a sentence, or an item of a fact.

    `stems` are its own words, `sentence` its sentence's, `around` those of its passage up to it, `title` the title's and
    section's. `dates` are its own or its sentence's; `when`, where there are none, those of the nearest sentence before it.
    """

    place: Place
    text: str
    speaker: frozenset[str]
    dates: tuple[Date, ...]
    when: tuple[Date, ...]
    stems: frozenset[str]
    sentence: frozenset[str]
    around: frozenset[str]
    title: frozenset[str]

    @property
    def is_fact(self) -> bool:
        return self.place[0].kind == "facts"

    @property
    def label(self) -> str:
        return self.place[0].sentences[self.place[1]].label

    @property
    def whole(self) -> str:
        """The text of its sentence."""
        return self.place[0].sentences[self.place[1]].text


@dataclass(frozen=True, slots=True)
class Given:
    """A value that a claim gives.

    A number is `low` to `high` of a `unit`, with the `names` that stand beside it; `part`: of a side that is not asked for.
    A stance has in `low` how much of the question it takes up, and in `names` which of the question's names.
    """

    claim: Claim
    written: str
    normalised: str
    low: float = 0.0
    high: float = 0.0
    bound: str = ""
    unit: str = ""
    names: tuple[str, ...] = ()
    part: bool = False
    date: Date | None = None


Differ = Callable[[Given, Given], bool]
"""Whether two values cannot both be right."""


def ask(text: str, places: Sequence[Place]) -> Asked:
    """Read a question; the rarity of its words is that among the sentences at `places`."""
    wanted = _wanted(text)
    counted = _counted(text) if wanted == "count" else []
    became = outcome(text) if wanted == "count" else ""
    aside = [(0, _asking(text))] + [(date.start, date.end) for date in dates(text)] + [(word.start, word.end) for word in counted]
    content = [word for word in words_of(text) if tells(word) and not any(a <= word.start < b for a, b in aside)]
    rarity = _rarity([stems_of(f"{passage.header} {passage.sentences[n].full_text}") for passage, n in places])
    rare = {word.stem: rarity(word.stem) for word in content if not (became and outcome(word.text))}
    pairs = zip(content, [*content, None][1:], strict=True)
    beside = {word.stem for word, after in pairs if is_name(word) or _describes(word, after)}
    return Asked(
        wanted,
        tuple(word.stem for word in counted),
        became,
        tuple(dates(text)),
        tuple(word.plain for word in content if is_name(word)),
        tuple(word.plain for word in counted if is_name(word)),
        tuple(word for word in rare if word not in beside),
        {word: weight for word, weight in rare.items() if weight},
    )


def _wanted(text: str) -> Wanted:
    found = next((wanted for wanted, pattern in _WANTED if pattern.search(text)), "")
    if found == "name":
        (kind,) = words_of(_WHICH.search(text)["kind"])[:1]  # type: ignore[index]
        return "" if not tells(kind) or is_verb_form(kind) else found
    return "" if found == "yes_no" and _EITHER.search(text) else found


def _describes(word: Word, after: Word | None) -> bool:
    """Whether a word only says what the name after it is: "the painter Oda Brill"."""
    return after is not None and is_name(after) and after.joined and after.start == word.end + 1


def _asking(text: str) -> int:
    """Where the words end that only ask: "how high", "which town"."""
    found = next(
        (match for wanted, pattern in _WANTED if wanted not in ("count", "yes_no") and (match := pattern.match(text))), None
    )
    return found.end() if found else 0


def _counted(text: str) -> list[Word]:
    """The words that name what is counted: those after "how many" up to the verb; men where a strength is asked for."""
    match = _HOW_MANY.search(text)
    if not match:
        return [replace(word, start=-1, end=-1) for word in words_of("men")] if _STRENGTH.search(text) else []
    found: list[Word] = []
    for word in words_of(text):
        if word.start < match.start("counted"):
            continue
        if found and (word.plain in STOPWORDS or is_verb_form(word)):
            break
        if tells(word):
            found.append(word)
    return found[:4]


def _rarity(texts: Sequence[frozenset[str]]) -> Callable[[str], float]:
    """How telling a stem is among these texts; 0 for one that none of them holds (a word of the question's own)."""

    def rarity(one: str) -> float:
        having = sum(any(same(one, other) for other in text) for text in texts)
        return math.log1p(len(texts) / having) if having else 0.0

    return rarity


def claims_of(place: Place) -> Iterator[Claim]:
    """What a sentence claims, clause by clause or item by item."""
    passage, number = place
    sentence, fact = passage.sentences[number], passage.kind == "facts"
    before = [] if fact else [other.text for other in passage.sentences[:number]]
    year = _known_year(" ".join([passage.title, *passage.section, *before]))
    whole = () if fact else _dates(sentence.text, year)
    told = next((found for text in reversed(before) if (found := _dates(text, year))), ())
    own, title = stems_of(sentence.full_text), stems_of(passage.header)
    for text in (_ITEM if fact else _CLAUSE).split(sentence.text):
        of = _dates(text, year) or whole
        stems = stems_of(f"{sentence.label} {text}")
        yield Claim(place, text, _speaker(text), of, of or told, stems, own, own | title | stems_of(" ".join(before)), title)


def _dates(text: str, year: int) -> tuple[Date, ...]:
    return tuple(date if date.year else replace(date, year=year) for date in dates(text))


def _known_year(text: str) -> int:
    years = [date.year for date in dates(text) if date.year and date.part != "decade"]
    return years[-1] if years else 0


def _speaker(text: str) -> frozenset[str]:
    """The stems of who says so; empty where the article itself does."""
    according = _ACCORDING.search(text)
    if according:
        return stems_of(according[1])
    speech = _SPEECH.search(text)
    return stems_of(text[: speech.start()]) if speech else frozenset()


def one_voice(one: Claim, other: Claim) -> bool:
    """Whether both claims stand in one passage, or are values of one fact, with no two speakers: a text that counts by parts."""
    (here, _), (there, _) = one.place, other.place
    together = here.id == there.id or (one.is_fact and other.is_fact and (here.source, one.label) == (there.source, other.label))
    return together and not (one.speaker and other.speaker and not one.speaker & other.speaker)


def on_topic(asked: Asked, claim: Claim) -> bool:
    """Whether a claim is about the asked fact: of the asked day, or of no other time and with the question's names and words.

    A title speaks for the facts under it, not for each sentence of the article.
    """
    if not same_time(asked.dates, claim.dates):
        return False
    if any(date.day for date in asked.dates):
        return any(a.day and b.day and agree(a, b) for a in asked.dates for b in claim.dates)
    stems = claim.sentence | claim.title if claim.is_fact else claim.sentence
    return names_all(asked, claim.around) and held(asked, stems) >= ABOUT


def held(asked: Asked, stems: frozenset[str]) -> float:
    """The share of the question's rarity that these stems hold."""
    total = sum(asked.weights.values())
    found = sum(weight for one, weight in asked.weights.items() if any(same(one, other) for other in stems))
    return found / total if total else 0.0


def told(asked: Asked, claim: Claim) -> bool:
    """Whether a claim's sentence holds the question's names and nearly all its other words, and is not of another event."""
    stems = claim.sentence | claim.title if claim.is_fact else claim.sentence
    shared = sum(any(same(one, other) for other in stems) for one in asked.words)
    return names_all(asked, claim.around) and shared >= TOLD * len(asked.words) and not elsewhere(asked, claim)


def elsewhere(asked: Asked, claim: Claim) -> bool:
    """Whether a claim speaks of the opposite of what is asked ("began", "ended"), or of another such event ("a second …")."""
    turned = any(opposite(one, other) for one in asked.words for other in claim.sentence - set(asked.words))
    return turned or any(stem(match[0].lower()) not in asked.words for match in _ANOTHER.finditer(claim.text))


def names_all(asked: Asked, stems: frozenset[str]) -> bool:
    return all(names(name, stems) for name in asked.names)


def names(name: str, stems: frozenset[str]) -> bool:
    """Whether a folded name is among these stems, perhaps spelled otherwise."""
    return any(same_name(name, other) or stem(name) == other for other in stems)


@lru_cache(maxsize=200_000)
def same(one: str, other: str) -> bool:
    """Whether two stems are one word or near synonyms, neither much the wider."""
    return one == other or (alike(one, other) and alike(other, one))


def outcome(text: str) -> str:
    """What became of the things counted: the first outcome that the text names, or nothing."""
    found = [(match.start(), name) for name, pattern in _OUTCOMES.items() if (match := pattern.search(text))]
    return min(found)[1] if found else ""


def agree(one: Date, other: Date) -> bool:
    """Whether nothing that both dates state differs."""
    return all(not a or not b or a == b for a, b in ((one.year, other.year), (one.month, other.month), (one.day, other.day)))


def same_time(one: Sequence[Date], other: Sequence[Date]) -> bool:
    """Whether two lists of dates may mean one time; an empty list says nothing."""
    return not one or not other or any(agree(a, b) for a in one for b in other)


def tells(word: Word) -> bool:
    """Whether a word has a meaning of its own."""
    return word.plain not in STOPWORDS | LIGHT | _FILLERS and (len(word.plain) > 1 or word.capital)


@lru_cache(maxsize=8_000)
def words_of(text: str) -> tuple[Word, ...]:
    """The words of a text; remembered, because the same sentences are read for many questions."""
    return tuple(words(text))


@lru_cache(maxsize=8_000)
def stems_of(text: str) -> frozenset[str]:
    """The stems of a text's telling words."""
    return frozenset(word.stem for word in words_of(text) if tells(word))
