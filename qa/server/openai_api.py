"""OpenAI's chat completions over the same answers, so that its SDKs and chat front ends work by changing the base URL.

The text is the answer with its `[n]` markers, and a closing note where the reader must know more. Citations stand in
`message.annotations` (`url_citation`, with a link that opens the page at the quote) and, whole, in the extra field `answer`.
Sampling parameters are accepted and mean nothing here; what would change the kind of answer is refused.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from qa import tokens
from qa.server import errors
from qa.server.errors import OpenAIErrorBody, Refusal
from qa.server.generation import model_names, pieces
from qa.server.native import event_stream
from qa.server.runtime import Asked, Shared
from qa.server.schemas import linked, sse_content
from qa.types import Answer, Turn

_STARTED = int(time.time())
_REFUSED = {
    "tools": "tools are not called here",
    "functions": "functions are not called here",
    "stop": "stop sequences would cut sentences from their citations",
    "audio": "only text is answered",
    "prediction": "predicted output is not used",
    "web_search_options": "only the indexed articles are searched",
}
REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": OpenAIErrorBody, "description": "The request is not what is expected, or asks for what cannot be done"},
    401: {"model": OpenAIErrorBody, "description": "An API key is needed"},
    429: {"model": OpenAIErrorBody, "description": "Too many requests; `Retry-After` says when to try again"},
    503: {"model": OpenAIErrorBody, "description": "There is no index that can answer"},
}
_WORK: dict[int | str, dict[str, Any]] = {
    404: {"model": OpenAIErrorBody, "description": "Unknown model"},
    408: {"model": OpenAIErrorBody, "description": "The body did not arrive in time"},
    413: {"model": OpenAIErrorBody, "description": "The body is too large"},
    422: {"model": OpenAIErrorBody, "description": "The question is too long"},
    502: {"model": OpenAIErrorBody, "description": "A model that is needed is missing"},
    504: {"model": OpenAIErrorBody, "description": "No answer within the time allowed"},
}


class Part(BaseModel):
    """One part of a message; only text is read."""

    model_config = ConfigDict(extra="allow")
    type: str = Field(examples=["text"])
    text: str | None = None


class Message(BaseModel):
    model_config = ConfigDict(extra="allow")
    role: Literal["system", "developer", "user", "assistant"] = Field(examples=["user"])
    content: str | list[Part] | None = Field(None, examples=["Who was wounded in the Battle of Gao?"])


class StreamOptions(BaseModel):
    model_config = ConfigDict(extra="allow")
    include_usage: bool = False


class CompletionRequest(BaseModel):
    """Fields that are not named here (temperature, top_p, seed, user, …) are accepted and have no effect."""

    model_config = ConfigDict(extra="allow")
    model: str = Field(examples=["extractive"])
    messages: list[Message] = Field(min_length=1, max_length=2000)
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    n: int | None = Field(1, description="only 1")
    max_tokens: int | None = Field(None, ge=1, description="whole sentences that do not fit are left out")
    max_completion_tokens: int | None = Field(None, ge=1, description="the same, by its newer name")
    logprobs: bool | None = Field(None, description="only false")
    response_format: dict[str, Any] | None = Field(None, description="only type text")
    modalities: list[str] | None = Field(None, description="only text")

    @property
    def most_tokens(self) -> int | None:
        return self.max_completion_tokens or self.max_tokens


class UrlCitation(BaseModel):
    """`start_index` and `end_index` give the sentence of the message's text that the citation proves, in characters."""

    start_index: int
    end_index: int
    url: str
    title: str


class Annotation(BaseModel):
    type: Literal["url_citation"]
    url_citation: UrlCitation


class CompletionMessage(BaseModel):
    role: Literal["assistant"]
    content: str
    refusal: str | None
    annotations: list[Annotation]


class Choice(BaseModel):
    index: int
    message: CompletionMessage
    finish_reason: Literal["stop", "length"]
    logprobs: None


