"""When a passage covers a gold quote, and when a citation hits one. Compared are words, so markup and punctuation do not count.

A passage covers a quote that it holds whole, or of which it holds one run of at least 60 % of the words (a quote may straddle
two sentences that were put into two passages). A citation is right when it and a gold quote of the same file hold each
other, or share one run of at least half of the gold quote's words. Quotes of fewer than five words must be held whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import SequenceMatcher

from eval.normalise import contains, words
from eval.questions import Question
from index.types import Hit
from qa.types import Answer, Citation, Conflict

COVERED_SHARE = 0.6
CITED_SHARE = 0.5
SHORT_QUOTE = 5
Repair = Callable[[str], str]


def same_source(one: str, other: str) -> bool:
    """Whether two names mean one file: equal, or one is the other with folders before it."""
    return one == other or one.endswith("/" + other) or other.endswith("/" + one)


def longest_run(one: Sequence[str], other: Sequence[str]) -> int:
    """Length in words of the longest run of words that both hold."""
    return SequenceMatcher(None, one, other, autojunk=False).find_longest_match().size


def holds(text: Sequence[str], quote: Sequence[str], share: float) -> bool:
    """Whether `text` holds `quote` whole or, for quotes that are long enough, a run of at least `share` of it."""
    if not quote:
        return False
    if f" {' '.join(quote)} " in f" {' '.join(text)} ":
        return True
    return len(quote) >= SHORT_QUOTE and longest_run(text, quote) >= share * len(quote)


def covered_groups(question: Question, source: str, text: str, repair: Repair) -> frozenset[int]:
    """The numbers of the evidence groups of which this text of this file covers an alternative."""
    found = words(text)
    return frozenset(
        number
        for number, group in enumerate(question.evidence)
        if any(same_source(quote.source, source) and holds(found, words(repair(quote.quote)), COVERED_SHARE) for quote in group)
    )


def ranked_groups(question: Question, hits: Sequence[Hit], repair: Repair) -> list[frozenset[int]]:
    """For each hit, best first, the evidence groups it covers; for a dataset's question, the relevant documents it is of.

    Documents count once, at their best passage: later passages of the same document take no rank.
    """
    if not question.relevant:
        return [
            covered_groups(question, hit.passage.source, " ".join(s.quote for s in hit.passage.sentences), repair) for hit in hits
        ]
    documents = list(dict.fromkeys(hit.passage.source for hit in hits))
    return [
        frozenset(n for n, (relevant, _) in enumerate(question.relevant) if same_source(relevant, document))
        for document in documents
    ]


def cited_groups(question: Question, citation: Citation, repair: Repair) -> frozenset[int]:
    """The evidence groups that a citation hits; for a dataset's question, the relevant documents."""
    if question.relevant:
        return frozenset(n for n, (source, _) in enumerate(question.relevant) if same_source(source, citation.source))
    cited = words(citation.quote)
    return frozenset(
        number
        for number, group in enumerate(question.evidence)
        if any(same_source(quote.source, citation.source) and _overlap(cited, words(repair(quote.quote))) for quote in group)
    )


def _overlap(cited: tuple[str, ...], gold: tuple[str, ...]) -> bool:
    return holds(cited, gold, CITED_SHARE) or holds(gold, cited, 1.0)


def answers_gold(text: str, gold: Sequence[Sequence[str]]) -> bool:
    """Whether the text holds an alternative of every group of gold answers."""
    return bool(gold) and all(any(contains(text, alternative) for alternative in group) for group in gold)


def shows_conflict(question: Question, answer: Answer) -> bool:
    """Whether one conflict of the answer gives every gold side, each by a value of its own (or by the quote cited for it)."""
    quotes = {citation.number: citation.quote for citation in answer.citations}
    return any(_gives_all_sides(question.gold, conflict, quotes) for conflict in answer.conflicts)


def _gives_all_sides(gold: Sequence[Sequence[str]], conflict: Conflict, quotes: dict[int, str]) -> bool:
    texts = [" ; ".join((v.value, *(quotes.get(number, "") for number in v.citations))) for v in conflict.values]
    sides = [[n for n, text in enumerate(texts) if any(contains(text, alternative) for alternative in group)] for group in gold]
    return _distinct(sides, frozenset())


def _distinct(choices: Sequence[Sequence[int]], taken: frozenset[int]) -> bool:
    """Whether one number can be chosen from each list so that no two are equal."""
    if not choices:
        return True
    return any(_distinct(choices[1:], taken | {number}) for number in choices[0] if number not in taken)
