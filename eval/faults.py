"""A fault set for the verifier of claims, made from the sentences of the passages: right claims, and copies with one thing wrong.

Right: the sentence itself, a clause or bracket dropped, its opening moved to the end, a pronoun replaced by the name before it, a
number or date written in another way, accents left out, two neighbours joined. Wrong: one number, name, date, negation, pair of
names or citation changed. The generator finds names, numbers and dates by patterns of its own, not by the verifier's, so that the
two do not share their blind spots.
"""

from __future__ import annotations

import json
import random
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib.resources import files
from itertools import pairwise
from typing import Any

from index.types import Passage
from qa.cite import rule
from qa.support import judge

CAUGHT, FLAGGED = 0.95, 0.05
"""Floors: the least share of wrong claims caught, and the largest share of right ones flagged."""
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_MONTH = "|".join(MONTHS)
_NAME = re.compile(r"[A-ZÀ-Þ][\w'-]*[\w](?:[ -](?:(?:ag|Ag|al|el|de|of the|of|for the) )?[A-ZÀ-Þ][\w'-]*\w)*")
_WORDS = [
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "sixty",
]
_VALUES = [*range(2, 17), 20, 30, 40, 50, 60]
_NUMBER = re.compile(
    rf"(?<![\w.,–/-])(?:\d{{1,3}}(?:,\d{{3}})+|\d{{1,3}}|{'|'.join(_WORDS)})(?![\w–/]|[.,-]\w|:\d)", re.IGNORECASE
)
_DATE = re.compile(
    rf"\b(?:(?P<day>\d{{1,2}}) (?P<month>{_MONTH})|(?P<month2>{_MONTH}) (?P<day2>\d{{1,2}}))(?!\d)(?:,? (?P<year>\d{{4}}))?\b"
)
_YEAR = re.compile(r"(?<![\w,.–/-])(?:19|20)\d\d(?![\w–/-])")
_NEAR_MONTH = re.compile(rf"(?:{_MONTH})\s*$|^(?:st|nd|rd|th)?\s*(?:{_MONTH}|of (?:{_MONTH})|(?:and|to) \d+ (?:{_MONTH}))")
_AUXILIARY = re.compile(r"\b(?:was|were|is|are|had|has|have|did|would|could|can|will)\b(?! (?:not|no|never|been no)\b)")
_VERB = re.compile(r"(?<=[a-z] )(?:[a-z]{3,}ed|took|began|fell|left|lost|won|came|went|made|led|held|gave|said)\b(?= (?!by\b))")
_NEGATION = re.compile(r"\b(?:(?P<did>did not|didn't) |(?P<not>not|never) (?!only\b)|(?P<no>no) (?!longer|one))")


@dataclass(frozen=True, slots=True)
class Case:
    """A claim said of passage number `passage`; `right` is whether that passage bears it out; `kind` is what was done to it."""

    kind: str
    right: bool
    claim: str
    passage: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Outcome:
    case: Case
    support: str
    reasons: tuple[str, ...]

    @property
    def correct(self) -> bool:
        return (self.support != "unsupported") == self.case.right


def measure(
    passages: Sequence[Passage], seed: int = 0, most: int | None = None, aliases: Mapping[str, str] | None = None
) -> dict[str, object]:
    """How well the verifier tells right claims from wrong ones: the numbers that `qa eval verifier` prints.

    `caught` is the share of the wrong claims that are marked unsupported (recall), `flagged` the share of the right ones that are
    too, `precision` the share of wrong ones among all that are marked; `kinds` holds, for each kind, how many there are and the
    share decided correctly; `mistakes` the cases that were not. `most` limits the number of cases, drawn evenly with `seed`.
    """
    return _measured(run(passages, seed, most, aliases))


def measure_written(
    aliases: Mapping[str, str] | None = None, name: str = "paraphrases.jsonl", half: str | None = None
) -> dict[str, object]:
    """The same numbers over claims written by hand: freer wordings, and faults of more kinds.

    `paraphrases.jsonl` is over the articles; the verifier was made on it. `paraphrases_2.jsonl` is over made-up sentences of other
    subjects and was written before the verifier saw any of it; the hash of
    a quote puts it into the half `dev`, which it was then worked on with, or `test`.
    """
    outcomes = []
    for number, line in enumerate((files("eval") / name).read_text(encoding="utf-8").splitlines()):
        row = json.loads(line)
        if half not in (None, _half(row["quote"])):
            continue
        for kind in ("right", "wrong"):
            for claim in row[kind]:
                verdict = judge(claim, [row["quote"]], contexts=[row["context"]], headers=[row["header"]], aliases=aliases)
                outcomes.append(
                    Outcome(Case(kind, kind == "right", claim, number, row["quote"]), verdict.support, verdict.reasons)
                )
    return _measured(outcomes)


