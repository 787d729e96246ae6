"""A question read into its parts: what it asks for, the auxiliary, the subject, the verb and the rest.

It knows closed classes of English words (articles, prepositions, auxiliaries, question words) and no topic.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from qa.english import IRREGULAR, PLURALS
from qa.tokens import ranks
from qa.words import Word, is_verb_form, words

ARTICLES = frozenset({"the", "a", "an"})
PREPOSITIONS = frozenset(
    """
    in at of from to into near on onto by with for during after before against between among over under across around outside
    inside within through towards toward since until about like as beyond off out up down worth
    """.split()
)
BE = frozenset("is are was were be been being".split())
DO = frozenset("do does did can could will would shall should may might must".split())
AUXILIARIES = BE | DO | {"has", "have", "had"}
ASKING = frozenset("who whom whose what which when where why how".split())
LEAD = re.compile(r"^(?:and|but|so|or|then|also|ok(?:ay)?)\b,?\s+", re.IGNORECASE)
"""A word that joins a question to the one before and adds nothing to it."""

_DETERMINERS = ARTICLES | frozenset("every each all some any no several".split())
_RELATIVES = frozenset({"that", "who", "which"})
_ADVERBS = frozenset("last first ever never also still finally originally again once now then always later already".split())
"""Words that stand between a subject and its verb."""
_UNCHANGED_PAST = frozenset("hurt hit cut put set shut split cost let quit born".split())
_PASTS = {base: form for form, base in reversed(IRREGULAR.items()) if form not in PLURALS}
_PASTS |= {"have": "had", "do": "did", "be": "was"}


@dataclass(frozen=True, slots=True)
class Clause:
    """A question in parts. `subject` is empty where the asked thing is the subject; `verb` follows only do, did or a modal."""

    asking: str
    noun: str = ""
    """The noun that is asked for: "battle" of "which battle", "people" of "how many people"."""
    auxiliary: str = ""
    subject: str = ""
    verb: str = ""
    rest: str = ""

    @property
    def adverbial(self) -> bool:
        """Whether what follows the question word is a whole statement (when, where, why, how, yes or no)."""
        return self.asking.lower() in {"", "when", "where", "why", "how"}

    def statement(self) -> str:
        """The question as a statement ("the army left"), "" where it says none."""
        if not self.subject or not (self.verb or self.rest):
            return ""
        verb = past_tense(self.verb) if self.auxiliary == "did" else f"{self.auxiliary} {self.verb}"
        return " ".join(f"{self.subject} {verb} {self.rest}".split())


@lru_cache(maxsize=256)
def parse(question: str) -> Clause:
    """The parts of a question; what cannot be told apart is left in `rest`."""
    text = LEAD.sub("", question.strip()).rstrip(" ?.!")
    found = words(text)
    first = 1 if [w.plain in ASKING for w in found[:2]] == [False, True] and found[0].plain in PREPOSITIONS else 0
    n = _asking_end(found, first)
    if n >= len(found):
        return Clause(text)
    asking = text[: found[n].start].strip()
    noun = text[found[first + 1].start : found[n - 1].end] if n > first + 1 else ""
    if noun and found[first].plain == "how":
        quantity, _, counted = noun.partition(" ")
        noun = counted if quantity in ("many", "much") else ""
    if not is_auxiliary(found[n]):
        return Clause(asking, noun, rest=text[found[n].start :])
    return _after_auxiliary(text, found, n + 1, Clause(asking, noun, found[n].plain))


def _asking_end(found: Sequence[Word], n: int) -> int:
    """Where "how many of the men", "which river", "why" ends."""
    if n >= len(found) or found[n].plain not in ASKING:
        return n
    takes_noun = found[n].plain in {"what", "which", "whose", "how"}
    n += 1
    while takes_noun and n < len(found) and not is_auxiliary(found[n]) and not _is_finite(found, n):
        n += 1
    return n


def _after_auxiliary(text: str, found: Sequence[Word], n: int, asked: Clause) -> Clause:
    """The clause with its subject, which begins at word `n`, and what follows it."""
    doing = asked.auxiliary in DO
    end = _main_verb(found, n) if doing else phrase_end(found, n)
    subject = text[found[n].start : found[end - 1].end] if n < end else ""
    verb = found[end].text if doing and end < len(found) else ""
    rest = text[found[end - 1].end :].strip().removeprefix(verb).strip()
    rest = rest if subject or doing else f"{asked.auxiliary} {rest}"
    return Clause(asked.asking, asked.noun, asked.auxiliary, subject, verb, rest)


def _is_finite(found: Sequence[Word], n: int) -> bool:
    """Whether a word of "which group …" is the verb: a past form, or a present one before a new phrase ("controls the town")."""
    word, later = found[n], found[n + 1 :]
    if is_past(word):
        return not after_article(found, n)
    opens = bool(later) and (later[0].capital or later[0].plain in _DETERMINERS | PREPOSITIONS)
    if n < 2 or word.capital or not opens or any(is_past(w) or is_auxiliary(w) for w in later):
        return False
    return is_base_verb(word.plain if is_plural(found[n - 1].plain) else word.plain.removesuffix("s"))


def _main_verb(found: Sequence[Word], n: int) -> int:
    """Where the verb stands after "did SUBJECT"; the number of words where it is not told."""
    for at in range(n + 1, len(found)):
        word, last, following = found[at], found[at - 1], found[at + 1 : at + 2]
        if word.capital or not is_base_verb(word.plain) or last.plain in PREPOSITIONS | _DETERMINERS | _RELATIVES:
            continue
        compound = following and not following[0].capital and is_base_verb(following[0].plain)
        compound = compound and (word.plain, following[0].plain) != ("take", "place")
        if last.capital or is_plural(last.plain) or not (compound or _later_verb(found, at)):
            return at
    return len(found)


def _later_verb(found: Sequence[Word], at: int) -> bool:
    """Whether a word right before a preposition is a noun after all, since the verb ends the clause ("the bus strike in Halmer last")."""
    last, following = found[-1], found[at + 1 : at + 2]
    if not following or following[0].plain not in PREPOSITIONS or len(found) - at < 3:
        return False
    before = found[-2].plain
    return not last.capital and is_base_verb(last.plain) and before not in PREPOSITIONS | _DETERMINERS


def phrase_end(found: Sequence[Word], n: int) -> int:
    """Where the noun phrase that begins at word `n` ends; a relative clause belongs to it."""
    within = awaiting = False
    for at in range(n, len(found)):
        word = found[at]
        if at > n and (not word.joined or (word.plain in _ADVERBS and found[at - 1].capital and not owns(found[at - 1]))):
            return at
        if at > n and word.plain in ASKING - _RELATIVES:
            return at
        if at > n and word.plain in _RELATIVES:
            within = awaiting = True
        elif is_auxiliary(word) or is_past(word):
            if not awaiting and not after_article(found, at) and not (within and found[at - 1].plain in AUXILIARIES):
                return at
            awaiting = False
        elif word.plain in PREPOSITIONS - {"of"} and not within:
            return at
    return len(found)


def owns(word: Word) -> bool:
    """Whether it is a possessive, "Chile's"."""
    return word.text.endswith(("'s", "’s", "'", "’"))


def is_auxiliary(word: Word) -> bool:
    """Not "May", the month."""
    return word.plain in AUXILIARIES and (word.begins or not word.capital)


def is_past(word: Word) -> bool:
    return not word.capital and (is_verb_form(word) or word.plain in _UNCHANGED_PAST)


def after_article(found: Sequence[Word], n: int) -> bool:
    return n > 0 and found[n - 1].plain in _DETERMINERS


def is_plural(plain: str) -> bool:
    """Whether a folded noun looks like several."""
    return plain in PLURALS or (len(plain) > 3 and plain.endswith("s") and not plain.endswith(("ss", "us", "is")))


def is_base_verb(plain: str) -> bool:
    return plain in _UNCHANGED_PAST or plain in _PASTS or f" {past_tense(plain)}".encode() in ranks()


def past_tense(verb: str) -> str:
    """The past of a verb's base form: irregular by table, regular with the spelling that is the more common token."""
    if verb in _PASTS or verb in _UNCHANGED_PAST:
        return _PASTS.get(verb, verb)
    if verb.endswith("e"):
        return verb + "d"
    if re.search(r"[^aeiou]y$", verb):
        return verb[:-1] + "ied"
    doubled = f"{verb}{verb[-1:]}ed"
    return doubled if f" {doubled}".encode() in ranks() and f" {verb}ed".encode() not in ranks() else verb + "ed"
