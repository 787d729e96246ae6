"""Lists to train the span reader on: a question, the sentences that the reader is shown for it, and where in them answers stand.

The sentences are those that retrieval and the first model rank best, as they are when a question is answered, so what the network
learns to refuse is what it will be shown. Of a sentence that holds an answer without being evidence nothing is learned.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from eval.datasets import Dataset
from eval.matching import Repair, holds, same_source
from eval.normalise import contains, words
from eval.questions import Question, Quote
from eval.windows import Source
from index.search import Searcher
from qa.features import Candidate
from qa.question import read
from qa.reader import models, rank, read_as

PASSAGES = 8
LONGEST = 6
"""Sentences without an answer that a list keeps."""
HELD_SHARE = 0.6
"""A sentence is evidence when it holds this share of a quote in one run, or the quote holds this share of it."""
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Read:
    """One sentence as the reader is shown it: `before` it stands its context. Where `spans` is empty it holds no answer."""

    before: str
    text: str
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadingList:
    """A question with sentences that answer it and others, both best first."""

    question: str
    right: tuple[Read, ...]
    wrong: tuple[Read, ...]

    def drawn(self, most: int, rng: random.Random) -> list[Read]:
        """A sentence that answers, where there is one, and others, `most` in all; the nearest of the others are drawn most."""
        first = [rng.choice(self.right)] if self.right else []
        count = min(most - len(first), len(self.wrong))
        order = sorted(range(len(self.wrong)), key=lambda n: n + 3.0 * rng.random())
        return [*first, *(self.wrong[n] for n in sorted(order[:count]))]


def lists(questions: Iterable[Question], searcher: Searcher, repair: Repair) -> Iterator[ReadingList]:
    """One list for each question of which retrieval finds sentences."""
    for question in questions:
        asked = read(question.standalone or question.question)
        ranked = rank(asked, searcher.search(asked.text, PASSAGES), searcher.opened.words.rarity, models().sentence)
        if ranked:
            yield _list(question, asked.text, [candidate for _, candidate in ranked], repair)


def _list(question: Question, asked: str, found: Sequence[Candidate], repair: Repair) -> ReadingList:
    right: list[Read] = []
    wrong: list[Read] = []
    answers = [answer for group in question.gold for answer in group]
    for candidate in found:
        shown = Read(*read_as(candidate))
        if not any(contains(shown.text, answer) for answer in answers):
            if not _evidence(question, candidate, repair):
                wrong.append(shown)
        elif _evidence(question, candidate, repair) and (spans := tuple(_spans(shown.text, answers))):
            right.append(replace(shown, spans=spans))
    return ReadingList(asked, tuple(right), tuple(wrong[:LONGEST]))


def _evidence(question: Question, candidate: Candidate, repair: Repair) -> bool:
    quoted = words(candidate.sentence.quote)
    gold = (q for group in question.evidence for q in group if same_source(q.source, candidate.passage.source))
    return any(
        holds(quoted, words(repair(q.quote)), HELD_SHARE) or holds(words(repair(q.quote)), quoted, HELD_SHARE) for q in gold
    )


def _spans(text: str, answers: Iterable[str]) -> Iterator[Span]:
    """Where the answers stand, as words, whatever is between them."""
    for answer in answers:
        parts = re.findall(r"\w+", answer)
        if parts and (match := re.search(r"(?<!\w)" + r"\W+".join(map(re.escape, parts)) + r"(?!\w)", text, re.IGNORECASE)):
            yield match.span()


def with_evidence(dataset: Dataset, source: Source) -> Iterator[Question]:
    """A SQuAD-like dataset's questions with the sentence that holds the marked answer as their evidence."""
    rows = {row["_id"]: row for row in source.questions}
    for question in dataset.questions:
        row = rows.get(question.id)
        if row is None:
            continue
        if not question.answerable:
            yield question
            continue
        name = question.relevant[0][0]
        quotes = {source.around(e["doc_id"], e["start"]) for e in row["evidence"]}
        yield replace(question, relevant=(), evidence=(tuple(Quote(name, quote) for quote in sorted(quotes) if quote),))
