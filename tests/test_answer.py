"""The way of a question over the small index: proved answers, abstention, a model's part in it, and what an index must be."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel

from index.build import build
from index.embed import Encoder
from index.errors import DamagedIndex, MissingIndex, ModelError, StaleIndex, UsageError
from index.repair import repair
from prompts import CANNOT_ANSWER
from qa import calls, models
from qa.answer import Answerer, model_failed, recipe
from qa.draft import Clock
from qa.settings import Settings
from qa.types import Answer, Turn
from tests.conftest import build_index
from tests.scripted_model import Scripted

CRANE = "How many workers were injured when the crane collapsed?"
CRANE_ANSWER = "Eleven workers were injured when a crane collapsed in March 1929."
KEEPER = "Who was the last keeper of the Cape Sorrel Lighthouse?"
LORRIES = "Why was the Orrin Bridge closed to lorries?"
UNANSWERABLE = "What is the boiling point of tungsten?"


def with_model(answerer: Answerer, monkeypatch: pytest.MonkeyPatch, model: Scripted | Exception, **changes: Any) -> Answerer:
    """The answerer with a scripted language model, or with one that cannot be set up."""

    def chat_model(name: str, settings: Settings) -> BaseChatModel:
        if isinstance(model, Exception):
            raise model
        return model

    monkeypatch.setattr(models, "chat_model", chat_model)
    calls.model.cache_clear()
    return answerer.with_settings(replace(answerer.settings, model="scripted:model", model_retries=0, **changes))


def proved(answer: Answer, settings: Settings) -> bool:
    """Whether the repaired text of each cited range is the quote."""
    root = settings.articles.parent  # type: ignore[union-attr]
    files = {c.source: repair((root / c.source).read_bytes().decode("utf-8")) for c in answer.citations}
    return all(files[c.source].quote(c.start, c.end) == c.quote for c in answer.citations)


# --- extractive


def test_an_answer_is_verbatim_cited_and_proved(answerer: Answerer, small: Settings) -> None:
    answer = answerer.answer(f"  {CRANE}\n")
    assert (answer.status, answer.question, answer.standalone_question) == ("answered", CRANE, CRANE)
    assert answer.answer == f"{CRANE_ANSWER} [1]"
    [claim], [citation] = answer.claims, answer.citations
    assert (claim.text, claim.support, claim.citations) == (CRANE_ANSWER, "quoted", (1,))
    assert answer.answer[claim.start : claim.end] == claim.text
    assert (citation.source, citation.line, citation.section) == ("articles/bridge.txt", 13, ("Construction",))
    assert citation.quote == CRANE_ANSWER and proved(answer, small)
    assert citation.passage_id == answer.passages[0].id
    assert answer.index == {"generation": answerer.searcher.generation, "embedder": "all-MiniLM-L6-v2"}
    assert answer.model == "extractive" and 0.5 <= answer.confidence <= 1.0 and answer.notices == ()


def test_every_answer_over_the_articles_is_proved(answerer: Answerer, small: Settings) -> None:
    sure = answerer.with_settings(replace(small, threshold=0.0))
    for question in (
        KEEPER,
        LORRIES,
        UNANSWERABLE,
        "How long is the Orrin Bridge?",
        "What burned down in 2003?",
        "Who visits the museum?",
    ):
        answer = sure.answer(question)
        assert answer.citations and proved(answer, small)
        assert {n for claim in answer.claims for n in claim.citations} == {c.number for c in answer.citations}
        assert all(answer.answer[claim.start : claim.end] == claim.text for claim in answer.claims)


def test_a_fact_is_said_with_its_label_and_cited_as_it_stands(answerer: Answerer) -> None:
    answer = answerer.with_settings(replace(answerer.settings, threshold=0.0)).answer("How long is the Orrin Bridge?")
    assert "Length: 412 metres" in answer.claims[0].text
    assert answer.citations[0].quote == "Length: 412 metres" and answer.citations[0].line == 7


def test_what_the_articles_do_not_answer_is_not_answered(answerer: Answerer) -> None:
    answer = answerer.answer(UNANSWERABLE)
    assert (answer.status, answer.answer, answer.claims, answer.citations) == ("abstained", CANNOT_ANSWER, (), ())
    assert answer.confidence < 0.5 and len(answer.passages) == 8


def test_the_threshold_decides(answerer: Answerer) -> None:
    confidence = answerer.answer(CRANE).confidence
    above, below = (answerer.with_settings(replace(answerer.settings, threshold=confidence + by)) for by in (0.01, -0.01))
    assert (above.answer(CRANE).status, below.answer(CRANE).status) == ("abstained", "answered")
    assert above.answer(CRANE).confidence == confidence


def test_settings_bound_the_passages_and_the_sentences(answerer: Answerer) -> None:
    narrow = answerer.with_settings(replace(answerer.settings, passages=2, max_sentences=1, threshold=0.0))
    answer = narrow.answer("What happened to the bridge, the lighthouse and the fair?")
    assert (len(answer.passages), len(answer.claims)) == (2, 1)
    assert len(answerer.answer(CRANE).passages) == 8


def test_the_passages_stand_in_the_order_of_their_likeliest_sentences(answerer: Answerer) -> None:
    hits, read_, _ = answerer._look_up(CRANE, Clock())
    likeliest = dict.fromkeys(candidate.passage.id for _, candidate in read_.ranked)
    assert [hit.passage.id for hit in hits] == [one for one in likeliest if one in {hit.passage.id for hit in hits}]
    assert hits[0].passage.id == read_.ranked[0][1].passage.id


@pytest.fixture
def dams(tmp_path: Path, encoder: Encoder) -> Settings:
    """Two articles that give different years for one dam."""
    articles = tmp_path / "articles"
    articles.mkdir()
    (articles / "a.txt").write_text("The Marl Dam was completed in 1954.\n")
    (articles / "b.md").write_text("# Dams of the Marl\n\nThe Marl Dam was completed in 1957.\n")
    settings = Settings(index=tmp_path / "index", articles=articles, threshold=0.0)
    build(articles, settings.index_path, recipe(settings), encoder)
    return settings


def test_sources_that_disagree_are_both_given(dams: Settings, encoder: Encoder) -> None:
    answer = Answerer.open(dams, encoder).answer("When was the Marl Dam completed?")
    assert answer.status == "conflicting" and proved(answer, dams)
    [conflict] = answer.conflicts
    cited = {value.value: [answer.citations[n - 1].quote for n in value.citations] for value in conflict.values}
    assert cited == {"1954": ["The Marl Dam was completed in 1954."], "1957": ["The Marl Dam was completed in 1957."]}


def test_the_answer_says_which_source_says_what(dams: Settings, encoder: Encoder) -> None:
    answer = Answerer.open(dams, encoder).answer("When was the Marl Dam completed?")
    assert answer.answer.startswith("The sources disagree. ")
    assert "a.txt says 1954: \u201cThe Marl Dam was completed in 1954.\u201d [" in answer.answer
    assert "Dams of the Marl says 1957: \u201cThe Marl Dam was completed in 1957.\u201d [" in answer.answer
    assert [answer.answer[claim.start : claim.end] for claim in answer.claims] == [claim.text for claim in answer.claims]
    assert [claim.support for claim in answer.claims] == ["quoted", "quoted"]


def test_a_model_is_told_of_the_disagreement_and_what_it_leaves_out_is_added(
    dams: Settings, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Scripted(pieces=["The Marl Dam was completed in 1954. [1] ", "The Marl Dam was completed in 1954. [2]"])
    answer = with_model(Answerer.open(dams, encoder), monkeypatch, model).answer("When was the Marl Dam completed?")
    (_, user) = model.heard[0]
    assert "<disagreement>" in user.text and ": 1954" in user.text and ": 1957" in user.text
    assert answer.status == "conflicting" and proved(answer, dams)
    cited = {value.value: [answer.citations[n - 1].quote for n in value.citations] for value in answer.conflicts[0].values}
    assert cited == {"1954": ["The Marl Dam was completed in 1954."], "1957": ["The Marl Dam was completed in 1957."]}


def test_a_follow_up_is_made_to_stand_alone(answerer: Answerer) -> None:
    history = [Turn(KEEPER, answerer.answer(KEEPER).answer)]
    answer = answerer.answer("And when did she leave?", history)
    assert answer.question == "And when did she leave?"
    assert "she" not in answer.standalone_question and answer.standalone_question.endswith("leave?")
    off = answerer.with_settings(replace(answerer.settings, rewrite="off"))
    assert off.answer("And when did she leave?", history).standalone_question == "And when did she leave?"
    by_model = answerer.with_settings(replace(answerer.settings, rewrite="model"))
    assert by_model.answer("And when did she leave?", history).standalone_question == answer.standalone_question


def test_a_question_must_be_one(answerer: Answerer) -> None:
    with pytest.raises(UsageError, match="the question is empty"):
        answerer.answer(" \n ")
    with pytest.raises(UsageError, match=r"the question has 2,001 characters; max_question_chars is 2,000"):
        answerer.answer("x" * 2001)
    assert answerer.answer("?!").status == "abstained"


def test_a_stream_ends_with_the_answer_of_its_claims(answerer: Answerer) -> None:
    (first, passages), *claims, (last, answer) = answerer.stream(CRANE)
    assert (first, last) == ("retrieval", "answer")
    assert passages == answer.passages
    assert claims == [("claim", claim) for claim in answer.claims] and claims


def test_the_stages_are_timed(answerer: Answerer) -> None:
    times = answerer.answer(CRANE).timings_ms
    assert list(times) == ["rewrite", "retrieve", "generate", "verify", "total"]
    assert times["retrieve"] > 0 and sum(times.values()) - times["total"] <= times["total"] + 0.01


def test_threads_get_the_answers_of_one_thread(answerer: Answerer) -> None:
    questions = [CRANE, KEEPER, LORRIES, UNANSWERABLE] * 4
    alone = [replace(answerer.answer(question), timings_ms={}) for question in questions]
    with ThreadPoolExecutor(8) as pool:
        together = [replace(answer, timings_ms={}) for answer in pool.map(answerer.answer, questions)]
    assert together == alone


def test_no_socket_is_opened(small: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)
    assert Answerer.open(small).answer(CRANE).answer == f"{CRANE_ANSWER} [1]"


# --- with a language model


def test_a_model_s_sentences_are_held_to_the_passages(
    answerer: Answerer, small: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Scripted(
        pieces=[
            "Eleven workers were injured when the crane ",
            "collapsed. [1] They were",
            " all paid in gold. [1] The crane was blue. [99]",
        ]
    )
    answer = with_model(answerer, monkeypatch, model).answer(CRANE)
    assert [claim.support for claim in answer.claims] == ["supported", "unsupported", "unsupported"]
    assert answer.citations[0].quote == CRANE_ANSWER and proved(answer, small)
    assert answer.unresolved_markers and "99" in answer.unresolved_markers[0]
    assert (answer.status, answer.model, answer.notices) == ("answered", "scripted:model", ())
    assert answer.confidence == pytest.approx(answerer.answer(CRANE).confidence / 3, abs=1e-3)
    assert not model_failed(answer)
    system, user = model.heard[0]
    assert CRANE in user.text and CRANE_ANSWER in user.text and CRANE not in system.text


def test_a_model_may_decline(answerer: Answerer, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = with_model(answerer, monkeypatch, Scripted(pieces=[CANNOT_ANSWER])).answer(CRANE)
    assert (answer.status, answer.answer, answer.claims) == ("abstained", CANNOT_ANSWER, ())
    assert len(answer.passages) == 8 and answer.notices == ()


def test_a_model_is_not_asked_what_the_articles_do_not_answer(answerer: Answerer, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Scripted(pieces=["Tungsten boils at 5,930 °C. [1]"])
    answer = with_model(answerer, monkeypatch, model).answer(UNANSWERABLE)
    assert (answer.status, model.heard) == ("abstained", [])


@pytest.mark.parametrize(
    "model",
    [
        ModelError("no such model here"),
        Scripted(pieces=[], failure=ConnectionError("refused")),
        Scripted(pieces=["Twelve workers "], failure=ConnectionError("cut")),
        Scripted(pieces=["Twelve workers were hurt. [1] And"], failure=ValueError("a fault in the model's library")),
        Scripted(pieces=["  "]),
    ],
    ids=["not set up", "at once", "in a sentence", "after a sentence", "empty"],
)
def test_where_the_model_fails_the_extractive_answer_is_given(
    answerer: Answerer, monkeypatch: pytest.MonkeyPatch, model: Scripted | ModelError
) -> None:
    answer = with_model(answerer, monkeypatch, model).answer(CRANE)
    assert answer.answer == f"{CRANE_ANSWER} [1]" and answer.claims[0].support == "quoted"
    [notice] = answer.notices
    assert notice.startswith("the model failed, so this answer is extractive (scripted:model): ") and "\n" not in notice
    assert model_failed(answer) and answer.model == "scripted:model"


def test_a_name_that_means_no_model_is_the_user_s_mistake(answerer: Answerer) -> None:
    calls.model.cache_clear()
    with pytest.raises(UsageError, match="model must be extractive"):
        answerer.with_settings(replace(answerer.settings, model="nonsense")).answer(CRANE)


# --- the index


def test_an_index_that_is_not_there_or_damaged_is_told(tmp_path: Path, encoder: Encoder) -> None:
    with pytest.raises(MissingIndex, match="run: qa index build FOLDER"):
        Answerer.open(Settings(index=tmp_path / "none"), encoder)
    settings = build_index(tmp_path, encoder)
    [manifest] = settings.index_path.glob("generations/*/manifest.json")
    manifest.write_text(manifest.read_text().replace('"articles": 3', '"articles": 4'))
    with pytest.raises(DamagedIndex, match="run: qa index build"):
        Answerer.open(settings, encoder)


def test_a_stale_index_is_refused_or_answered_from_with_a_notice(tmp_path: Path, encoder: Encoder) -> None:
    settings = build_index(tmp_path, encoder)
    other = replace(settings, passage_words=60)
    with pytest.raises(
        StaleIndex, match="the index was built with passage_words = 110, and the settings say 60; run: qa index build"
    ):
        Answerer.open(other, encoder)
    file = tmp_path / "articles" / "bridge.txt"
    same = file.read_bytes()
    file.write_bytes(same.replace(b"Eleven", b"Twelve"))
    with pytest.raises(StaleIndex, match=r"articles/bridge\.txt has changed"):
        Answerer.open(settings, encoder)
    stale = Answerer.open(replace(settings, allow_stale=True), encoder).answer(CRANE)
    assert stale.claims[0].text == CRANE_ANSWER and "articles/bridge.txt has changed" in stale.notices[0]
    file.write_bytes(same)
    assert Answerer.open(settings, encoder).notices == ()
    file.unlink()
    with pytest.raises(StaleIndex, match=r"articles/bridge\.txt is in the index but no longer on disk"):
        Answerer.open(settings, encoder)


class Renamed:
    """The encoder under another card: as if the model had been exchanged."""

    def __init__(self, encoder: Encoder) -> None:
        self.card = replace(encoder.card, weights_sha256="0" * 64)
        self.count_tokens, self.encode_query, self.encode_passages = (
            encoder.count_tokens,
            encoder.encode_query,
            encoder.encode_passages,
        )


def test_another_embedder_than_the_index_s_is_refused(small: Settings, encoder: Encoder) -> None:
    with pytest.raises(StaleIndex, match="the embedding model has changed"):
        Answerer.open(small, Renamed(encoder))


def test_an_open_answerer_keeps_its_generation(tmp_path: Path, encoder: Encoder) -> None:
    settings = build_index(tmp_path, encoder)
    before = Answerer.open(settings, encoder)
    file = tmp_path / "articles" / "bridge.txt"
    file.write_text(file.read_text().replace("Eleven", "Twelve"))
    build(settings.articles, settings.index_path, recipe(settings), encoder)  # type: ignore[arg-type]
    after = Answerer.open(settings, encoder)
    assert before.answer(CRANE).claims[0].text == CRANE_ANSWER
    assert after.answer(CRANE).claims[0].text == CRANE_ANSWER.replace("Eleven", "Twelve")
    assert before.searcher.generation != after.searcher.generation


def test_names_are_read_once_for_all_settings(answerer: Answerer, monkeypatch: pytest.MonkeyPatch) -> None:
    first = answerer.with_settings(replace(answerer.settings, threshold=0.1))
    monkeypatch.setattr(type(answerer.searcher.opened), "articles", lambda self: pytest.fail("read again"))
    second = first.with_settings(replace(answerer.settings, threshold=0.2))
    assert second.answer("Who was wounded?").question == "Who was wounded?" and second._names is first._names
