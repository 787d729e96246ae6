"""Fit the small models of the extractive reader and write them to `qa/data/reader.json`.

They look at features that know of no topic: a network ranks the sentences (`eval.fit_network`); logistic regressions say which of those
that the span reader has read holds the answer, and how likely the answer is right.
They are fitted on a SQuAD-like dataset, on the practice articles and on the `dev` split together; the `test` split is never read
here. The confidence also learns from questions asked of articles that are about something else (the dataset's of ours, ours of
the dataset's), and only from questions that the span reader was not trained on. Its curve and its threshold are those of questions
whose folder of articles was not fitted on (`dev`, whose questions are as they are asked in earnest, stands for itself in fifths).
What can only speak for an answer never counts against it: the weights' signs are bounded where the direction is plain.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from eval import fit_network, regression
from eval.held import Held
from eval.matching import Repair, answers_gold, holds, same_source
from eval.normalise import contains, words
from eval.practice_articles import Practice, indexed, mended
from eval.questions import Question
from index.search import Searcher
from index.types import Hit
from qa.features import (
    ANSWER_FEATURES,
    ANSWER_SPAN_FEATURES,
    READ_FEATURES,
    SENTENCE_FEATURES,
    Candidate,
    Rarity,
    candidates,
)
from qa.hops import look_up
from qa.network import Network
from qa.question import Question as ReadQuestion
from qa.question import read
from qa.reader import PASSAGES, Logistic, choose, rank, read_rows, weighed, whole_values, with_spans
from qa.settings import Settings
from qa.span_reader import RECORD, Reads, Span, SpanReader

DEV_WEIGHT = 20.0
"""How much one `dev` question counts beside one of the dataset, which has some fifty times as many."""
PRACTICE_WEIGHT = 4.0
"""The same for a question of the practice articles."""
DEV = "dev"
"""The folder of the seed articles."""
STRANGER_WEIGHT = 4.0
"""The same for a question that is asked of articles about something else."""

FOLDS = 5
OFF_TOPIC = 600
"""Questions of the dataset that are asked of our articles."""
FREE = frozenset(
    """length new_words before_similarity after_similarity is_fact passage_similarity label_coverage telling_around
    second_probability agreement words_asked""".split()
)
"""Features that may speak for or against."""
AGAINST = frozenset("rank wants_value_lacks unknown_words echoes names_missing".split())
"""Features that speak against; all others speak for an answer."""


Ranked = list[tuple[float, Candidate]]
Found = tuple[Question, tuple[Hit, ...], tuple[Candidate, ...], np.ndarray]


@dataclass(frozen=True, slots=True)
class Example:
    """A question with what retrieval found for it; `right` marks the candidates that hold (a part of) the answer.

    `folder` names the articles of a question of our own schema that is asked of those it was written for; "" for any other.
    `seen` ones taught the span reader. `rarity` is that of the words of the articles that were asked.
    """

    question: Question
    hits: tuple[Hit, ...]
    found: tuple[Candidate, ...]
    right: np.ndarray
    weight: float
    folder: str
    seen: bool
    rarity: Rarity

    @property
    def read(self) -> ReadQuestion:
        return read(self.question.standalone or self.question.question)

    @property
    def judges(self) -> bool:
        """Whether the confidence is calibrated on it."""
        return bool(self.folder) and not self.seen

    @property
    def marked(self) -> frozenset[tuple[str, int]]:
        return frozenset(c.place for c, right in zip(self.found, self.right, strict=True) if right)


def run(arguments: argparse.Namespace) -> int:
    """Fit the extractive reader on a SQuAD-like dataset and the dev split, and write its file."""
    from eval import datasets
    from eval.questions import load
    from index.embed import open_encoder
    from index.store import open_current
    from qa.settings import load as load_settings
    from qa.span_reader import SpanReader

    settings = load_settings({"index": arguments.index})
    encoder = open_encoder(settings.embedder)
    dataset = datasets.load(arguments.dataset)
    dev = [question for question in load(arguments.questions) if question.split == "dev"]
    with tempfile.TemporaryDirectory() as work:
        datasets.write_corpus(dataset, Path(work) / "articles")
        ours = Asker(Searcher(open_current(settings.index_path), encoder), mended)
        theirs = Asker(indexed(Path(work) / "articles", Path(work) / "index", encoder), lambda text: text)
        taught = Taught.load(dataset.name)
        data = [*ours.examples(dev, DEV_WEIGHT, DEV), *theirs.examples(dataset.questions, 1.0, seen=taught.asked)]
        data += ours.examples(
            _strangers(dataset.questions[:: max(1, len(dataset.questions) // OFF_TOPIC)]), STRANGER_WEIGHT, seen=taught.asked
        )
        data += theirs.examples(_strangers(dev), STRANGER_WEIGHT)
        practice = Practice.all(arguments.practice)
        for place in practice:
            asker, seen = Asker(place.searcher(Path(work) / place.name, encoder), mended), place.name in taught.practice
            data += asker.examples(place.questions, PRACTICE_WEIGHT, place.name, lambda question, seen=seen: seen)
        about = {
            "dev questions": len(dev),
            "practice questions": {place.name: len(place.questions) for place in practice},
            "dataset": dataset.name,
            "dataset questions": len(dataset.questions),
            "weights": {"dev": DEV_WEIGHT, "practice": PRACTICE_WEIGHT, "dataset": 1.0},
        }
        record = fit(data, Remembering(SpanReader.open()), about)
    write(record, arguments.out)
    print(arguments.out)
    return 0


def _strangers(questions: Iterable[Question]) -> list[Question]:
    """The questions as they are when they are asked of articles about something else."""
    return [replace(question, answerable=False, about="") for question in questions]


def _never(question: Question) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Taught:
    """What the span reader was trained on: of a dataset all but the articles `held_out`, and folders of practice articles."""

    dataset: bool
    held_out: frozenset[str]
    practice: frozenset[str]

    @classmethod
    def load(cls, dataset: str) -> Taught:
        trained = json.loads((files("qa") / "data" / RECORD).read_text(encoding="utf-8"))["trained on"]
        return cls(trained["dataset"] == dataset, frozenset(trained["held out"]), frozenset(trained["practice"]))

    def asked(self, question: Question) -> bool:
        """Whether a question of the dataset was one of them."""
        return self.dataset and question.about not in self.held_out


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks questions of one index. `repair` mends a gold quote as its files were mended."""

    searcher: Searcher
    repair: Repair

    def examples(
        self, questions: Sequence[Question], weight: float, folder: str = "", seen: Callable[[Question], bool] = _never
    ) -> list[Example]:
        rarity = self.searcher.opened.words.rarity
        found = examples(questions, self.searcher, self.repair)
        return [Example(*one, weight, folder, seen(one[0]), rarity) for one in found]


