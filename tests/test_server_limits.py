"""Keys, rates, sizes, places, times, headers, logs, metrics, and a new generation published under way."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from index.errors import DamagedIndex
from qa.server import serve
from qa.server.app import create_app
from qa.server.errors import Refusal
from qa.server.generation import Served
from qa.server.guard import Rates, allowed_hosts, host_name
from qa.server.observe import Metrics
from qa.server.reload import Current
from qa.server.work import Work
from qa.settings import Settings
from tests.scripted_answerer import serve_folder

FOLDER = Path(__file__).parent.parent / "seeds"
QUESTION = {"question": "Who was wounded in the battle?"}


def client_for(settings: Settings, published: Callable[[], str] = lambda: "g1", **changes: object) -> TestClient:
    app = create_app(settings, lambda: serve_folder(FOLDER, published(), settings, **changes), published)
    return TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False)


def test_keys_are_asked_for_where_they_are_set() -> None:
    with client_for(Settings(api_keys=("first", "sécond"))) as client:
        for header in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Basic first"}, {"authorization": "first"}):
            response = client.post("/v1/answers", json=QUESTION, headers=header)
            assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
        assert client.post("/v1/answers", json=QUESTION, headers={"authorization": "Bearer first"}).status_code == 200
        assert client.post("/v1/answers", json=QUESTION, headers={"authorization": "bearer sécond".encode()}).status_code == 200
        assert client.get("/v1/models").json()["error"]["type"] == "authentication_error"
        assert [client.get(path).status_code for path in ("/", "/healthz", "/readyz", "/metrics")] == [200, 200, 200, 401]
        assert client.get("/openapi.json").json()["security"] == [{"key": []}]


def test_a_bucket_refills_with_time_and_is_each_keys_own() -> None:
    rates = Rates(60, 2)
    waits = [rates.take(0, 100.0) for _ in range(11)]
    assert waits[:10] == [0.0] * 10 and waits[10] == pytest.approx(1.0)
    assert rates.take(1, 100.0) == 0.0
    assert rates.take(0, 101.5) == 0.0
    assert rates.take(0, 101.5) == pytest.approx(0.5)


def test_too_many_requests_are_told_when_to_come_back() -> None:
    with client_for(Settings(api_keys=("a", "b"), rate_per_minute=12)) as client:
        statuses = [client.get("/v1/models", headers={"authorization": "Bearer a"}).status_code for _ in range(3)]
        assert statuses == [200, 200, 429]
        refused = client.get("/v1/sources", headers={"authorization": "Bearer a"})
        assert (refused.json()["error"]["code"], refused.headers["retry-after"]) == ("rate_limited", "5")
        assert client.get("/v1/sources", headers={"authorization": "Bearer b"}).status_code == 200


def test_only_loopback_names_reach_a_loopback_address() -> None:
    with client_for(Settings()) as client:
        assert client.get("/", headers={"host": "evil.example"}).json()["error"]["code"] == "unknown_host"
        assert client.get("/", headers={"host": "localhost:8000"}).status_code == 200
    assert allowed_hosts(Settings(host="0.0.0.0")) is None
    assert allowed_hosts(Settings(allowed_hosts=("QA.example",))) == {"qa.example"}
    assert [host_name(host) for host in ("[::1]:80", "A.b:1", "")] == ["::1", "a.b", ""]


def test_a_body_may_not_be_too_large_whether_it_says_so_or_not() -> None:
    with client_for(Settings(max_body_kb=1)) as client:
        whole = client.post("/v1/answers", content=b" " * 2000, headers={"content-type": "application/json"})
        parts = client.post("/v1/answers", content=(b" " * 500 for _ in range(4)), headers={"content-type": "application/json"})
        assert [(r.status_code, r.json()["error"]["code"]) for r in (whole, parts)] == [(413, "body_too_large")] * 2


def test_a_body_may_not_take_too_long() -> None:
    app = create_app(Settings(body_timeout_s=0.05), lambda: serve_folder(FOLDER), lambda: "g1")
    sent: list[dict] = []

    async def never() -> dict:
        await asyncio.sleep(60)
        return {}

    async def send(message: dict) -> None:
        sent.append(message)

    headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/answers",
        "raw_path": b"/v1/answers",
        "query_string": b"",
        "headers": headers,
    }

    async def request() -> None:
        async with app.router.lifespan_context(app):
            await app(
                scope | {"http_version": "1.1", "scheme": "http", "server": ("localhost", 80), "root_path": ""}, never, send
            )  # type: ignore[arg-type]

    asyncio.run(request())
    assert sent[0]["status"] == 408
    assert json.loads(sent[1]["body"])["error"]["code"] == "body_timeout"


def test_more_than_the_places_wait_and_more_than_the_queue_are_turned_away() -> None:
    gate = threading.Event()
    settings = Settings(max_concurrent=1, queue=1)
    with client_for(settings, before=lambda q, h: gate.wait(10)) as client, ThreadPoolExecutor(3) as pool:
        first, second = (
            pool.submit(client.post, "/v1/answers", json=QUESTION),
            pool.submit(client.post, "/v1/answers", json=QUESTION),
        )
        while b"qa_waiting 1.0" not in client.get("/metrics").content:
            time.sleep(0.01)
        refused = client.post("/v1/answers", json=QUESTION | {"stream": True})
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_busy")
        assert int(refused.headers["retry-after"]) >= 1
        gate.set()
        assert [first.result().status_code, second.result().status_code] == [200, 200]
        assert b'qa_refused_total{reason="queue_full"} 1.0' in client.get("/metrics").content


def test_a_place_is_held_until_its_thread_has_ended() -> None:
    async def scenario() -> list[object]:
        gate, metrics = threading.Event(), Metrics()
        work, seen = Work(1, 0, 0.1, metrics), []
        for _ in range(2):
            try:
                await work.run(lambda: gate.wait(10))
            except (TimeoutError, Refusal) as error:
                seen.append(getattr(error, "status", "timeout"))
        gate.set()
        await asyncio.sleep(0.05)
        return [*seen, await work.run(lambda: "free again")]

    assert asyncio.run(scenario()) == ["timeout", 429, "free again"]


def test_a_reader_who_leaves_stops_the_answer_at_its_next_piece() -> None:
    async def scenario() -> list[int]:
        made: list[int] = []

        def produce():  # type: ignore[no-untyped-def]
            for number in range(100):
                made.append(number)
                yield number
                time.sleep(0.01)

        work = Work(1, 0, 5, Metrics())
        stream: AsyncIterator[int] = await work.stream(produce)
        assert await anext(stream) == 0
        await stream.aclose()  # type: ignore[attr-defined]
        assert await work.run(lambda: "free") == "free" if await asyncio.sleep(0.1, True) else False
        return made

    assert len(asyncio.run(scenario())) < 5


def test_an_answer_that_takes_too_long_is_a_504_and_in_a_stream_an_event() -> None:
    gate = threading.Event()
    with client_for(Settings(request_timeout_s=0.1), before=lambda q, h: gate.wait(2)) as client:
        while client.get("/readyz").status_code != 200:
            time.sleep(0.01)
        assert client.post("/v1/answers", json=QUESTION).json()["error"]["code"] == "timeout"
        streamed = client.post("/v1/answers", json=QUESTION | {"stream": True})
        assert (streamed.status_code, '"timeout"' in streamed.text) == (200, True)
        chat = {"model": "extractive", "messages": [{"role": "user", "content": "Gao"}], "stream": True}
        assert '"code": "timeout"' in client.post("/v1/chat/completions", json=chat).text
        gate.set()


def test_the_page_runs_only_its_own_scripts() -> None:
    with client_for(Settings()) as client:
        page = client.get("/")
        policy = page.headers["content-security-policy"]
        assert "script-src 'self'" in policy and "unsafe" not in policy and "require-trusted-types-for 'script'" in policy
        assert page.headers["x-frame-options"] == "DENY"
        unchanged = client.get("/", headers={"if-none-match": page.headers["etag"]})
        assert (unchanged.status_code, unchanged.headers["content-security-policy"]) == (304, policy)
        for name in ("/page.js", "/page.css", "/icon.svg"):
            assert client.get(name).status_code == 200
        assert "innerHTML" not in client.get("/page.js").text


def test_other_origins_are_refused_unless_they_are_set() -> None:
    ask = {"origin": "https://a.example", "access-control-request-method": "POST"}
    with client_for(Settings()) as client:
        assert "access-control-allow-origin" not in client.options("/v1/answers", headers=ask).headers
    with client_for(Settings(cors_origins=("https://a.example/",))) as client:
        assert client.options("/v1/answers", headers=ask).headers["access-control-allow-origin"] == "https://a.example"


@pytest.mark.parametrize("log_questions", [False, True])
def test_the_log_names_the_request_and_holds_the_question_only_if_asked(
    caplog: pytest.LogCaptureFixture, log_questions: bool
) -> None:
    with caplog.at_level(logging.INFO, "qa.server"), client_for(Settings(log_questions=log_questions)) as client:
        client.post("/v1/answers", json=QUESTION, headers={"x-request-id": "mine-1"})
        client.get("/v1/search", params={"q": QUESTION["question"]})
        client.get(f"/nowhere/{QUESTION['question']}")
    lines = [record.data for record in caplog.records if record.getMessage() == "request"]  # type: ignore[attr-defined]
    assert (lines[0]["request_id"], lines[0]["route"], lines[0]["status"]) == ("mine-1", "/v1/answers", 200)
    assert lines[0]["stages_ms"] == {"retrieve": 1.0, "generate": 2.0, "total": 3.0}
    assert ("wounded" in json.dumps(lines)) is log_questions


def test_metrics_count_answers_stages_and_tokens() -> None:
    with client_for(Settings()) as client:
        client.post("/v1/answers", json=QUESTION)
        text = client.get("/metrics").text
    assert 'qa_answers_total{model="extractive",status="answered"} 1.0' in text
    assert 'qa_stage_seconds_count{stage="retrieve"} 1.0' in text
    assert 'qa_requests_total{method="POST",route="/v1/answers",status="200"} 1.0' in text
    assert 'qa_tokens_total{kind="question"} 7.0' in text


def test_a_new_generation_is_picked_up_and_a_request_keeps_the_one_it_began_with() -> None:
    published, gate, begun = ["g1"], threading.Event(), threading.Event()

    def hold(question: str, history: object) -> None:
        if question == "hold":
            begun.set()
            gate.wait(10)

    with client_for(Settings(reload_s=0.02), lambda: published[0], before=hold) as client, ThreadPoolExecutor(1) as pool:
        old = pool.submit(client.post, "/v1/answers", json={"question": "hold"})
        assert begun.wait(10)
        published[0] = "g2"
        while client.get("/readyz").json()["generation"] != "g2":
            time.sleep(0.01)
        assert client.post("/v1/answers", json=QUESTION).json()["index"]["generation"] == "g2"
        gate.set()
        assert old.result().json()["index"]["generation"] == "g1"


def test_a_generation_that_cannot_be_opened_leaves_the_old_one_in_place() -> None:
    published = ["g1"]

    def open_() -> Served:
        if published[0] == "bad":
            raise DamagedIndex("a file of the index is missing")
        return replace(serve_folder(FOLDER), generation=published[0])

    async def scenario() -> list[object]:
        current = Current(open_, lambda: published[0], 0.01, Metrics())
        following = asyncio.create_task(current.follow())
        seen: list[object] = [(await current.get(5)).generation]
        for name in ("bad", "g3"):
            published[0] = name
            while current.problem is None if name == "bad" else (await current.get(5)).generation != name:
                await asyncio.sleep(0.01)
            seen += [(await current.get(5)).generation, current.problem]
        following.cancel()
        return seen

    assert asyncio.run(scenario()) == ["g1", "g1", "a file of the index is missing", "g3", None]


@pytest.mark.parametrize("traces", [True, False])
def test_traces_are_recorded_only_if_asked_for_and_hold_no_question(monkeypatch: pytest.MonkeyPatch, traces: bool) -> None:
    trace = pytest.importorskip("opentelemetry.sdk.trace", reason="opentelemetry-sdk is not installed")
    from opentelemetry import trace as api
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    spans, provider = InMemorySpanExporter(), trace.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    monkeypatch.setattr(api, "get_tracer_provider", lambda: provider)
    with client_for(Settings(traces=traces)) as client:
        client.post("/v1/answers", json=QUESTION)
        client.get("/v1/search", params={"q": "wounded"})
    recorded = spans.get_finished_spans()
    assert ("POST /v1/answers" in {span.name for span in recorded}) is traces
    assert "wounded" not in str([(span.name, dict(span.attributes or {})) for span in recorded])


def test_no_answer_waits_for_its_head_to_be_confirmed() -> None:
    """Nagle's algorithm is off on the connections of the socket that is listened on: it cost 40 ms an answer."""

    async def one_connection() -> int:
        found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            found.set_result(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listener = serve._listen(Settings(port=0))
        async with await asyncio.start_server(accept, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname())
            nodelay = await found
            writer.close()
        return nodelay

    assert asyncio.run(one_connection())
