"""BM25 over passages, with tantivy (Okapi BM25, k1 = 1.2, b = 0.75). The only module that knows tantivy.

Scores are divided by the highest score that any passage could reach for the question (every word present, at the highest term
frequency factor): a share in [0, 1] that means the same for every question, and stays near 0 where no telling word is found.
Bruch, Gai and Ingber 2023, "An Analysis of Fusion Functions for Hybrid Retrieval", section 4 (theoretical bounds).
"""

from __future__ import annotations

import math
import os
import re
import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from index.akin import akin
from index.errors import DamagedIndex

K1 = 1.2
_ANALYZER = "seedqa_en"
_STOP_WORDS = """i me my myself we our ours ourselves you your yours yourself yourselves he him his himself she her hers herself
it its itself they them their theirs themselves what which who whom whose this that these those am is are was were be been being
have has had having do does did doing will would shall should can could may might must ought cannot a an the and but if or
because as until while of at by for with about against between into through during before after above below to from up down
in out on off over under again further then once here there when where why how all any both each few more most other some
such no nor not only own same so than too very s t d ll m re ve don didn doesn isn aren wasn weren hasn haven hadn couldn
wouldn shouldn mustn many much"""
STOP_WORDS = frozenset(_STOP_WORDS.split())
"""Snowball's English stop words (snowballstem.org/algorithms/english/stop.txt), its modal verbs included, with "many" and "much". Above all they hold
the question words: a "who" in a sentence answers no "Who …?"."""


@cache
def _analyzer() -> Any:
    """Words in lower case, accents folded, English stop words out, Snowball-stemmed."""
    from tantivy import Filter, TextAnalyzerBuilder, Tokenizer

    steps = (
        Filter.remove_long(80),
        Filter.lowercase(),
        Filter.ascii_fold(),
        Filter.custom_stopword(sorted(STOP_WORDS)),
        Filter.stemmer("english"),
    )
    builder = TextAnalyzerBuilder(Tokenizer.simple())
    for step in steps:
        builder = builder.filter(step)
    return builder.build()


def terms(text: str) -> list[str]:
    """The index terms of a text, in order, with repeats."""
    return list(_analyzer().analyze(text))


@cache
def _stemmer() -> Any:
    from tantivy import Filter, TextAnalyzerBuilder, Tokenizer

    return TextAnalyzerBuilder(Tokenizer.raw()).filter(Filter.stemmer("english")).build()


def stem(word: str) -> str:
    """The root of a word in small letters, by Porter's second stemmer (Snowball, English). Safe from several threads."""
    return _stemmer().analyze(word)[0]


def build(folder: Path, texts: Iterable[str]) -> None:
    """Write an index of `texts`, numbered from 0, into `folder` (created). Raises OSError when the disk refuses."""
    try:
        _write(folder, texts)
    except ValueError as error:
        found = re.search(r"os error (\d+)", str(error))
        if not found:
            raise
        raise OSError(int(found[1]), os.strerror(int(found[1]))) from None


def _write(folder: Path, texts: Iterable[str]) -> None:
    from tantivy import Document, Index, SchemaBuilder

    folder.mkdir(parents=True, exist_ok=True)
    schema = SchemaBuilder()
    schema.add_unsigned_field("number", fast=True)
    schema.add_text_field("text", tokenizer_name=_ANALYZER, index_option="freq")
    index = Index(schema.build(), path=str(folder))
    index.register_tokenizer(_ANALYZER, _analyzer())
    writer = index.writer(50_000_000, 1)
    try:
        for number, text in enumerate(texts):
            document = Document()
            document.add_unsigned("number", number)
            document.add_text("text", text)
            writer.add_document(document)
        writer.commit()
    finally:
        writer.wait_merging_threads()  # until then its threads write files, also where this is interrupted


def _open(folder: Path) -> Any:
    """Tantivy makes a lock file in the folder that it opens; where it may not, it is given a folder of links to the files."""
    from tantivy import Index

    try:
        return Index.open(str(folder))
    except ValueError as error:
        if "Lockfile" not in str(error):
            raise
    with tempfile.TemporaryDirectory(prefix="seedqa-") as beside:
        for path in folder.iterdir():
            if path.suffix != ".lock":
                (Path(beside) / path.name).symlink_to(path.resolve())
        return Index.open(beside)


class LexicalIndex:
    """A built index, read-only and memory-mapped."""

    def __init__(self, folder: Path) -> None:
        try:
            self._index = _open(folder)
        except ValueError as error:
            raise DamagedIndex(f"the word index in {folder} cannot be opened ({error}); run: qa index build") from None
        self._index.register_tokenizer(_ANALYZER, _analyzer())
        self._searcher = self._index.searcher()

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def search(self, question: str, k: int, kindred: float = 0.0) -> list[tuple[int, float]]:
        """Up to `k` pairs (passage number, share of the highest possible score), best first; none without a known word.

        Where `kindred` is more than 0, a word that WordNet puts beside one of the question's counts too, at so much of what that
        word itself would at most; of a word and its kindred only the one that a passage scores highest for.
        """
        from tantivy import Occur, Query

        words = list(dict.fromkeys(terms(question)))
        bound = (K1 + 1) * sum(self.rarity(word) for word in words)
        if not words or bound <= 0:
            return []
        clauses = [(Occur.Should, self._query(word, kindred)) for word in words]
        found = self._searcher.search(Query.boolean_query(clauses), k, count=False)
        numbers = self._searcher.fast_field_values("number", [address for _, address in found.hits])
        return [(number, score / bound) for number, (score, _) in zip(numbers, found.hits, strict=True)]

    def _query(self, word: str, kindred: float) -> Any:
        """For a word, or for the best of it and its kindred, none of which is worth more than `kindred` of it."""
        from tantivy import Query

        term = lambda one: Query.term_query(self._index.schema, "text", one, index_option="freq")
        if not kindred:
            return term(word)
        rarity = self.rarity(word)
        others = [(one, worth, self.rarity(one)) for one, worth in akin(word) if self.frequency(one)]
        boosted = [Query.boost_query(term(one), kindred * worth * min(1.0, rarity / own)) for one, worth, own in others]
        return Query.disjunction_max_query([term(word), *boosted]) if boosted else term(word)

    def rarity(self, word: str) -> float:
        """Inverse document frequency of an index term, ln(1 + (N − n + ½) / (n + ½)); highest for a word that never occurs."""
        total, having = self._searcher.num_docs, self.frequency(word)
        return math.log1p((total - having + 0.5) / (having + 0.5))

    def frequency(self, word: str) -> int:
        """The number of passages that hold an index term."""
        return self._searcher.doc_freq("text", word)
