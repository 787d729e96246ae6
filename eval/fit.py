"""Fit the two small models of the extractive reader and write them to `qa/data/reader.json`.

Logistic regressions over features that know of no topic: which sentence holds the answer, and how likely the answer is right.
They are fitted on a SQuAD-like dataset and on the `dev` split together; the `test` split is never read here. The confidence
also learns from questions asked of articles that are about something else (the dataset's of ours, ours of the dataset's).
What can only speak for an answer never counts against it: the weights' signs are bounded where the direction is plain.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from eval.matching import Repair, answers_gold, holds, same_source
from eval.normalise import contains, words
from eval.questions import Question
from index.search import Searcher
from index.types import Hit
from qa.features import ANSWER_FEATURES, SENTENCE_FEATURES, Candidate, answer_values, candidates
from qa.question import read
from qa.reader import Logistic, choose, rank

PASSAGES = 8
DEV_WEIGHT = 20.0
"""How much one `dev` question counts beside one of the dataset, which has some fifty times as many."""
DEV_WEIGHT_CONFIDENCE = 5.0
"""The same for the confidence; of 1, 5, 20 and 60 the value with the least calibration error in cross-validation on `dev`."""


OFF_TOPIC = 600
"""Questions of the dataset that are asked of our articles."""
FREE = frozenset(
    """length new_words before_similarity after_similarity is_fact passage_similarity label_coverage telling_around
    second_probability agreement words_asked""".split()
)
"""Features that may speak for or against."""
AGAINST = frozenset("rank wants_value_lacks unknown_words".split())
"""Features that speak against; all others speak for an answer."""


@dataclass(frozen=True, slots=True)
class Example:
    """A question with what retrieval found for it; `right` marks the candidates that hold (a part of) the answer."""

    question: Question
    hits: tuple[Hit, ...]
    found: tuple[Candidate, ...]
    right: np.ndarray
    weight: float


def run(arguments: argparse.Namespace) -> int:
    """Fit the extractive reader on a SQuAD-like dataset and the dev split, and write its file."""
    from eval import datasets
    from eval.questions import load
    from index.build import build
    from index.embed import open_encoder
    from index.repair import repair
    from index.store import open_current
    from qa.answer import recipe
    from qa.settings import load as load_settings

    settings = load_settings({"index": arguments.index})
    encoder = open_encoder(settings.embedder)
    dataset = datasets.load(arguments.dataset)
    with tempfile.TemporaryDirectory() as work:
        datasets.write_corpus(dataset, Path(work) / "articles")
        build(Path(work) / "articles", Path(work) / "index", recipe(settings), encoder)
        own, other = Searcher(open_current(settings.index_path), encoder), Searcher(open_current(Path(work) / "index"), encoder)
        dev = [question for question in load(arguments.questions) if question.split == "dev"]
        data = [(example, own) for example in examples(dev, own, lambda text: repair(text).text, DEV_WEIGHT)]
        data += [(example, other) for example in examples(dataset.questions, other, lambda text: text, 1.0)]
        step = max(1, len(dataset.questions) // OFF_TOPIC)
        strangers = [replace(question, answerable=False) for question in dataset.questions[::step]]
        data += [(example, own) for example in examples(strangers, own, lambda text: text, 1.0)]
        data += [
            (example, other) for example in examples([replace(q, answerable=False) for q in dev], other, lambda text: text, 1.0)
        ]
        rarity = {id(example): searcher.opened.words.rarity for example, searcher in data}
        about = {
            "dev questions": len(dev),
            "dataset": dataset.name,
            "dataset questions": len(dataset.questions),
            "dev weight": DEV_WEIGHT,
        }
        record = fit([example for example, _ in data], rarity, about)
    write(record, arguments.out)
    print(arguments.out)
    return 0


def examples(questions: Sequence[Question], searcher: Searcher, repair: Repair, weight: float) -> Iterable[Example]:
    """Retrieve for every question and mark the sentences that hold its gold."""
    for question in questions:
        text = question.standalone or question.question
        hits = searcher.search(text, PASSAGES)
        found = candidates(read(text), hits, searcher.opened.words.rarity)
        right = np.array([_is_gold(question, candidate, repair) for candidate in found], dtype=bool)
        yield Example(question, tuple(hits), tuple(found), right, weight)


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


def fit(data: Sequence[Example], rarity: dict[int, Callable[[str], float]], about: dict[str, Any]) -> dict[str, Any]:
    """Both models as the record that `qa.reader` loads. `rarity` maps the id of an example to its corpus's word rarities."""
    with_gold = [example for example in data if example.right.any()]
    sentence = _regression(
        SENTENCE_FEATURES,
        np.concatenate([[c.values for c in example.found] for example in with_gold]),
        np.concatenate([example.right for example in with_gold]),
        np.concatenate([np.full(len(example.right), example.weight) for example in with_gold]),
    )
    model = _model(sentence)
    values, labels, weights = [], [], []
    for example in data:
        question = read(example.question.standalone or example.question.question)
        ranked = rank(question, example.hits, rarity[id(example)], model)
        if ranked:
            values.append(answer_values(question, example.hits, ranked, rarity[id(example)]))
            labels.append(_is_right(example, [candidate for _, candidate in choose(question, ranked, rarity[id(example)], 4)]))
            weights.append(DEV_WEIGHT_CONFIDENCE if example.weight > 1 else 1.0)
    own = np.array([example.weight > 1 for example in data if len(example.found)])
    answer = _regression(ANSWER_FEATURES, np.array(values), np.array(labels), np.array(weights))
    answer = _calibrated(answer, np.array(values)[own], np.array(labels)[own])
    return {"about": about, "sentence": sentence, "answer": answer}


