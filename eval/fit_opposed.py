"""Fit the model that says whether two values both answer and differ, and write it to `qa/data/opposed.json`.

One logistic regression over pairs of values (`qa.paired`) of what is found for the questions of the practice articles and the dev
split, and in the dev half of the hand-written disagreements and look-alikes (`eval.conflicts`). Pairs that give two sides of a question
labelled `conflict` are right, all others wrong; folders that did not teach the span reader count STRANGE times, because it is a stranger
to what is asked, and the hand-written rows ALIKE times. Each fifth of the folders is judged by a model of the others; the threshold is
the one at which so judged a disagreement is seen in at most FALSE of the other questions that are answered, of those folders that did
not teach the span reader.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from eval import regression
from eval.conflicts import Pair
from eval.conflicts import load as pairs_by_hand
from eval.matching import same_source
from eval.normalise import contains
from eval.practice_articles import Practice
from eval.questions import Question, Quote, load
from index.embed import Encoder
from qa import conflicts, opposed, reader
from qa.hops import look_up
from qa.paired import FEATURES
from qa.planted import unplanted
from qa.reader import Logistic
from qa.said import Said
from qa.span_reader import RECORD
from qa.statements import wanted

FALSE = 0.025
"""Share of the answered questions without a conflict in which a disagreement may be seen."""
STRANGE = 3.0
"""How many times the questions count whose folder the span reader has not seen …"""
ALIKE = 6.0
"""… and the rows written by hand, half of which only seem to disagree."""
BY_HAND = "by hand"
"""What the parts of these are called."""
HIGHEST = 0.95
"""The threshold is no higher."""
FOLDS = 5
RIDGE = 20.0
DEV = "dev"


@dataclass(frozen=True, slots=True)
class Example:
    """A question with its pairs, and for each how far it gives two sides of the gold: 2 by the values, 1 by the sentences, else 0.

    `taught`: whether its folder taught the span reader.
    """

    folder: str
    conflict: bool
    answered: bool
    taught: bool
    pairs: tuple[opposed.Pair, ...]
    right: tuple[int, ...]


def run(arguments: argparse.Namespace) -> int:
    """Fit on the practice articles and the dev split, show what is seen in each folder, and write the file."""
    from index.embed import open_encoder
    from qa.answer import Answerer
    from qa.settings import load as load_settings

    settings = load_settings({"index": arguments.index})
    encoder = open_encoder(settings.embedder)
    taught = json.loads((files("qa") / "data" / RECORD).read_text(encoding="utf-8"))["trained on"]["practice"]
    dev = [question for question in load(arguments.questions) if question.split == "dev"]
    data = [*examples(DEV, dev, Answerer.open(settings, encoder), False), *by_hand(pairs_by_hand(), encoder)]
    with tempfile.TemporaryDirectory() as work:
        for place in Practice.all(arguments.practice):
            answerer = Answerer(place.searcher(Path(work) / place.name, encoder), settings)
            data += examples(place.name, place.questions, answerer, place.name in taught)
    record, judged = fit(data)
    print("\n".join(as_lines(data, judged, record["threshold"])))
    (arguments.out / opposed.DATA).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(arguments.out / opposed.DATA)
    return 0


def examples(folder: str, questions: Sequence[Question], answerer: Any, taught: bool) -> Iterator[Example]:
    """Every question as it is answered, with the pairs of what is found for it."""
    from qa.span_reader import SpanReader

    spans, rarity = SpanReader.open(), answerer.searcher.opened.words.rarity
    for question in questions:
        text = question.standalone or question.question
        hits, _ = look_up(answerer.searcher, text, answerer.settings.passages, reader.PASSAGES)
        reading = reader.answer(text, unplanted(hits), rarity, spans=spans)
        answered = bool(reading.chosen) and reading.confidence >= answerer.settings.threshold
        yield example(folder, question, reading, answered, taught, conflicts.looking(reading, spans))


def by_hand(rows: Sequence[Pair], encoder: Encoder) -> Iterator[Example]:
    """The hand-written rows of the dev half, each asked of its own sentences, in FOLDS parts."""
    from qa.extractive import ranked, rarity_in
    from qa.span_reader import SpanReader

    spans = SpanReader.open()
    for n, row in enumerate(row for row in rows if row.split == "dev"):
        rarity = rarity_in(row.passages)
        reading = reader.answer(row.question, ranked(row.question, row.passages, rarity, encoder), rarity, spans=spans)
        question = Question(row.id, "conflict" if row.sides else "single_fact", row.question, row.sides, tuple(_evidence(row)))
        yield example(f"{BY_HAND} {n % FOLDS + 1}", question, reading, True, False, conflicts.looking(reading, spans))


def _evidence(row: Pair) -> Iterator[tuple[Quote, ...]]:
    """The sentences that give each side."""
    told = [(passage.source, sentence) for passage in row.passages for sentence in passage.sentences]
    for side in row.sides:
        yield tuple(Quote(source, one.text) for source, one in told if any(contains(one.full_text, form) for form in side))


def example(
    folder: str, question: Question, reading: reader.Reading, answered: bool, taught: bool, look: opposed.Look
) -> Example:
    is_conflict = question.category == "conflict"
    if not answered:
        return Example(folder, is_conflict, False, taught, (), ())
    found = tuple(opposed.paired(reading.question.text, conflicts.candidates(conflicts.stated(reading)), look))
    right = tuple(_right(question, pair.one.said, pair.other.said) if is_conflict else 0 for pair in found)
    return Example(folder, is_conflict, True, taught, found, right)


def _right(question: Question, one: Said, other: Said) -> int:
    """2 where two values give two sides of the gold, 1 where their sentences do, else 0."""
    for worth, close in ((2, True), (1, False)):
        if any(a != b for a in _sides(question, one, close) for b in _sides(question, other, close)):
            return worth
    return 0


def _sides(question: Question, said: Said, close: bool) -> set[int]:
    """The groups of the gold that a value gives, or its sentence, of a source of their evidence."""
    passage, number = said.told.place
    quote = passage.sentences[number].quote
    at = said.told.read.text[max(0, said.value.start - 24) : said.value.end + 24]
    held = set()
    for n, (group, evidence) in enumerate(zip(question.gold, question.evidence, strict=False)):
        if any(same_source(one.source, passage.source) for one in evidence):
            near = not close or wanted(question.question) == "yes_no"
            if any(contains(quote, form) and (near or contains(at, form) or contains(form, said.written)) for form in group):
                held.add(n)
    return held


def fit(data: Sequence[Example]) -> tuple[dict[str, Any], list[tuple[float, bool]]]:
    """The record that `qa.opposed` loads, and for each example the highest probability of a pair by a model of the other folders, and
    whether that pair is right."""
    names = sorted({one.folder for one in data})
    fold = {name: n % FOLDS for n, name in enumerate(names)}
    judged: list[tuple[float, bool]] = [(0.0, False)] * len(data)
    for held in range(min(FOLDS, len(names))):
        others = [one for one in data if fold[one.folder] != held] if len(names) > 1 else data
        model = Logistic.of(_regression(others))
        for n, one in enumerate(data):
            if fold[one.folder] == held and one.pairs:
                likely = model(np.array([pair.row for pair in one.pairs]))
                judged[n] = (float(likely.max()), one.right[int(np.argmax(likely))] > 0)
    record = _regression(data)
    about = {
        "folders": {name: sum(one.folder == name for one in data) for name in names},
        "pairs": sum(len(one.pairs) for one in data),
        "right": sum(sum(map(bool, one.right)) for one in data),
        "threshold from": sorted({one.folder for one in _strangers(data)}),
        "false at most": FALSE,
    }
    return {"about": about, "features": list(FEATURES), **record, "threshold": _threshold(data, judged)}, judged


def _strangers(data: Sequence[Example]) -> list[Example]:
    """The examples of folders that the span reader has not seen; all where it has seen every one."""
    return [one for one in data if not one.taught and not one.folder.startswith(BY_HAND)] or list(data)


def _threshold(data: Sequence[Example], judged: Sequence[tuple[float, bool]]) -> float:
    """The least threshold at which at most FALSE of the answered questions without a conflict show one."""
    unseen = {id(one) for one in _strangers(data)}
    answered = ((one, p) for one, (p, _) in zip(data, judged, strict=True) if one.answered and not one.conflict)
    highest = sorted((p for one, p in answered if id(one) in unseen), reverse=True)
    return round(min(HIGHEST, highest[int(FALSE * len(highest))] + 1e-4), 4) if highest else HIGHEST


def _regression(data: Sequence[Example]) -> dict[str, Any]:
    """Of a pair; a question's right pairs weigh 1 together, its others the root of their number,
    all of them STRANGE or ALIKE times as much."""
    rows, labels, weights = [], [], []
    for one in data:
        best = max(one.right, default=0)
        kept = [(pair.row, right == best > 0) for pair, right in zip(one.pairs, one.right, strict=True) if right in (0, best)]
        right = sum(label for _, label in kept)
        times = ALIKE if one.folder.startswith(BY_HAND) else 1.0 if one.taught else STRANGE
        for row, label in kept:
            rows.append(row)
            labels.append(label)
            weights.append(times / right if label else times / len(kept) ** 0.5)
    return regression.fitted(np.array(rows), np.array(labels), np.array(weights), RIDGE)


def as_lines(data: Sequence[Example], judged: Sequence[tuple[float, bool]], threshold: float) -> Iterator[str]:
    """For each folder, what is seen there by a model of the others: of the conflicts, with both sides right, and of the answered rest."""
    groups = {name: [one.folder == name for one in data] for name in sorted({one.folder for one in data})}
    unseen = {id(one) for one in _strangers(data)}
    groups |= {"all": [True] * len(data), "not taught": [id(one) in unseen for one in data]}
    yield f"{'':12} conflicts  seen  right   others answered  false"
    for name, chosen in groups.items():
        rows = [(one, p >= threshold, right) for one, (p, right), fits in zip(data, judged, chosen, strict=True) if fits]
        of = [(shown, right) for one, shown, right in rows if one.conflict]
        rest = [shown for one, shown, _ in rows if one.answered and not one.conflict]
        seen, both = sum(shown for shown, _ in of), sum(shown and right for shown, right in of)
        share = sum(rest) / len(rest) if rest else 0.0
        yield f"{name:12} {len(of):9} {seen:5} {both:6} {len(rest):17} {share:6.1%}"
