"""The pipeline that tutorials begin with, to measure ours beside: sentence-transformers behind LangChain's `Embeddings`, chunks of 800
characters, LangChain's `InMemoryVectorStore`, the five nearest chunks. It answers with the first sentence of the nearest.

    python -m eval.plain.pipeline ask STORE QUESTION
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eval.baselines import PLAIN_TOP, chunks, first_sentence, read_raw

STORE = "plain.json"


def embeddings(name: str) -> Any:
    """A sentence-transformers model as LangChain's embeddings, in batches of 32, as `HuggingFaceEmbeddings` runs it."""
    from langchain_core.embeddings import Embeddings

    from index.embed import ReferenceEncoder

    model = ReferenceEncoder(name).model

    class Plain(Embeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return model.encode(texts, batch_size=32, show_progress_bar=False).tolist()

        def embed_query(self, text: str) -> list[float]:
            return self.embed_documents([text])[0]

    return Plain()


def texts_of(folder: Path) -> list[str]:
    """The chunks of all files."""
    return [
        sentence.text
        for source, raw in read_raw(folder, folder.name).items()
        for p in chunks(source, raw)
        for sentence in p.sentences
    ]


def build(texts: Sequence[str], model: Any) -> Any:
    from langchain_core.vectorstores import InMemoryVectorStore

    store = InMemoryVectorStore(model)
    store.add_texts(list(texts))
    return store


def answer(store: Any, question: str) -> str:
    nearest = store.similarity_search(question, k=PLAIN_TOP)[0].page_content
    return nearest[slice(*first_sentence(nearest, 0, len(nearest)))]


def main() -> int:
    from langchain_core.vectorstores import InMemoryVectorStore

    from index.embed import DEFAULT

    path, question = sys.argv[2:4]
    print(answer(InMemoryVectorStore.load(path, embeddings(DEFAULT)), question))
    return 0


if __name__ == "__main__":
    sys.exit(main())
