"""Our embeddings, retriever and extractive chat model under LangChain's interfaces: its own standard tests, and the values."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.retrievers import BaseRetriever
from langchain_tests.integration_tests import ChatModelIntegrationTests, EmbeddingsIntegrationTests, RetrieversIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests, EmbeddingsUnitTests

import prompts
from index.embed import Encoder
from index.repair import repair
from index.search import Searcher
from qa import context, models
from qa.answer import Answerer
from qa.cite import cite
from qa.extractive import ExtractiveChatModel, asked, understood
from qa.langchain_parts import SeedqaEmbeddings, SeedqaRetriever
from qa.settings import Settings

pytestmark = pytest.mark.anyio
CRANE = "How many workers were injured when the crane collapsed?"
KEEPER = "Who was the last keeper of the Cape Sorrel Lighthouse?"
CRANE_ANSWER = "Eleven workers were injured when a crane collapsed in March 1929."


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class TestEmbeddingsUnit(EmbeddingsUnitTests):
    @property
    def embeddings_class(self) -> type[SeedqaEmbeddings]:
        return SeedqaEmbeddings


class TestEmbeddings(EmbeddingsIntegrationTests):
    @property
    def embeddings_class(self) -> type[SeedqaEmbeddings]:
        return SeedqaEmbeddings


class TestRetriever(RetrieversIntegrationTests):
    @pytest.fixture(autouse=True)
    def _opened(self, answerer: Answerer) -> None:
        self.searcher: Searcher = answerer.searcher

    @property
    def retriever_constructor(self) -> type[BaseRetriever]:
        return SeedqaRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"searcher": self.searcher}

    @property
    def retriever_query_example(self) -> str:
        return CRANE


class TestChatModelUnit(ChatModelUnitTests):
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ExtractiveChatModel


class TestChatModel(ChatModelIntegrationTests):
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ExtractiveChatModel


def test_embeddings_are_the_encoder_s_and_near_for_a_paraphrase(encoder: Encoder) -> None:
    embeddings = SeedqaEmbeddings(encoder=encoder)
    ferry, crane = embeddings.embed_documents(["A ferry crossed the river.", "A crane fell on the workers."])
    query = embeddings.embed_query("What carried people over the water?")
    assert np.allclose(ferry, encoder.encode_passages(["A ferry crossed the river."])[0], atol=1e-5)
    assert np.dot(query, ferry) > np.dot(query, crane) + 0.1
    assert embeddings.embed_documents([]) == []


def test_a_document_leads_to_its_place_in_the_file(small: Settings, answerer: Answerer) -> None:
    retriever = SeedqaRetriever.open(small)
    first, *rest = retriever.invoke(CRANE)
    data = (small.articles.parent / first.metadata["source"]).read_bytes()  # type: ignore[union-attr]
    assert first.metadata["source"] == "articles/bridge.txt"
    assert (first.metadata["title"], first.metadata["section"]) == ("Orrin Bridge", ["Construction"])
    assert first.metadata["sha256"] == hashlib.sha256(data).hexdigest()
    start, end = first.metadata["start"], first.metadata["end"]
    assert repair(data.decode()).quote(start, end) == first.page_content
    assert first.metadata["line"] == data.decode()[:start].count("\n") + 1
    assert first.id == first.metadata["passage_id"]
    scores = [document.metadata["score"] for document in (first, *rest)]
    assert scores == sorted(scores, reverse=True) and scores[0] == answerer.searcher.search(CRANE)[0].score


def prompt_for(
    question: str, answerer: Answerer, name: str = "answer", k: int = 4
) -> tuple[list[tuple[str, str]], context.Context]:
    packed = context.pack(answerer.searcher.search(question, k), 3000)
    return prompts.load(name).messages(question=question, passages=packed.text), packed


@pytest.mark.parametrize("name", ["answer", "answer_small"])
def test_the_extractive_model_answers_our_prompts_with_a_proved_sentence(answerer: Answerer, name: str) -> None:
    messages, packed = prompt_for(CRANE, answerer, name)
    said = ExtractiveChatModel().invoke(messages)
    number = next(n for n, passage in enumerate(packed.shown, 1) if CRANE_ANSWER in passage.text)
    assert said.content == f"{CRANE_ANSWER} [{number}]"
    [claim] = cite(said.content, packed.shown).claims  # type: ignore[arg-type]
    assert (claim.text, claim.support) == (CRANE_ANSWER, "quoted")


def test_it_chooses_the_sentences_that_the_answerer_chooses(answerer: Answerer) -> None:
    for question in (CRANE, "Why was the Orrin Bridge closed to lorries?", KEEPER):
        messages, _ = prompt_for(question, answerer, k=8)
        assert ExtractiveChatModel().invoke(messages).text.startswith(answerer.answer(question).claims[0].text)


def test_a_fact_is_said_with_its_label(answerer: Answerer) -> None:
    messages, packed = prompt_for("How long is the Orrin Bridge?", answerer)
    number = next(n for n, passage in enumerate(packed.shown, 1) if passage.kind == "facts")
    assert f"Length: 412 metres. [{number}]" in ExtractiveChatModel(threshold=0.0).invoke(messages).text


def test_it_says_the_fixed_phrase_without_passages_or_an_answer(answerer: Answerer) -> None:
    model = ExtractiveChatModel(threshold=0.5)
    messages, _ = prompt_for("What is the boiling point of tungsten?", answerer)
    assert model.invoke(messages).content == prompts.CANNOT_ANSWER
    assert model.invoke("Hello").content == prompts.CANNOT_ANSWER
    assert model.invoke([("system", "<passage number='1'>x</passage>"), ("user", "Hello")]).content == prompts.CANNOT_ANSWER


def test_streamed_pieces_are_the_answer_and_a_stop_sequence_ends_it(answerer: Answerer) -> None:
    messages, _ = prompt_for(CRANE, answerer)
    model = ExtractiveChatModel(threshold=0.0)
    whole = model.invoke(messages)
    chunks = list(model.stream(messages))
    assert "".join(chunk.text for chunk in chunks) == whole.text
    assert chunks[-1].usage_metadata == whole.usage_metadata
    assert model.invoke(messages, stop=["crane"]).text == "Eleven workers were injured when a "
    assert ExtractiveChatModel(stop=["Eleven"]).invoke(messages).text == ""


def test_the_last_question_is_answered_from_the_newest_passages(answerer: Answerer) -> None:
    earlier, _ = prompt_for(KEEPER, answerer)
    later, _ = prompt_for(CRANE, answerer)
    assert CRANE_ANSWER in ExtractiveChatModel().invoke([*earlier, ("assistant", "Ines Dorran. [1]"), *later]).text


def test_passages_may_come_from_a_tool(answerer: Answerer) -> None:
    shown = context.pack(answerer.searcher.search(CRANE, 3), 3000).text
    called = AIMessage("", tool_calls=[{"name": "search", "args": {"question": CRANE}, "id": "1", "type": "tool_call"}])
    messages = [SystemMessage("Use the tool."), HumanMessage(CRANE), called, ToolMessage(str(shown), tool_call_id="1")]
    assert CRANE_ANSWER in ExtractiveChatModel().invoke(messages).text


def test_what_is_read_of_messages() -> None:
    passages = (
        '<passages>\n<passage number="1" source="Orrin › Deck">\nIt is wide. It is old.\n</passage>\n'
        '<passage number="2" source="Orrin › Infobox">\nDied in: 3 here; 4 there; Length: 5 m\n</passage>\n</passages>'
    )
    question, shown = understood([HumanMessage(f"{passages}\n\n<question>\nHow wide?\n</question>\nAnswer.")])
    assert question == "How wide?"
    assert [(p.id, p.title, p.kind) for p in shown] == [("1", "Orrin", "prose"), ("2", "Orrin", "facts")]
    assert [p.section for p in shown] == [("Deck",), ("Infobox",)]
    assert [s.full_text for s in shown[0].sentences] == ["It is wide.", "It is old."]
    assert [s.full_text for s in shown[1].sentences] == ["Died in: 3 here", "Died in: 4 there", "Length: 5 m"]
    assert [shown[1].text[s.start : s.end] for s in shown[1].sentences] == ["3 here", "4 there", "5 m"]
    assert asked(f"{passages}\n\nQuestion: How old?") == "How old?"
    assert asked("Just a question?") == "Just a question?"


def test_the_model_by_name_takes_its_settings() -> None:
    model = models.chat_model("extractive", Settings(threshold=0.7, max_sentences=2))
    assert isinstance(model, ExtractiveChatModel) and (model.threshold, model.max_sentences) == (0.7, 2)
