"""What all routes of one worker share, and the one way in which they ask."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request

from qa.server.errors import Refusal
from qa.server.generation import EXTRACTIVE, Answers, Served, events, model_names
from qa.server.observe import Metrics, note_answer
from qa.server.reload import Current
from qa.server.schemas import Limits
from qa.server.work import Work
from qa.settings import Settings
from qa.types import Answer, Turn

T = TypeVar("T")


@dataclass(frozen=True)
class Asked:
    """A question as either API understood it. `model` None means the one of the settings."""

    question: str
    history: tuple[Turn, ...] = ()
    model: str | None = None
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class Runtime:
    settings: Settings
    current: Current[Served]
    work: Work
    metrics: Metrics

    async def served(self) -> Served:
        return await self.current.get(self.settings.request_timeout_s)

    async def run(self, call: Callable[[Served], T]) -> T:
        """The value of `call` on the open generation, from a thread."""
        served = await self.served()
        return await self.work.run(lambda: call(served))

    async def answer(self, asked: Asked, request: Request) -> Answer:
        asked = self._checked(asked)
        answer = await self.run(lambda served: self._answerer(served, asked).answer(asked.question, asked.history))
        note_answer(request.scope, answer, self.settings, self.metrics)
        return answer

    async def events(self, asked: Asked, request: Request) -> AsyncIterator[tuple[str, Any]]:
        """See `generation.events`. Returns only when the answer has begun: until then a refusal can be a status."""
        asked = self._checked(asked)
        served = await self.served()

        live = (asked.model or self.settings.model) != EXTRACTIVE

        def produce() -> Iterator[tuple[str, Any]]:
            return events(self._answerer(served, asked), asked.question, asked.history, live)

        return self._noted(await self.work.stream(produce), request)

    def check_length(self, question: str) -> None:
        """Raises Refusal 422."""
        most = self.settings.max_question_chars
        if len(question) > most:
            raise Refusal(422, "question_too_long", f"the question has {len(question):,} characters; at most {most:,} are read")

    def base_url(self, request: Request) -> str:
        """Where people reach the page, without a slash at the end."""
        return (self.settings.public_url or str(request.base_url)).rstrip("/")

    async def _noted(self, stream: AsyncIterator[tuple[str, Any]], request: Request) -> AsyncIterator[tuple[str, Any]]:
        async for kind, value in stream:
            if kind == "answer":
                note_answer(request.scope, value, self.settings, self.metrics)
            yield kind, value

    def _answerer(self, served: Served, asked: Asked) -> Answers:
        return served.for_request(self.settings, asked.model or self.settings.model, asked.limits)

    def _checked(self, asked: Asked) -> Asked:
        """The same question with the newest exchanges only. Raises Refusal for one that is too long or names another model."""
        names = model_names(self.settings)
        if asked.model is not None and asked.model not in names:
            raise Refusal(
                404,
                "model_not_found",
                f"there is no model {asked.model[:80]!r} here; there are: {', '.join(names)}",
                param="model",
            )
        self.check_length(asked.question)
        kept = asked.history[-self.settings.max_history :] if self.settings.max_history else ()
        return Asked(asked.question, kept, asked.model, asked.limits)


def _runtime(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


Shared = Annotated[Runtime, Depends(_runtime)]
