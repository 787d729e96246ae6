"""Two sentences read together: the one that a description fits, and one that says more of whom it names.

"Which trade had the man who was the only witness?" is answered by "Rusk was a cooper" only behind "Rusk, the only witness, …".
So where a question describes something (`qa.hops`), sentences that share a name with one of the best ones, a name
that the question does not hold, are read once more behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from index.lexical import terms
from qa import hops
from qa.features import Candidate
from qa.question import Question
from qa.reading import read as taken_apart
from qa.span_reader import Reads

FIRSTS = 2
"""Sentences that the description may fit: the best ones."""
PAIRS = 4
"""Pairs that are read at most."""

Ranked = Sequence[tuple[float, Candidate]]


def read_behind(first: Candidate, second: Candidate) -> tuple[str, str]:
    """What stands before the second sentence when it is read behind the first, and the second."""
    title = second.passage.title
    return (f"{title}. " if title else "") + first.sentence.full_text + " ", second.sentence.full_text


def pairs(question: Question, ranked: Ranked) -> list[tuple[Candidate, Candidate]]:
    """Up to PAIRS, those with the likeliest second sentence first; none where the question describes nothing."""
    if not hops.describes(question.text):
        return []
    known = set(terms(question.text))
    found: dict[int, tuple[Candidate, Candidate]] = {}
    for _, first in ranked[:FIRSTS]:
        names = _names(first) - known
        for number, (_, second) in enumerate(ranked):
            if second is not first and number not in found and names & set(terms(second.sentence.full_text)):
                found[number] = first, second
    return [found[number] for number in sorted(found)[:PAIRS]]


def _names(candidate: Candidate) -> set[str]:
    """The terms of the names in a sentence."""
    text = candidate.sentence.full_text
    sentence = taken_apart(text)
    return {term for n in sentence.names for term in terms(text[sentence.words[n].start : sentence.words[n].end])}


def with_pairs(question: Question, ranked: Ranked, spans: Reads) -> list[tuple[float, Candidate]]:
    """The ranking, with what the span reader found in sentences that were read behind another one, where that is clearer."""
    chosen = pairs(question, ranked)
    if not chosen:
        return list(ranked)
    found = spans.spans(question.text, [read_behind(*pair) for pair in chosen])
    behind = {
        id(second): replace(second, span=span, behind=first)
        for (first, second), span in zip(chosen, found, strict=True)
        if not second.span or span.score > second.span.score
    }
    return [(p, behind.get(id(candidate), candidate)) for p, candidate in ranked]
