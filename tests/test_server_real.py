"""A real `qa serve` with two workers over a real index: the clients that people already use, and what may happen to a server."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pytest

from eval.load import build, run, serving
from index.repair import repair
from qa.types import Answer

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parent.parent
QUESTION = "Who was wounded in the Battle of Gao?"
FOLLOW_UP = "And when was that?"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = tmp_path_factory.mktemp("served")
    shutil.copytree(ROOT / "seeds", home / "articles")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("QA_")}
    environment |= {"QA_INDEX": str(home / "index")}
    build(home / "articles", environment)
    return environment


@pytest.fixture(scope="module")
def url(environment: dict[str, str]) -> Iterator[str]:
    with serving(environment, 2) as url:
        yield url


def proved(citation_url: str, url: str) -> str:
    """The text at the place that a citation's link opens, by way of the endpoint alone."""
    wanted = parse_qs(citation_url.partition("#")[2])
    [id], [start], [end] = wanted["source"], wanted["start"], wanted["end"]
    raw = httpx.get(f"{url}v1/sources/{id}/raw").content.decode()
    return repair(raw).quote(int(start), int(end))


def check_annotations(content: str, annotations: list[dict], url: str) -> None:
    assert annotations
    for annotation in annotations:
        cited = annotation["url_citation"]
        sentence = content[cited["start_index"] : cited["end_index"]]
        assert sentence and not sentence.startswith("[")
        assert cited["url"].startswith(url)
        assert set(proved(cited["url"], url).lower().split()) & set(sentence.lower().split())


def test_the_openai_sdk_holds_a_conversation(url: str) -> None:
    from openai import OpenAI

    with OpenAI(base_url=f"{url}v1", api_key="none") as client:
        model = client.models.list().data[0].id
        first = client.chat.completions.create(model=model, messages=[{"role": "user", "content": QUESTION}], temperature=0.2)
        message = first.choices[0].message
        assert message.content and message.annotations
        check_annotations(message.content, [item.model_dump() for item in message.annotations], url)
        said = [
            {"role": "user", "content": QUESTION},
            {"role": "assistant", "content": message.content},
            {"role": "user", "content": FOLLOW_UP},
        ]
        second = client.chat.completions.create(model=model, messages=said)  # type: ignore[arg-type]
    answer = Answer.from_dict(second.model_extra["answer"])  # type: ignore[index]
    assert answer.question == FOLLOW_UP and "Gao" in answer.standalone_question


def test_the_openai_sdk_streams(url: str) -> None:
    from openai import OpenAI

    with OpenAI(base_url=f"{url}v1", api_key="none") as client:
        said = [{"role": "user", "content": QUESTION}]
        options = {"include_usage": True}
        chunks = list(client.chat.completions.create(model="extractive", messages=said, stream=True, stream_options=options))  # type: ignore[call-overload]
    content = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    last = next(chunk for chunk in reversed(chunks) if chunk.choices)
    assert content.startswith(last.model_extra["answer"]["answer"])
    check_annotations(content, last.choices[0].delta.model_extra["annotations"], url)
    assert chunks[-1].usage.total_tokens > 10


def test_the_openai_sdk_asks_asynchronously_and_reads_errors(url: str) -> None:
    from openai import AsyncOpenAI, BadRequestError, NotFoundError

    async def talk() -> list[str | None]:
        async with AsyncOpenAI(base_url=f"{url}v1", api_key="none") as client:
            said = [{"role": "user", "content": QUESTION}]
            with pytest.raises(NotFoundError, match="there is no model"):
                await client.chat.completions.create(model="gpt-9", messages=said)  # type: ignore[arg-type]
            with pytest.raises(BadRequestError, match="this value of n"):
                await client.chat.completions.create(model="extractive", messages=said, n=2)  # type: ignore[arg-type]
            replies = await asyncio.gather(*(client.chat.completions.create(model="extractive", messages=said) for _ in range(4)))  # type: ignore[arg-type]
        return [reply.choices[0].message.content for reply in replies]

    answers = asyncio.run(talk())
    assert len(set(answers)) == 1 and answers[0]


