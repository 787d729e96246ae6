"""A guided prompt for writing a question set over one's own articles: it shows a passage, you ask a question about it.

Each row is written as soon as it is complete, so stopping loses nothing. The numbers of the sentences that you name become
the gold quotes; `check` is run on every row before it is kept.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path

from eval.check import faults
from eval.normalise import fold_space
from eval.questions import Question, Quote, load, to_dict
from index.errors import StorageError
from index.types import Passage

HELP = """Write what a reader of these articles would ask, in your own words. Answers to the prompts:
  question         the question; empty shows another passage; "none: …" is a question that the articles do not answer; "quit" ends
  gold answers     short: a name, a number. "|" between wordings of the same thing, ";" between things that must all be said
  sentences        the numbers of the sentences that prove it, "1 3" """
Ask = Callable[[str], str]
Say = Callable[[str], None]


def write_questions(passages: Sequence[Passage], path: Path, ask: Ask, say: Say, seed: int = 0) -> int:
    """Prompt until "quit" or the end of the input; gives how many rows were added to `path`.

    Passages come in an order that visits all articles early and does not change with the same `seed`.
    """
    rows = load(path) if path.is_file() else []
    already = len(rows)
    say(HELP)
    try:
        for passage in spread(passages, seed):
            _show(passage, say)
            while row := _one(passage, rows, ask, say):
                rows.append(row)
                _append(path, row)
                say(f"kept as {row.id} ({len(rows)} in {path.name})")
    except (_Quit, EOFError, KeyboardInterrupt):
        pass
    return len(rows) - already


class _Quit(Exception):
    """The writer is done."""


def spread(passages: Sequence[Passage], seed: int) -> list[Passage]:
    """The passages in turns: one of each article, then a second of each, each article's in a shuffled order."""
    by_source: dict[str, list[Passage]] = {}
    for passage in passages:
        by_source.setdefault(passage.source, []).append(passage)
    shuffle = random.Random(seed)
    for group in by_source.values():
        shuffle.shuffle(group)
    longest = max(map(len, by_source.values()), default=0)
    return [group[turn] for turn in range(longest) for group in by_source.values() if turn < len(group)]


def _show(passage: Passage, say: Say) -> None:
    say(f"\n{passage.source}, line {passage.line}   {passage.header}")
    for number, sentence in enumerate(passage.sentences, 1):
        say(f"  {number}. {sentence.quote}")


def _one(passage: Passage, rows: Sequence[Question], ask: Ask, say: Say) -> Question | None:
    """A row about this passage; None when the writer wants another passage."""
    text = ask("question: ").strip()
    if text == "quit":
        raise _Quit
    if not text:
        return None
    if text.startswith("none:"):
        return Question(_next_id("unanswerable", rows), "unanswerable", text[5:].strip(), kind="plausible", answerable=False)
    row = _answerable(passage, text, _next_id("fact", rows), ask)
    problems = faults([row], _as_article(passage), lambda quote: quote, complete=False)
    for problem in problems:
        say(f"  {problem}")
    return _one(passage, rows, ask, say) if problems else row


def _answerable(passage: Passage, text: str, name: str, ask: Ask) -> Question:
    gold = tuple(
        tuple(alternative.strip() for alternative in group.split("|") if alternative.strip())
        for group in ask("gold answers: ").split(";")
    )
    chosen = [int(word) for word in ask("sentences: ").replace(",", " ").split() if word.isdigit()]
    sentences = [passage.sentences[number - 1] for number in chosen if 1 <= number <= len(passage.sentences)]
    evidence = tuple((Quote(passage.source, fold_space(sentence.quote)),) for sentence in sentences)
    category = "single_fact" if len(evidence) < 2 else "multi_hop"
    return Question(name, category, text, gold, evidence)


def _as_article(passage: Passage) -> dict[str, str]:
    return {passage.source: fold_space(" ".join(sentence.quote for sentence in passage.sentences))}


def _next_id(prefix: str, rows: Sequence[Question]) -> str:
    taken = {row.id for row in rows}
    return next(name for n in range(1, len(rows) + 2) if (name := f"{prefix}-{n:03d}") not in taken)


def _append(path: Path, row: Question) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(to_dict(row), ensure_ascii=False) + "\n")
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror or error}") from None
