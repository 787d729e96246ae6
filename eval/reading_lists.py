"""Lists to train the span reader on: a question, the sentences that the reader is shown for it, and where in them answers stand.

The sentences are those that retrieval and the first model rank best, as they are when a question is answered, so what the network
learns to refuse is what it will be shown. Of a sentence that holds an answer without being evidence nothing is learned. Where
a question needs two sentences, the second is also read behind the first.
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
from qa.chains import read_behind
from qa.features import Candidate
from qa.hops import look_up
from qa.question import read
from qa.reader import PASSAGES, models, rank, read_as
from qa.settings import Settings

LONGEST = 6
"""Sentences without an answer that a list keeps."""
HELD_SHARE = 0.6
"""A sentence is evidence when it holds this share of a quote in one run, or the quote holds this share of it."""
_PARTNER = re.compile(r"contrast of (\S+)")
"""How `Question.about` of a practice question names the one it was made from."""
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Read:
    """One sentence as the reader is shown it: `before` it stands its context. Where `spans` is empty it holds no answer."""

    before: str
    text: str
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadingList:
    """A question with sentences that answer it and others, both best first. `name` is the question's id, and `partner` that of the
    question which asks in nearly the same words for something that is said."""

    question: str
    right: tuple[Read, ...]
    wrong: tuple[Read, ...]
    name: str = ""
    partner: str = ""

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
        hits, _ = look_up(searcher, asked.text, Settings().passages, PASSAGES)
        ranked = rank(asked, hits, searcher.opened.words.rarity, models().sentence)
        if ranked:
            yield _list(question, asked.text, [candidate for _, candidate in ranked], repair)


def _list(question: Question, asked: str, found: Sequence[Candidate], repair: Repair) -> ReadingList:
    right: list[Read] = []
    wrong: list[Read] = []
    answers = [answer for group in question.gold for answer in group]
    proves = {id(candidate): _proved(question, candidate, repair) for candidate in found}
    for candidate in found:
        shown = Read(*read_as(candidate))
        if not any(contains(shown.text, answer) for answer in answers):
            if not proves[id(candidate)]:
                wrong.append(shown)
        elif proves[id(candidate)] and (spans := tuple(_spans(shown.text, answers))):
            right.append(replace(shown, spans=spans))
            firsts = [first for first in found if proves[id(first)] and not proves[id(first)] & proves[id(candidate)]]
            if question.category == "multi_hop":
                right += [Read(*read_behind(first, candidate), spans) for first in firsts]
    partner = _PARTNER.match(question.about)
    return ReadingList(asked, tuple(right), tuple(wrong[:LONGEST]), question.id, partner[1] if partner else "")


def _proved(question: Question, candidate: Candidate, repair: Repair) -> frozenset[int]:
    """The groups of evidence that a sentence is of."""
    quoted = words(candidate.sentence.quote)
    return frozenset(
        number
        for number, group in enumerate(question.evidence)
        for quote in group
        if same_source(quote.source, candidate.passage.source)
        and any(
            holds(one, other, HELD_SHARE) for pair in [(quoted, words(repair(quote.quote)))] for one, other in (pair, pair[::-1])
        )
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
