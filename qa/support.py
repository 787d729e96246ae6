"""Does a quote bear out a claim? Pure functions of their texts.

A claim is borne out when most of its words stand in the quote (or its meaning is near by the similarity given) and nothing in it
contradicts or exceeds the quote: each number, date and name must be there, tied to the same words, with the same polarity and in
the same roles. The quote's context (title, section, the sentences before it) may supply a name that a pronoun stands for and the
year of a date; it never replaces what the quote says. The tests are of form, not of meaning: a paraphrase that shares few words
with the quote is reported as unsupported, which is the safe error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qa.contradictions import contradictions
from qa.english import LIGHT, STOPWORDS
from qa.reading import Reading, is_fact, overlap, read, share, verbatim
from qa.types import Support
from qa.unsaid import all_grounded

ENOUGH = 0.6
"""Share of the claim's content words that the quote must hold when nothing is known of the meaning."""
ENOUGH_WHEN_NEAR = 0.3
"""The same where claim and quote are near in meaning."""
HALF, MOST = 0.5, 0.75
"""Shares that are enough together: of the content words, and of all words with names, numbers and dates."""
NEAR = 0.75
"""The cosine from which they are near."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`best` is the index of the quote that decides, `reasons` say what was not borne out, `overlap` is in [0, 1]."""

    best: int | None
    support: Support
    reasons: tuple[str, ...] = ()
    overlap: float = 0.0


def judge(
    claim: str,
    quotes: Sequence[str],
    similarity: Sequence[float] | None = None,
    *,
    contexts: Sequence[str] = (),
    headers: Sequence[str] = (),
    aliases: Mapping[str, str] | None = None,
) -> Verdict:
    """The best quote for a claim, and whether it bears it out.

    `similarity` are cosines of the claim with each quote; `contexts` the sentences before each quote and `headers` its title and
    section; `aliases` maps a variant of a name to the name. All are given for each quote in turn, or not at all.
    """
    verdicts = [
        _judge_one(
            claim,
            quote,
            n,
            similarity[n] if similarity is not None else 0.0,
            contexts[n] if contexts else "",
            headers[n] if headers else "",
            aliases or {},
        )
        for n, quote in enumerate(quotes)
    ]
    order = {"quoted": 2, "supported": 1, "unsupported": 0}
    if not verdicts:
        return Verdict(None, "unsupported", ("no quote was given",))
    return max(verdicts, key=lambda v: (order[v.support], v.overlap, -len(v.reasons), -len(quotes[v.best or 0])))


def _judge_one(
    claim: str, quote: str, number: int, near: float, context: str, header: str, aliases: Mapping[str, str]
) -> Verdict:
    said, known = verbatim(claim), verbatim(quote)
    if said and said == known:
        return Verdict(number, "quoted", (), 1.0)
    one, other = read(claim), read(quote)
    held = overlap(one, other, read(header))
    reasons = contradictions(one, other, context, header, aliases)
    if not reasons and len(one.words) >= 3 and re.search(rf"(?<!\w){re.escape(said)}(?!\w)", known):
        return Verdict(number, "quoted", (), held)
    if all(word.plain in STOPWORDS for word in one.words):
        reasons = ["the sentence says nothing"]
    if not _says_enough(one, other, read(header), held, near) and not (
        len(one.words) > 2 and all_grounded(one, other, read(header))
    ):
        reasons.append(f"only {held:.0%} of its words are in the quote")
    return Verdict(number, "unsupported" if reasons else "supported", tuple(reasons), held)


def _says_enough(claim: Reading, quote: Reading, header: Reading, held: float, near: float) -> bool:
    """Whether enough of the claim's words stand in the quote.

    Enough of its content words, or fewer of these where its names, numbers and dates are there too. A fact of an infobox
    ("Date: 3 May") need not hold the verb that states it.
    """
    if held >= (ENOUGH_WHEN_NEAR if near >= NEAR else ENOUGH):
        return True
    if is_fact(quote.text):
        content = [claim.words[n] for n in claim.content if claim.words[n].plain not in LIGHT]
        return bool(claim.figures | claim.names) and (not content or share(content, quote, header) >= ENOUGH)
    weighty = [word for n, word in enumerate(claim.words) if word.plain not in STOPWORDS and n not in claim.figures]
    figures = len(claim.numbers) + len(claim.dates)
    whole = (share(weighty, quote, header) * len(weighty) + figures) / max(1, len(weighty) + figures)
    return held >= HALF and whole >= MOST
