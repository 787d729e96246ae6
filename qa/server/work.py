"""Runs answers in threads: so many at a time, so many waiting, each within its time.

A thread cannot be stopped from outside. A place is therefore held until its thread has ended, not until the caller was told
that the time is over; so a slow model makes others wait or be turned away, and never piles up threads.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from qa.server.errors import Refusal
from qa.server.observe import Metrics

T = TypeVar("T")
_END = object()


class Work:
    """The places of one worker process. Bound to the event loop that first uses it."""

    def __init__(self, concurrent: int, queue: int, timeout_s: float, metrics: Metrics) -> None:
        self._places = asyncio.Semaphore(concurrent)
        self._pool = ThreadPoolExecutor(concurrent, thread_name_prefix="answer")
        self._queue, self._timeout_s, self._metrics = queue, timeout_s, metrics
        self._concurrent = concurrent
        self._waiting = 0
        self._mean_s = 1.0

    async def run(self, call: Callable[[], T]) -> T:
        """The value of `call`, or its exception. Raises Refusal 429 when too many wait, TimeoutError after the time."""
        async with asyncio.timeout(self._timeout_s):
            await self._enter()
            return await asyncio.wrap_future(self._start(call))

    async def stream(self, produce: Callable[[], Iterator[T]]) -> AsyncIterator[T]:
        """What `produce` yields, as it comes. Waits for a place before it returns, so that a refusal can still be a status."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._timeout_s
        async with asyncio.timeout_at(deadline):
            await self._enter()
        items: asyncio.Queue[Any] = asyncio.Queue()
        stopped = threading.Event()
        self._start(lambda: _pump(produce, stopped, lambda item: loop.call_soon_threadsafe(items.put_nowait, item)))
        return _drain(items, stopped, deadline)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _enter(self) -> None:
        if self._places.locked() and self._waiting >= self._queue:
            self._metrics.refused.labels("queue_full").inc()
            wait = max(1, round(self._mean_s * (self._waiting + 1) / self._concurrent))
            raise Refusal(429, "too_busy", "too many questions are waiting; try again later", {"Retry-After": str(min(wait, 60))})
        self._waiting += 1
        self._metrics.waiting.inc()
        try:
            await self._places.acquire()
        finally:
            self._waiting -= 1
            self._metrics.waiting.dec()

    def _start(self, call: Callable[[], T]) -> Future[T]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        self._metrics.running.inc()
        future = self._pool.submit(call)
        future.add_done_callback(lambda _: _if_open(loop, lambda: self._leave(loop.time() - began)))
        return future

    def _leave(self, took_s: float) -> None:
        self._mean_s = 0.9 * self._mean_s + 0.1 * took_s
        self._metrics.running.dec()
        self._places.release()


def _if_open(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(call)


def _pump(produce: Callable[[], Iterator[T]], stopped: threading.Event, put: Callable[[Any], object]) -> None:
    try:
        for item in produce():
            put(item)
            if stopped.is_set():
                return
        put(_END)
    except Exception as error:
        put(error)


async def _drain(items: asyncio.Queue[Any], stopped: threading.Event, deadline: float) -> AsyncIterator[Any]:
    try:
        while True:
            async with asyncio.timeout_at(deadline):
                item = await items.get()
            if item is _END:
                return
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        stopped.set()
