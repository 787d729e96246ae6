"""A run: ask every question, score it, and keep the row at once, so that a run that was stopped goes on where it was.

The rows are kept in a `.partial` file beside the result. Its first line says what the run was of; a partial file of another
run (other code, settings, index or questions) is started anew.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from eval import figures, results
from eval.matching import cited_groups, ranked_groups
from eval.questions import Question, to_dict
from eval.scoring import Observation, is_right, retrieval, score, selective
from eval.systems import System
from index.errors import StorageError
from index.types import Hit
from qa.types import Answer, Turn

SHOWN_HITS = 10
Progress = Callable[[int, int], None]
Judge = Callable[[Question, Answer], Mapping[str, Any]]


class Earlier(Protocol):
    """Where the earlier turns of a follow-up come from."""

    def history(self, questions: tuple[str, ...]) -> tuple[Turn, ...]: ...


@dataclass(slots=True)
class Conversations:
    """The answers to the earlier turns, asked once for each conversation."""

    system: System
    _answers: dict[tuple[str, ...], str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def history(self, questions: tuple[str, ...]) -> tuple[Turn, ...]:
        """The turns with the system's own answers, each given the turns before it."""
        with self._lock:
            return self._turns(questions)

    def _turns(self, questions: tuple[str, ...]) -> tuple[Turn, ...]:
        if not questions:
            return ()
        before = self._turns(questions[:-1])
        if questions not in self._answers:
            self._answers[questions] = self.system.answer(questions[-1], before).answer
        return (*before, Turn(questions[-1], self._answers[questions]))


def evaluate(
    system: System,
    questions: Sequence[Question],
    about: Mapping[str, Any],
    partial: Path | None = None,
    progress: Progress = lambda done, total: None,
    judge: Judge | None = None,
) -> results.Result:
    """Ask all questions and give the whole result (see `results`). `about` describes the questions and goes into it.

    With `partial`, rows are appended to that file as they come, taken from it when it is of the same run, and it is
    removed at the end. An error of the system ends the run and leaves the partial file.
    """
    head = {"format": results.FORMAT, "system": system.name, "settings": dict(system.settings), "index": dict(system.index)}
    head["questions"] = {**about, "rows": len(questions)}
    kept = _resume(partial, head) if partial else {}
    todo = [question for question in questions if question.id not in kept]
    progress(len(kept), len(questions))
    for row in _rows(system, todo, judge):
        kept[row["id"]] = row
        if partial:
            _append(partial, row)
        progress(len(kept), len(questions))
    result = _result(head, [kept[question.id] for question in questions])
    if partial:
        partial.unlink(missing_ok=True)
    return result


def _rows(system: System, questions: Sequence[Question], judge: Judge | None) -> Iterator[dict[str, Any]]:
    conversations = Conversations(system)

    def one(question: Question) -> dict[str, Any]:
        return ask(system, question, conversations, judge)

    if system.workers == 1:
        yield from map(one, questions)
        return
    with ThreadPoolExecutor(system.workers) as pool:
        try:
            yield from pool.map(one, questions)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def ask(system: System, question: Question, conversations: Earlier, judge: Judge | None = None) -> dict[str, Any]:
    """Ask one question and give its row, with `timings` that `evaluate` puts elsewhere."""
    if not system.answers:
        return _row(system, question, _ranking_only(system, question))
    turns = conversations.history(question.history)
    answer = system.answer(question.question, turns)
    seen = Observation(
        answer=answer,
        hits=_as_read(answer, system.search(answer.standalone_question or question.question)),
        proofs=tuple(system.prove(citation) for citation in answer.citations),
        forced=system.force(question.question, turns) if system.force and answer.status == "abstained" else None,
    )
    row = _row(system, question, seen)
    if judge and answer.status != "abstained":
        row["judge"] = dict(judge(question, answer))
        row["scores"] |= {f"judge_{name}": float(row["judge"][name]) for name in ("correct", "faithful")}
    return row


