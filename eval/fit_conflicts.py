"""Fit the models that say whether a value answers a question, and write them to `qa/data/conflicts.json`.

One logistic regression for each kind of value, over features that know of no topic, from a SQuAD-like dataset: of the numbers, dates
and names in what retrieval finds for a question, those that overlap a gold answer in its document are right, all others wrong; values
equal to the gold one elsewhere are left out. Unanswerable questions have none that is right. The threshold of each kind is the least, from LEAST on,
at which disagreements are seen in at most `FALSE` of the dataset's questions, where hardly any two values really disagree.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eval import regression
from eval.matching import same_source
from eval.normalise import contains
from eval.practice_articles import indexed
from eval.questions import Question
from index.search import Searcher
from qa import conflicts, reader
from qa.answering import FEATURES, GROUPS, rows
from qa.question import read
from qa.reader import Logistic
from qa.statements import ask, set_among, wanted
from qa.values import normalised

PASSAGES = 8
MOST = 300
"""Questions of a kind that are asked at most."""
FALSE = 0.02
"""The share of the dataset's questions in which a disagreement may be seen."""
LEAST = dict.fromkeys(("number", "date", "person", "place", "name"), 0.15)
"""Least threshold of each kind: chosen on the dev half of `conflict_pairs.jsonl`."""
HIGHEST = 0.9
RIDGE = 1.0
FOR = frozenset("names words words_clause words_around event verb_held near noun noun_rarity names_around date_agrees".split())
"""Features that can only speak for an answer."""
AGAINST = frozenset(
    "rival rival_held other_noun strange_names mismatched turned date_missing hypothetical again first_of strange_around".split()
)
"""Features that can only speak against one."""


@dataclass(frozen=True, slots=True)
class Example:
    """A question with what retrieval found for it: the sentences as `qa.conflicts.find` takes them, and the gold answers."""

    text: str
    answers: tuple[str, ...]
    source: str
    stated: tuple[conflicts.Stated, ...]


def run(arguments: argparse.Namespace) -> int:
    """Fit the models of the disagreements on a SQuAD-like dataset."""
    from eval import datasets
    from index.embed import open_encoder
    from qa.settings import load as load_settings

    encoder = open_encoder(load_settings().embedder)
    dataset = datasets.load(arguments.dataset)
    with tempfile.TemporaryDirectory() as work:
        datasets.write_corpus(dataset, Path(work) / "articles")
        searcher = indexed(Path(work) / "articles", Path(work) / "index", encoder)
        data = list(examples(chosen(dataset.questions), searcher))
    record = {"about": {"dataset": dataset.name, "questions": len(data)}, **fit(data)}
    (arguments.out / conflicts.DATA).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    conflicts.models.cache_clear()
    print(arguments.out / conflicts.DATA)
    return 0


def chosen(questions: Iterable[Question]) -> Iterator[Question]:
    """The questions that ask for a value, up to MOST of each kind, drawn with a fixed seed."""
    kinds: dict[str, list[Question]] = {}
    for question in questions:
        kinds.setdefault(wanted(question.question), []).append(question)
    for kind, several in kinds.items():
        if kind in GROUPS:
            yield from random.Random(1).sample(several, min(len(several), MOST))


def examples(questions: Iterable[Question], searcher: Searcher) -> Iterator[Example]:
    for question in questions:
        hits = searcher.search(question.question, PASSAGES)
        ranked = reader.answer(question.question, hits, searcher.opened.words.rarity).ranked
        stated = tuple(conflicts.Stated(p, c.passage, c.number, c.similarity) for p, c in ranked)
        source = question.relevant[0][0] if question.relevant else ""
        yield Example(question.question, question.gold[0] if question.gold else (), source, stated)


def fit(data: Sequence[Example]) -> dict[str, Any]:
    """The record that `qa.conflicts` loads."""
    found: dict[str, dict[str, Any]] = {}
    for group in dict.fromkeys(GROUPS.values()):
        own = [example for example in data if GROUPS.get(wanted(example.text)) == group]
        values, labels, weights = _labelled(own)
        if not len(labels):
            continue
        record = regression.fitted(
            values,
            labels,
            weights,
            RIDGE,
            [regression.FOR if f in FOR else regression.AGAINST if f in AGAINST else regression.FREE for f in FEATURES],
        )
        found[group] = {"questions": len(own), "values": len(labels), "right": int(labels.sum()), **record}
        found[group]["threshold"] = _threshold(own, group, record)
    return {"features": list(FEATURES), "models": found}


def _labelled(data: Sequence[Example]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(features, right, weights) of all values; each question weighs the same, however many values it finds."""
    values, labels, weights = [], [], []
    for example in data:
        told = [set_among((s.passage, s.number), s.probability, s.similarity) for s in conflicts.plausible(example.stated)]
        asked = ask(example.text, [sentence.stems for sentence in told])
        found = [(s, value, row, _is_gold(example, s, value)) for s, value, row in rows(asked, told, conflicts.of_what_is_asked)]
        gold = {normalised(value) for _, value, _, right in found if right}
        kept = [(row, right) for _, value, row, right in found if right or normalised(value) not in gold]
        values += [row for row, _ in kept]
        labels += [right for _, right in kept]
        weights += [1.0 / max(1, len(kept)) ** 0.5] * len(kept)
    return np.array(values), np.array(labels, dtype=bool), np.array(weights)


def _is_gold(example: Example, sentence: Any, value: Any) -> bool:
    """Whether a value stands in the right document and overlaps a gold answer."""
    passage, _ = sentence.place
    text = sentence.read.text[value.start : value.end]
    if not example.source or not same_source(example.source, passage.source):
        return False
    return any(
        contains(answer, text) or (contains(text, answer) and contains(sentence.read.text, answer)) for answer in example.answers
    )


def _threshold(data: Sequence[Example], group: str, record: dict[str, Any]) -> float:
    """The least threshold at which a disagreement is seen in at most FALSE of the questions, within the bounds."""
    model = Logistic.of(record)
    seen = [(read(example.text), example.stated) for example in data]
    low = LEAST[group]
    while low < HIGHEST:
        fitted = {group: conflicts.Answers(model, low)}
        seen = [(question, stated) for question, stated in seen if conflicts.find(question, stated, fitted)]
        if len(seen) <= FALSE * len(data):
            break
        low += 0.05
    return round(low, 2)
