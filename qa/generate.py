"""Answer with a language model: pack the passages, prompt, stream, and tie every sentence to its proof."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import prompts
from index.types import Hit
from qa import context, models, tokens
from qa.cite import cite
from qa.claims import cannot_answer
from qa.rewrite import by_model
from qa.settings import Settings
from qa.types import Turn

if TYPE_CHECKING:
    from qa.answer import Clock, Draft, Event

Similarity = Callable[[str, Sequence[str]], Sequence[float]]


@lru_cache(maxsize=4)
def _model(settings: Settings) -> Any:
    """The chat model of these settings, kept open."""
    return models.chat_model(settings.model, settings)


def generate(
    question: str,
    hits: Sequence[Hit],
    confidence: float,
    settings: Settings,
    similarity: Similarity,
    aliases: Mapping[str, str],
    clock: Clock,
) -> Iterator[Event]:
    """Yield ("claim", text) for each sentence; the generator's value is the Draft. Raises ModelError.

    `confidence` is the reader's, from retrieval; it is lowered by the share of the model's sentences that are unsupported.
    """
    from qa.answer import Draft

    with clock.stage("generate"):
        prompt = prompts.load("answer_small" if models.is_small(settings.model) else "answer")
        frame = tokens.count(prompt.render(question=question, passages=prompts.Block("")))
        room = context.budget(models.context_window(settings.model), frame, settings.max_answer_tokens, settings.context_tokens)
        packed = context.pack(hits, room)
        messages = prompt.messages(question=question, passages=packed.text)
        text = "".join(models.stream(_model(settings), messages, settings))
    if cannot_answer(text):
        return Draft("", (), (), confidence, declined=True)
    with clock.stage("verify"):
        cited = cite(text, packed.shown, settings.policy, similarity, aliases)
    for claim in cited.claims:
        yield "claim", claim.text
    supported = sum(claim.support != "unsupported" for claim in cited.claims) / max(1, len(cited.claims))
    return Draft(
        cited.answer, cited.claims, cited.citations, confidence * supported, unresolved_markers=cited.unresolved_markers, notices=cited.notices
    )


def rewrite_by_model(question: str, history: Sequence[Turn], settings: Settings) -> str:
    """The follow-up made to stand alone by the model, or by the rules where it fails."""
    return by_model(question, history, lambda messages: models.complete(_model(settings), messages, settings))
