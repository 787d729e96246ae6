"""Windows to train the span reader on: a question, a few sentences of an article, and where in them the answer stands, if anywhere.

From a SQuAD-like folder (`corpus.jsonl`; `queries.jsonl` with `evidence` offsets, and `gold_doc` for the unanswerable). Windows
without an answer come from three places: the sentences nearest to an answered question that do not hold the answer; the
sentences nearest to a question that was written to look answerable (Rajpurkar et al. 2018, "Know What You Don't Know"); and
answered questions with one name or number put in the place of another of the same article.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from index.embed import Encoder
from index.errors import UsageError
from index.sentences import split

_NAME = re.compile(r"(?<!^)(?<![.?!] )\b[A-Z][\w'-]+(?: (?:of |the |de )?[A-Z][\w'-]+)*|\b\d[\d,.]*\b")
OTHERS = 8
"""Further paragraphs of the article in which the sentences nearest to an answered question are looked for."""
Sentence = tuple[str, int]
"""A sentence by the id of its paragraph and its number in it."""


@dataclass(frozen=True, slots=True)
class Window:
    """`text` may hold the answer at `[start, end)`; `start` is -1 where it holds none. `title` is that of the article."""

    question: str
    title: str
    text: str
    start: int = -1
    end: int = -1


class Source:
    """Paragraphs cut into sentences, their vectors, and the questions with theirs."""

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        """Raises UsageError where `folder` is no SQuAD-like dataset with offsets."""
        try:
            self.paragraphs = {row["_id"]: row for row in _rows(folder / "corpus.jsonl")}
            self.questions = [row for row in _rows(folder / "queries.jsonl") if row.get("evidence") or row.get("gold_doc")]
        except (OSError, ValueError, KeyError) as error:
            raise UsageError(f"{folder} is no dataset of questions with answer offsets: {error}") from None
        if not self.questions:
            raise UsageError(f"no question of {folder} names where its answer stands")
        self.sentences = {name: split(row["text"]) for name, row in self.paragraphs.items()}
        places = [(name, n) for name, found in self.sentences.items() for n in range(len(found))]
        self._row = {place: number for number, place in enumerate(places)}
        self._vectors = encoder.encode_passages([self.text(*place) for place in places])
        self._asked = encoder.encode_passages([row["text"] for row in self.questions])
        self._of_article: dict[str, list[str]] = {}
        for name, row in self.paragraphs.items():
            self._of_article.setdefault(row["title"], []).append(name)
        self._names = {title: self._counted(names) for title, names in self._of_article.items()}

    def _counted(self, paragraphs: Iterable[str]) -> dict[str, int]:
        counts: dict[str, int] = {}
        for name in paragraphs:
            for found in _NAME.findall(self.paragraphs[name]["text"]):
                counts[found] = counts.get(found, 0) + 1
        return counts

    def text(self, paragraph: str, n: int) -> str:
        return self.paragraphs[paragraph]["text"][slice(*self.sentences[paragraph][n])]

    def article(self, question: int) -> str:
        """The title of the article that a question was asked of."""
        return self.paragraphs[self.paragraph(question)]["title"]

    def paragraph(self, question: int) -> str:
        row = self.questions[question]
        return row["evidence"][0]["doc_id"] if row["answerable"] else row["gold_doc"]

    def around(self, paragraph: str, place: int) -> str:
        """The sentence that holds a character of a paragraph, or nothing."""
        ranges = self.sentences[paragraph]
        text = self.paragraphs[paragraph]["text"]
        return next((text[start:end] for start, end in ranges if start <= place < end), "")

    def windows(self, questions: Iterable[int], rng: random.Random) -> list[Window]:
        """Windows of these questions, cut anew at every call."""
        return [window for number in questions for window in self._of_question(number, rng)]

    def _of_question(self, number: int, rng: random.Random) -> Iterator[Window]:
        row, paragraph = self.questions[number], self.paragraph(number)
        if row["answerable"]:
            yield from self._answered(number, row, paragraph, rng)
            return
        for place in self._nearest(number, [paragraph], lambda name, n: False, 2):
            yield self._cut(row["text"], place[0], *self._grown(*place, rng))

    def _answered(self, number: int, row: dict[str, Any], paragraph: str, rng: random.Random) -> Iterator[Window]:
        span = min((e for e in row["evidence"] if e["doc_id"] == paragraph), key=lambda e: len(e["text"]))
        start, end = span["start"], span["start"] + len(span["text"])
        ranges = self.sentences[paragraph]
        holder = next((n for n, (begin, finish) in enumerate(ranges) if begin <= start < finish), None)
        if holder is None:
            return
        first, last = self._grown(paragraph, holder, rng)
        while ranges[last][1] < end and last < len(ranges) - 1:
            last += 1
        right = self._cut(row["text"], paragraph, first, last, start, end)
        yield right
        answers = [answer.lower() for answer in row["answers"]]

        def holds(name: str, n: int) -> bool:
            return any(answer in self.text(name, n).lower() for answer in answers)

        siblings = self._of_article[right.title]
        near = self._nearest(number, [paragraph, *rng.sample(siblings, min(OTHERS, len(siblings)))], holds, 3)
        if near:
            name, n = rng.choice(near)
            before = rng.random() < 0.5 and n > 0 and not holds(name, n - 1)
            after = rng.random() < 0.5 and n + 1 < len(self.sentences[name]) and not holds(name, n + 1)
            yield self._cut(row["text"], name, n - before, n + after)
        if rng.random() < 0.5 and (other := self._with_another_name(row, right.title, rng)):
            yield Window(other, right.title, right.text)

    def _grown(self, paragraph: str, n: int, rng: random.Random) -> tuple[int, int]:
        """A sentence with none, one or two before it and none or one after it."""
        first, last = n - rng.choice([0, 0, 1, 1, 2]), n + rng.choice([0, 0, 1, 1])
        return max(0, first), min(len(self.sentences[paragraph]) - 1, last)

    def _cut(self, question: str, paragraph: str, first: int, last: int, start: int = -1, end: int = -1) -> Window:
        begin, finish = self.sentences[paragraph][first][0], self.sentences[paragraph][last][1]
        row = self.paragraphs[paragraph]
        shift = begin if start >= 0 else 0
        return Window(question, row["title"], row["text"][begin:finish], start - shift, end - shift)

    def _nearest(
        self, question: int, paragraphs: Sequence[str], without: Callable[[str, int], bool], most: int
    ) -> list[Sentence]:
        places = [(name, n) for name in paragraphs for n in range(len(self.sentences[name])) if not without(name, n)]
        near = self._vectors[[self._row[place] for place in places]] @ self._asked[question]
        return [places[i] for i in np.argsort(-near)[:most]]

    def _with_another_name(self, row: dict[str, Any], title: str, rng: random.Random) -> str | None:
        """The question with one of its names or numbers put in another's place, so that the window no longer answers it."""
        found = list(_NAME.finditer(row["text"]))
        if not found:
            return None
        old = rng.choice(found)
        asked = row["text"].lower()
        others = [
            name
            for name in self._names[title]
            if _shape(name) == _shape(old.group()) and name.lower() not in asked and name not in row["answers"]
        ]
        return row["text"][: old.start()] + rng.choice(others) + row["text"][old.end() :] if others else None


def _shape(name: str) -> tuple[str, int]:
    return ("number", len(name)) if name[0].isdigit() else ("name", 0)


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
