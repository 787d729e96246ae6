"""An optional opinion: a language model that says whether an answer is correct and faithful. It stands beside the other figures.

What the judge says depends on the model and is no proof; nothing gates on it unless a floor names it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from eval.normalise import without_markers
from eval.questions import Question
from index.errors import ModelError
from prompts import load
from qa.types import Answer

OBJECT = re.compile(r"\{.*?\}", re.DOTALL)
ATTEMPTS = 3
Complete = Callable[[list[tuple[str, str]]], str]


def judge(complete: Complete) -> Callable[[Question, Answer], dict[str, Any]]:
    """A judge that asks `complete` (messages → text). Gives {"correct", "faithful", "why"}.

    The judge raises ModelError when the model gives no verdict in three attempts.
    """

    def verdict(question: Question, answer: Answer) -> dict[str, Any]:
        asked = messages(question, answer)
        for _ in range(ATTEMPTS):
            found = read_verdict(complete(asked))
            if found is not None:
                return found
        raise ModelError(f"the judge gave no verdict on {question.id} in {ATTEMPTS} attempts; judge with a larger model")

    return verdict


def from_settings(settings: Any, model: str) -> Callable[[Question, Answer], dict[str, Any]]:
    """A judge of a model named `provider:model`, called with the user's settings; its verdict holds the `usage` of its calls."""
    from dataclasses import replace

    from qa.calls import complete
    from qa.draft import together

    chosen = replace(settings, model=model)

    def verdict(question: Question, answer: Answer) -> dict[str, Any]:
        spent: list[Any] = []

        def ask(asked: list[tuple[str, str]]) -> str:
            text, used = complete(chosen, load("judge").hash, asked)
            spent.append(used)
            return text

        return judge(ask)(question, answer) | {"usage": dict(together(*spent))}

    return verdict


def messages(question: Question, answer: Answer) -> list[tuple[str, str]]:
    """What the judge is shown."""
    gold = "\n".join(" / ".join(group) for group in question.gold) or "The question has no answer; it is right to say so."
    return load("judge").messages(
        question=question.standalone or question.question,
        gold=gold,
        quotes="\n".join(quote.quote for group in question.evidence for quote in group) or "none",
        answer=without_markers(answer.answer),
        cited="\n".join(citation.quote for citation in answer.citations) or "none",
    )


def read_verdict(text: str) -> dict[str, Any] | None:
    """The first JSON object of the text that is a verdict, or None."""
    for match in OBJECT.finditer(text):
        try:
            data = json.loads(match.group())
        except json.JSONDecodeError:
            continue
        if isinstance(data.get("correct"), bool) and isinstance(data.get("faithful"), bool):
            return {"correct": data["correct"], "faithful": data["faithful"], "why": str(data.get("why", ""))}
    return None
