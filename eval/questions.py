"""The rows of a question set, and how they are read and split. `check` proves them against the articles."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from index.errors import UsageError

CATEGORIES = (
    "single_fact", "infobox", "number_date", "paraphrase", "multi_hop", "list", "conflict", "unanswerable", "noisy", "follow_up",
)  # fmt: skip
KINDS = ("plausible", "near_miss", "false_premise")
Split = Literal["dev", "test"]


@dataclass(frozen=True, slots=True)
class Quote:
    """A verbatim piece of an article's repaired text, white space folded, and the file that holds it."""

    source: str
    quote: str


@dataclass(frozen=True, slots=True)
class Question:
    """One row. A right answer holds an alternative of every group of `gold`; each group of `evidence` proves a part of it.

    `history` are the earlier questions of a conversation, oldest first. `relevant` (datasets only) are pairs
    (source, grade) of the documents that answer; it stands in the place of `evidence`.
    """

    id: str
    category: str
    question: str
    gold: tuple[tuple[str, ...], ...] = ()
    evidence: tuple[tuple[Quote, ...], ...] = ()
    history: tuple[str, ...] = ()
    conversation: str = ""
    standalone: str = ""
    kind: str = ""
    about: str = ""
    answerable: bool = True
    relevant: tuple[tuple[str, float], ...] = ()

    @property
    def cluster(self) -> str:
        """Rows with the same value are not independent of each other: turns of one conversation."""
        return self.conversation or self.id

    @property
    def split(self) -> Split:
        """By the SHA-256 of `cluster`, so that a row never moves when others are added or edited; about half each."""
        return "dev" if sha256(self.cluster.encode()).digest()[0] % 2 == 0 else "test"


def load(path: Path) -> list[Question]:
    """The rows of a JSONL file in its order. Raises UsageError naming the line that is not a row."""
    if not path.is_file():
        raise UsageError(f"there is no question file {path}")
    lines = path.read_text(encoding="utf-8").split("\n")
    return [_parse(line, f"{path.name} line {number}") for number, line in enumerate(lines, 1) if line.strip()]


def _parse(line: str, place: str) -> Question:
    try:
        return from_dict(json.loads(line))
    except json.JSONDecodeError as error:
        raise UsageError(f"{place} is not JSON: {error}") from None
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{place} is not a question: {error}") from None


def from_dict(data: Mapping[str, Any]) -> Question:
    """A row from JSON data. Raises ValueError for an unknown field or a wrong shape, KeyError for a missing one."""
    unknown = set(data) - {f.name for f in fields(Question)}
    if unknown:
        raise ValueError(f"unknown fields {', '.join(sorted(unknown))}")
    values = dict(data)
    values["gold"] = tuple(_texts(group, "gold") for group in data.get("gold", ()))
    values["evidence"] = tuple(tuple(Quote(q["source"], q["quote"]) for q in group) for group in data.get("evidence", ()))
    values["history"] = _texts(data.get("history", ()), "history")
    values["relevant"] = tuple((source, float(grade)) for source, grade in data.get("relevant", ()))
    values.setdefault("answerable", data["category"] != "unanswerable")
    for name in ("id", "category", "question"):
        if not isinstance(values[name], str) or not values[name].strip():
            raise ValueError(f"{name} must be a text")
    return Question(**values)


def _texts(values: Any, name: str) -> tuple[str, ...]:
    if not isinstance(values, (list, tuple)) or not all(isinstance(value, str) for value in values):
        raise ValueError(f"{name} must hold lists of texts")
    return tuple(values)


def to_dict(question: Question) -> dict[str, Any]:
    """The row as JSON data, fields at their defaults left out."""
    row: dict[str, Any] = {"id": question.id, "category": question.category, "question": question.question}
    row["gold"] = [list(group) for group in question.gold]
    row["evidence"] = [[{"source": q.source, "quote": q.quote} for q in group] for group in question.evidence]
    for name in ("history", "conversation", "standalone", "kind", "about", "relevant"):
        value = getattr(question, name)
        if value:
            row[name] = [list(v) if isinstance(v, tuple) else v for v in value] if isinstance(value, tuple) else value
    if question.answerable != (question.category != "unanswerable"):
        row["answerable"] = question.answerable
    return row


def select(questions: Iterable[Question], split: str = "all", categories: Sequence[str] = ()) -> list[Question]:
    """The rows of one split ("dev", "test" or "all") and of these categories (none: every category).

    Raises UsageError for a category that no row has, or when nothing is left.
    """
    questions = list(questions)
    unknown = set(categories) - {q.category for q in questions}
    if unknown:
        raise UsageError(f"no question has the category {', '.join(sorted(unknown))}")
    chosen = [q for q in questions if split in ("all", q.split) and (not categories or q.category in categories)]
    if not chosen:
        raise UsageError("no question is left with this split and these categories")
    return chosen
