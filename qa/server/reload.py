"""Follows the published generation of the index without a restart and without disturbing a request in flight.

A worker looks for a new generation every few seconds, opens it beside the old one, and only then puts it in the old one's
place. A request keeps what it began with. When the new one cannot be opened, the old one goes on answering.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

from index.errors import SeedqaError
from qa.server.errors import Refusal
from qa.server.observe import LOG, Metrics


class _HasGeneration(Protocol):
    @property
    def generation(self) -> str: ...


S = TypeVar("S", bound=_HasGeneration)
_LONGEST_PAUSE_S = 60.0


class Current(Generic[S]):
    """The generation that new requests get. `open_` and `published` run in a thread; `published` names the one on disk."""

    def __init__(self, open_: Callable[[], S], published: Callable[[], str | None], every_s: float, metrics: Metrics) -> None:
        self._open, self._published, self._every_s, self._metrics = open_, published, every_s, metrics
        self._served: S | None = None
        self._tried = asyncio.Event()
        self.problem: str | None = "the index is being loaded"

    @property
    def is_ready(self) -> bool:
        return self._served is not None

    async def get(self, timeout_s: float) -> S:
        """The open generation; waits for the first one to load. Raises Refusal 503 when there is none."""
        if self._served is None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._tried.wait(), timeout_s)
        if self._served is None:
            raise Refusal(503, "index_unavailable", self.problem or "there is no index", {"Retry-After": "5"})
        return self._served

    async def follow(self) -> None:
        """Runs for ever: load, then look again every `every_s`, more rarely while loading fails."""
        pause = self._every_s
        while True:
            loaded = await self._look()
            pause = self._every_s if loaded else min(2 * pause, _LONGEST_PAUSE_S)
            await asyncio.sleep(pause)

    async def _look(self) -> bool:
        """Open what is published, if that is news. False when it could not be opened."""
        try:
            published = await asyncio.to_thread(self._published)
            if self._served is not None and published in (None, self._served.generation):
                return True
            served = await asyncio.to_thread(self._open)
        except Exception as error:
            self._failed(error)
            return False
        finally:
            self._tried.set()
        self._served, self.problem = served, None
        self._metrics.reloads.labels("opened").inc()
        LOG.info("index generation opened", extra={"data": {"generation": served.generation}})
        return True

    def _failed(self, error: Exception) -> None:
        self._metrics.reloads.labels("failed").inc()
        known = isinstance(error, SeedqaError)
        problem = str(error) if known else "the index could not be opened; the log says why"
        if problem != self.problem:
            LOG.error("index could not be opened", extra={"data": {"error": str(error)}}, exc_info=None if known else error)
        self.problem = problem
