"""What others can build on with LangChain: our embeddings and our search, under LangChain's interfaces.

Offsets in a document's metadata count characters of the original file (`sha256` says which state of it), so whatever is built
on the retriever can cite as exactly as `qa ask` does. `qa.extractive` has the chat model.
"""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from index.embed import DEFAULT, Encoder, open_encoder
from index.search import Searcher
from index.types import Hit
from qa.settings import Settings


class SeedqaEmbeddings(Embeddings):
    """Unit vectors of the project's encoder: a question and a passage go through different methods."""

    def __init__(self, embedder: str = DEFAULT, encoder: Encoder | None = None) -> None:
        """`encoder` is used where one is open already. Raises ModelError when the embedder is not on this machine."""
        self.encoder = encoder or open_encoder(embedder)

    def embed_query(self, text: str) -> list[float]:
        """As many numbers as `encoder.card.dimension`."""
        return self.encoder.encode_query(text).tolist()

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One vector for each text, in order."""
        return self.encoder.encode_passages(texts).tolist()


class SeedqaRetriever(BaseRetriever):
    """The passages of an opened index, best first. `k` can also be given with a question: `invoke(question, k=3)`."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    searcher: Searcher
    k: int = 8
    mode: str = "hybrid"

    @classmethod
    def open(cls, settings: Settings) -> SeedqaRetriever:
        """Over the index of the settings, with their `passages` and `mode`. Raises IndexProblem or ModelError."""
        from qa.answer import Answerer

        return cls(searcher=Answerer.open(settings).searcher, k=settings.passages, mode=settings.mode)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[Document]:
        return [document(hit) for hit in self.searcher.search(query, k or self.k, self.mode)]


def document(hit: Hit) -> Document:
    """A hit as a LangChain document; the metadata is plain data."""
    passage = hit.passage
    metadata: dict[str, Any] = {
        "source": passage.source,
        "sha256": passage.sha256,
        "start": passage.start,
        "end": passage.end,
        "line": passage.line,
        "title": passage.title,
        "section": list(passage.section),
        "score": hit.score,
        "passage_id": passage.id,
    }
    return Document(page_content=passage.text, metadata=metadata, id=passage.id)
