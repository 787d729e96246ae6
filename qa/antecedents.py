"""What the earlier turns of a conversation speak of, and which of it a word of the next question stands for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from qa.anaphors import levels, suits
from qa.clause import ARTICLES, BE, PREPOSITIONS, Clause, parse
from qa.english import STOPWORDS
from qa.mentions import Mention, asked_thing, described, mentions
from qa.types import Turn
from qa.words import words

MARKER = re.compile(r"\s*\[\d[\d ,]*\]")
"""A citation in an answer."""


def candidates(question: str) -> list[Mention]:
    """What a follow-up to this stand-alone question may speak of: what it asks for, its subject, and the rest in order."""
    clause = parse(question)
    rest = [m for m in mentions(question) if m.text not in clause.subject]
    return [*_asked(clause), *_subject(clause), *_what_is_said(clause), *rest]


def _asked(clause: Clause) -> list[Mention]:
    """What the question asks for; one without a text can only be told by the answer."""
    asking = clause.asking.lower()
    if clause.noun:
        return [asked_thing(clause)]
    if asking == "who" and not clause.subject:
        one = Mention("the person", "person", full=f"the person who {clause.rest}", asked=True)
        return [one, Mention("those", "thing", True, full=f"those who {clause.rest}", asked=True)]
    kind = {"when": "date", "where": "place"}.get(asking)
    return [Mention("", kind, asked=True)] if kind else []


def _subject(clause: Clause) -> list[Mention]:
    """The subject, unless it is a pronoun; with what the question says of it where it is no name."""
    text = clause.subject
    if not text or text.split()[0].lower() in STOPWORDS - ARTICLES - {"all"}:
        return []
    own = re.split(r" (?:that|who|which) ", text)[0]
    kind, plural = described(own)
    said = clause.statement()
    common = any(w.text.islower() and w.plain not in {"the", "of", "and"} for w in words(own))
    kind = "agent" if kind == "name" and clause.verb and not common else kind
    added = said.removeprefix(text)
    telling = not any(w.capital for w in words(own)) or any(m.named for m in mentions(added))
    named = clause.rest if clause.asking.lower() in {"who", "what"} and clause.auxiliary in BE else ""
    named = named if named.split(" ")[0] in PREPOSITIONS else ""
    full = (
        f"{text} {named}"
        if named
        else f"{text} that{added}"
        if common and said and own == text and clause.adverbial and telling
        else text
    )
    return [Mention(text, kind, plural, full=full)]


def _what_is_said(clause: Clause) -> list[Mention]:
    """ "What did they agree on?" speaks of what they agreed on."""
    said = clause.statement() if clause.asking.lower() == "what" and clause.verb else ""
    return [Mention(f"what {said}", "thing")] if said else []


def antecedent(kind: str, turns: Sequence[Turn]) -> Mention | None:
    """The best fitting thing of the latest turn that has one: in its question, else the only such name in its answer.

    `turns` hold stand-alone questions, the latest first; `kind` is one of `anaphors.class_of`.
    """
    for turn in turns:
        known, told = candidates(turn.question), _told(turn, kind)
        fitting = [m for level in levels(kind) for m in known if suits(m, level)]
        if kind not in ("they", "them"):
            fitting.sort(key=lambda m: not m.asked)
        if kind == "them":
            fitting.sort(key=lambda m: m.asked and m.text == "those")
        for mention in fitting:
            if mention.asked and told:
                return told
            if mention.text:
                return replace(mention, full=mention.full or mention.text)
        if told:
            return told
    return None


def _told(turn: Turn, kind: str) -> Mention | None:
    """The only name of this kind that the answer adds to its question; None when there are several."""
    asked = {w.stem for w in words(turn.question)}
    named = [m for m in mentions(MARKER.sub("", turn.answer)) if m.named]
    new = [m for m in named if not asked & {w.stem for w in words(m.text) if w.capital}]
    for level in levels(kind):
        fitting = {m.text: m for m in new if suits(m, level)}
        if fitting:
            return next(iter(fitting.values())) if len(fitting) == 1 else None
    return None
