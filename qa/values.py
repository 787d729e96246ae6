"""The values that a sentence gives: its numbers with what they count, its dates, its names. From the text alone, so read once."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from qa.english import LIGHT, PARTICLES, STOPWORDS
from qa.quantities import Date, Number, dates, numbers
from qa.units import unit_of
from qa.words import Word, is_name, is_verb_form, stem, words

_CLAUSE = re.compile(
    r";\s+|(?<!\ball)(?<!\bnone),?\s+(?=(?:while|whereas|but|however|although|though|despite|contrary to)\s)|"
    r",\s+(?=which\s+(?:was|were|is|are|has|have|had)\s)|"
    r"\s+(?=which\s+(?:was|is|has been)\s+(?:denied|disputed|rejected|refuted)\b)|"
    r",\s+(?:and\s+)?(?=[^,;]{3,60}\s(?:said|stated|claimed|reported|according to)\b)"
)
_ITEM = re.compile(r"[,;]\s+(?![^()]*\))")
_OUTCOMES = {
    name: re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)
    for name, pattern in {
        "dead": r"kill\w*|dead|die[ds]?|dying|deaths?|fatalit\w+|lives|loss of life|put to death|execut(?:ed|ing)|massacr\w+|slain|"
        r"slaughter\w*|murder\w*|perish\w*|toll|drown\w*|bodies|hands|victims?|fell|lost|lose|losing|losses|casualt\w+",
        "hurt": r"wound\w*|injur\w+|hurt",
        "held": r"captur\w+|prisoners?|captives?|detain\w*|arrest\w*|hostages?|held",
        "gone": r"missing|displaced|refugees?|fled|flee\w*|evacuat\w+",
    }.items()
}
"""What may become of the things counted: figures of different outcomes count different things."""
_PHRASE_END = re.compile(
    r"\b(?:in|at|on|near|by|from|during|after|before|for|with|within|to|of|who|which|that|and|or|as|since|under|than|"
    r"against|inside|around|according|aboard|among|over|per|is|are|was|were|had|has|have)\b",
    re.I,
)
_QUALIFIED = re.compile(
    r"\b(?:(?:no )?(?:more|fewer|less) than|over|about|around|some|nearly|almost|roughly|approximately|up to|at (?:least|most)|"
    r"(?:an )?estimated|only|just)\s+(?:an?\s+)?$",
    re.I,
)
_PARTIAL = re.compile(
    r"\b(?:including|another|other|additional|further|each|per|every|of (?:them|whom|which)|only|remaining|also|besides|plus|among)\s*$",
    re.I,
)
_SHARE = re.compile(
    r"^\s*(?:of (?:them|whom|which|those|the)|others?|more|each|per|additional|further)\b|^\s*(?:out )?of\s+\d|^[^,.;]*\balone\b",
    re.I,
)
_AMONG = re.compile(r"^\W*(?:among|including)\b[^,;]*$|\b(?:among the|one of|of the \w+) [^,;]* (?:was|were|are|is) $", re.I)
_ALONE = re.compile(r"^[^,;]*\balone\b", re.I)
_NONE_LEFT = re.compile(r"\b(?:none|no one|nobody|not one)\b[^.;]*\bsurviv", re.I)
_AWAY = re.compile(r"^\s*\w*\s*(?:\([^)]*\)\s*)?(?:later|earlier|ago|after|before|away|from|north|south|east|west)\b", re.I)
_FRACTION = re.compile(r"\b(?:(?P<n>one|two|three|a) )?(?P<part>half|thirds?|quarters?|fifths?)(?= (?:of|the)\b)", re.IGNORECASE)
_PARTS = {"half": 50.0, "third": 100 / 3, "quarter": 25.0, "fifth": 20.0}
_TIMES = {"one": 1, "a": 1, "two": 2, "three": 3}
_FILLERS = frozenset(["still", "ever", "already", "actually", "really", "ago"])
_LIFE = re.compile(r"\((?:[^()]*?\b)?(?P<born>\d{4})\s?[–—-]\s?(?P<died>\d{4})\)")


@dataclass(frozen=True, slots=True)
class Value:
    """A value written at `[start, end)` of its text.

    A number is `low` to `high` of a `unit` of a `dimension` ("" where it counts things), `factor` base units each; `nouns` are the
    stems of what it counts (ending at `ends`), `before` those of the words before it, `outcome` what became of that, `names` the names beside it. `partial`: a part of a larger number.
    """

    kind: str
    start: int
    end: int
    low: float = 0.0
    high: float = 0.0
    bound: str = "exact"
    unit: str = ""
    dimension: str = ""
    factor: float = 1.0
    nouns: tuple[str, ...] = ()
    ends: tuple[int, ...] = ()
    before: tuple[str, ...] = ()
    outcome: str = ""
    names: tuple[str, ...] = ()
    partial: bool = False
    away: bool = False
    date: Date | None = None
    event: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence (or a fact's value) taken apart. `clauses` are ranges of characters."""

    text: str
    words: tuple[Word, ...]
    stems: frozenset[str]
    clauses: tuple[tuple[int, int], ...]
    dates: tuple[Date, ...]
    numbers: tuple[Value, ...]
    names: tuple[Value, ...]

    def at(self, start: int) -> int:
        """The number of the word at or after a character."""
        return min(bisect_left(self.words, start, key=lambda word: word.start), max(0, len(self.words) - 1))

    def clause_stems(self, start: int, end: int) -> frozenset[str]:
        if len(self.clauses) == 1:
            return self.stems
        return frozenset(word.stem for word in self.words if start <= word.start < end)

    def clause(self, at: int) -> tuple[int, int]:
        return next((span for span in self.clauses if span[0] <= at < span[1]), (0, len(self.text)))


