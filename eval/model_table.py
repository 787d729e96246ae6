"""The same questions with and without a language model: extractive, ours with the model under each policy, and a plain chain.

Questions are asked in one fixed order in which the categories take turns, so that a run that is stopped early has a fair sample.
Every call is kept (`qa.answer_cache`): a run that is repeated goes on where it was, and costs nothing where it was done.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Any

from eval import figures, results
from eval.plain.chain import PlainChain
from eval.questions import Question
from eval.run import ask
from eval.statistics import mean_interval
from eval.systems import System
from eval.table import cell, markdown, with_interval
from index.errors import ModelError
from qa.types import Answer, Turn

POLICIES = ("flag", "strict", "repair")
COLUMNS = {
    "correct": "Right",
    "correct_answered": "Right among the answered",
    "citation_recall": "Citation recall",
    "citation_precision": "Citation precision",
    "unsupported": "Unsupported sentences",
}
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """Earlier turns as questions without answers: following up by rules reads no more."""

    def history(self, questions: tuple[str, ...]) -> tuple[Turn, ...]:
        return tuple(Turn(question) for question in questions)


def in_turn(questions: Sequence[Question]) -> list[Question]:
    """The questions by the hash of their id, each category spread evenly over the whole."""
    by_category: dict[str, list[Question]] = {}
    for question in questions:
        by_category.setdefault(question.category, []).append(question)
    placed = []
    for name, members in by_category.items():
        members.sort(key=lambda question: sha256(f"models:{question.id}".encode()).hexdigest())
        placed += [((n + 0.5) / len(members), name, question) for n, question in enumerate(members)]
    return [question for _, _, question in sorted(placed, key=lambda item: item[:2])]


def systems(answerer: Any, base: System) -> dict[str, System]:
    """The systems of the table over one open index; `answerer` has the model's settings, `base` gives search, proof and repair."""
    settings = answerer.settings
    model = settings.model.rpartition("/")[-1]
    found = {"extractive": answerer.with_settings(replace(settings, model="extractive")).answer}
    for policy in POLICIES:
        found[f"{model}, {policy}"] = answerer.with_settings(replace(settings, policy=policy)).answer
    found[f"{model}, plain LangChain chain"] = PlainChain(answerer).answer
    return {name: replace(base, name=name, answer=_willing(answer), force=None, workers=1) for name, answer in found.items()}


def _willing(answer: Callable[..., Answer]) -> Callable[..., Answer]:
    """A chain whose model fails gives no answer; ours never fails so."""

    def asked(question: str, history: Sequence[Turn] = ()) -> Answer:
        try:
            return answer(question, history)
        except (ModelError, TimeoutError) as error:
            return Answer(question, question, "abstained", "", 0.0, notices=(str(error),))

    return asked


def run(
    compared: Mapping[str, System], questions: Sequence[Question], minutes: float | None, progress: Progress
) -> dict[str, list[dict[str, Any]]]:
    """The rows of each system, question by question in turn, over as many questions as all were asked in `minutes`."""
    end = None if minutes is None else time.monotonic() + 60 * minutes
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in compared}
    chosen = in_turn(questions)
    for number, question in enumerate(chosen):
        progress(number, len(chosen))
        if end is not None and time.monotonic() > end:
            break
        for name, system in compared.items():
            rows[name].append(ask(system, question, Asked()))
    else:
        progress(len(chosen), len(chosen))
    return rows


def small(rows: Mapping[str, Sequence[dict[str, Any]]], settings: Mapping[str, object], total: int) -> dict[str, Any]:
    """What the table needs, without a row: figures with their intervals, seconds a question, and what they were measured on."""
    asked = len(next(iter(rows.values())))
    return {
        "made": results.made(),
        "machine": results.machine(),
        "settings": dict(settings),
        "questions": {"asked": asked, "of": total},
        "systems": {name: _figures(its) for name, its in rows.items()},
    }


def _figures(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    found = {name: figures.estimate(name, rows) for name in COLUMNS}
    seconds = [(row["timings"].get("total", 0.0) + row["timings"].get("kept", 0.0)) / 1000 for row in rows]
    spread = mean_interval(seconds, figures.clusters(rows))
    return {name: asdict(value) for name, value in found.items() if value} | {"seconds": asdict(spread)}


def table(kept: Mapping[str, Any]) -> str:
    """The Markdown table of a kept result and the line that says what it is of."""
    head = ["System", *COLUMNS.values(), "Seconds a question"]
    lines = [
        [cell(name), *(with_interval(found.get(column)) for column in COLUMNS), f"{found['seconds']['mean']:.2f}"]
        for name, found in kept["systems"].items()
    ]
    asked, settings = kept["questions"], kept["settings"]
    about = (
        f"{asked['asked']} of {asked['of']} questions, in an order fixed by hash with the categories in turn; {settings['model']}, "
        f"{settings['context_tokens']} tokens of passages, answers of at most {settings['max_answer_tokens']}. "
        "Intervals are of 95 %; the seconds were taken on a machine busy with other work."
    )
    return markdown([head, *lines]) + "\n\n" + about