def test_langchains_chat_model_works_by_its_base_url(url: str) -> None:
    from langchain_openai import ChatOpenAI

    model = ChatOpenAI(model="extractive", base_url=f"{url}v1", api_key="none", temperature=0.3)  # type: ignore[arg-type]
    reply = model.invoke([("system", "Be brief."), ("human", QUESTION)])
    streamed = "".join(str(chunk.content) for chunk in model.stream(QUESTION))
    assert reply.content and streamed == reply.content
    assert reply.response_metadata["finish_reason"] == "stop"
    follow_up = model.invoke([("human", QUESTION), ("ai", str(reply.content)), ("human", FOLLOW_UP)])
    assert follow_up.content


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_asks_and_streams(url: str) -> None:
    def curl(body: dict) -> str:
        command = ["curl", "-sSN", f"{url}v1/answers", "-H", "content-type: application/json", "-d", json.dumps(body)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    answer = Answer.from_dict(json.loads(curl({"question": QUESTION})))
    assert answer.status == "answered" and answer.citations
    streamed = curl({"question": QUESTION, "stream": True})
    assert [line for line in streamed.splitlines() if line.startswith("event: ")][-2:] == ["event: answer", "event: done"]


def test_each_native_citation_is_proved_by_the_file_as_served(url: str) -> None:
    for question in (QUESTION, "Who led the coup against Touré?", "How many aircraft took part in the bombardment?"):
        data = httpx.post(f"{url}v1/answers", json={"question": question}, timeout=30).json()
        for citation in data["citations"]:
            assert proved(citation["url"], url) == citation["quote"]
            place = {"start": citation["start"], "end": citation["end"]}
            source = httpx.get(f"{url}v1/sources/{citation['source_id']}", params=place).json()
            assert source["highlight"]["line"] == citation["line"]


def test_a_saved_answer_is_checked(url: str) -> None:
    saved = httpx.post(f"{url}v1/answers", json={"question": QUESTION}, timeout=30).json()
    checked = httpx.post(f"{url}v1/verify", json=saved, timeout=30).json()
    assert checked["proved"] and {item["result"] for item in checked["citations"]} == {"same"}
    saved["citations"][0]["quote"] = "Nobody was wounded."
    saved["citations"].append(saved["citations"][0] | {"number": 99, "source": "../../etc/passwd"})
    checked = httpx.post(f"{url}v1/verify", json=saved, timeout=30).json()
    results = {item["number"]: item["result"] for item in checked["citations"]}
    assert not checked["proved"] and results[saved["citations"][0]["number"]] != "same" and results[99] == "gone"


def test_an_agent_asks_over_standard_input_and_output(environment: dict[str, str]) -> None:
    from mcp.client.client import Client
    from mcp.client.stdio import StdioServerParameters, stdio_client

    async def talk() -> tuple[list[str], dict, dict]:
        server = StdioServerParameters(command=sys.executable, args=["-m", "qa", "mcp"], env=environment, cwd=ROOT)
        async with Client(stdio_client(server)) as client:
            names = [tool.name for tool in (await client.list_tools()).tools]
            answer = json.loads((await client.call_tool("ask", {"question": QUESTION})).content[0].text)  # type: ignore[union-attr]
            place = {name: answer["citations"][0][name] for name in ("source_id", "start", "end")}
            source = json.loads((await client.call_tool("open_source", place)).content[0].text)  # type: ignore[union-attr]
        return names, answer, source

    names, answer, source = asyncio.run(talk())
    assert names == ["ask", "search", "open_source"]
    quote = source["text"].partition("⟦")[2].partition("⟧")[0]
    assert " ".join(quote.split()) == answer["citations"][0]["quote"]


@pytest.mark.parametrize("path", ["/v1/verify", "others"])
def test_schemathesis_finds_no_fault_and_nothing_undocumented(url: str, tmp_path: Path, path: str) -> None:
    """All of OpenAPI. /v1/verify reads answers of older versions, so it may take more than the schema says."""
    program = Path(sys.executable).parent / "schemathesis"
    if not program.exists():
        pytest.skip("schemathesis is not installed")
    checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance"
    checks += ",response_schema_conformance,unsupported_method,missing_required_header,use_after_free"
    part = ["--include-path", path] if path == "/v1/verify" else ["--exclude-path", "/v1/verify"]
    checks += "" if path == "/v1/verify" else ",negative_data_rejection"
    command = [str(program), "run", f"{url}openapi.json", *part, "--checks", checks, "--max-examples", "40", "--seed", "4"]
    command += ["--no-color", "--suppress-health-check", "all"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-4000:]


def test_metrics_are_those_of_all_workers_and_a_killed_worker_is_replaced(environment: dict[str, str]) -> None:
    with serving(environment, 2) as url:
        for _ in range(12):
            assert httpx.post(f"{url}v1/answers", json={"question": QUESTION}, timeout=30).status_code == 200
        assert 'qa_requests_total{method="POST",route="/v1/answers",status="200"} 12.0' in httpx.get(f"{url}metrics").text
        workers = children(url)
        os.kill(workers[0], signal.SIGKILL)
        deadline = time.monotonic() + 60
        while len(set(children(url)) - {workers[0]}) < 2 and time.monotonic() < deadline:
            time.sleep(0.2)
        assert len(set(children(url)) - {workers[0]}) == 2
        assert httpx.post(f"{url}v1/answers", json={"question": QUESTION}, timeout=30).status_code == 200


def test_the_end_waits_for_a_request_in_flight(environment: dict[str, str]) -> None:
    with hanging_model(seconds=3) as model, serving(environment | model, 1) as url:
        results: list[int] = []
        thread = threading.Thread(
            target=lambda: results.append(httpx.post(f"{url}v1/answers", json={"question": QUESTION}, timeout=60).status_code)
        )
        thread.start()
        time.sleep(1)
    thread.join(30)
    assert results == [200]


def test_mistakes_of_the_operator_are_one_clear_line(environment: dict[str, str], tmp_path: Path) -> None:
    def serve(*flags: str, **changes: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "qa", "serve", *flags],
            env=environment | changes,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.returncode, done.stderr

    code, line = serve(QA_INDEX=str(tmp_path / "none"))
    assert code == 4 and "qa index build" in line and "Traceback" not in line
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, line = serve("--port", str(taken.getsockname()[1]))
    assert code == 2 and "cannot listen" in line and "Traceback" not in line
    code, line = serve("--model", "openai:x", QA_REQUEST_TIMEOUT_S="10")
    assert code == 2 and "request_timeout_s" in line


def test_a_load_with_a_rebuild_in_the_middle_fails_no_request() -> None:
    levels = run(ROOT / "seeds", 2, [1, 8], 3)
    assert [level.failed for level in levels] == [0, 0]
    assert all(level.generations == 2 and level.requests > 10 for level in levels)


GARBAGE = b"<html>not a completion</html>"
PARTIAL = (
    b'data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m",'
    b'"choices":[{"index":0,"delta":{"role":"assistant","content":"In"}}]}\n\n'
)


@contextmanager
def model_server(reply: object) -> Iterator[dict[str, str]]:
    """Settings for a model behind a server of OpenAI's protocol that answers each request by `reply(handler)`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            reply(self)  # type: ignore[operator]

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield {
            "QA_MODEL": "openai:scripted",
            "QA_MODEL_URL": f"http://127.0.0.1:{server.server_port}/v1",
            "OPENAI_API_KEY": "none",
            "QA_MODEL_TIMEOUT_S": "4",
            "QA_MODEL_RETRIES": "1",
            "QA_REQUEST_TIMEOUT_S": "20",
        }
    finally:
        server.shutdown()
        server.server_close()


def hanging_model(seconds: float):  # type: ignore[no-untyped-def]
    return model_server(lambda handler: time.sleep(seconds))


def garbage(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("content-type", "text/html")
    handler.send_header("content-length", str(len(GARBAGE)))
    handler.end_headers()
    handler.wfile.write(GARBAGE)


SENTENCE = "Nobody was ever wounded there at all. [1] And"


def killed_after_a_sentence(handler: BaseHTTPRequestHandler) -> None:
    """Says a sentence and the beginning of another, and cuts the connection."""
    piece = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    handler.send_response(200)
    handler.send_header("content-type", "text/event-stream")
    handler.send_header("content-length", "100000")
    handler.end_headers()
    for word in SENTENCE.split(" "):
        choices = [{"index": 0, "delta": {"role": "assistant", "content": f"{word} "}}]
        handler.wfile.write(b"data: " + json.dumps(piece | {"choices": choices}).encode() + b"\n\n")
        handler.wfile.flush()
    time.sleep(0.3)
    handler.connection.shutdown(socket.SHUT_RDWR)


def killed(handler: BaseHTTPRequestHandler) -> None:
    """Begins an answer and cuts the connection in the middle of it."""
    handler.send_response(200)
    handler.send_header("content-type", "text/event-stream")
    handler.send_header("content-length", "100000")
    handler.end_headers()
    handler.wfile.write(PARTIAL)
    handler.wfile.flush()
    handler.connection.shutdown(socket.SHUT_RDWR)


def failing(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(500)
    handler.send_header("content-length", "0")
    handler.end_headers()


@pytest.mark.parametrize(
    "reply", [garbage, killed, failing, lambda handler: time.sleep(30)], ids=["garbage", "killed", "failing", "hanging"]
)
def test_when_the_model_fails_a_marked_answer_comes_in_time(environment: dict[str, str], reply: object) -> None:
    with model_server(reply) as model, serving(environment | model, 1) as url:
        began = time.monotonic()
        plain = httpx.post(f"{url}v1/answers", json={"question": QUESTION}, timeout=60)
        streamed = httpx.post(f"{url}v1/answers", json={"question": QUESTION, "stream": True}, timeout=60)
        chat = {"model": "openai:scripted", "messages": [{"role": "user", "content": QUESTION}]}
        completion = httpx.post(f"{url}v1/chat/completions", json=chat, timeout=60)
        assert time.monotonic() - began < 3 * 20
    answer = Answer.from_dict(plain.json())
    assert plain.status_code == 200 and answer.citations and answer.notices
    assert "event: done" in streamed.text and "event: error" not in streamed.text
    assert completion.status_code == 200 and f"Note: {answer.notices[0]}" in completion.json()["choices"][0]["message"]["content"]


def test_a_model_that_fails_in_mid_stream_is_taken_back(environment: dict[str, str]) -> None:
    with model_server(killed_after_a_sentence) as model, serving(environment | model, 1) as url:
        streamed = httpx.post(f"{url}v1/answers", json={"question": QUESTION, "stream": True}, timeout=60).text
        chat = {"model": "openai:scripted", "messages": [{"role": "user", "content": QUESTION}], "stream": True}
        chunks = httpx.post(f"{url}v1/chat/completions", json=chat, timeout=60).text
        extractive = httpx.post(f"{url}v1/answers", json={"question": QUESTION, "model": "extractive"}, timeout=60).json()
    blocks = [block.split("\n") for block in streamed.strip().split("\n\n")]
    events = [(kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for kind, data in blocks]
    kinds = [kind for kind, _ in events]
    at = kinds.index("discard")
    assert events[at][1] == {"reason": "the model failed in the middle of its answer"}
    assert [data["text"] for kind, data in events[:at] if kind == "text"] == ["Nobody was ever wounded there at all."]
    after = "".join(data["text"] for kind, data in events[at:] if kind == "text")
    answer = Answer.from_dict(dict(events)["answer"])
    assert after == " ".join(claim.text for claim in answer.claims) and kinds[-2:] == ["answer", "done"]
    assert answer.answer == extractive["answer"] and answer.notices[0].startswith("the model failed")
    deltas = [json.loads(line[6:]) for line in chunks.split("\n") if line.startswith("data: {")]
    text = "".join(delta["choices"][0]["delta"].get("content", "") for delta in deltas if delta["choices"])
    assert text.startswith("Nobody was ever wounded there at all.\n\nNote: the model failed in the middle of its answer; ")
    assert f"After checking:\n\n{answer.answer}" in text and sum("discard" in delta for delta in deltas) == 1


def children(url: str) -> list[int]:
    """Process ids of the workers that hold the port of `url`, from /proc: the children of the process that listens."""
    port = int(url.rstrip("/").rpartition(":")[2])
    return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if holds(pid, port) and is_spawned(pid)]


def is_spawned(pid: int) -> bool:
    try:
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def holds(pid: int, port: int) -> bool:
    """Whether a process has the listening socket of `port` among its files."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    inodes = {line.split()[9] for line in lines if line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"}
    try:
        return any(os.readlink(link)[8:-1] in inodes for link in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False