class Usage(BaseModel):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Completion(BaseModel):
    """A chat completion; `answer` holds the whole `Answer`, as POST /v1/answers gives it."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[Choice]
    usage: Usage
    answer: dict[str, Any]


class Model(BaseModel):
    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelList(BaseModel):
    object: Literal["list"]
    data: list[Model]


@dataclass(frozen=True)
class Wording:
    """An answer as a chat message: its text, where its citations stand in it, and whether it was cut to a limit."""

    text: str
    annotations: tuple[dict[str, Any], ...]
    finish_reason: str


router = APIRouter(prefix="/v1", responses=REFUSALS)


@router.get("/models", summary="List the models")
async def models(shared: Shared) -> ModelList:
    return ModelList(object="list", data=[_model(name) for name in model_names(shared.settings)])


@router.get("/models/{id:path}", responses={404: {"model": OpenAIErrorBody, "description": "Unknown model"}}, summary="One model")
async def model(shared: Shared, id: Annotated[str, Path()]) -> Model:
    if id not in model_names(shared.settings):
        raise Refusal(404, "model_not_found", f"there is no model {id[:80]!r} here", param="model")
    return _model(id)


@router.post(
    "/chat/completions",
    response_model=Completion,
    responses=_WORK | {200: {"description": "The completion", "content": sse_content("data")}},
    summary="Chat completion, as OpenAI's API",
)
async def complete(request: Request, shared: Shared, wished: CompletionRequest) -> Response:
    """The last message is the question, earlier ones are the conversation; system messages are accepted and not obeyed."""
    _refuse_what_cannot_be_done(wished)
    asked = _asked(wished)
    base = shared.base_url(request)
    if wished.stream:
        return event_stream(_chunks(await shared.events(asked, request), request, wished, asked, base))
    answer = await shared.answer(asked, request)
    return JSONResponse(_completion(answer, wished, asked, base))


def _model(name: str) -> Model:
    return Model(id=name, object="model", created=_STARTED, owned_by="seedqa")


def _refuse_what_cannot_be_done(wished: CompletionRequest) -> None:
    for name, reason in _REFUSED.items():
        if (wished.model_extra or {}).get(name):
            raise Refusal(400, "unsupported_parameter", f"{name} is not possible: {reason}", param=name)
    impossible = {
        "n": wished.n not in (None, 1),
        "logprobs": bool(wished.logprobs),
        "response_format": bool(wished.response_format) and wished.response_format.get("type") != "text",  # type: ignore[union-attr]
        "modalities": bool(wished.modalities) and wished.modalities != ["text"],
    }
    for name in (name for name, is_impossible in impossible.items() if is_impossible):
        raise Refusal(
            400, "unsupported_value", f"this value of {name} is not possible: one plain text answer is given", param=name
        )


def _asked(wished: CompletionRequest) -> Asked:
    """The last message is the question; the messages before it, paired, are the history."""
    said = [(message.role, _text(message)) for message in wished.messages if message.role in ("user", "assistant")]
    if not said or said[-1][0] != "user" or not said[-1][1].strip():
        raise Refusal(400, "no_question", "the last message must be a question from the user", param="messages")
    return Asked(said[-1][1].strip(), tuple(_turns(said[:-1])), wished.model)


def _text(message: Message) -> str:
    if isinstance(message.content, list):
        if any(part.type not in ("text", "refusal") for part in message.content):
            raise Refusal(400, "unsupported_content", "only text can be asked about", param="messages")
        return "\n".join(part.text or "" for part in message.content)
    return message.content or ""


def _turns(said: Sequence[tuple[str, str]]) -> list[Turn]:
    turns: list[Turn] = []
    for role, text in said:
        if role == "user":
            turns.append(Turn(text))
        elif turns and not turns[-1].answer:
            turns[-1] = Turn(turns[-1].question, text)
    return turns


def wording(answer: Answer, base: str, most_tokens: int | None = None) -> Wording:
    """The message for `answer`; whole sentences from the first on, as many as `most_tokens` allow."""
    text, finish_reason = answer.answer, "stop"
    if most_tokens is not None and tokens.count(text) > most_tokens:
        text, finish_reason = _cut(answer, most_tokens), "length"
    links = {record["number"]: record for record in linked(answer, base)["citations"]}
    annotations = tuple(
        _annotation(claim.start, claim.end, links[number])
        for claim in answer.claims
        for number in claim.citations
        if claim.end <= len(text) and number in links
    )
    return Wording(text + _closing_note(answer), annotations, finish_reason)


def _cut(answer: Answer, most_tokens: int) -> str:
    kept = ""
    for piece in pieces(answer.answer, answer.claims):
        if tokens.count(kept + piece) > most_tokens:
            break
        kept += piece
    return kept.rstrip()


def _annotation(start: int, end: int, link: dict[str, Any]) -> dict[str, Any]:
    title = " › ".join(part for part in (link["title"], *link["section"]) if part) or link["source"]
    return {"type": "url_citation", "url_citation": {"start_index": start, "end_index": end, "url": link["url"], "title": title}}


def _closing_note(answer: Answer) -> str:
    """What a reader who sees only the text must know."""
    unsupported = sum(claim.support == "unsupported" for claim in answer.claims)
    lines = list(answer.notices)
    if unsupported:
        lines.append(
            "1 sentence is not supported by the sources."
            if unsupported == 1
            else f"{unsupported} sentences are not supported by the sources."
        )
        lines += [f"Not supported: {claim.text}" for claim in answer.claims if claim.support == "unsupported"]
    return "".join(f"\n\nNote: {line}" for line in lines)


def _completion(answer: Answer, wished: CompletionRequest, asked: Asked, base: str) -> dict[str, Any]:
    said = wording(answer, base, wished.most_tokens)
    message = {"role": "assistant", "content": said.text, "refusal": None, "annotations": list(said.annotations)}
    return _frame("chat.completion", wished.model) | {
        "choices": [{"index": 0, "message": message, "finish_reason": said.finish_reason, "logprobs": None}],
        "usage": _usage(asked, said.text),
        "answer": linked(answer, base),
    }


def _frame(kind: str, model: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", "object": kind, "created": int(time.time()), "model": model}


def _usage(asked: Asked, text: str) -> dict[str, int]:
    prompt = tokens.count("\n".join([*(f"{turn.question}\n{turn.answer}" for turn in asked.history), asked.question]))
    completion = tokens.count(text)
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


async def _chunks(
    stream: AsyncIterator[tuple[str, Any]], request: Request, wished: CompletionRequest, asked: Asked, base: str
) -> AsyncIterator[str]:
    frame = _frame("chat.completion.chunk", wished.model)
    wants_usage = bool(wished.stream_options and wished.stream_options.include_usage)
    sent, discarded = "", False
    try:
        yield _chunk(frame, {"role": "assistant", "content": ""})
        async for kind, value in stream:
            if kind == "discard" and sent:
                discarded, note = True, f"\n\nNote: {value}; nothing above counts."
                sent += note
                yield _chunk(frame, {"content": note}, discard=True)
            elif kind == "text" and wished.most_tokens is None and not discarded:
                sent += value
                yield _chunk(frame, {"content": value})
            elif kind == "answer":
                said = _after(sent, value, wording(value, base, wished.most_tokens), base)
                rest = {"content": said.text[len(sent) :], "annotations": list(said.annotations)}
                yield _chunk(frame, rest, said.finish_reason, answer=linked(value, base))
                if wants_usage:
                    yield _data(frame | {"choices": [], "usage": _usage(asked, said.text)})
        yield "data: [DONE]\n\n"
    except Exception as error:
        errors.log_unforeseen(error, request.scope)
        yield _data(errors.body(errors.from_exception(error), request.url.path, request.state.request_id))


def _after(sent: str, answer: Answer, said: Wording, base: str) -> Wording:
    """The whole message when `sent` is already on its way.

    Sentences that came live have no markers: the annotations then stand over the text as it was sent. Where the finished
    answer is another one than what came, it follows whole.
    """
    if said.text.startswith(sent):
        return said
    plain = unmarked(answer)
    if sent == plain.answer:
        return wording(plain, base)
    lead = f"{sent}\n\nAfter checking:\n\n"
    moved = (_moved(item["url_citation"], len(lead)) for item in said.annotations)
    return Wording(lead + said.text, tuple(moved), said.finish_reason)


def unmarked(answer: Answer) -> Answer:
    """The same answer, its sentences without `[n]` and joined by spaces, as they come live."""
    claims, text = [], ""
    for claim in answer.claims:
        text += " " if text else ""
        claims.append(replace(claim, start=len(text), end=len(text) + len(claim.text)))
        text += claim.text
    return replace(answer, answer=text, claims=tuple(claims))


def _moved(cited: dict[str, Any], by: int) -> dict[str, Any]:
    edges = {edge: cited[edge] + by for edge in ("start_index", "end_index")}
    return {"type": "url_citation", "url_citation": cited | edges}


def _chunk(frame: dict[str, Any], delta: dict[str, Any], finish_reason: str | None = None, **extra: Any) -> str:
    return _data(frame | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}]} | extra)


def _data(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"