@lru_cache(maxsize=16_384)
def taken_apart(text: str, fact: bool = False) -> Text:
    """Read a text once."""
    found = tuple(words(text))
    days = tuple(dates(text))
    spans = [(date.start, date.end) for date in days]
    amounts = [number for number in numbers(text, spans) if number.unit not in ("th", "many")]
    clauses = tuple(_pieces(_ITEM if fact else _CLAUSE, text))
    shares = list(_fractions(text))
    counted = [
        _number(text, found, number, amounts[n - 1].end if n else 0, _next(amounts, n, text)) for n, number in enumerate(amounts)
    ]
    taken = spans + [(number.start, number.end) for number in amounts]
    return Text(
        text,
        found,
        frozenset(word.stem for word in found if tells(word)),
        clauses,
        days,
        tuple(sorted([*counted, *shares], key=lambda value: value.start)),
        tuple(_names(text, found, taken)),
    )


def _pieces(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    at = 0
    for match in pattern.finditer(text):
        yield at, match.start()
        at = match.end()
    yield at, len(text)


def _next(amounts: list[Number], n: int, text: str) -> int:
    return amounts[n + 1].start if n + 1 < len(amounts) else len(text)


def _number(text: str, found: tuple[Word, ...], number: Number, last: int, following: int) -> Value:
    before = re.split(r"[,;:()]", text[last : number.start])[-1]
    after = re.split(r"[,;:()]|\.\s", text[number.end : following])[0]
    phrase = _PHRASE_END.split(after.replace("-", " "))[0]
    nouns = [word for word in words(phrase) if tells(word) or outcome(word.text)]
    cut = next(
        (n for n, word in enumerate(nouns) if outcome(word.text) or (is_verb_form(word) and (n or len(nouns) == 1))), len(nouns)
    )
    ended, nouns = nouns[cut:], nouns[:cut][:4]
    sign = number.unit if number.unit not in ("", "%") else ""
    unit = unit_of(number.unit.lower()) if number.unit else unit_of(nouns[0].plain) if nouns else None
    if unit and not number.unit and unit[1] in ("second", "in") and len(nouns) > 1:
        unit = None
    qualified = _QUALIFIED.search(before)
    shown = nouns[:1] if unit and not sign else nouns or ended[:1]
    start = number.start - (len(before) - qualified.start() if qualified else 0)
    end = number.end + (shown[-1].end if shown and not number.unit else 0)
    bare = _QUALIFIED.sub("", before)
    return Value(
        "number",
        start,
        end,
        number.low,
        number.high,
        number.bound,
        unit[1] if unit else number.unit,
        unit[0] if unit else "",
        unit[2] if unit else 1.0,
        tuple(word.stem for word in nouns),
        tuple(number.end + word.end for word in nouns),
        tuple(word.stem for word in words(before)[-6:] if tells(word) and not is_verb_form(word)),
        _became(text, number, last, following),
        tuple(word.plain for word in nouns if is_name(word)),
        bool(
            _PARTIAL.search(bare) or _AMONG.search(bare) or _ALONE.search(bare) or (number.unit != "%" and _SHARE.search(after))
        ),
        bool(_AWAY.search(after)) and not re.search(r"\bfor $", bare),
    )


def _became(text: str, number: Number, last: int, following: int) -> str:
    """The outcome named nearest after the number within its clause, else the nearest before it."""
    after = re.split(r"[;:]|\.\s|,(?! (?:who|all|of|most|drown|kill))", text[number.end : following])[0]
    before = re.split(r"[,;:]\s", text[last : number.start])[-1]
    near = outcome(" ".join(after.split()[:6]))
    found = near or outcome(" ".join(before.split()[-10:]), last=True) or outcome(after)
    return found or ("dead" if _NONE_LEFT.search(text) else "")


def outcome(text: str, last: bool = False) -> str:
    """What became of the things counted: the first (or last) outcome that the text names, or nothing."""
    found = [(match.start(), name) for name, pattern in _OUTCOMES.items() for match in pattern.finditer(text)]
    return (max(found) if last else min(found))[1] if found else ""


def _fractions(text: str) -> Iterator[Value]:
    """ "Two thirds of the voters" as a share of hundred."""
    for match in _FRACTION.finditer(text):
        value = _PARTS[match["part"].lower().removesuffix("s")] * _TIMES[(match["n"] or "one").lower()]
        yield Value("number", *match.span(), value, value, "about", "%", "share", nouns=())


def _names(text: str, found: tuple[Word, ...], taken: list[tuple[int, int]]) -> Iterator[Value]:
    """Runs of capitalised words; small words inside a name ("de", "of the") do not part it."""
    run: list[Word] = []
    for n, word in enumerate(found):
        if any(a <= word.start < b for a, b in taken):
            continue
        named = is_name(word) or (bool(run) and word.capital and word.joined)
        initial = bool(run) and len(run[-1].text) == 1 and text[run[-1].end : word.start] == ". " and word.capital
        if initial or (named and (not run or text[run[-1].end : word.start] in (" ", "-") or _through(run[-1], word, text))):
            run.append(word)
        elif named:
            yield _name(run)
            run = [word]
        elif run and not (word.plain in PARTICLES and n + 1 < len(found) and found[n + 1].capital):
            yield _name(run)
            run = []
    if run:
        yield _name(run)


def _through(last: Word, word: Word, text: str) -> bool:
    """Whether only particles stand between two words of one name."""
    between = text[last.end : word.start].split()
    return bool(between) and all(part.lower() in PARTICLES for part in between)


def _name(run: list[Word]) -> Value:
    return Value("name", run[0].start, run[-1].end, names=tuple(word.plain for word in run))


@lru_cache(maxsize=16_384)
def dated(text: str) -> tuple[Value, ...]:
    """The dates of a text as values; of two years with a dash, a life's are its birth and death, and others no date of one event."""
    dates = taken_apart(text).dates
    lives = [match.span() for match in _LIFE.finditer(text)]
    values = []
    for n, date in enumerate(dates):
        twin = [m for m, other in enumerate(dates) if other.start == date.start]
        life = any(start <= date.start < end for start, end in lives)
        if len(twin) == 1 or life:
            event = ("birth" if n == twin[0] else "death") if life else ""
            values.append(Value("date", date.start, date.end, date=date, event=event))
    return tuple(values)


def tells(word: Word) -> bool:
    """Whether a word has a meaning of its own."""
    return word.plain not in STOPWORDS | LIGHT | _FILLERS and (len(word.plain) > 1 or word.capital)


def normalised(value: Value) -> str:
    """A form that equal values share: "~1500", "≥60 km", "1999-05-03"; "-" stands for a year that is not known."""
    if value.date:
        date = value.date
        return f"{date.year or '-'}" + (f"-{date.month:02}" if date.month else "") + (f"-{date.day:02}" if date.day else "")
    if value.kind == "name":
        return " ".join(value.names)
    ends = f"{value.low:.12g}" if value.low == value.high else f"{value.low:.12g}–{value.high:.12g}"
    return f"{dict(about='~', above='≥', below='≤').get(value.bound, '')}{ends} {value.unit}".strip()


def with_year(date: Date, year: int) -> Date:
    return date if date.year or not date.month else replace(date, year=year)


__all__ = ["Text", "Value", "dated", "normalised", "outcome", "stem", "taken_apart", "tells", "with_year"]
