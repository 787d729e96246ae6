"""The project's own API: answers (as JSON or as server-sent events), search, the sources, and the check of a saved answer."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from index.repair import Repaired
from qa.server import errors
from qa.server.errors import ErrorBody, Refusal
from qa.server.generation import Served
from qa.server.runtime import Asked, Shared
from qa.server.schemas import (
    AnswerRequest,
    Checked,
    CheckedCitation,
    Found,
    LinkedAnswer,
    Retrieval,
    SourceList,
    SourceText,
    Text,
    found_passage,
    linked,
    passage_data,
    source_id,
    sse_content,
)
from qa.types import Answer, Citation
from qa.verify import Check, check, is_telling

REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorBody, "description": "The host name is not served, or the body cannot be read"},
    401: {"model": ErrorBody, "description": "An API key is needed"},
    422: {"model": ErrorBody, "description": "The request is not what is expected"},
    429: {"model": ErrorBody, "description": "Too many requests; `Retry-After` says when to try again"},
    503: {"model": ErrorBody, "description": "There is no index that can answer"},
}
_WORK: dict[int | str, dict[str, Any]] = {
    404: {"model": ErrorBody, "description": "Unknown model"},
    408: {"model": ErrorBody, "description": "The body did not arrive in time"},
    413: {"model": ErrorBody, "description": "The body is too large"},
    502: {"model": ErrorBody, "description": "A model that is needed is missing"},
    504: {"model": ErrorBody, "description": "No answer within the time allowed"},
}
_NO_SOURCE: dict[int | str, dict[str, Any]] = {
    404: {"model": ErrorBody, "description": "The index has no such source"},
    410: {"model": ErrorBody, "description": "The file is no longer where it was indexed"},
}
_EXAMPLES: Any = {
    "a question": {"value": {"question": "Who was wounded in the Battle of Gao?"}},
    "a follow-up": {
        "value": {
            "question": "And when was that?",
            "history": [
                {"question": "When did the MNLA lose Gao?", "answer": "The next day the MNLA were evicted from the city. [1]"}
            ],
        }
    },
    "streamed, with limits": {
        "value": {"question": "Who fought at Konna?", "stream": True, "limits": {"passages": 5, "sentences": 2}}
    },
}
_MOST_CITATIONS = 500
_MOST_SEARCHED = 500
"""Characters of a quote that are searched for."""

router = APIRouter(prefix="/v1", responses=REFUSALS)
Range = Annotated[int | None, Query(ge=0, le=2**53, description="raw offset in characters, as in a citation; a place needs both")]
SourceId = Annotated[str, Path(max_length=80, description="an id that GET /v1/sources or a citation gives")]


@router.post(
    "/answers",
    response_model=LinkedAnswer,
    responses=_WORK | {200: {"description": "The answer", "content": sse_content("event", "data")}},
    summary="Answer a question",
)
async def answer(request: Request, shared: Shared, asked: Annotated[AnswerRequest, Body(openapi_examples=_EXAMPLES)]) -> Response:
    """One `Answer`; with `stream: true` server-sent events: `retrieval`, `text` (pieces), `answer` (verified, whole), `done`.

    The event `answer` has the last word: a model's sentences come without their markers, and may turn out unsupported. Where a
    model fails in the middle, `discard` says to take away every `text` so far; those of another answer follow.
    A fault after the stream has begun comes as an event `error` with the usual error shape.
    """
    question = Asked(asked.question, tuple(exchange.turn() for exchange in asked.history), asked.model, asked.limits)
    if asked.stream:
        return event_stream(_native_events(await shared.events(question, request), request))
    return JSONResponse(linked(await shared.answer(question, request)))


@router.get("/search", responses=_WORK, summary="Find passages")
async def search(
    request: Request,
    shared: Shared,
    q: Annotated[Text, Query(description="the question", examples=["Who fought at Konna?"])],
    k: Annotated[int, Query(ge=1, le=100, description="how many passages")] = 8,
    mode: Annotated[Retrieval | None, Query(description="left out: as the server's settings say")] = None,
) -> Found:
    """The passages nearest to a question, best first, without an answer."""
    shared.check_length(q)

    def find(served: Served) -> Found:
        searcher = served.answerer.searcher
        hits = searcher.search(q, k, mode or shared.settings.mode)
        return Found(q, served.generation, searcher.embedder_name, tuple(found_passage(hit) for hit in hits))

    return await shared.run(find)


@router.get("/sources", summary="List the indexed files")
async def sources(
    shared: Shared,
    offset: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> SourceList:
    served = await shared.served()
    return SourceList(len(served.library), served.generation, served.library.page(offset, limit, ""))


@router.get(
    "/sources/{id}",
    responses=_NO_SOURCE | {409: {"model": ErrorBody, "description": "The file has changed and cannot be read as text"}},
    summary="Read a file",
)
async def source(shared: Shared, id: SourceId, start: Range = None, end: Range = None) -> SourceText:
    """The readable text, and where the raw range `[start, end)` of a citation stands in it."""
    return await shared.run(lambda served: served.library.text(id, start, end))


@router.get(
    "/sources/{id}/raw",
    response_class=Response,
    responses=_NO_SOURCE
    | {
        200: {
            "description": "The bytes of the file, always as plain text",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        }
    },
    summary="The original bytes of a file",
)
async def raw(shared: Shared, id: SourceId) -> Response:
    data = await shared.run(lambda served: served.library.read(served.library.find(id)))
    return Response(data, media_type="text/plain; charset=utf-8", headers={"content-disposition": f'inline; filename="{id}.txt"'})


@router.post("/verify", responses=_WORK, summary="Check a saved answer")
async def verify(shared: Shared, saved: Answer) -> Checked:
    """Whether each citation of a saved answer still stands in the files: same, moved (`found_in` names another file), changed or gone."""
    if len(saved.citations) > _MOST_CITATIONS:
        raise Refusal(422, "too_many_citations", f"at most {_MOST_CITATIONS} citations are checked at once")
    return await shared.run(lambda served: _checked(saved, served))


def _checked(saved: Answer, served: Served) -> Checked:
    """Only files of the manifest are opened, whatever the answer names."""
    library = served.library
    files = {citation.source: library.as_it_stands(citation.source) for citation in saved.citations}
    checks = (check(citation, files[citation.source], lambda c: _others(c, served)) for citation in saved.citations)
    results = tuple(_result(found) for found in checks)
    return Checked(all(result.result in ("same", "moved") for result in results), results)


def _others(citation: Citation, served: Served) -> Iterator[tuple[str, Repaired]]:
    """Files that were renamed, by their hash; then those that the index finds for the words of the quote."""
    for source in served.library.with_hash(citation.sha256):
        if source != citation.source and (file := served.library.as_it_stands(source)):
            yield source, file
    if is_telling(citation.quote):
        hits = served.answerer.searcher.search(citation.quote[:_MOST_SEARCHED], 5)
        for source in dict.fromkeys(hit.passage.source for hit in hits):
            if source != citation.source and (file := served.library.as_it_stands(source)):
                yield source, file


def _result(found: Check) -> CheckedCitation:
    place = (found.start, found.end, found.line) if found.state in ("same", "moved") else (None, None, None)
    where = (found.source, source_id(found.source)) if found.is_elsewhere else (None, None)
    return CheckedCitation(found.citation.number, found.citation.source, found.state, *place, *where)


async def _native_events(stream: AsyncIterator[tuple[str, Any]], request: Request) -> AsyncIterator[str]:
    try:
        async for kind, value in stream:
            yield event(kind, _data(kind, value))
        yield event("done", {})
    except Exception as error:
        refusal = errors.from_exception(error)
        errors.log_unforeseen(error, request.scope)
        yield event("error", errors.body(refusal, request.url.path, request.state.request_id))


def _data(kind: str, value: Any) -> Any:
    if kind == "retrieval":
        return {"passages": [passage_data(passage) for passage in value]}
    if kind == "discard":
        return {"reason": value}
    return linked(value) if kind == "answer" else {"text": value}


def event(kind: str, data: Any) -> str:
    """One server-sent event. JSON holds no line ends, so one data line is enough."""
    return f"event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def event_stream(events: AsyncIterator[str]) -> StreamingResponse:
    """A response that no proxy holds back."""
    return StreamingResponse(events, media_type="text/event-stream", headers={"x-accel-buffering": "no"})
