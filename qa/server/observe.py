"""What an operator sees: request ids, one JSON line for each request, Prometheus metrics. No question text unless asked for."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import time
import uuid
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa import tokens
from qa.settings import Settings
from qa.types import Answer

LOG = logging.getLogger("qa.server")
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_SHARED = "PROMETHEUS_MULTIPROC_DIR"

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
DATA_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"
_SECURITY = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


class Metrics:
    """The numbers of one worker; with several workers, `render` adds them up through the folder that `serve` made."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = self._counter("qa_requests", "Requests by route, method and status.", "route", "method", "status")
        self.seconds = self._histogram("qa_request_seconds", "Time of a request, until its last byte.", "route")
        self.stages = self._histogram("qa_stage_seconds", "Time of each stage of an answer.", "stage")
        self.answers = self._counter("qa_answers", "Answers by status and model.", "status", "model")
        self.tokens = self._counter("qa_tokens", "Tokens of questions and answers, as tiktoken counts them.", "kind")
        self.refused = self._counter("qa_refused", "Requests turned away, by reason.", "reason")
        self.reloads = self._counter("qa_reloads", "Index generations opened, by result.", "result")
        self.waiting = self._gauge("qa_waiting", "Questions waiting for a place.")
        self.running = self._gauge("qa_running", "Questions being answered.")

    def _counter(self, name: str, help: str, *labels: str) -> Counter:
        return Counter(name, help, labels, registry=self._registry)

    def _histogram(self, name: str, help: str, *labels: str) -> Histogram:
        return Histogram(name, help, labels, registry=self._registry, buckets=_SECONDS)

    def _gauge(self, name: str, help: str) -> Gauge:
        return Gauge(name, help, registry=self._registry, multiprocess_mode="livesum")

    def count(self, answer: Answer) -> None:
        self.answers.labels(answer.status, answer.model).inc()
        for stage, milliseconds in answer.timings_ms.items():
            self.stages.labels(stage).observe(milliseconds / 1000)
        self.tokens.labels("question").inc(tokens.count(answer.question))
        self.tokens.labels("answer").inc(tokens.count(answer.answer))

    def render(self) -> bytes:
        """The text that Prometheus reads."""
        if _SHARED not in os.environ:
            return generate_latest(self._registry)
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
        return generate_latest(registry)


def share_metrics(folder: str) -> None:
    """Let worker processes started from now on add up their numbers in `folder`."""
    os.environ[_SHARED] = folder


def forget_process() -> None:
    """Take this worker's gauges out of the sum when it ends."""
    if _SHARED in os.environ:
        multiprocess.mark_process_dead(os.getpid())


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"
        data: dict[str, Any] = {"time": moment, "level": record.levelname.lower(), "message": record.getMessage()}
        data |= getattr(record, "data", {})
        if record.exc_info:
            data["exception"] = self.formatException(record.exc_info)
        return json.dumps(data, ensure_ascii=False)


def start_logging() -> None:
    """One JSON object a line on standard error, from this package and from uvicorn."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    for name in ("qa.server", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.INFO)


def note(scope: Scope, **fields: Any) -> None:
    """Add fields to the log line of a request."""
    scope["state"].setdefault("log", {}).update(fields)


def note_answer(scope: Scope, answer: Answer, settings: Settings, metrics: Metrics) -> None:
    """Count an answer and put its outline into the log line."""
    metrics.count(answer)
    note(
        scope,
        status_of_answer=answer.status,
        model=answer.model,
        generation=answer.index.get("generation"),
        notices=len(answer.notices),
    )
    note(scope, stages_ms={stage: round(value, 1) for stage, value in answer.timings_ms.items()})
    if settings.log_questions:
        note(scope, question=answer.question, standalone_question=answer.standalone_question)


class Observe:
    """Outermost layer: gives each request its id, times it, logs it, and sets the security headers of each response."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope))
        scope.setdefault("state", {})["request_id"] = request_id
        began, status = time.perf_counter(), 499

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(message, scope, request_id)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        finally:
            self._record(scope, status, time.perf_counter() - began)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "(none)")
        method = scope["method"] if scope["method"] in ("GET", "POST", "HEAD", "OPTIONS") else "(other)"
        self._metrics.requests.labels(route, method, str(status)).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        data = {"request_id": scope["state"]["request_id"], "method": method, "route": route, "status": status}
        data |= {"ms": round(seconds * 1000, 1)} | scope["state"].get("log", {})
        quiet = route in ("/healthz", "/readyz", "/metrics") and status < 400
        LOG.log(logging.DEBUG if quiet else logging.INFO, "request", extra={"data": data})


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _add_headers(message: Message, scope: Scope, request_id: str) -> None:
    headers = MutableHeaders(scope=message)
    headers["x-request-id"] = request_id
    for name, value in _SECURITY.items():
        headers.setdefault(name, value)
    headers.setdefault("content-security-policy", DATA_POLICY)
    if scope["path"].startswith("/v1/"):
        headers.setdefault("cache-control", "no-store")