def examples(questions: Sequence[Question], searcher: Searcher, repair: Repair) -> Iterator[Found]:
    """Retrieve for every question and mark the sentences that hold its gold."""
    for question in questions:
        text = question.standalone or question.question
        hits, _ = look_up(searcher, text, Settings().passages, PASSAGES)
        found = candidates(read(text), hits, searcher.opened.words.rarity)
        right = np.array([_is_gold(question, candidate, repair) for candidate in found], dtype=bool)
        yield question, tuple(hits), tuple(found), right


def _is_gold(question: Question, candidate: Candidate, repair: Repair) -> bool:
    """For our own questions: it holds gold evidence. For a dataset's: it stands in the right document and holds an answer."""
    if not question.answerable:
        return False
    source, sentence = candidate.passage.source, candidate.sentence
    if question.relevant:
        return any(same_source(name, source) for name, _ in question.relevant) and any(
            contains(sentence.full_text, answer) for group in question.gold for answer in group
        )
    quoted = words(sentence.quote)
    gold = [quote for group in question.evidence for quote in group if same_source(quote.source, source)]
    return any(holds(quoted, words(repair(quote.quote)), 0.6) for quote in gold)


class Remembering:
    """A span reader that reads every sentence once for a question, however often the models are fitted."""

    def __init__(self, reader: SpanReader) -> None:
        self._reader = reader
        self._known: dict[tuple[str, tuple[str, str]], Span] = {}

    def spans(self, question: str, texts: Sequence[tuple[str, str]]) -> list[Span]:
        missing = [text for text in texts if (question, text) not in self._known]
        self._known.update(
            ((question, text), span) for text, span in zip(missing, self._reader.spans(question, missing), strict=True)
        )
        return [self._known[question, text] for text in texts]


def fit(data: Sequence[Example], spans: Reads, about: dict[str, Any]) -> dict[str, Any]:
    """All models as the record that `qa.reader` loads; those that weigh the span reader's scores on what it has not seen.

    The confidences are calibrated on our own questions as they come out for articles that were not fitted on, and the threshold is
    the one that lets WRONGLY of the answerable ones go.
    """
    data = [example for example in data if example.found]
    record = _models(data, spans)
    held = [_held_out(data, spans, fold) for fold in range(FOLDS)]
    record["answer"] = _curved(record["answer"], *Held.joined([fold["answer"] for fold in held]).curve())
    whole = Held.joined([fold["answer_read"] for fold in held])
    curve = whole.curve()
    record["answer_read"] = _curved(record["answer_read"], *curve)
    about |= {"read questions": sum(not example.seen for example in data), "on articles not fitted on": whole.by_folder(curve)}
    return {"about": about, **record, "threshold": whole.threshold(curve)}