def _is_right(example: Example, chosen: Sequence[Candidate]) -> bool:
    question = example.question
    if not question.answerable:
        return False
    if question.relevant:
        marked = {(c.passage.id, c.number) for c, right in zip(example.found, example.right, strict=True) if right}
        return any((c.passage.id, c.number) in marked for c in chosen)
    return answers_gold(" ".join(c.sentence.full_text for c in chosen), question.gold)


def _regression(features: Sequence[str], values: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> dict[str, Any]:
    """Ridge-penalised maximum likelihood with bounded signs, by L-BFGS-B."""
    from scipy.optimize import minimize

    mean = np.average(values, axis=0, weights=weights)
    scale = np.sqrt(np.average((values - mean) ** 2, axis=0, weights=weights))
    scale[scale < 1e-9] = 1.0
    scaled, sign = (values - mean) / scale, np.where(labels, 1.0, -1.0)

    def loss(point: np.ndarray) -> tuple[float, np.ndarray]:
        margin = sign * (scaled @ point[:-1] + point[-1])
        slope = -weights * sign / (1.0 + np.exp(margin))
        value = float((weights * np.logaddexp(0.0, -margin)).sum() + 0.5 * (point[:-1] ** 2).sum())
        return value, np.append(scaled.T @ slope + point[:-1], slope.sum())

    bounds = [(None, None) if f in FREE else (None, 0.0) if f in AGAINST else (0.0, None) for f in features]
    found = minimize(loss, np.zeros(len(features) + 1), jac=True, bounds=[*bounds, (None, None)], method="L-BFGS-B")
    return {
        "features": list(features),
        "weights": [round(float(w), 5) for w in found.x[:-1]],
        "mean": [round(float(m), 5) for m in mean],
        "scale": [round(float(s), 5) for s in scale],
        "bias": round(float(found.x[-1]), 5),
    }


def _calibrated(record: dict[str, Any], values: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """The same order of answers, their probabilities fitted to these questions (Platt 1999): a steeper or flatter, shifted curve."""
    model = _model(record)
    logits = (values - model.mean) / model.scale @ model.weights + model.bias
    curve = _regression(("probability",), logits[:, None], labels, np.ones(len(labels)))
    slope = curve["weights"][0] / curve["scale"][0]
    bias = curve["bias"] - slope * curve["mean"][0]
    weights = [round(slope * weight, 5) for weight in record["weights"]]
    return record | {"weights": weights, "bias": round(slope * record["bias"] + bias, 5)}


def _model(record: dict[str, Any]) -> Logistic:
    return Logistic(np.array(record["weights"]), np.array(record["mean"]), np.array(record["scale"]), record["bias"])


def write(record: dict[str, Any], path: Path) -> None:
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
