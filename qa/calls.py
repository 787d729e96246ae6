"""One call of a language model of the settings: kept where a cache is set, and counted."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from qa import answer_cache, model_calls, models, tokens
from qa.draft import Usage
from qa.model_calls import Messages, Tally
from qa.settings import Settings


@lru_cache(maxsize=4)
def model(settings: Settings) -> Any:
    """The chat model of these settings, kept open."""
    return models.chat_model(settings.model, settings)


def stream(settings: Settings, prompt: str, messages: Messages, tally: Tally) -> Iterator[str]:
    """The model's answer piece by piece; `prompt` is the prompt's hash, `tally` gets the tokens. Raises ModelError."""
    return answer_cache.through(
        settings, prompt, messages, tally, lambda: model_calls.stream(model(settings), messages, settings, tally)
    )


def complete(settings: Settings, prompt: str, messages: Messages) -> tuple[str, Usage]:
    """The model's whole answer and its usage. Raises ModelError."""
    tally = Tally()
    text = "".join(stream(settings, prompt, messages, tally)).strip()
    return text, usage(tally, messages, text, settings)


def usage(tally: Tally, messages: Messages, text: str, settings: Settings) -> Usage:
    """Tokens of a call: the provider's count, else tiktoken's estimate; its cost where the user has set prices."""
    counted = bool(tally.prompt_tokens and tally.answer_tokens)
    asked = tally.prompt_tokens if counted else sum(tokens.count(content) for _, content in messages)
    said = tally.answer_tokens if counted else tokens.count(text)
    found: dict[str, float] = {"prompt_tokens": asked, "answer_tokens": said, "estimated": not counted}
    if models.is_hosted(settings.model) and (settings.price_in or settings.price_out):
        found["cost"] = round((asked * settings.price_in + said * settings.price_out) / 1e6, 8)
    return found