def _half(quote: str) -> str:
    return "dev" if sha256(quote.encode()).digest()[0] % 2 == 0 else "test"


def _measured(outcomes: Sequence[Outcome]) -> dict[str, object]:
    wrong = [outcome for outcome in outcomes if not outcome.case.right]
    right = [outcome for outcome in outcomes if outcome.case.right]
    caught = sum(outcome.correct for outcome in wrong)
    flagged = sum(not outcome.correct for outcome in right)
    return {
        "wrong": len(wrong),
        "right": len(right),
        "caught": caught / len(wrong) if wrong else 0.0,
        "flagged": flagged / len(right) if right else 0.0,
        "precision": caught / (caught + flagged) if caught + flagged else 0.0,
        "kinds": _by_kind(outcomes),
        "mistakes": [asdict(o.case) | {"support": o.support, "reasons": list(o.reasons)} for o in outcomes if not o.correct],
    }


def run(
    passages: Sequence[Passage], seed: int = 0, most: int | None = None, aliases: Mapping[str, str] | None = None
) -> list[Outcome]:
    """Every case with the verifier's ruling."""
    made = cases(passages, seed)
    if most is not None and len(made) > most:
        made = random.Random(seed).sample(made, most)
    outcomes = []
    for case in made:
        ruling = rule(case.claim, [passages[case.passage]], None, aliases)
        outcomes.append(Outcome(case, ruling.support, ruling.reasons))
    return outcomes


def _by_kind(outcomes: Iterable[Outcome]) -> dict[str, dict[str, float]]:
    total: Counter[tuple[bool, str]] = Counter()
    correct: Counter[tuple[bool, str]] = Counter()
    for outcome in outcomes:
        kind = (outcome.case.right, outcome.case.kind)
        total[kind] += 1
        correct[kind] += outcome.correct
    return {
        name: {"right": right, "cases": count, "correct": correct[right, name] / count}
        for (right, name), count in sorted(total.items())
    }


def below_floors(measured: Mapping[str, Any]) -> list[str]:
    """What a measurement falls short of, one line each."""
    found = []
    if measured["caught"] < CAUGHT:
        found.append(f"only {measured['caught']:.1%} of the wrong claims are caught; the floor is {CAUGHT:.0%}")
    if measured["flagged"] > FLAGGED:
        found.append(f"{measured['flagged']:.1%} of the right claims are flagged; at most {FLAGGED:.0%} may be")
    return found


def as_text(title: str, measured: Mapping[str, Any]) -> str:
    """A measurement as a table: the whole, then each kind of wrong claim and of right claim."""
    lines = [
        title,
        f"  wrong claims caught (recall)     {measured['caught']:7.1%} of {measured['wrong']}",
        f"  right claims flagged             {measured['flagged']:7.1%} of {measured['right']}",
        f"  flagged claims wrong (precision) {measured['precision']:7.1%}",
    ]
    for kind, row in measured["kinds"].items():
        done = "kept  " if row["right"] else "caught"
        lines.append(f"    {done} {row['correct']:7.1%} of {row['cases']:5}  {kind}")
    return "\n".join(lines)


def cases(passages: Sequence[Passage], seed: int = 0) -> list[Case]:
    """The fault set: for each sentence of prose, every change that can be made to it, once. The same for the same seed."""
    chance = random.Random(seed)
    names = _names(passages)
    found: list[Case] = []
    for number, passage in enumerate(passages):
        if passage.kind == "facts":
            continue
        for place, sentence in enumerate(passage.sentences):
            text = sentence.text
            if len(text.split()) < 5:
                continue
            before = passage.sentences[place - 1].text if place else ""
            found += [Case(kind, True, claim, number, text) for kind, claim in _right(text, before, names)]
            found += [Case(kind, False, claim, number, text) for kind, claim in _wrong(text, passage, names, chance)]
            found += _miscited(text, number, passages, chance)
    return found


