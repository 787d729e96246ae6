"""What our figures stand beside: single rankings, their plain fusion, and a deliberately plain pipeline.

Reciprocal rank fusion is written out here so that the baseline does not change when our own fusion does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eval.datasets import Document
from eval.normalise import fold_space
from index.types import Hit, Passage, Sentence
from qa.types import Answer, Citation, Claim, ShownPassage, Turn

FUSION_CONSTANT = 60
FUSION_DEPTH = 100
CHUNK_CHARS = 800
CHUNK_OVERLAP = 100
PLAIN_TOP = 5
FIRST_SENTENCE = re.compile(r"\s*(\S.*?[.!?](?=\s|$)|\S.*)", re.DOTALL)
Vectors = NDArray[np.float32]
Search = Callable[[str, int], list[Hit]]


def fused(searches: Sequence[Search], depth: int = FUSION_DEPTH) -> Search:
    """Reciprocal rank fusion: Σ 1 / (60 + rank), ranks from 1 (Cormack, Clarke & Büttcher 2009)."""

    def search(question: str, k: int) -> list[Hit]:
        scores: dict[str, float] = {}
        hits: dict[str, Hit] = {}
        for one in searches:
            for rank, hit in enumerate(one(question, max(depth, k)), 1):
                scores[hit.passage.id] = scores.get(hit.passage.id, 0.0) + 1.0 / (FUSION_CONSTANT + rank)
                hits.setdefault(hit.passage.id, hit)
        best = sorted(scores, key=lambda name: (-scores[name], name))[:k]
        return [replace(hits[name], score=scores[name]) for name in best]

    return search


def chunks(source: str, raw: str) -> list[Passage]:
    """The raw file cut every 800 characters with 100 of overlap, mid-word where that falls so; nothing is repaired."""
    digest = sha256(raw.encode("utf-8")).hexdigest()
    found = []
    for start in range(0, max(len(raw) - CHUNK_OVERLAP, 1), CHUNK_CHARS - CHUNK_OVERLAP):
        text = raw[start : start + CHUNK_CHARS]
        if text.strip():
            sentence = Sentence(fold_space(text), fold_space(text), start, start + len(text), raw.count("\n", 0, start) + 1)
            found.append(Passage(f"{source}:{start}", source, digest, "", (), "prose", (sentence,)))
    return found


@dataclass(frozen=True, slots=True)
class DenseRanking:
    """Passages ranked by the cosine of their vectors with the question's (vectors of length 1)."""

    passages: tuple[Passage, ...]
    vectors: Vectors
    encode: Callable[[str], Vectors]

    def search(self, question: str, k: int) -> list[Hit]:
        scores = self.vectors @ self.encode(question)
        best = np.argsort(-scores, kind="stable")[:k]
        return [Hit(self.passages[n], float(scores[n]), dense=float(scores[n])) for n in best]


@dataclass(frozen=True, slots=True)
class PlainPipeline:
    """Fixed-size chunks of the raw files, dense top 5, and as the answer the first sentence of the best chunk.

    It never abstains and shows no conflict; its confidence is the cosine.
    """

    ranking: DenseRanking
    raw: dict[str, str]

    def answer(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        hits = self.ranking.search(question, PLAIN_TOP)
        best = hits[0].passage
        start, end = first_sentence(self.raw[best.source], best.start, best.end)
        quote = fold_space(self.raw[best.source][start:end])
        line = self.raw[best.source].count("\n", 0, start) + 1
        citation = Citation(1, best.source, best.sha256, "", (), quote, start, end, line, best.id)
        claim = Claim(quote, 0, len(quote), (1,), "quoted")
        confidence = min(max(hits[0].score, 0.0), 1.0)
        return Answer(
            question,
            question,
            "answered",
            f"{quote} [1]",
            confidence,
            (claim,),
            (citation,),
            passages=_shown(hits),
            model="plain",
        )


def first_sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """The range of the first sentence in `text[start:end]`: up to the first full stop, or all of it."""
    match = FIRST_SENTENCE.match(text[start:end])
    return (start + match.start(1), start + match.end(1)) if match else (start, end)


def _shown(hits: Iterable[Hit]) -> tuple[ShownPassage, ...]:
    return tuple(
        ShownPassage(p.id, p.source, p.title, p.section, p.text, hit.score, p.start, p.end, p.line)
        for hit in hits
        for p in (hit.passage,)
    )


def read_raw(folder: Path, prefix: str) -> dict[str, str]:
    """The files of a folder as they stand, by `prefix/name`."""
    return {f"{prefix}/{path.name}": path.read_bytes().decode("utf-8") for path in sorted(folder.iterdir()) if path.is_file()}


def whole_documents(documents: Iterable[Document]) -> tuple[Passage, ...]:
    """Each document as one passage: title and text as one field. The encoder reads as much of it as it can."""
    return tuple(
        Passage(d.id, d.source, "", d.title, (), "prose", (Sentence(d.whole, d.whole, 0, len(d.whole), 1),)) for d in documents
    )


def word_ranking(passages: Sequence[Passage], folder: Path) -> Search:
    """BM25 over the texts of the passages; its index is written into `folder`, which must not exist yet or be of them."""
    from index import lexical

    if not folder.is_dir():
        lexical.build(folder, (passage.text for passage in passages))
    words = lexical.LexicalIndex(folder)
    return lambda question, k: [Hit(passages[number], share, lexical=share) for number, share in words.search(question, k)]
