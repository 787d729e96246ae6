"""Ours without one part, to see what the part is worth.

The code has no switches for this and needs none: for the time of a run one of its functions is replaced, and a search can be
given other weights. Only the span reader is a setting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from index.fuse import Weights

OF_THE_INDEX = ("repair", "headers", "facts")
OF_THE_SEARCH = ("words", "sentences", "kindred")
OF_THE_ANSWER = ("names", "hops", "spans")
ABLATIONS = (*OF_THE_INDEX, *OF_THE_SEARCH, *OF_THE_ANSWER)


@contextmanager
def without(part: str) -> Iterator[None]:
    """An index that is built inside is built without this part, a question asked inside is answered without it."""
    from index import build
    from qa import answer, hops

    changes: list[tuple[Any, str, Callable[..., Any]]] = []
    if part == "repair":
        from index.repair import Repaired

        changes = [(build, "repair", lambda raw: Repaired(raw, ()))]
    elif part == "headers":
        changes = [
            (build, "passage_text", lambda passage: passage.text),
            (build, "sentence_texts", lambda passage: [sentence.full_text for sentence in passage.sentences]),
        ]
    elif part == "facts":
        changes = [(build, "parse", _without_facts(build.parse))]
    elif part == "hops":
        changes = [(hops, "describes", lambda question: False)]
    elif part == "names":
        changes = [(answer, "usual", lambda question, pairs, frequency: question)]
    with _replaced(changes):
        yield


def _without_facts(parse: Any) -> Any:
    """Articles whose infobox is read as plain lines ("Casualties1: 4 killed"), not as facts about a side."""

    def parsed(*arguments: Any) -> Any:
        article = parse(*arguments)
        return replace(article, blocks=tuple(_as_line(block) if block.kind == "fact" else block for block in article.blocks))

    return parsed


def _as_line(block: Any) -> Any:
    return replace(block, kind="paragraph", label="", spans=(), texts=())


@contextmanager
def _replaced(changes: list[tuple[ModuleType, str, Any]]) -> Iterator[None]:
    kept = [(module, name, getattr(module, name)) for module, name, _ in changes]
    try:
        for module, name, value in changes:
            setattr(module, name, value)
        yield
    finally:
        for module, name, value in kept:
            setattr(module, name, value)


def weights_without(part: str) -> Weights:
    """The weights of the hybrid search without BM25, the best sentence, or kindred words; the others keep their proportion."""
    from index.fuse import MODES

    if part == "kindred":
        return replace(MODES["hybrid"], kindred=0.0)
    left = replace(MODES["hybrid"], **{"words": {"words": 0.0}, "sentences": {"sentence": 0.0}}[part])
    total = left.passage + left.sentence + left.words
    return replace(left, passage=left.passage / total, sentence=left.sentence / total, words=left.words / total)
