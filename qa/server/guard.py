"""Who may come in, and how often: host names, API keys, a rate for each key, and the time and size of a body."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import multiprocessing
import time
from typing import Any

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa.server import errors
from qa.server.errors import Refusal
from qa.server.observe import Metrics, note
from qa.settings import Settings

_ADDRESS_SLOTS = 1024


class Rates:
    """Token buckets in memory that all workers share, so that a limit holds for the server and not for each worker.

    A key has a bucket of its own; addresses are hashed into 1024 buckets. Make it before the workers are started.
    """

    def __init__(self, per_minute: float, keys: int) -> None:
        self._per_second = per_minute / 60
        self._burst = max(1.0, per_minute / 6)
        self._slots = keys + _ADDRESS_SLOTS
        self._cells: Any = multiprocessing.get_context("spawn").Array("d", [self._burst, 0.0] * self._slots)

    def take(self, slot: int, now: float) -> float:
        """Seconds to wait before the next request is due; 0 when this one may pass. `now` is in seconds, on one clock."""
        if not self._cells.get_lock().acquire(timeout=0.05):
            return 0.0
        try:
            tokens, last = self._cells[2 * slot], self._cells[2 * slot + 1]
            tokens = min(self._burst, tokens + max(0.0, now - last) * self._per_second)
            passes = tokens >= 1
            self._cells[2 * slot], self._cells[2 * slot + 1] = tokens - passes, now
        finally:
            self._cells.get_lock().release()
        return 0.0 if passes else (1 - tokens) / self._per_second


def make_rates(settings: Settings) -> Rates | None:
    return Rates(settings.rate_per_minute, len(settings.api_keys)) if settings.rate_per_minute > 0 else None


class Guard:
    """Lets a request through to the application, or answers it with a refusal."""

    def __init__(self, app: ASGIApp, settings: Settings, rates: Rates | None, metrics: Metrics) -> None:
        self._app, self._settings, self._rates, self._metrics = app, settings, rates, metrics
        self._keys = [hashlib.sha256(key.encode()).digest() for key in settings.api_keys]
        self._hosts = allowed_hosts(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            self._admit(scope)
        except Refusal as refusal:
            self._metrics.refused.labels(refusal.code).inc()
            await errors.response(refusal, scope)(scope, receive, send)
            return
        await self._app(scope, _limited(receive, self._settings.body_timeout_s, 1024 * self._settings.max_body_kb), send)

    def _admit(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        if self._hosts is not None and host_name(headers.get("host", "")) not in self._hosts:
            raise Refusal(400, "unknown_host", "this host name is not served; name it in the setting allowed_hosts")
        if not scope["path"].startswith("/v1/") and scope["path"] != "/metrics":
            return
        slot = self._caller(headers.get("authorization", ""), scope)
        if self._rates:
            wait = self._rates.take(slot, time.monotonic())
            if wait > 0:
                seconds = str(int(wait) + 1)
                raise Refusal(429, "rate_limited", f"too many requests; try again in {seconds} s", {"Retry-After": seconds})

    def _caller(self, authorization: str, scope: Scope) -> int:
        """The number of the caller's bucket. Every key is compared, each in constant time."""
        if not self._keys:
            address = (scope.get("client") or ("",))[0]
            return int.from_bytes(hashlib.sha256(address.encode()).digest()[:4], "big") % _ADDRESS_SLOTS
        scheme, _, given = authorization.partition(" ")
        digest = hashlib.sha256(given.strip().encode("latin-1")).digest()
        matches = [number for number, key in enumerate(self._keys) if hmac.compare_digest(key, digest)]
        if scheme.lower() != "bearer" or not matches:
            raise Refusal(401, "unauthorized", "an API key is needed: Authorization: Bearer KEY", {"WWW-Authenticate": "Bearer"})
        note(scope, key=matches[0] + 1)
        return matches[0]


def allowed_hosts(settings: Settings) -> frozenset[str] | None:
    """Names that requests may give in `Host`; None for any. On a loopback address only loopback names are let in, so that a
    web page elsewhere cannot reach the endpoint by pointing its own name at this machine (DNS rebinding)."""
    if settings.allowed_hosts:
        return frozenset(host.lower() for host in settings.allowed_hosts)
    return frozenset(("localhost", "127.0.0.1", "::1", settings.host)) if is_loopback(settings.host) else None


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def host_name(host: str) -> str:
    """A `Host` header without its port and brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def _limited(receive: Receive, timeout_s: float, most_bytes: int) -> Receive:
    """`receive`, with one allowance of time and size for the body; what comes later (the caller leaving) may take for ever."""
    deadline = asyncio.get_running_loop().time() + timeout_s
    finished, size = False, 0

    async def receive_body() -> Message:
        nonlocal finished, size
        if finished:
            return await receive()
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408, f"the body did not arrive within {timeout_s:g} s") from None
        finished, size = not message.get("more_body", False), size + len(message.get("body", b""))
        if size > most_bytes:
            raise HTTPException(413, f"the body has more than {most_bytes // 1024:,} kilobytes (max_body_kb)")
        return message

    return receive_body
