"""Joins the parts into one FastAPI application. Importing it starts nothing; the index is loaded when the application starts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse, Response

from qa.server import errors, native, openai_api
from qa.server.generation import Served
from qa.server.guard import Guard, Rates, make_rates
from qa.server.observe import METRICS_TYPE, PAGE_POLICY, Metrics, Observe, forget_process
from qa.server.reload import Current
from qa.server.runtime import Runtime, Shared
from qa.server.work import Work
from qa.settings import Settings

_DESCRIPTION = "Answers over a folder of articles, each sentence proved by a quote that can be opened in the original file."
_PAGE = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}


def create_app(
    settings: Settings, open_: Callable[[], Served], published: Callable[[], str | None], rates: Rates | None = None
) -> FastAPI:
    """The application of one worker. `open_` opens the newest generation, `published` names it (see `reload.Current`).

    `rates` is given when several workers share one limit.
    """
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        work = Work(settings.max_concurrent, settings.queue, settings.request_timeout_s, metrics)
        current = Current(open_, published, settings.reload_s, metrics)
        app.state.runtime = Runtime(settings, current, work, metrics)
        following = asyncio.create_task(current.follow())
        yield
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        work.close()
        forget_process()

    app = FastAPI(
        title="seedqa",
        version=_version(),
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        telemetry=_telemetry(settings),
    )
    errors.install(app)
    app.include_router(native.router)
    app.include_router(openai_api.router)
    app.include_router(_operations())
    app.include_router(_page())
    _describe(app, bool(settings.api_keys))
    _wrap(app, settings, rates or make_rates(settings), metrics)
    return app


def _wrap(app: FastAPI, settings: Settings, rates: Rates | None, metrics: Metrics) -> None:
    """The layers around the routes, from the innermost."""
    app.add_middleware(Guard, settings=settings, rates=rates, metrics=metrics)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=[origin.rstrip("/") for origin in settings.cors_origins],
            allow_methods=["GET", "POST"],
            allow_headers=["authorization", "content-type", "x-request-id"],
            expose_headers=["x-request-id", "retry-after"],
        )
    app.add_middleware(Observe, metrics=metrics)


def _operations() -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        """The process lives."""
        return {"status": "ok"}

    @router.get("/readyz")
    async def readyz(shared: Shared) -> JSONResponse:
        """The model and the index are loaded. A problem with a newer index is told, while the older one answers."""
        current = shared.current
        if not current.is_ready:
            return JSONResponse({"status": "not ready", "problem": current.problem}, 503, headers={"Retry-After": "5"})
        served = await shared.served()
        return JSONResponse(
            {"status": "ready", "generation": served.generation, "sources": len(served.library), "problem": current.problem}
        )

    @router.get("/metrics")
    def metrics(shared: Shared) -> Response:
        return Response(shared.metrics.render(), media_type=METRICS_TYPE)

    return router


def _page() -> APIRouter:
    """The web page: a handful of files that travel with the package, each with an ETag."""
    router = APIRouter(include_in_schema=False)
    for path, (name, kind) in _PAGE.items():
        router.add_api_route(path, _file((files("qa") / "page" / name).read_bytes(), kind), methods=["GET", "HEAD"])
    return router


def _file(data: bytes, kind: str) -> Callable[[Request], Response]:
    import hashlib

    tag = f'"{hashlib.sha256(data).hexdigest()[:20]}"'
    headers = {"etag": tag, "cache-control": "no-cache", "content-security-policy": PAGE_POLICY}

    def serve(request: Request) -> Response:
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(data, media_type=kind, headers=headers)

    return serve


def _describe(app: FastAPI, with_keys: bool) -> None:
    """OpenAPI as it truly is: OpenAI's paths answer a bad request with 400, and keys are asked for only where they are set."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = plain()
            if with_keys:
                schema.setdefault("components", {})["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
                schema["security"] = [{"key": []}]
            for path in ("/v1/models", "/v1/models/{id}"):
                schema["paths"].get(path, {}).get("get", {}).get("responses", {}).pop("422", None)
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _telemetry(settings: Settings) -> Any:
    """FastAPI's own OpenTelemetry spans. A search carries its question in the address, so it is left out, as in the log."""

    def is_private(scope: Any) -> bool:
        return bool(scope.get("path") == "/v1/search" and not settings.log_questions)

    on = settings.traces
    return {"tracing": on, "metrics": False, "logs": on, "operation_spans": on, "auto_configure": on, "exclude": is_private}


def _version() -> str:
    try:
        return version("seedqa")
    except PackageNotFoundError:
        return "0"
