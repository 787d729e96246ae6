"""What comes in and goes out over HTTP: request bodies, and the `Answer` with links that open the page at each quote."""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StringConstraints

from index.types import Hit
from qa.types import Answer, Citation, ShownPassage, Turn

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, pattern=r"\S")]
Retrieval = Literal["hybrid", "dense", "lexical"]

_UNREADABLE = re.compile(r"[^A-Za-z0-9._-]+")


class Exchange(BaseModel):
    """One earlier exchange of the conversation."""

    model_config = ConfigDict(extra="forbid")
    question: Text = Field(examples=["When did the MNLA lose Gao?"])
    answer: str = Field("", examples=["The next day the MNLA were evicted from the city. [1]"])

    def turn(self) -> Turn:
        return Turn(self.question, self.answer)


class Limits(BaseModel):
    """What this answer may use; left out, the server's settings hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    passages: StrictInt | None = Field(default=None, ge=1, le=100, description="passages retrieved for the question")
    sentences: StrictInt | None = Field(default=None, ge=1, le=10, description="longest extractive answer, in sentences")


class AnswerRequest(BaseModel):
    """A question, with the conversation that led to it. The server keeps nothing between requests."""

    model_config = ConfigDict(extra="forbid")
    question: Text = Field(description="what is asked", examples=["When did the MNLA lose Gao?"])
    history: list[Exchange] = Field([], max_length=1000, description="earlier exchanges, oldest first")
    model: str | None = Field(None, description="one of the names that GET /v1/models lists", examples=["extractive"])
    limits: Limits = Field(Limits())
    stream: StrictBool = Field(
        False, description="answer as server-sent events: retrieval, text, discard (take back what came), answer, done"
    )


@dataclass(frozen=True)
class LinkedCitation(Citation):
    """`url` opens the page at the quote; `source_id` is the name of the file in /v1/sources."""

    source_id: str = ""
    url: str = ""


@dataclass(frozen=True)
class LinkedPassage(ShownPassage):
    source_id: str = ""
    url: str = ""


@dataclass(frozen=True)
class LinkedAnswer(Answer):
    """An answer as the endpoint gives it: the same data as everywhere, its citations and passages with links."""

    citations: tuple[LinkedCitation, ...] = ()
    passages: tuple[LinkedPassage, ...] = ()


@dataclass(frozen=True)
class FoundPassage(LinkedPassage):
    """`dense` and `sentence` are cosines with the question, `lexical` is BM25 as a share of its highest possible score."""

    dense: float = 0.0
    sentence: float = 0.0
    lexical: float = 0.0


@dataclass(frozen=True)
class Found:
    """Passages for a question, best first."""

    question: str
    generation: str
    embedder: str
    hits: tuple[FoundPassage, ...]


@dataclass(frozen=True)
class SourceSummary:
    """One indexed file. `url` opens it in the page."""

    id: str
    source: str
    title: str
    sha256: str
    url: str


@dataclass(frozen=True)
class SourceList:
    total: int
    generation: str
    sources: tuple[SourceSummary, ...]


@dataclass(frozen=True)
class TextRange:
    """Half-open, in characters (Unicode code points); `line` counts lines of the original file from 1."""

    start: int
    end: int
    line: int


@dataclass(frozen=True)
class SourceText:
    """A file as it reads. `highlight` is where the asked-for range of the original file stands in `text`.

    `changed` says that the file is no longer the one that was indexed, so earlier ranges may not fit.
    """

    id: str
    source: str
    title: str
    sha256: str
    indexed_sha256: str
    changed: bool
    text: str
    highlight: TextRange | None
    raw_url: str


@dataclass(frozen=True)
class CheckedCitation:
    """What has become of one citation: the same, moved, changed or gone.

    `start`, `end` and `line` say where the quote stands now, if it does; `found_in` and `found_id` in which other file, where it is
    not the cited one: that was renamed, or the text taken elsewhere.
    """

    number: int
    source: str
    result: Literal["same", "moved", "changed", "gone"]
    start: int | None = None
    end: int | None = None
    line: int | None = None
    found_in: str | None = None
    found_id: str | None = None


@dataclass(frozen=True)
class Checked:
    """`proved` says that every citation still holds (same or moved)."""

    proved: bool
    citations: tuple[CheckedCitation, ...]


@lru_cache(maxsize=4_096)
def source_id(source: str) -> str:
    """A readable name for a file in addresses: its own name made safe, and a hash that tells apart what looks alike."""
    readable = _UNREADABLE.sub("-", source.rsplit("/", 1)[-1])[-48:].strip("-.") or "file"
    return f"{readable}-{hashlib.sha256(source.encode()).hexdigest()[:10]}"


def sse_content(*fields: str) -> dict[str, Any]:
    """How OpenAPI describes a stream of events with these fields."""
    schema = {"type": "object", "properties": {field: {"type": "string"} for field in fields}}
    return {"text/event-stream": {"schema": schema}}


def page_link(base: str, source: str, start: int, end: int) -> str:
    """The address that opens the page with `source` at the raw range; `base` may be empty for a link within the page."""
    return f"{base}/#source={source_id(source)}&start={start}&end={end}"


def linked(answer: Answer, base: str = "") -> dict[str, Any]:
    """The JSON data of a `LinkedAnswer`."""
    data = answer.to_dict()
    for record in (*data["citations"], *data["passages"]):
        record["source_id"] = source_id(record["source"])
        record["url"] = page_link(base, record["source"], record["start"], record["end"])
    return data


def found_passage(hit: Hit, base: str = "") -> FoundPassage:
    passage = hit.passage
    return FoundPassage(
        id=passage.id,
        source=passage.source,
        title=passage.title,
        section=passage.section,
        text=passage.text,
        score=hit.score,
        start=passage.start,
        end=passage.end,
        line=passage.line,
        source_id=source_id(passage.source),
        url=page_link(base, passage.source, passage.start, passage.end),
        dense=hit.dense,
        sentence=hit.sentence,
        lexical=hit.lexical,
    )


def passage_data(passage: ShownPassage, base: str = "") -> dict[str, Any]:
    """The JSON data of a `LinkedPassage`."""
    data = asdict(passage) | {"section": list(passage.section)}
    link = page_link(base, passage.source, passage.start, passage.end)
    return data | {"source_id": source_id(passage.source), "url": link}
