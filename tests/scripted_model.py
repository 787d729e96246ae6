"""Language models that say what a test wants: fixed pieces, or whatever a function makes of the messages."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import Field

from qa import calls, models
from qa.settings import Settings


class Scripted(BaseChatModel):
    """Says `pieces`, or what `reply` makes of the messages, then fails if it is told to. Keeps what it was asked.

    `delay` are seconds before each piece; `usage` is what it reports of its tokens, with its last piece.
    """

    pieces: list[str] = Field(default_factory=list)
    reply: Any = None
    failure: Any = None
    usage: Any = None
    delay: float = 0.0
    heard: list[list[BaseMessage]] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        text = "".join(chunk.text for chunk in self._stream(messages))
        return ChatResult(generations=[ChatGeneration(message=AIMessage(text))])

    def _stream(self, messages: list[BaseMessage], *_: Any, **__: Any) -> Iterator[ChatGenerationChunk]:
        self.heard.append(messages)
        for piece in self.pieces if self.reply is None else [self.reply(messages)]:
            time.sleep(self.delay)
            yield ChatGenerationChunk(message=AIMessageChunk(piece))
        if self.failure:
            raise self.failure
        if self.usage:
            yield ChatGenerationChunk(message=AIMessageChunk("", usage_metadata=self.usage))


def use(monkeypatch: pytest.MonkeyPatch, model: Scripted | Exception) -> None:
    """From here on every language model is this one, or cannot be set up."""

    def chat_model(name: str, settings: Settings) -> BaseChatModel:
        if isinstance(model, Exception):
            raise model
        return model

    monkeypatch.setattr(models, "chat_model", chat_model)
    calls.model.cache_clear()