def _right(text: str, before: str, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    yield "verbatim", text
    makers: Mapping[str, Callable[[str], str]] = {
        "bracket dropped": _without_brackets,
        "clause dropped": _without_tail,
        "opening moved": _opening_moved,
        "opening dropped": _opening_dropped,
        "number rewritten": _number_rewritten,
        "date rewritten": _date_rewritten,
        "year dropped": _year_dropped,
        "accents dropped": _without_accents,
        "pronoun named": lambda sentence: _pronoun_named(sentence, before, names),
    }
    for kind, make in makers.items():
        changed = make(text)
        if changed != text and len(changed.split()) >= 4:
            yield kind, changed


def _without_brackets(text: str) -> str:
    return re.sub(r"\s?\([^()]*\)", "", text)


def _without_tail(text: str) -> str:
    """Without its last clause, where one begins after a comma with a word that opens a clause."""
    match = re.search(
        r"^(.{25,}),\s(?:which|who|whose|where|while|with|after|before|including|although|but|as|leaving|killing)\b[^,]*[.]$",
        text,
    )
    return match[1] + "." if match else text


_OPENING = re.compile(
    r"^((?:On|In|By|At|Since|During|After|Around|Towards) [^,]{3,45}(?:, \d{4})?), (?!\d)([^,]+(?:, [^,]+)?)[.]$"
)


def _opening_moved(text: str) -> str:
    match = _OPENING.match(text)
    return f"{match[2][0].upper()}{match[2][1:]} {match[1][0].lower()}{match[1][1:]}." if match else text


def _opening_dropped(text: str) -> str:
    match = _OPENING.match(text)
    return f"{match[2][0].upper()}{match[2][1:]}." if match else text


def _number_rewritten(text: str) -> str:
    match = _first_number(text)
    if not match:
        return text
    written = match[0].lower()
    if written in _WORDS:
        new = str(_VALUES[_WORDS.index(written)])
    elif "," in written:
        new = written.replace(",", "")
    else:
        new = _WORDS[_VALUES.index(int(written))] if int(written) in _VALUES else written
    return text[: match.start()] + new + text[match.end() :]


def _date_rewritten(text: str) -> str:
    """13 January 2013 for January 13, 2013, and the other way round."""
    match = _DATE.search(text)
    if not match or _in_range(text, match):
        return text
    if match["day"]:
        new = f"{match['month']} {match['day']}" + (f", {match['year']}" if match["year"] else "")
    else:
        new = f"{match['day2']} {match['month2']}" + (f" {match['year']}" if match["year"] else "")
    return text[: match.start()] + new + text[match.end() :]


def _year_dropped(text: str) -> str:
    match = _DATE.search(text)
    if not match or not match["year"] or _in_range(text, match):
        return text
    return text[: match.start()] + re.sub(r",? \d{4}$", "", match[0]) + text[match.end() :]


def _in_range(text: str, match: re.Match[str]) -> bool:
    return bool(
        re.search(r"(?:\d|[–-]|and|to)\s?$", text[: match.start()]) or re.match(r"\s?(?:[–-]|and \d|to \d)", text[match.end() :])
    )


def _without_accents(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def _pronoun_named(text: str, before: str, names: Sequence[str]) -> str:
    """The name with which the sentence before begins, in place of this one's opening pronoun."""
    pronoun = re.match(r"(?:He|She|They) ", text)
    opening = next(
        (name for name in sorted(names, key=len, reverse=True) if re.match(rf"(?:The )?{re.escape(name)}\b", before)), None
    )
    return f"{opening} {text[pronoun.end() :]}" if pronoun and opening else text


def _wrong(text: str, passage: Passage, names: Sequence[str], chance: random.Random) -> Iterator[tuple[str, str]]:
    makers: Mapping[str, Callable[[], str]] = {
        "number changed": lambda: _number_changed(text, chance),
        "date changed": lambda: _date_changed(text, chance),
        "name changed": lambda: _name_changed(text, names, chance),
        "name from the passage": lambda: _name_changed(
            text, [n for n in names if _holds(passage.header + " " + passage.text, n)], chance
        ),
        "names exchanged": lambda: _names_exchanged(text, names),
        "numbers exchanged": lambda: _numbers_exchanged(text),
        "negation added": lambda: _negation_added(text),
        "negation dropped": lambda: _negation_dropped(text),
    }
    for kind, make in makers.items():
        changed = make()
        if changed != text:
            yield kind, changed


def _numbers(text: str) -> list[re.Match[str]]:
    """Numbers that are no part of a date."""
    found = []
    for match in _NUMBER.finditer(text):
        before, after = text[: match.start()], text[match.end() :]
        if (
            not _NEAR_MONTH.search(before)
            and not _NEAR_MONTH.match(after.lstrip())
            and not re.search(rf"(?:{_MONTH})[^.]{{0,12}}$", before)
        ):
            found.append(match)
    return found


def _first_number(text: str) -> re.Match[str] | None:
    return next(iter(_numbers(text)), None)


def _number_changed(text: str, chance: random.Random) -> str:
    found = _numbers(text)
    if not found:
        return text
    match = chance.choice(found)
    written = match[0].lower()
    if written in _WORDS:
        new = chance.choice([word for word in _WORDS if word != written])
    else:
        value = int(written.replace(",", ""))
        new = f"{chance.choice([value + 1, value + 10, value * 2 + 1, value * 10]):,}"
    return text[: match.start()] + new + text[match.end() :]


def _numbers_exchanged(text: str) -> str:
    """Two numbers that count different things, in each other's place."""
    found = [m for m in _numbers(text) if re.match(r" [a-z]", text[m.end() :])]
    for one, other in pairwise(found):
        heads = [re.match(r" ([a-z]+)", text[m.end() :])[1] for m in (one, other)]  # type: ignore[index]
        if one[0].lower() != other[0].lower() and heads[0] != heads[1] and not {"to", "or", "and"} & set(heads):
            return text[: one.start()] + other[0] + text[one.end() : other.start()] + one[0] + text[other.end() :]
    return text


def _date_changed(text: str, chance: random.Random) -> str:
    match = _DATE.search(text)
    if match:
        day, month = match["day"] or match["day2"], match["month"] or match["month2"]
        if chance.random() < 0.5:
            other = str(chance.choice([n for n in range(1, 29) if str(n) != day and not _holds(text, str(n))]))
            return text[: match.start()] + re.sub(rf"\b{day}\b", other, match[0], count=1) + text[match.end() :]
        other = chance.choice([name for name in MONTHS if name != month and name not in text])
        return text[: match.start()] + match[0].replace(month, other) + text[match.end() :]
    year = _YEAR.search(text)
    if not year:
        return text
    other = str(int(year[0]) + chance.choice([-3, -1, 1, 2, 10]))
    return text if other in text else text[: year.start()] + other + text[year.end() :]


def _names(passages: Sequence[Passage]) -> list[str]:
    """Capitalised words and rows of words that stand in the middle of a sentence somewhere."""
    found: Counter[str] = Counter()
    for passage in passages:
        for sentence in passage.sentences:
            for match in _NAME.finditer(sentence.text):
                if match.start() > 1 and re.match(r"[a-z,] ", sentence.text[match.start() - 2 : match.start()]):
                    found[re.sub(r"'s$", "", match[0])] += 1
    return sorted(
        name for name in found if len(name) > 2 and name not in MONTHS and not any(month in name.split() for month in MONTHS)
    )


def _holds(text: str, name: str) -> bool:
    return bool(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text))


def _spans(text: str, names: Iterable[str]) -> list[re.Match[str]]:
    known = set(names)
    return [m for m in _NAME.finditer(text) if re.sub(r"'s$", "", m[0]) in known and not text[m.end() :].startswith("'s")]


def _related(one: str, other: str) -> bool:
    """Names of which one may stand for the other: they share a word's beginning, or one is the other's initials."""
    parts = [{word[:4].lower() for word in name.split() if word[0].isupper()} for name in (one, other)]
    initials = ["".join(word[0] for word in name.split() if word[0].isupper()).upper() for name in (one, other)]
    return bool(parts[0] & parts[1]) or one.upper() == initials[1] or other.upper() == initials[0]


def _name_changed(text: str, names: Sequence[str], chance: random.Random) -> str:
    """One name replaced by another that the sentence does not hold."""
    spans = _spans(text, names) if names else []
    if not spans:
        return text
    span = chance.choice(spans)
    others = [name for name in names if not _holds(text, name) and not _related(name, span[0]) and name.split()[0] not in text]
    return text[: span.start()] + chance.choice(others) + text[span.end() :] if others else text


def _names_exchanged(text: str, names: Sequence[str]) -> str:
    """Two names with a verb between them, in each other's place."""
    spans = _spans(text, names)
    for one, other in pairwise(spans):
        between = text[one.end() : other.start()]
        verb = re.search(r"\b(?:[a-z]{3,}ed|took|left|fought|led|beat|drove|lost|won|told|gave|sent)\b", between)
        if (
            verb
            and "," not in between
            and not re.search(r"\b(?:with|and|between|by)\b", between)
            and not _related(one[0], other[0])
        ):
            return text[: one.start()] + other[0] + between + one[0] + text[other.end() :]
    return text


def _negation_added(text: str) -> str:
    match = _AUXILIARY.search(text)
    if match:
        return text[: match.end()] + " not" + text[match.end() :]
    verb = _VERB.search(text)
    return text[: verb.start()] + "never " + text[verb.start() :] if verb else text


def _negation_dropped(text: str) -> str:
    match = _NEGATION.search(text)
    return text[: match.start()] + text[match.end() :] if match else text


def _miscited(text: str, number: int, passages: Sequence[Passage], chance: random.Random) -> list[Case]:
    """The sentence with the number of another passage: one of the same file where there is one, that does not hold it."""
    mine = passages[number]
    others = [n for n, other in enumerate(passages) if n != number and other.source == mine.source and text not in other.text]
    return [Case("citation changed", False, text, chance.choice(others), text)] if others else []
