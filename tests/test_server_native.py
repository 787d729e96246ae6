"""The native API over the scripted answerer: answers, streams, search, sources, errors; and what never leaves the folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from starlette.testclient import TestClient

from index.errors import MissingIndex, ModelError
from index.repair import fold
from qa.server.app import create_app
from qa.server.generation import open_served
from qa.server.schemas import source_id
from qa.settings import Settings
from qa.types import Answer, Turn
from tests.scripted_answerer import serve_folder
from tests.scripted_model import Scripted, use

CRANE = "How many workers were injured when the crane collapsed?"
HOSTILE = '<img src=x onerror="alert(1)"> [a link](javascript:alert(1)) closes the gate. The gate of Gao fell in 1999.'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    articles = tmp_path / "articles"
    articles.mkdir()
    (articles / "gao.txt").write_bytes(
        "The mayor of Gao is Sadou.\r\nThe bridge of Gao opened in 2006. 🏴 Flags flew over Gao.\r\n".encode()
    )
    (articles / "mojibake.md").write_bytes(
        "# Tour√© and others\n\nAmadou Toumani Tour√© led Mali. R√©mi stayed at home. No√´l did so too.\n".encode()
    )
    (articles / "hostile.txt").write_text(HOSTILE)
    return articles


@pytest.fixture
def client(folder: Path) -> Iterator[TestClient]:
    with client_for(folder) as client:
        assert client.get("/v1/sources").json()["total"] == 3
        yield client


def client_for(folder: Path, settings: Settings | None = None, **changes: object) -> TestClient:
    settings = settings or Settings()
    app = create_app(settings, lambda: serve_folder(folder, settings=settings, **changes), lambda: "g1")
    return TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False)


def events(text: str) -> list[tuple[str, dict]]:
    blocks = [block.split("\n") for block in text.strip().split("\n\n")]
    return [(kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for kind, data in blocks]


def test_an_answer_is_the_answer_with_links(client: TestClient) -> None:
    data = client.post("/v1/answers", json={"question": "  When did the bridge open?  "}).json()
    answer = Answer.from_dict(data)
    assert answer.question == "When did the bridge open?"
    assert answer.answer.startswith("The bridge of Gao opened in 2006. [1]")
    citation = data["citations"][0]
    assert citation["url"] == f"/#source={source_id('articles/gao.txt')}&start={citation['start']}&end={citation['end']}"
    plain = answer.to_dict()
    for record in (*data["citations"], *data["passages"]):
        del record["url"], record["source_id"]
    assert data == plain


def test_the_highlight_of_each_citation_is_its_quote(client: TestClient) -> None:
    for question in ("Which flags flew?", "Who is Amadou Toumani Touré?", "What fell with the gate?"):
        for citation in client.post("/v1/answers", json={"question": question}).json()["citations"]:
            range_ = {"start": citation["start"], "end": citation["end"]}
            source = client.get(f"/v1/sources/{citation['source_id']}", params=range_).json()
            mark = source["highlight"]
            assert fold(source["text"][mark["start"] : mark["end"]]) == citation["quote"]
            assert mark["line"] == citation["line"]
            assert (source["changed"], source["sha256"]) == (False, citation["sha256"])


def test_history_and_limits_reach_the_answerer(folder: Path) -> None:
    seen: list[tuple[str, list[Turn]]] = []
    with client_for(folder, Settings(max_history=2), before=lambda q, h: seen.append((q, list(h)))) as client:
        history = [{"question": f"q{n}", "answer": f"a{n}"} for n in range(4)]
        body = {"question": "And Gao?", "history": history, "limits": {"sentences": 1, "passages": 2}}
        data = client.post("/v1/answers", json=body).json()
    assert seen == [("And Gao?", [Turn("q2", "a2"), Turn("q3", "a3")])]
    assert data["standalone_question"] == "And Gao? (q3)"
    assert (len(data["claims"]), len(data["passages"])) == (1, 2)


def test_a_stream_gives_retrieval_then_text_then_the_answer(client: TestClient) -> None:
    response = client.post("/v1/answers", json={"question": "Tell of Gao", "stream": True})
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    got = events(response.text)
    kinds = [kind for kind, _ in got]
    assert kinds == ["retrieval", *["text"] * (len(kinds) - 3), "answer", "done"]
    whole = client.post("/v1/answers", json={"question": "Tell of Gao"}).json()
    assert "".join(data["text"] for kind, data in got if kind == "text") == whole["answer"]
    assert dict(got)["answer"] == whole
    assert [passage["id"] for passage in got[0][1]["passages"]] == [passage["id"] for passage in whole["passages"]]


def test_an_abstention_still_streams_its_text(client: TestClient) -> None:
    got = dict(events(client.post("/v1/answers", json={"question": "xyzzy", "stream": True}).text))
    assert got["text"] == {"text": "The articles do not answer this."}
    assert got["answer"]["status"] == "abstained"


def test_a_fault_within_a_stream_is_an_event(folder: Path) -> None:
    def fail(question: str, history: object) -> None:
        raise ZeroDivisionError("secret detail")

    with client_for(folder, before=fail) as client:
        response = client.post("/v1/answers", json={"question": "Gao", "stream": True})
        plain = client.post("/v1/answers", json={"question": "Gao"})
    [(kind, data)] = events(response.text)
    assert (kind, data["error"]["code"]) == ("error", "internal_error")
    assert data["error"]["request_id"] == response.headers["x-request-id"]
    assert plain.status_code == 500
    assert "secret" not in response.text + plain.text


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "invalid_request"),
        ({"question": " \n "}, 422, "invalid_request"),
        ({"question": "x", "unknown": 1}, 422, "invalid_request"),
        ({"question": "x" * 2001}, 422, "question_too_long"),
        ({"question": "x", "model": "gpt-9"}, 404, "model_not_found"),
        ({"question": "x", "limits": {"passages": 0}}, 422, "invalid_request"),
    ],
)
def test_a_wrong_question_gets_the_one_error_shape(client: TestClient, body: dict, status: int, code: str) -> None:
    response = client.post("/v1/answers", json=body)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert set(response.json()["error"]) == {"code", "message", "request_id"}


@pytest.mark.parametrize(
    ("content", "status"), [(b"{", 422), (b'{"question":"\\ud800"}', 422), (b"[" * 5000, 422), (b"\xff\xfe", 422)]
)
def test_a_body_that_is_no_json_is_refused(client: TestClient, content: bytes, status: int) -> None:
    response = client.post("/v1/answers", content=content, headers={"content-type": "application/json"})
    assert (response.status_code, response.json()["error"]["code"]) in [(status, "invalid_request"), (400, "bad_request")]


def test_known_errors_keep_their_status_and_line(folder: Path) -> None:
    def fail(question: str, history: object) -> None:
        raise ModelError("the extra for this model is missing")

    with client_for(folder, before=fail) as client:
        response = client.post("/v1/answers", json={"question": "Gao"})
    assert response.status_code == 502
    assert response.json()["error"]["message"] == "the extra for this model is missing"


def test_search_gives_passages_best_first(client: TestClient) -> None:
    data = client.get("/v1/search", params={"q": "bridge of Gao", "k": 2}).json()
    assert data["hits"][0]["text"] == "The bridge of Gao opened in 2006."
    assert data["hits"][0]["score"] == data["hits"][0]["dense"] == 1.0
    assert (data["generation"], data["embedder"], len(data["hits"])) == ("g1", "words", 2)
    assert client.get("/v1/search", params={"q": "x", "mode": "magic"}).status_code == 422


def test_sources_are_listed_in_pages(client: TestClient) -> None:
    data = client.get("/v1/sources", params={"offset": 1, "limit": 1}).json()
    assert (data["total"], [source["source"] for source in data["sources"]]) == (3, ["articles/hostile.txt"])


def test_the_original_bytes_are_plain_text_that_nothing_runs(client: TestClient, folder: Path) -> None:
    response = client.get(f"/v1/sources/{source_id('articles/hostile.txt')}/raw")
    assert response.content == (folder / "hostile.txt").read_bytes()
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-security-policy"] == "default-src 'none'; sandbox; frame-ancestors 'none'"


@pytest.mark.parametrize("id", ["../secret.txt", "..%2f..%2fetc%2fpasswd", "articles/gao.txt", "%00", "gao.txt", "/etc/passwd"])
def test_no_path_opens_a_file(client: TestClient, folder: Path, id: str) -> None:
    (folder.parent / "secret.txt").write_text("hidden text")
    for url in (f"/v1/sources/{id}", f"/v1/sources/{id}/raw"):
        response = client.get(url)
        assert response.status_code == 404
        assert "hidden" not in response.text


def test_a_source_that_went_changed_or_became_a_link_is_told(client: TestClient, folder: Path) -> None:
    id = source_id("articles/gao.txt")
    (folder / "gao.txt").write_text("Another text.")
    changed = client.get(f"/v1/sources/{id}", params={"start": 0, "end": 7}).json()
    assert (changed["changed"], changed["highlight"]) == (True, {"start": 0, "end": 7, "line": 1})
    assert changed["sha256"] == hashlib.sha256(b"Another text.").hexdigest() != changed["indexed_sha256"]
    (folder / "gao.txt").write_bytes(b"\xff")
    assert client.get(f"/v1/sources/{id}").json()["error"]["code"] == "source_unreadable"
    (folder / "gao.txt").unlink()
    (folder.parent / "secret.txt").write_text("secret")
    (folder / "gao.txt").symlink_to("/etc/hostname")
    assert client.get(f"/v1/sources/{id}/raw").json()["error"]["code"] == "source_gone"


@pytest.mark.parametrize(
    "range_", [{"start": 9, "end": 3}, {"start": 0, "end": 10**9}, {"start": -1, "end": 3}, {"start": 0, "end": 10**30}]
)
def test_a_range_outside_the_file_is_refused(client: TestClient, range_: dict) -> None:
    assert client.get(f"/v1/sources/{source_id('articles/gao.txt')}", params=range_).status_code == 422


def test_without_an_index_the_reason_is_given(folder: Path) -> None:
    def missing() -> None:
        raise MissingIndex("there is no index yet; build it with `qa index build FOLDER`")

    app = create_app(Settings(), missing, lambda: None)  # type: ignore[arg-type]
    with TestClient(app, base_url="http://127.0.0.1") as client:
        response = client.post("/v1/answers", json={"question": "Gao"})
        assert (response.status_code, response.json()["error"]["code"]) == (503, "index_unavailable")
        assert "qa index build" in response.json()["error"]["message"]
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").json()["status"] == "not ready"


def test_the_links_of_citations_can_be_read_back(client: TestClient) -> None:
    citation = client.post("/v1/answers", json={"question": "bridge"}).json()["citations"][0]
    wanted = parse_qs(citation["url"].partition("#")[2])
    assert wanted == {"source": [citation["source_id"]], "start": [str(citation["start"])], "end": [str(citation["end"])]}


def test_a_saved_answer_is_checked_against_the_files_of_the_manifest_only(client: TestClient, folder: Path) -> None:
    saved = client.post("/v1/answers", json={"question": "When did the bridge open?", "limits": {"sentences": 1}}).json()
    [citation] = saved["citations"]
    before = (folder / "gao.txt").read_bytes()
    place = {name: citation[name] for name in ("start", "end", "line")}
    same = {"number": 1, "source": "articles/gao.txt", "result": "same", "found_in": None, "found_id": None} | place
    assert client.post("/v1/verify", json=saved).json() == {"proved": True, "citations": [same]}
    (folder / "gao.txt").write_text("New first line.\nThe bridge of Gao opened in 2006.\n")
    moved = same | {"result": "moved", "start": 16, "end": 49, "line": 2}
    assert client.post("/v1/verify", json=saved).json() == {"proved": True, "citations": [moved]}
    (folder / "gao.txt").write_text("Nothing of it.\n")
    assert client.post("/v1/verify", json=saved).json()["citations"][0]["result"] == "changed"
    (folder / "gao.txt").write_bytes(before)
    renamed = saved | {"citations": [citation | {"source": "articles/old name.txt"}]}
    found = same | {"source": "articles/old name.txt", "result": "moved", "found_in": "articles/gao.txt"}
    checked = client.post("/v1/verify", json=renamed).json()
    assert checked["citations"] == [found | {"found_id": source_id("articles/gao.txt")}]
    (folder / "gao.txt").write_text("Nothing of it.\n")
    (folder.parent / "secret.txt").write_text(citation["quote"])
    for outside in ("secret.txt", "articles/../secret.txt", "/etc/passwd"):
        elsewhere = saved | {"citations": [citation | {"source": outside}]}
        assert client.post("/v1/verify", json=elsewhere).json()["citations"][0]["result"] == "gone"
    many = saved | {"citations": [citation] * 501}
    assert client.post("/v1/verify", json=many).json()["error"]["code"] == "too_many_citations"


def test_what_is_proved_by_nothing_is_told(small: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real way of an answer behind the endpoint, with a model that invents."""
    use(monkeypatch, Scripted(pieces=["The crane was made of glass. [1]"]))
    for policy, status, claims in (("flag", "answered", 1), ("strict", "abstained", 0), ("repair", "answered", 1)):
        settings = replace(small, model="scripted:model", policy=policy)
        app = create_app(settings, lambda settings=settings: open_served(settings), lambda: "g1")
        with TestClient(app, base_url="http://127.0.0.1:8000") as client:
            answer = Answer.from_dict(client.post("/v1/answers", json={"question": CRANE}).json())
            asked = {"model": "scripted:model", "messages": [{"role": "user", "content": CRANE}]}
            said = client.post("/v1/chat/completions", json=asked).json()["choices"][0]["message"]["content"]
        assert (answer.status, len(answer.claims)) == (status, claims)
        assert answer.unproved == (policy == "flag") and (answer.confidence > 0) == (policy == "repair")
        assert answer.notices and f"Note: {answer.notices[0]}" in said
