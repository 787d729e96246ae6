"""The command line: in a process of its own where that matters (exit codes, pipes, signals, what is loaded), else by `main`."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import resource
import select
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import pytest

from index.embed import Encoder
from qa.cli import main
from qa.settings import Settings
from qa.types import Answer
from qa.verify import check_answer
from tests.conftest import build_index
from tests.scripted_model import Scripted, use
from tests.test_terminal import terminal

ROOT = Path(__file__).parent.parent
CRANE = "How many workers were injured when the crane collapsed?"
CRANE_ANSWER = "Eleven workers were injured when a crane collapsed in March 1929."
KEEPER = "Who was the last keeper of the Cape Sorrel Lighthouse?"
UNANSWERABLE = "What is the boiling point of tungsten?"
TENT = "What burned down at the Velmora Fair in 2003?"
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
ON_THE_WAY = {"numpy", "faiss", "onnxruntime", "tokenizers", "tantivy", "platformdirs", "packaging"}
"""All that a question may load of other people's, with what these load themselves."""
HEAVY = {
    "torch",
    "transformers",
    "sentence_transformers",
    "langchain",
    "langchain_core",
    "pydantic",
    "fastapi",
    "uvicorn",
    "sklearn",
}


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def answers(self) -> list[Answer]:
        return [Answer.from_dict(json.loads(line)) for line in self.out.split("\n")[:-1]]


Run = Callable[..., Done]


@pytest.fixture
def qa(
    small: Settings, encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """`qa(*arguments, stdin="")` in this process, in an empty folder, with the small index; the encoder is opened only once."""
    for name in [name for name in os.environ if name.startswith("QA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("QA_INDEX", str(small.index))
    monkeypatch.setenv("QA_THRESHOLD", str(small.threshold))
    monkeypatch.chdir(tmp_path)
    for module in ("index.embed", "qa.answer"):
        monkeypatch.setattr(f"{module}.open_encoder", lambda *_, **__: encoder)

    def run(*arguments: str, stdin: str | bytes = "") -> Done:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))
        try:
            code = main(arguments)
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        return Done(code, *capsys.readouterr())

    return run


def environment(small: Settings, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("QA_")}
    return kept | {"QA_INDEX": str(small.index), "QA_THRESHOLD": str(small.threshold), "PYTHONPATH": str(ROOT)} | more


def start(small: Settings, folder: Path, *arguments: str, **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "qa", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=environment(small, **more),
    )


def command(small: Settings, folder: Path, *arguments: str, stdin: str = "", **more: str) -> Done:
    process = start(small, folder, *arguments, **more)
    out, err = process.communicate(stdin, timeout=120)
    return Done(process.returncode, out, err)


# --- as a process


def test_questions_in_a_pipe_come_out_as_plain_text(small: Settings, tmp_path: Path) -> None:
    done = command(small, tmp_path, "ask", "-", stdin=f"{CRANE}\n\n{UNANSWERABLE}\n", FORCE_COLOR="1", TERM="xterm-256color")
    assert done.code == 3 and done.err == ""
    assert f"{CRANE_ANSWER} [1]" in done.out
    assert "[1] articles/bridge.txt:13  Orrin Bridge › Construction\n    “Eleven workers" in done.out
    assert "nearest passages:" in done.out
    assert not CONTROL.search(done.out)


def test_a_failing_model_is_replaced_and_told_by_the_exit_code(small: Settings, tmp_path: Path) -> None:
    done = command(small, tmp_path, "ask", "--json", "--model", "llamacpp:missing.gguf", CRANE)
    assert done.code == 6
    [answer] = done.answers
    assert answer.claims[0].text == CRANE_ANSWER
    assert answer.notices[0].startswith("the model failed, so this answer is extractive (llamacpp:missing.gguf): ")


def test_errors_end_in_one_line(small: Settings, tmp_path: Path) -> None:
    missing = command(small, tmp_path, "ask", CRANE, QA_INDEX=str(tmp_path / "none"))
    assert (missing.code, missing.out) == (4, "") and missing.err.startswith("qa: there is no index in ")
    assert missing.err.count("\n") == 1 and "run: qa index build" in missing.err
    wrong = command(small, tmp_path, "ask", "--passages", "many", CRANE)
    assert (wrong.code, wrong.err) == (2, "qa: passages in --passages must be a whole number, not 'many'\n")


def test_ctrl_c_ends_with_130(small: Settings, tmp_path: Path) -> None:
    process = start(small, tmp_path, "ask", "--json", "-")
    assert process.stdin and process.stdout
    process.stdin.write(f"{CRANE}\n")
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["question"] == CRANE
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "qa: interrupted\n")