def _as_read(answer: Answer, hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """The ranking as the answer was made from it: its own passages first, in its order, then the others that the search found."""
    place = {passage.id: n for n, passage in enumerate(answer.passages)}
    return tuple(sorted(hits, key=lambda hit: place.get(hit.passage.id, len(place))))


def _ranking_only(system: System, question: Question) -> Observation:
    text = question.standalone or question.question
    return Observation(Answer(question.question, text, "abstained", "", 0.0), tuple(system.search(text)), ())


def _row(system: System, question: Question, seen: Observation) -> dict[str, Any]:
    answer = seen.answer
    scores = score(question, seen, system.repair) if system.answers else retrieval(question, seen, system.repair)
    judged = system.answers and (bool(question.gold) or not question.answerable)
    return {
        "id": question.id,
        "category": question.category,
        "split": question.split,
        "conversation": question.conversation,
        "question": question.question,
        "history": list(question.history),
        "standalone": answer.standalone_question,
        "status": answer.status,
        "right": is_right(question, answer) if judged else None,
        "confidence": round(answer.confidence, 3),
        "selective": list(selective(question, seen)) if judged else None,
        "answer": answer.answer,
        "held_back": seen.forced.answer if seen.forced else "",
        "citations": [
            {"number": c.number, "source": c.source, "start": c.start, "end": c.end, "quote": c.quote, "proof": proof}
            | {"hits": sorted(cited_groups(question, c, system.repair))}
            for c, proof in zip(answer.citations, seen.proofs, strict=True)
        ],
        "conflicts": answer.to_dict()["conflicts"],
        "retrieved": _retrieved(system, question, seen),
        "gold": to_dict(question)["gold"],
        "evidence": to_dict(question)["evidence"],
        "prompt": answer.prompt,
        "usage": dict(answer.usage),
        "scores": {name: None if value is None else round(value, 6) for name, value in scores.items()},
        "timings": dict(answer.timings_ms),
    }


def _retrieved(system: System, question: Question, seen: Observation) -> list[dict[str, Any]]:
    if question.relevant:
        sources = list(dict.fromkeys(hit.passage.source for hit in seen.hits))[:SHOWN_HITS]
        return [{"source": source} for source in sources]
    hits = seen.hits[:SHOWN_HITS]
    ranked = ranked_groups(question, hits, system.repair)
    return [
        {
            "id": hit.passage.id,
            "source": hit.passage.source,
            "start": hit.passage.start,
            "end": hit.passage.end,
            "covers": sorted(covers),
        }
        for hit, covers in zip(hits, ranked, strict=True)
    ]


def _result(head: Mapping[str, Any], rows: Sequence[dict[str, Any]]) -> results.Result:
    timings = {row["id"]: row["timings"] for row in rows}
    rows = [{name: value for name, value in row.items() if name != "timings"} for row in rows]
    latency = {"machine": results.machine(), "stages": figures.latency(timings.values())}
    return {
        **head,
        "made": results.made(),
        "figures": figures.summary(rows),
        "rows": rows,
        "latency": latency | {"rows": timings},
    }


def _resume(partial: Path, head: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The rows of a partial file of the same run; else start the file anew."""
    first = json.dumps({**head, "code": results.code_hash()}, ensure_ascii=False, sort_keys=True)
    lines = partial.read_text(encoding="utf-8").split("\n") if partial.is_file() else []
    if lines and lines[0] == first:
        rows = [json.loads(line) for line in lines[1:-1]]
        _write(partial, "w", "\n".join([*lines[: len(rows) + 1], ""]))
        return {row["id"]: row for row in rows}
    _write(partial, "w", first + "\n")
    return {}


def _append(partial: Path, row: Mapping[str, Any]) -> None:
    _write(partial, "a", json.dumps(row, ensure_ascii=False) + "\n")


def _write(path: Path, mode: str, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open(mode, encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror or error}") from None
