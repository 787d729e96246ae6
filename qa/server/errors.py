"""One JSON error shape, `{"error": {"code", "message", "request_id"}}`; OpenAI's shape on the paths that speak its API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from index.errors import SeedqaError
from qa.server.observe import LOG

OPENAI_PATHS = ("/v1/chat/", "/v1/models")

_HTTP_CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    408: "body_timeout",
    413: "body_too_large",
    415: "unsupported_media_type",
}
_SEEDQA_CODES = {422: "invalid_request", 502: "model_failed", 503: "index_unavailable", 507: "storage_failed"}
_OPENAI_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


class Refusal(Exception):
    """A request that is turned down, with the status, a short code for programs and a line for people."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None, param: str | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.headers = dict(headers or {})
        self.param = param


class Problem(BaseModel):
    code: str = Field(examples=["question_too_long"])
    message: str = Field(examples=["the question has 2,400 characters; at most 2,000 are read"])
    request_id: str = Field(examples=["1f0c2b7a4d5e4e0f9a55c5cf24f3a9d1"])


class ErrorBody(BaseModel):
    """The one shape of every error."""

    error: Problem


class OpenAIProblem(BaseModel):
    message: str
    type: str = Field(examples=["invalid_request_error"])
    param: str | None = None
    code: str | None = Field(None, examples=["model_not_found"])
    request_id: str


class OpenAIErrorBody(BaseModel):
    """An error as OpenAI's API gives it, with the request id."""

    error: OpenAIProblem


def speaks_openai(path: str) -> bool:
    return path.startswith(OPENAI_PATHS)


def body(refusal: Refusal, path: str, request_id: str) -> dict[str, Any]:
    """The JSON data of an error."""
    if not speaks_openai(path):
        return {"error": {"code": refusal.code, "message": refusal.message, "request_id": request_id}}
    fallback = "server_error" if refusal.status >= 500 else "invalid_request_error"
    kind = _OPENAI_TYPES.get(refusal.status, fallback)
    problem = {"message": refusal.message, "type": kind, "param": refusal.param, "code": refusal.code, "request_id": request_id}
    return {"error": problem}


def response(refusal: Refusal, scope: Mapping[str, Any]) -> JSONResponse:
    request_id = scope.get("state", {}).get("request_id", "")
    return JSONResponse(body(refusal, scope["path"], request_id), refusal.status, headers=refusal.headers)


def from_exception(error: Exception) -> Refusal:
    """What a caller is told of an exception. The text of an unforeseen one stays in the log."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, SeedqaError):
        headers = {"Retry-After": "5"} if error.http_status == 503 else {}
        return Refusal(error.http_status, _SEEDQA_CODES.get(error.http_status, "failed"), str(error), headers)
    if isinstance(error, TimeoutError):
        return Refusal(504, "timeout", "no answer within the time allowed for a request (request_timeout_s)")
    return Refusal(500, "internal_error", "an unforeseen error; the log has it under this request id")


def log_unforeseen(error: Exception, scope: Mapping[str, Any]) -> None:
    """Write down an exception that is a bug; for faults after a stream has begun, which no handler sees."""
    if from_exception(error).status == 500:
        LOG.error("unforeseen error", extra={"data": {"request_id": scope["state"]["request_id"]}}, exc_info=error)


def install(app: FastAPI) -> None:
    """Make `app` answer every error in the one shape."""

    async def known(request: Request, error: Exception) -> JSONResponse:
        return response(from_exception(error), request.scope)

    async def http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        code = _HTTP_CODES.get(error.status_code, "failed")
        return response(Refusal(error.status_code, code, _sentence(error, request), error.headers), request.scope)

    async def invalid(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return response(_invalid(error, request.url.path), request.scope)

    for kind in (Refusal, SeedqaError, TimeoutError, Exception):
        app.add_exception_handler(kind, known)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)


def _sentence(error: HTTPException, request: Request) -> str:
    if error.status_code == 404:
        return f"there is nothing at {request.url.path}"
    if error.status_code == 405:
        return f"{request.method} is not possible here"
    return str(error.detail)


def _invalid(error: RequestValidationError, path: str) -> Refusal:
    """The first fault of a request's body or parameters, without repeating what was sent."""
    first = error.errors()[0]
    place = [str(part) for part in first["loc"] if part not in ("body", "query", "path", "header")]
    where = ".".join(place) if first["type"] != "json_invalid" else ""
    message = f"{where}: {first['msg']}" if where else f"the body is not what is expected: {first['msg']}"
    return Refusal(400 if speaks_openai(path) else 422, "invalid_request", message, param=where or None)