def test_a_reader_that_leaves_is_no_error(small: Settings, tmp_path: Path) -> None:
    process = start(small, tmp_path, "ask", "--json", "-")
    assert process.stdout
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(f"{CRANE}\n" * 3, timeout=60)
    assert (process.returncode, err) == (0, "")


def test_help_is_instant() -> None:
    """By the processor time it takes, which other work on the machine does not change."""
    times = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([sys.executable, "-m", "qa", "--help"], capture_output=True, text=True, cwd=ROOT, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert statistics.median(times) < 0.3
    assert "exit codes: 0 answered" in done.stdout
    assert all(
        f"\n    {name} " in done.stdout for name in ["index", "search", "ask", "chat", "verify", "settings", "serve", "eval"]
    )


def test_asking_loads_nothing_heavy_and_calls_no_one(small: Settings, tmp_path: Path) -> None:
    code = f"""
import socket, sys
before = {{name.partition(".")[0] for name in sys.modules}}
def refuse(*arguments, **named): raise AssertionError("a socket was opened")
socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
from qa.cli import main
code = main(["ask", {CRANE!r}])
loaded = {{name.partition(".")[0] for name in sys.modules if not name.startswith("swig_")}} - before
print(sorted({HEAVY!r} & loaded), sorted(loaded - {ON_THE_WAY!r} - set(sys.stdlib_module_names) - {{"index", "qa", "prompts"}}))
sys.exit(code)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=environment(small))
    assert (done.returncode, done.stderr) == (0, "")
    assert CRANE_ANSWER in done.stdout and done.stdout.splitlines()[-1] == "[] []"


def test_a_terminal_gets_colour_and_a_prompt(small: Settings, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    variables = environment(small, TERM="xterm")
    variables.pop("NO_COLOR", None)
    process = subprocess.Popen(
        [sys.executable, "-m", "qa", "chat", "--threshold", "0"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=tmp_path,
        env=variables,
    )
    os.close(theirs)
    seen = until(ours, "qa> ")
    os.write(ours, f"{TENT}\n".encode())
    seen = until(ours, "qa> ", "answered, confidence")
    os.write(ours, b"/quit\n")
    assert process.wait(60) == 0
    os.close(ours)
    assert "\x1b[1m[1]\x1b[0m" in seen and "\x1b[36marticles/fair.txt:3\x1b[0m" in seen
    assert "red tent" in " ".join(seen.split()) and "\x1b[31m" not in seen and "\x07" not in seen and "\u202e" not in seen


def until(terminal: int, *wanted: str) -> str:
    """What the terminal shows until all of `wanted` is there."""
    shown, end = b"", time.monotonic() + 60
    while time.monotonic() < end and not all(text in shown.decode(errors="replace") for text in wanted):
        if select.select([terminal], [], [], 1)[0]:
            shown += os.read(terminal, 65536)
    return shown.decode()


# --- in this process


def test_a_language_model_is_read_along_on_a_terminal_and_nowhere_else(qa: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Scripted(pieces=["Eleven workers were injured ", "when a crane collapsed. [1] It was", " blue. [99]"]))
    piped = qa("ask", "--model", "scripted:model", CRANE)
    assert piped.out.startswith("Eleven workers were injured when a crane collapsed. [1] It was blue. (unsupported)\n")
    screen = terminal(monkeypatch)
    for arguments, stdin in ((("ask", CRANE), ""), (("chat",), CRANE)):
        assert qa(*arguments, "--model", "scripted:model", stdin=stdin).code == 0
        seen = re.sub(r"\x1b\[\d+m", "", screen.shown)
        assert "Eleven workers were injured when a crane\ncollapsed. [1]\nIt was blue. (unsupported)\n" in seen
        assert "markers that name no shown passage: [99]\n" in seen and "articles/bridge.txt:13" in seen
        screen = terminal(monkeypatch)
    qa("ask", "--model", "scripted:model", "--json", CRANE)
    assert json.loads(screen.shown)["unresolved_markers"] == ["[99]"]


def test_what_is_proved_by_nothing_is_no_answer(qa: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Scripted(pieces=["The crane was made of glass. [1]"]))
    flagged = qa("ask", "--model", "scripted:model", CRANE)
    assert flagged.code == 3 and "nothing in this answer is borne out" in flagged.err
    assert (
        flagged.out.startswith("The crane was made of glass. (unsupported)\n")
        and "\nnothing proved, confidence 0.00" in flagged.out
    )
    strict = qa("ask", "--model", "scripted:model", "--policy", "strict", CRANE)
    assert strict.code == 3 and strict.out.startswith("The articles do not answer this question.\n")
    repaired = qa("ask", "--model", "scripted:model", "--policy", "repair", CRANE)
    assert repaired.code == 0 and "Eleven workers were injured" in repaired.out and "this answer is extractive" in repaired.err


def test_a_model_that_fails_in_the_middle_is_struck_out(qa: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Scripted(pieces=["The crane was blue. [1] It ", "fell"], failure=ConnectionError("cut")))
    screen = terminal(monkeypatch)
    assert qa("ask", "--model", "scripted:model", CRANE).code == 6
    seen = " ".join(re.sub(r"\x1b\[\d+m", "", screen.shown).split())
    assert "The crane was blue. (unsupported) (the model failed in the middle of its answer: what stands above does not" in seen
    assert seen.count("Eleven workers were injured when a crane") == 2  # the answer and its quote


def test_json_is_one_answer_a_line_and_reads_back(qa: Run, small: Settings) -> None:
    done = qa("ask", "--json", "-", stdin=f"\ufeff{CRANE}\n{UNANSWERABLE}\n{KEEPER}\n")
    assert (done.code, done.err) == (3, "")
    assert [answer.question for answer in done.answers] == [CRANE, UNANSWERABLE, KEEPER]
    assert [answer.status for answer in done.answers] == ["answered", "abstained", "answered"]
    assert [answer.to_dict() for answer in done.answers] == [json.loads(line) for line in done.out.split("\n")[:-1]]
    assert {check.state for answer in done.answers for check in check_answer(answer, small.articles.parent)} == {"same"}  # type: ignore[union-attr]


def test_a_line_that_is_no_question_does_not_stop_the_others(qa: Run) -> None:
    done = qa("ask", "--json", "-", stdin=f"{'x' * 2001}\n{CRANE}\n".encode() + b"\xff\xfe?\n")
    assert [answer.status for answer in done.answers] == ["answered", "abstained"]
    assert done.err == "qa: the question has 2,001 characters; max_question_chars is 2,000\n"
    assert done.code == 3
    assert qa("ask", "-", stdin="x" * 2001).code == 2


def test_control_characters_of_a_file_reach_no_terminal(qa: Run, small: Settings) -> None:
    asked = ("ask", "--threshold", "0", TENT)
    shown = [qa(*asked), qa("search", TENT), qa(*asked, "--json"), qa("search", TENT, "--json")]
    assert all(done.code == 0 and "red tent" in done.out and not CONTROL.search(done.out) for done in shown)
    [answer] = shown[2].answers
    assert "\x1b[31mred tent" in answer.citations[0].quote
    assert {check.state for check in check_answer(answer, small.articles.parent)} == {"same"}  # type: ignore[union-attr]


def test_an_output_that_is_not_utf8_loses_nothing_of_the_json(qa: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    data = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(data, encoding="ascii"))
    assert qa("ask", "--json", KEEPER).code == 0
    assert qa("ask", KEEPER).code == 0
    sys.stdout.flush()
    line, _, text = data.getvalue().decode("ascii").partition("\n")
    assert "Ines Dorran" in Answer.from_dict(json.loads(line)).answer
    assert "\\u201cThe last keeper, Ines Dorran" in text


def test_search_prints_passages_best_first(qa: Run) -> None:
    done = qa("search", "--passages", "3", "--json", CRANE)
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert len(rows) == 3 and CRANE_ANSWER in rows[0]["text"]
    assert [row["score"] for row in rows] == sorted((row["score"] for row in rows), reverse=True)
    printed = qa("search", "--passages", "1", CRANE).out
    assert printed.startswith(f" 1. {rows[0]['score']:.3f}  articles/bridge.txt:13  Orrin Bridge › Construction\n")
    assert qa("search", " ").err == "qa: the question is empty\n"


def test_a_conversation_in_a_pipe_has_a_history(qa: Run, tmp_path: Path) -> None:
    follow_up = "And when did she leave?"
    lines = [KEEPER, follow_up, "/save said.json", "/new", follow_up, "", "/what", "x" * 3000, "/quit", CRANE]
    done = qa("chat", "--json", stdin="\n".join(lines))
    first, second, forgotten = done.answers
    assert done.code == 0
    assert first.answer.startswith("The last keeper, Ines Dorran")
    assert second.question == follow_up and "she" not in second.standalone_question.split()
    assert forgotten.standalone_question == forgotten.question
    assert json.loads((tmp_path / "said.json").read_text()) == second.to_dict()
    too_long = "qa: the question has 3,000 characters; max_question_chars is 2,000"
    assert done.err.splitlines() == ["qa: commands: /new, /save FILE, /quit", too_long]


def test_chat_takes_what_is_not_utf8_and_cannot_save_nothing(qa: Run) -> None:
    done = qa("chat", stdin=b"/save x.json\ncaf\xe9?\n/save no/where.json\n")
    assert done.code == 0
    refused = "qa: no/where.json cannot be written: No such file or directory"
    assert done.err.splitlines() == ["qa: ask something first, then /save FILE", refused]


# --- the index


def test_build_status_and_if_needed(qa: Run, small: Settings, tmp_path: Path) -> None:
    articles = tmp_path / "mine"
    articles.mkdir()
    (articles / "one.txt").write_text("The mill at Hallin burned down in 1840.\n")
    (articles / "picture.png").write_bytes(b"\x89PNG\0\0")
    built = qa("index", "build", str(articles), "--index", "own")
    assert built.code == 0 and built.out == ""
    assert built.err.splitlines()[-2:] == [
        "qa: not indexed: mine/picture.png is not text (it holds NUL bytes)",
        "qa: indexed 1 articles, 1 passages, 1 sentences in own",
    ]
    current = (tmp_path / "own" / "current").stat().st_mtime_ns
    assert qa("index", "build", "mine", "--index", "own", "--if-needed") == Done(0, "", "")
    assert (tmp_path / "own" / "current").stat().st_mtime_ns == current
    status = qa("index", "status", "--index", "own")
    assert status.code == 0 and f"articles    1 in {articles}\n" in status.out
    assert "\nrefused     mine/picture.png is not text" in status.out
    assert "1840" in qa("ask", "--threshold", "0", "--index", "own", "When did the mill burn down?").out
    (articles / "two.txt").write_text("A second text.\n")
    assert qa("index", "build", "mine", "--index", "own", "--if-needed").code == 0
    assert (tmp_path / "own" / "current").stat().st_mtime_ns > current


def test_what_cannot_be_indexed_is_told(qa: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("text")
    assert qa("index", "build").err == "qa: name the folder of the articles: qa index build FOLDER\n"
    assert qa("index", "build", "absent", "--index", "own") == Done(
        2, "", "qa: absent is not a folder; name the folder that holds the articles\n"
    )
    assert qa("index", "build", "empty", "--index", "own").code == 2
    refused = qa("index", "build", "empty", "--index", "file")
    assert refused == Done(5, "", "qa: cannot write the index in file: a file is in its place; the previous index is unchanged\n")
    assert qa("index", "build", "empty", "--index", "own", "--max-file-mb", "inf").code == 2


def test_a_file_whose_name_is_not_utf8_is_named(qa: Run, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "one.txt").write_text("The mill at Hallin burned down in 1840.\n")
    (tmp_path / "mine" / "red\x1b[31m.txt").write_text("A text under a coloured name.\n")
    with open(os.fsencode(tmp_path / "mine") + b"/caf\xe9.txt", "w") as stream:
        stream.write("text")
    built = qa("index", "build", "mine", "--index", "own")
    assert built.code == 0 and "qa: not indexed: mine/caf\\udce9.txt has a name that is not UTF-8; rename it" in built.err
    assert "refused     mine/caf\\udce9.txt" in qa("index", "status", "--index", "own").out
    assert not CONTROL.search(qa("search", "--index", "own", "coloured name").out)


def test_a_stale_index_is_refused_unless_allowed(qa: Run, encoder: Encoder, tmp_path: Path) -> None:
    settings = build_index(tmp_path, encoder)
    at = ("--index", str(settings.index))
    (tmp_path / "articles" / "news.txt").write_text("Something new happened in Velmora.\n")
    told = qa("ask", *at, CRANE)
    assert told.code == 0 and told.err == "qa: 1 new file not indexed yet (articles/news.txt); run: qa index build\n"
    assert qa("search", *at, CRANE).err == told.err
    (tmp_path / "articles" / "bridge.txt").write_text("Another text.\n")
    refused = qa("ask", *at, CRANE)
    assert refused == Done(4, "", "qa: articles/bridge.txt has changed since it was indexed; run: qa index build\n")
    assert qa("index", "status", *at).code == 4
    allowed = qa("ask", *at, "--allow-stale", CRANE)
    assert allowed.code == 0 and CRANE_ANSWER in allowed.out
    assert "articles/bridge.txt has changed" in allowed.err and "answered from the index as it is" in allowed.err


def test_a_damaged_index_is_refused(qa: Run, encoder: Encoder, tmp_path: Path) -> None:
    settings = build_index(tmp_path, encoder)
    [passages] = (tmp_path / "index").glob("generations/*/passages.jsonl")
    passages.write_bytes(passages.read_bytes().replace(b"Eleven", b"Twelve"))
    done = qa("ask", "--index", str(settings.index), CRANE)
    assert (done.code, done.out) == (4, "") and done.err.endswith("passages.jsonl is damaged; run: qa index build\n")


# --- generations


def test_generations_are_listed_checked_put_back_and_dropped(qa: Run, encoder: Encoder, tmp_path: Path) -> None:
    settings = build_index(tmp_path, encoder)
    at = ("--index", str(settings.index))
    articles = str(tmp_path / "articles")
    assert qa("index", "build", articles, *at).err.startswith("qa: nothing has changed: 3 articles, ")
    (tmp_path / "articles" / "mill.txt").write_text("The mill of Arn burned down in 1840.\n")
    built = qa("index", "build", articles, *at, "--json")
    assert json.loads(built.out)["added"] == 1 and "(files: 1 added; texts embedded: " in built.err
    rows = [json.loads(line) for line in qa("index", "list", "--json", *at).out.splitlines()]
    assert [(row["articles"], row["current"]) for row in rows] == [(4, True), (3, False)]
    shown = qa("index", "list", *at).out.splitlines()
    assert shown[0].startswith(f"* {rows[0]['name']}") and shown[1].startswith(f"  {rows[1]['name']}")
    assert json.loads(qa("index", "status", "--json", *at).out)["generation"] == rows[0]["name"]
    assert qa("index", "check", *at).out.startswith(f"{rows[0]['name']} is whole: ")
    back = qa("index", "rollback", *at)
    assert back.code == 0 and back.err.splitlines() == [
        f"qa: the index is generation {rows[1]['name']} again: 3 articles, {rows[1]['passages']} passages",
        "qa: 1 new file not indexed yet (articles/mill.txt); run: qa index build",
    ]
    assert json.loads(qa("index", "rollback", rows[0]["name"], "--json", *at).out)["generation"] == rows[0]["name"]
    assert "is no generation" in qa("index", "rollback", "absent", *at).err and qa("index", "rollback", "absent", *at).code == 2
    assert json.loads(qa("index", "prune", "--json", *at).out) == {"dropped": [rows[1]["name"]]}
    assert qa("index", "prune", *at).err == "qa: nothing to drop\n"
    assert qa("index", "prune", "--keep", "0", *at).code == 2
    [words] = (tmp_path / "index").glob("generations/*/words/meta.json")
    words.write_text("x")
    found = qa("index", "check", *at)
    assert found.code == 1 and "meta.json has 1 bytes instead of " in found.out and "run: qa index build" in found.err
    record = json.loads(qa("index", "check", "--json", *at).out)
    assert record["whole"] is False and len(record["faults"]) == 1
    mended = qa("index", "build", articles, *at)
    assert mended.code == 0 and "not used for this build: " in mended.err and qa("index", "check", *at).code == 0


@pytest.mark.parametrize("action", ["list", "rollback", "prune", "check", "status"])
def test_an_index_that_is_not_there_has_no_generations(qa: Run, action: str) -> None:
    done = qa("index", action, "--index", "absent")
    assert (done.code, done.out) == (4, "") and done.err == "qa: there is no index in absent; run: qa index build FOLDER\n"


# --- verify


def test_verify_says_same_moved_changed_and_gone(qa: Run, encoder: Encoder, tmp_path: Path) -> None:
    settings = build_index(tmp_path, encoder)
    at = ("--index", str(settings.index))
    file = tmp_path / "articles" / "bridge.txt"
    text = file.read_text()
    asked = qa("ask", "--json", *at, CRANE)
    (tmp_path / "answer.json").write_text(asked.out)
    assert qa("verify", "answer.json", *at).out == f"same    [1] articles/bridge.txt:13  “{CRANE_ANSWER[:70]}”\n"
    for changed, code, said in (
        (f"A new first line.\n{text}", 1, "moved   [1] articles/bridge.txt:13 (now line 14)"),
        (text.replace("Eleven", "Twelve"), 1, "changed [1] "),
        (text + "More.\n", 0, "same    [1] "),
    ):
        file.write_text(changed)
        done = qa("verify", "answer.json", *at)
        assert (done.code, done.out[: len(said)]) == (code, said)
    file.write_text(text)
    file.rename(tmp_path / "articles" / "span.txt")
    done = qa("verify", "answer.json", *at)
    assert done.code == 1 and done.out.startswith("moved   [1] articles/bridge.txt:13 (now in articles/span.txt:13)")
    (tmp_path / "articles" / "span.txt").unlink()
    assert qa("verify", "answer.json", *at).out.startswith("gone    [1] ")
    record = json.loads(qa("verify", "--json", "answer.json", *at).out)
    assert (record["state"], record["citation"]["number"]) == ("gone", 1)


def test_verify_reads_many_answers_and_a_pipe(qa: Run, small: Settings, tmp_path: Path) -> None:
    said = qa("ask", "--json", "-", stdin=f"{CRANE}\n{KEEPER}\n").out
    (tmp_path / "two.jsonl").write_text(said)
    assert qa("verify", "two.jsonl").out == qa("verify", "-", stdin=said).out
    cited = sum(len(json.loads(line)["citations"]) for line in said.splitlines())
    assert qa("verify", "two.jsonl").out.count("same ") == cited >= 2
    pretty = json.dumps(json.loads(said.split("\n")[0]), indent=1)
    assert qa("verify", "-", stdin=pretty).code == 0
    assert qa("verify", "-", "--root", str(tmp_path), stdin=said).out.count("gone ") == cited


def test_verify_refuses_what_is_no_answer(qa: Run, tmp_path: Path) -> None:
    good = json.loads(qa("ask", "--json", CRANE).out)
    changes = ({"start": "5"}, {"source": 7}, {"section": "x"}, {"line": None})
    broken = [good | {"citations": [good["citations"][0] | change]} for change in changes]
    for text in ("", "[]", "{}", "not JSON", "[1]\n[2]", *map(json.dumps, broken)):
        assert qa("verify", "-", stdin=text) == Done(2, "", "qa: - holds no answer as `qa ask --json` writes it\n"), text
    assert qa("verify", "absent.json").err == "qa: absent.json cannot be read: No such file or directory\n"
    sources = ("../../etc/passwd", "/etc/passwd", "a\0b")
    outside = good | {"citations": [good["citations"][0] | {"source": source} for source in sources]}
    assert qa("verify", "-", stdin=json.dumps(outside)).out.count("gone ") == 3


# --- settings and usage


def test_a_setting_comes_from_flag_then_environment_then_file(
    qa: Run, small: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = tmp_path / "project" / "notes"
    inner.mkdir(parents=True)
    relative = os.path.relpath(small.index_path, tmp_path / "project")
    (tmp_path / "project" / "qa.toml").write_text(f"index = {json.dumps(relative)}\npassages = 2\n")
    monkeypatch.delenv("QA_INDEX")
    monkeypatch.chdir(inner)
    assert len(qa("search", "--json", CRANE).out.splitlines()) == 2
    monkeypatch.setenv("QA_PASSAGES", "3")
    assert len(qa("search", "--json", CRANE).out.splitlines()) == 3
    assert len(qa("search", "--json", "--passages", "4", CRANE).out.splitlines()) == 4


def test_an_unknown_setting_is_an_error_wherever_it_stands(qa: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flag = qa("ask", "--colour", "red", CRANE)
    assert flag.code == 2 and "--colour" in flag.err
    monkeypatch.setenv("QA_COLOUR", "red")
    unknown = "qa: unknown setting 'colour' in environment variable QA_COLOUR; `qa settings` lists them all\n"
    assert qa("ask", CRANE) == Done(2, "", unknown)
    monkeypatch.delenv("QA_COLOUR")
    (tmp_path / "qa.toml").write_text("colour = 'red'\n")
    done = qa("settings")
    assert (done.code, done.out) == (2, "") and "unknown setting 'colour' in " in done.err and "qa.toml" in done.err


def test_wrong_usage_is_told_without_a_traceback(qa: Run) -> None:
    assert qa().code == 2
    assert qa("nonsense").code == 2
    assert qa("ask").code == 2
    assert qa("ask", "").err == "qa: the question is empty\n"
    assert qa("ask", "x" * 2001) == Done(2, "", "qa: the question has 2,001 characters; max_question_chars is 2,000\n")
    assert qa("ask", "--model", "nonsense", CRANE).err.startswith("qa: model must be extractive, llamacpp:FILE.gguf or ")
    assert qa("ask", "--mode", "magic", CRANE).err == "qa: mode in --mode must be one of hybrid, dense, lexical, not 'magic'\n"


def test_all_commands_have_help(qa: Run) -> None:
    for command in (
        "index build",
        "index status",
        "index list",
        "index rollback",
        "index prune",
        "index check",
        "search",
        "ask",
        "chat",
        "verify",
        "models",
        "settings",
    ):
        done = qa(*command.split(), "--help")
        assert done.code == 0 and done.out.startswith(f"usage: qa {command} ")
    assert "seedqa" in qa("--version").out


def test_settings_and_models_are_listed(qa: Run) -> None:
    lines = [line.split(maxsplit=2) for line in qa("settings").out.splitlines()]
    assert [line[0] for line in lines] == [field.name for field in fields(Settings)]
    assert ["max_sentences", "4", "longest extractive answer, in sentences"] in lines
    assert qa("models").out.startswith("yes  extractive ")
