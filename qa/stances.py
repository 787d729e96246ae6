"""Sentences that affirm what a yes-or-no question asks, and sentences that deny it: by a negation, an opposite or an express denial."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from qa.answering import Given
from qa.clause import parse
from qa.quantities import Date
from qa.statements import Asked, Told, named, same_time, speaker, whole_names_held
from qa.values import Value
from qa.words import Word, is_name, is_negator, opposite, opposites, words

REACH = 6
"""Words before which a negation stands at most."""
ABOUT = 0.6
"""Share of the question's rarity that a sentence holds, at least, to affirm or deny it …"""
DENIAL = 0.3
"""… and a sentence that expressly denies something, or is denied."""
NAMED = 0.5
"""Share of the question's names that the passage up to it holds."""

_DENIED = re.compile(
    r"\b(?:den(?:y|ied|ies|ying)|disput(?:es|ed|ing) (?:that|the|this|these|it|by)|(?:is|was|are|were) disputed|"
    r"reject(?:s|ed|ing) (?:the |this |that |any |these )?(?:claims?|reports?|statements?|charges?|accusations?|allegations?|idea|notion|suggestions?)|"
    r"refut(?:e[ds]?|ing)|dismiss(?:es|ed)|not (?:accurate|true|correct|the case)|false(?:ly)?|untrue|"
    r"incorrect|inaccurate|no (?:evidence|proof)|(?:despite|contrary to)(?: [\w']+){0,3}? (?:claims?|reports?|statements?|written|said|believed))\b",
    re.I,
)
_NO = re.compile(r"^no$", re.I)
_PRONOUN = re.compile(r"^\W*(?:he|she|it|they|this|these|who|which)\b", re.I)
_HYPOTHETICAL = re.compile(r"\b(?:would|might|could have|planned to|wanted to|tried to|whether|if)\b", re.I)


def stances(asked: Asked, sentences: Sequence[Told]) -> list[Given]:
    """The clauses that affirm or deny what is asked, each as a value whose side is yes or no."""
    found: list[Given] = []
    for sentence in sentences:
        found += _of(asked, sentence)
    return found


def _of(asked: Asked, sentence: Told) -> Iterator[Given]:
    """What the clauses of a sentence say; a clause that only denies takes up the one before."""
    own = sentence.when if sentence.read.dates else ()
    if asked.dates and not same_time([_month(date) for date in asked.dates], [_month(date) for date in own]):
        return
    text = sentence.read.text
    about = 0.0
    for start, end in sentence.read.clauses:
        clause = text[start:end]
        held = _taken_up(asked, sentence, start, end)
        denied = bool(_DENIED.search(clause))
        if denied and (held >= DENIAL or about):
            yield _given(sentence, start, end, "no", max(held, about))
        elif held >= DENIAL:
            side = _side(asked, sentence, start, end)
            if side:
                yield _given(sentence, start, end, side, held)
        about = max(about, held if held >= DENIAL else 0.0)


def _month(date: Date) -> Date:
    """Without its day: denials come later."""
    return replace(date, day=0)


def _given(sentence: Told, start: int, end: int, side: str, held: float) -> Given:
    return Given(sentence, Value("stance", start, end), end, held, side)


def _taken_up(asked: Asked, sentence: Told, start: int, end: int) -> float:
    """How much of the question a clause takes up; nothing without one of its names, or a pronoun for them."""
    own = [word for word in sentence.read.words if start <= word.start < end]
    stems = frozenset(word.stem for word in own) | frozenset(word.plain for word in own)
    around = whole_names_held(asked, sentence.around)
    if asked.names and not any(named(name, stems) for name in asked.names):
        leans = _PRONOUN.match(sentence.read.text[start:end]) or start > 0
        if not leans or around < 1:
            return 0.0
    if around < NAMED:
        return 0.0
    return asked.held(stems | _opposites(asked, stems))


def _opposites(asked: Asked, stems: frozenset[str]) -> frozenset[str]:
    """The question's words whose opposite these stems hold: they are taken up, and denied."""
    return frozenset(one for one in asked.words if not opposites(one).isdisjoint(stems))


def _side(asked: Asked, sentence: Told, start: int, end: int) -> str:
    """yes or no: the verb that is asked about affirmed, or negated or turned into its opposite; nothing where it is missing."""
    own = [word for word in sentence.read.words if start <= word.start < end]
    meant = asked.verbs or asked.words[-1:]
    told = [n for n, word in enumerate(own) if any(word.stem in asked.forms[one] for one in meant)]
    turned = [n for n, word in enumerate(own) if any(opposite(one, word.stem) for one in meant) and word.stem not in asked.words]
    text = sentence.read.text
    if told:
        no = any(_negated(own, n, text) for n in told)
    elif turned:
        no = not any(_negated(own, n, text) for n in turned)
    else:
        return ""
    if not no and _HYPOTHETICAL.search(text[start:end]):
        return ""
    if no and (any(_unheld(asked, own)) or _of_another(asked, own, text[start:end])):
        return ""
    return "no" if no else "yes"


def _of_another(asked: Asked, own: Sequence[Word], clause: str) -> bool:
    """Whether a denying clause has another subject than the question's, where that is a name."""
    subject = [word.plain for word in words(parse(asked.text).subject) if is_name(word)]
    stems = frozenset(word.stem for word in own) | frozenset(word.plain for word in own)
    return bool(subject) and not any(named(name, stems) for name in subject) and not _PRONOUN.match(clause)


def _unheld(asked: Asked, own: Sequence[Word]) -> Iterator[bool]:
    """For each word of the question after its verb whether a denying clause lacks it: what is denied must be the very thing."""
    stems = frozenset(word.stem for word in own)
    for one in asked.words:
        if one in asked.verbs or asked.weights[one] <= 0:
            continue
        yield asked.forms[one].isdisjoint(stems) and opposites(one).isdisjoint(stems) and asked.weights[one] > 0.6


def _negated(own: Sequence[Word], at: int, text: str) -> bool:
    """Whether a negation stands close before a word, with no comma between, or "no" before the subject."""
    for n in range(max(0, at - REACH), at):
        word = own[n]
        if not is_negator(word) and not word.plain.endswith("n't"):
            continue
        between = text[word.end : own[at].start]
        if _NO.match(word.plain) and any(is_name(other) for other in own[n + 1 : at]):
            continue
        if not re.search(r"[,;:()]|\bbut\b", between):
            return True
    return False


def differ(one: Given, other: Given) -> bool:
    """Yes and no, of one time, in two voices or by an express denial."""
    if {one.side, other.side} != {"yes", "no"}:
        return False
    denial = one if one.side == "no" else other
    if _DENIED.search(denial.clause):
        return True
    if min(one.probability, other.probability) < ABOUT:
        return False
    dated = one.sentence.read.dates and other.sentence.read.dates
    if dated and not same_time([_month(date) for date in one.sentence.when], [_month(date) for date in other.sentence.when]):
        return False
    if one.sentence.place[0].id != other.sentence.place[0].id:
        return True
    mine, theirs = speaker(one.clause), speaker(other.clause)
    return bool(mine and theirs and not mine & theirs)
