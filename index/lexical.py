"""BM25 over passages, with tantivy (Okapi BM25, k1 = 1.2, b = 0.75). The only module that knows tantivy.

Scores are divided by the highest score that any passage could reach for the question (every word present, at the highest term
frequency factor): a share in [0, 1] that means the same for every question, and stays near 0 where no telling word is found.
Bruch, Gai and Ingber 2023, "An Analysis of Fusion Functions for Hybrid Retrieval", section 4 (theoretical bounds).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from index.errors import DamagedIndex

K1 = 1.2
_ANALYZER = "seedqa_en"


@cache
def _analyzer() -> Any:
    """Words in lower case, accents folded, English stop words out, Snowball-stemmed."""
    from tantivy import Filter, TextAnalyzerBuilder, Tokenizer

    steps = (
        Filter.remove_long(80),
        Filter.lowercase(),
        Filter.ascii_fold(),
        Filter.stopword("english"),
        Filter.stemmer("english"),
    )
    builder = TextAnalyzerBuilder(Tokenizer.simple())
    for step in steps:
        builder = builder.filter(step)
    return builder.build()


def terms(text: str) -> list[str]:
    """The index terms of a text, in order, with repeats."""
    return list(_analyzer().analyze(text))


def build(folder: Path, texts: Iterable[str]) -> None:
    """Write an index of `texts`, numbered from 0, into `folder` (created)."""
    from tantivy import Document, Index, SchemaBuilder

    folder.mkdir(parents=True, exist_ok=True)
    schema = SchemaBuilder()
    schema.add_unsigned_field("number", stored=True)
    schema.add_text_field("text", tokenizer_name=_ANALYZER, index_option="freq")
    index = Index(schema.build(), path=str(folder))
    index.register_tokenizer(_ANALYZER, _analyzer())
    writer = index.writer(50_000_000, 1)
    for number, text in enumerate(texts):
        document = Document()
        document.add_unsigned("number", number)
        document.add_text("text", text)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()


class LexicalIndex:
    """A built index, read-only and memory-mapped."""

    def __init__(self, folder: Path) -> None:
        from tantivy import Index

        try:
            self._index = Index.open(str(folder))
        except ValueError as error:
            raise DamagedIndex(f"the word index in {folder} cannot be opened ({error}); run: qa index build") from None
        self._index.register_tokenizer(_ANALYZER, _analyzer())
        self._searcher = self._index.searcher()

    def search(self, question: str, k: int) -> list[tuple[int, float]]:
        """Up to `k` pairs (passage number, share of the highest possible score), best first; none without a known word."""
        from tantivy import Occur, Query

        words = list(dict.fromkeys(terms(question)))
        bound = (K1 + 1) * sum(self.rarity(word) for word in words)
        if not words or bound <= 0:
            return []
        schema = self._index.schema
        clauses = [(Occur.Should, Query.term_query(schema, "text", word, index_option="freq")) for word in words]
        found = self._searcher.search(Query.boolean_query(clauses), k, count=False)
        return [(self._searcher.doc(address)["number"][0], score / bound) for score, address in found.hits]

    def rarity(self, word: str) -> float:
        """Inverse document frequency of an index term, ln(1 + (N − n + ½) / (n + ½)); highest for a word that never occurs."""
        total, having = self._searcher.num_docs, self._searcher.doc_freq("text", word)
        return math.log1p((total - having + 0.5) / (having + 0.5))
