"""OpenAI's API over the scripted answerer: what clients read, what is ignored, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from qa.server.app import create_app
from qa.server.openai_api import _after, wording
from qa.settings import Settings
from qa.types import Answer, Turn
from tests.scripted_answerer import serve_folder

FOLDER = Path(__file__).parent.parent / "seeds"
SEEN: list[tuple[str, list[Turn]]] = []


@pytest.fixture
def client() -> Iterator[TestClient]:
    SEEN.clear()
    served = serve_folder(FOLDER, before=lambda q, h: SEEN.append((q, list(h))), notices=("The model failed.",))
    app = create_app(Settings(public_url="https://qa.example/"), lambda: served, lambda: "g1")
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        yield client


def ask(client: TestClient, question: str = "Who was wounded in the battle?", **fields: object) -> dict:
    body = {"model": "extractive", "messages": [{"role": "user", "content": question}], **fields}
    return client.post("/v1/chat/completions", json=body).json()


def chunks(client: TestClient, question: str = "Who was wounded in the battle?", **fields: object) -> list[dict]:
    body = {"model": "extractive", "messages": [{"role": "user", "content": question}], "stream": True, **fields}
    lines = client.post("/v1/chat/completions", json=body).text.strip().split("\n\n")
    assert lines[-1] == "data: [DONE]"
    return [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]


def test_annotations_stand_over_the_sentences_they_prove(client: TestClient) -> None:
    data = ask(client)
    message, answer = data["choices"][0]["message"], Answer.from_dict(data["answer"])
    assert message["content"] == f"{answer.answer}\n\nNote: The model failed."
    quotes = {citation.number: citation for citation in answer.citations}
    assert len(message["annotations"]) == len(answer.claims) > 1
    for annotation, claim in zip(message["annotations"], answer.claims, strict=True):
        cited, quote = annotation["url_citation"], quotes[claim.citations[0]]
        assert message["content"][cited["start_index"] : cited["end_index"]] == claim.text
        assert cited["url"].startswith("https://qa.example/#source=")
        assert cited["url"].endswith(f"&start={quote.start}&end={quote.end}")
        assert cited["title"] == f"{quote.title} › History"


def test_what_no_source_supports_is_said_in_the_text(client: TestClient) -> None:
    content = ask(client, "invent who was wounded")["choices"][0]["message"]["content"]
    assert content.endswith("Note: 1 sentence is not supported by the sources.\n\nNote: Not supported: Nobody wrote this.")


def test_a_stream_adds_up_to_the_message(client: TestClient) -> None:
    whole, streamed = ask(client), chunks(client, stream_options={"include_usage": True})
    deltas = [chunk["choices"][0]["delta"] for chunk in streamed if chunk["choices"]]
    assert deltas[0] == {"role": "assistant", "content": ""}
    assert "".join(delta["content"] for delta in deltas) == whole["choices"][0]["message"]["content"]
    last, usage = streamed[-2:]
    assert last["choices"][0]["delta"]["annotations"] == whole["choices"][0]["message"]["annotations"]
    assert last["answer"] == whole["answer"]
    assert (last["choices"][0]["finish_reason"], usage["usage"], usage["choices"]) == ("stop", whole["usage"], [])
    assert len({chunk["id"] for chunk in streamed}) == 1


def test_the_conversation_is_paired_and_system_messages_are_not_part_of_it(client: TestClient) -> None:
    messages = [
        {"role": "system", "content": "Answer in rhyme."},
        {"role": "user", "content": "First"},
        {"role": "user", "content": [{"type": "text", "text": "When did the MNLA lose Gao?"}]},
        {"role": "assistant", "content": "In June. [1]"},
        {"role": "user", "content": "And who commanded them?"},
    ]
    ask(client, messages=messages)
    assert [("And who commanded them?", [Turn("First", ""), Turn("When did the MNLA lose Gao?", "In June. [1]")])] == SEEN


def test_a_token_limit_leaves_out_whole_sentences(client: TestClient) -> None:
    data = ask(client, max_tokens=60)
    answer, choice = Answer.from_dict(data["answer"]), data["choices"][0]
    kept = choice["message"]["content"].removesuffix("\n\nNote: The model failed.")
    assert kept and answer.answer.startswith(kept) and kept.endswith("]")
    assert choice["finish_reason"] == "length"
    assert len(choice["message"]["annotations"]) == kept.count("[") < len(answer.claims)
    streamed = chunks(client, max_completion_tokens=60)
    assert "".join(chunk["choices"][0]["delta"]["content"] for chunk in streamed) == choice["message"]["content"]


def test_sampling_parameters_are_ignored(client: TestClient) -> None:
    plain = ask(client)["choices"]
    assert (
        ask(client, temperature=0.7, top_p=0.1, seed=3, user="u", presence_penalty=1, logit_bias={}, n=1, tools=[])["choices"]
        == plain
    )


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 2}, "n"),
        ({"tools": [{"type": "function"}]}, "tools"),
        ({"stop": ["."]}, "stop"),
        ({"logprobs": True}, "logprobs"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"modalities": ["audio"]}, "modalities"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "messages"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages"),
        ({"max_tokens": 0}, "max_tokens"),
    ],
)
def test_what_cannot_be_honoured_is_refused_in_openais_shape(client: TestClient, fields: dict, param: str) -> None:
    body = {"model": "extractive", "messages": [{"role": "user", "content": "x"}]} | fields
    response = client.post("/v1/chat/completions", json=body)
    error = response.json()["error"]
    assert (response.status_code, error["type"], error["param"]) == (400, "invalid_request_error", param)
    assert error["request_id"] == response.headers["x-request-id"]


def test_models_are_listed_and_others_are_not_found(client: TestClient) -> None:
    assert [model["id"] for model in client.get("/v1/models").json()["data"]] == ["extractive"]
    assert client.get("/v1/models/extractive").json()["object"] == "model"
    assert client.get("/v1/models/gpt-9").json()["error"]["code"] == "model_not_found"
    response = client.post("/v1/chat/completions", json={"model": "gpt-9", "messages": [{"role": "user", "content": "x"}]})
    assert (response.status_code, response.json()["error"]["code"]) == (404, "model_not_found")


def test_a_live_models_sentences_come_unmarked_and_their_annotations_fit_them() -> None:
    settings = Settings(model="openai:scripted")
    app = create_app(settings, lambda: serve_folder(FOLDER, settings=settings), lambda: "g1")
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        streamed = chunks(client, "invent who was wounded in the battle?", model="openai:scripted")
    content = "".join(chunk["choices"][0]["delta"]["content"] for chunk in streamed)
    answer = Answer.from_dict(streamed[-1]["answer"])
    assert content == " ".join(claim.text for claim in answer.claims) + (
        "\n\nNote: 1 sentence is not supported by the sources.\n\nNote: Not supported: Nobody wrote this."
    )
    annotations = [item["url_citation"] for item in streamed[-1]["choices"][0]["delta"]["annotations"]]
    assert [content[a["start_index"] : a["end_index"]] for a in annotations] == [claim.text for claim in answer.claims[:-1]]


def test_an_answer_that_was_withdrawn_follows_what_came() -> None:
    answer = Answer("q", "q", "abstained", "The articles do not answer this.", 0.1)
    said = _after("Something hasty.", answer, wording(answer, ""), "")
    assert said.text == "Something hasty.\n\nAfter checking:\n\nThe articles do not answer this."
