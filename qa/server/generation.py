"""One open generation of the index with all that answers from it. The only module here that knows how one is opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

from index.errors import MissingIndex
from index.types import Hit
from qa.server.library import Entry, Library
from qa.server.schemas import Limits
from qa.settings import Settings
from qa.types import Answer, Claim, Turn


class Finds(Protocol):
    """Retrieval alone."""

    @property
    def generation(self) -> str: ...

    @property
    def embedder_name(self) -> str: ...

    def search(self, question: str, k: int = 8, mode: str = "hybrid") -> list[Hit]: ...


class Answers(Protocol):
    """What the server asks of `qa.answer.Answerer`."""

    @property
    def searcher(self) -> Finds: ...

    def answer(self, question: str, history: Sequence[Turn] = ()) -> Answer: ...

    def stream(self, question: str, history: Sequence[Turn] = ()) -> Iterator[tuple[str, Any]]: ...


@dataclass(frozen=True)
class Served:
    """Held by each request that began with it, so it closes by itself when the last of them has ended."""

    generation: str
    answerer: Answers
    library: Library
    variant: Callable[[Settings], Answers]
    """An answerer over the same open index with other settings (model, passages, max_sentences)."""

    def for_request(self, settings: Settings, model: str, limits: Limits) -> Answers:
        wished = replace(
            settings,
            model=model,
            passages=limits.passages or settings.passages,
            max_sentences=limits.sentences or settings.max_sentences,
        )
        return self.answerer if wished == settings else self.variant(wished)


EXTRACTIVE = "extractive"


def model_names(settings: Settings) -> list[str]:
    """What a request may name: the model of the settings first, and the extractive one that is always there."""
    return list(dict.fromkeys((settings.model, EXTRACTIVE)))


def events(answerer: Answers, question: str, history: Sequence[Turn], live: bool = True) -> Iterator[tuple[str, Any]]:
    """An answer as it comes: ("retrieval", passages), ("text", piece) any number of times, ("answer", Answer).

    `live` pieces are sentences without their markers, as a model finishes them. Else the pieces are those of the finished
    answer, and together they are its text. ("discard", reason) says that no piece before it counts.
    """
    lead = ""
    for kind, value in answerer.stream(question, history):
        if kind == "claim":
            if live:
                yield "text", lead + value.text
                lead = " "
            continue
        if kind == "discard":
            if live and lead:
                yield "discard", value
            lead = ""
            continue
        if kind == "answer" and not live:
            yield from (("text", piece) for piece in pieces(value.answer, value.claims))
        yield kind, value


def pieces(text: str, claims: Sequence[Claim]) -> list[str]:
    """`text` cut before each claim but the first; together the pieces are the text."""
    edges = sorted({0, *(claim.start for claim in claims[1:]), len(text)})
    return [text[start:end] for start, end in pairwise(edges)]


def published(settings: Settings) -> str:
    """The name of the generation on disk. Raises MissingIndex or DamagedIndex."""
    from index.store import current_name

    name = current_name(settings.index_path)
    if name is None:
        raise MissingIndex(f"there is no index in {settings.index_path}; run: qa index build FOLDER")
    return name


def open_served(settings: Settings) -> Served:
    """Open what is published, with everything that a first question would otherwise wait for."""
    from qa.answer import Answerer

    answerer = Answerer.open(settings)
    opened = answerer.searcher.opened
    entries = [Entry(article.source, article.sha256, article.title) for article in opened.articles()]
    answerer.searcher.search("a first question", 1)

    @lru_cache(maxsize=32)
    def variant(wished: Settings) -> Answers:
        return answerer.with_settings(wished)

    return Served(opened.name, answerer, Library(entries, Path(opened.manifest.root)), variant)


def check(settings: Settings) -> None:
    """Raises IndexProblem for an index that could not be served: missing, damaged or, unless that is allowed, stale."""
    from index.freshness import check_fresh
    from index.stores import open_published
    from qa.answer import recipe

    opened = open_published(settings.index_path, settings.store, settings.store_token)
    if not settings.allow_stale:
        check_fresh(opened, recipe(settings))