def _held_out(data: Sequence[Example], spans: Reads, fold: int) -> dict[str, Held]:
    """What comes out for one part of our own questions, by models of everything else."""
    folders = sorted({example.folder for example in data if example.judges} - {DEV})

    def in_fold(example: Example) -> bool:
        """Every folder is in one part as a whole, but for DEV."""
        if not example.judges:
            return False
        of = sha256(example.question.cluster.encode()).digest()[1] if example.folder == DEV else folders.index(example.folder)
        return of % FOLDS == fold

    asked = [example for example in data if in_fold(example)]
    record = _models([example for example in data if not in_fold(example)], spans)
    plain, after = _rankings(asked, record, spans)
    return {
        name: Held(
            np.array([e.folder for e in asked]),
            _log_odds(Logistic.of(record[name]), _values(ranked)),
            _labels(ranked),
            np.array([e.question.answerable for e in asked]),
            np.array([e.weight for e in asked]),
        )
        for name, ranked in (("answer", plain), ("answer_read", after))
    }


def _models(data: Sequence[Example], spans: Reads) -> dict[str, Any]:
    with_gold = [example for example in data if example.right.any()]
    record = {
        "sentence": fit_network.fit(
            SENTENCE_FEATURES,
            [np.stack([c.values for c in example.found]) for example in with_gold],
            [example.right for example in with_gold],
            [example.weight for example in with_gold],
            _bounds(SENTENCE_FEATURES),
        )
    }
    spanned = [
        (e, with_spans(e.read, rank(e.read, e.hits, e.rarity, Network.of(record["sentence"])), spans)) for e in data if not e.seen
    ]
    record["read"] = _read_model(spanned)
    plain, after = _rankings(data, record, spans)
    record["answer"] = _confidence(ANSWER_FEATURES, plain)
    record["answer_read"] = _confidence(ANSWER_SPAN_FEATURES, after)
    return record


def _rankings(
    data: Sequence[Example], record: dict[str, Any], spans: Reads
) -> tuple[list[tuple[Example, Ranked]], list[tuple[Example, Ranked]]]:
    """Every example's sentences as they are ranked without the span reader, and of the unseen ones with it."""
    plain = [(e, rank(e.read, e.hits, e.rarity, Network.of(record["sentence"]))) for e in data]
    after = [(e, weighed(with_spans(e.read, ranked, spans), Logistic.of(record["read"]))) for e, ranked in plain if not e.seen]
    return plain, after


def _read_model(spanned: Sequence[tuple[Example, Ranked]]) -> dict[str, Any]:
    """Of the sentences that were read: which hold the answer. Learned where one of them does."""
    values, labels, weights = [], [], []
    for example, ranked in spanned:
        were_read = [(p, c) for p, c in ranked if c.span]
        right = [c.place in example.marked for _, c in were_read]
        if any(right):
            values += read_rows(were_read)
            labels += right
            weights += [example.weight] * len(right)
    return _regression(READ_FEATURES, np.array(values), np.array(labels), np.array(weights))


def _confidence(features: Sequence[str], ranked: Sequence[tuple[Example, Ranked]]) -> dict[str, Any]:
    """How likely the chosen sentences answer."""
    weights = np.array([e.weight for e, _ in ranked])
    return _regression(features, _values(ranked), _labels(ranked), weights)


def _values(ranked: Sequence[tuple[Example, Ranked]]) -> np.ndarray:
    return np.array([whole_values(e.read, e.hits, found, e.rarity) for e, found in ranked])


def _labels(ranked: Sequence[tuple[Example, Ranked]]) -> np.ndarray:
    return np.array([_is_right(e, [c for _, c in choose(e.read, found, e.rarity, 4)]) for e, found in ranked])


def _is_right(example: Example, chosen: Sequence[Candidate]) -> bool:
    question = example.question
    if not question.answerable:
        return False
    if question.relevant:
        return any(c.place in example.marked for c in chosen)
    return answers_gold(" ".join(c.sentence.full_text for c in chosen), question.gold)


def _regression(features: Sequence[str], values: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> dict[str, Any]:
    return {"features": list(features), **regression.fitted(values, labels, weights, bounds=_bounds(features))}


def _bounds(features: Sequence[str]) -> list[regression.Bound]:
    return [regression.FREE if f in FREE else regression.AGAINST if f in AGAINST else regression.FOR for f in features]


def _log_odds(model: Logistic, values: np.ndarray) -> np.ndarray:
    return (values - model.mean) / model.scale @ model.weights + model.bias


def _curved(record: dict[str, Any], slope: float, bias: float) -> dict[str, Any]:
    """The same order of answers, with log odds of `slope` times those of before and `bias`."""
    return record | {
        "weights": [round(slope * weight, 5) for weight in record["weights"]],
        "bias": round(slope * record["bias"] + bias, 5),
    }


def write(record: dict[str, Any], path: Path) -> None:
    """As JSON, each row of numbers on one line."""
    text = json.dumps(record, indent=1)
    text = re.sub(r"\[\s+([-\d.,e\s]+?)\s+\]", lambda row: "[" + " ".join(row[1].split()) + "]", text)
    path.write_text(text + "\n", encoding="utf-8")
