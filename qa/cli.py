"""The command line. It parses, calls, prints, and turns errors into one line and an exit code; everything else is elsewhere.

Exit codes: 0 answered · 1 a check found faults · 2 bad usage · 3 abstained or nothing proved · 4 index missing or stale · 5 disk refused ·
6 a language model or embedder failed · 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import ModelError, SeedqaError, UsageError
from qa import index_commands
from qa.flags import EXIT_CODES, add_command, add_setting_flags, settings_of

if TYPE_CHECKING:
    from qa.answer import Answerer
    from qa.types import Answer, Turn

ABSTAINED = 3
MODEL_FAILED = ModelError.exit_code
INTERRUPTED = 130
PARTS = {"eval": "eval.cli", "serve": "qa.server.serve", "mcp": "qa.mcp"}
"""Commands whose module adds itself: `add_commands(subparsers)`. They are imported only when one of them may be meant."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        parsed = _parser(arguments).parse_args(arguments)
        return parsed.run(parsed)
    except SeedqaError as error:
        from qa.terminal import note

        note(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        print("qa: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="qa", description="Answers from your own articles, each sentence proved by a quote.", epilog=EXIT_CODES
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    index_commands.add_commands(commands)
    _add_search(commands)
    _add_ask(commands)
    _add_chat(commands)
    _add_verify(commands)
    _add_models(commands)
    _add_settings(commands)
    _add_parts(commands, arguments)
    return parser


class _Version(argparse.Action):
    """Prints the version. It is looked up only then: reading a package's metadata takes as long as the rest of `--help`."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print(f"seedqa {version('seedqa')}")
        except PackageNotFoundError:
            print("seedqa (not installed)")
        parser.exit()


def _add_parts(commands: Any, arguments: Sequence[str]) -> None:
    """Parts that bring commands of their own: fully when one is asked for, else by name only, so that help stays instant."""
    from importlib import import_module

    helps = {
        "eval": "measure answers against questions",
        "serve": "the chat endpoint and its page",
        "mcp": "a tool server for agents",
    }
    for name, module in PARTS.items():
        if arguments[:1] == [name]:
            import_module(module).add_commands(commands)
        else:
            commands.add_parser(name, help=helps[name], add_help=False)


ANSWERING = (
    "index", "store", "model", "model_url", "mode", "passages", "threshold", "max_sentences", "policy", "rewrite", "expand",
    "query_model", "span_reader", "calibration", "allow_stale",
)  # fmt: skip


def _add_search(commands: Any) -> None:
    parser = add_command(commands, "search", _search, "the passages that matter for a question")
    parser.add_argument("question", nargs="+")
    parser.add_argument("--json", action="store_true", help="one JSON object per passage")
    add_setting_flags(parser, "index", "store", "mode", "passages", "allow_stale")


def _search(parsed: argparse.Namespace) -> int:
    """Print the best passages for a question, best first."""
    from dataclasses import asdict

    from qa.answer import Answerer, shown
    from qa.terminal import note, print_json, print_passages

    settings = settings_of(parsed)
    answerer = Answerer.open(settings)
    hits = answerer.searcher.search(_joined(parsed.question), settings.passages, settings.mode)
    passages = [shown(hit) for hit in hits]
    if parsed.json:
        for passage in passages:
            print_json(asdict(passage))
    else:
        print_passages(passages)
    for notice in answerer.notices:
        note(notice)
    return 0


def _joined(words: Sequence[str]) -> str:
    question = " ".join(words).strip()
    if not question:
        raise UsageError("the question is empty")
    return question


def _add_ask(commands: Any) -> None:
    parser = add_command(commands, "ask", _ask, "answer one question, or one per line of standard input")
    parser.add_argument("question", nargs="+", help="the question, or - to read one question per line from standard input")
    parser.add_argument("--json", action="store_true", help="one Answer per line, as JSON")
    add_setting_flags(parser, *ANSWERING)


def _ask(parsed: argparse.Namespace) -> int:
    """Answer, with the quotes that prove it. With several questions the exit code is that of the last that was not answered.

    In a pipe, a line that is no question (too long) is told and passed over.
    """
    from qa.answer import Answerer
    from qa.terminal import note, print_answer, print_json, print_stream

    answerer = Answerer.open(settings_of(parsed))
    code = 0
    piped = parsed.question == ["-"]
    live = not piped and _live(answerer, parsed)
    for number, question in enumerate(_questions(parsed.question)):
        try:
            answer = print_stream(answerer.stream(question)) if live else answerer.answer(question)
        except UsageError as error:
            if not piped:
                raise
            note(str(error))
            code = error.exit_code
            continue
        if parsed.json:
            print_json(answer.to_dict())
        elif not live:
            print_answer(answer, first=number == 0, heading=piped)
        code = _exit_code(answer) or code
    return code


def _live(answerer: Answerer, parsed: argparse.Namespace) -> bool:
    """Whether sentences are printed as a language model writes them: where a person reads along."""
    from qa.answer import EXTRACTIVE

    return sys.stdout.isatty() and not parsed.json and answerer.settings.model != EXTRACTIVE


def _questions(words: Sequence[str]) -> Iterator[str]:
    if list(words) != ["-"]:
        yield _joined(words)
        return
    from qa.terminal import read_utf8

    read_utf8()
    yield from (line.strip() for line in sys.stdin if line.strip())


def _exit_code(answer: Answer) -> int:
    from qa.answer import model_failed

    if model_failed(answer):
        return MODEL_FAILED
    return ABSTAINED if answer.status == "abstained" or answer.unproved else 0


def _add_chat(commands: Any) -> None:
    parser = add_command(commands, "chat", _chat, "a conversation at the prompt")
    parser.add_argument("--json", action="store_true", help="one Answer per line, as JSON")
    add_setting_flags(parser, *ANSWERING)


def _chat(parsed: argparse.Namespace) -> int:
    """Ask and follow up. An empty line or /quit ends, /new forgets the conversation, /save FILE keeps the last answer as JSON."""
    from qa.answer import Answerer
    from qa.terminal import Prompt, note, print_answer, print_json

    answerer = Answerer.open(settings_of(parsed))
    live = _live(answerer, parsed)
    history: list[Turn] = []
    answer: Answer | None = None
    for line in Prompt("qa> "):
        if line in ("/quit", "/exit"):
            break
        if line == "/new":
            history.clear()
        elif line.startswith("/save"):
            _save(answer, line.removeprefix("/save").strip())
        elif line.startswith("/"):
            note("commands: /new, /save FILE, /quit")
        else:
            answer = _turn(answerer, line, history, live)
            if answer and parsed.json:
                print_json(answer.to_dict())
            elif answer and not live:
                print_answer(answer)
    return 0


def _turn(answerer: Answerer, line: str, history: list[Turn], live: bool) -> Answer | None:
    from qa.terminal import note, print_stream
    from qa.types import Turn

    try:
        answer = print_stream(answerer.stream(line, history)) if live else answerer.answer(line, history)
    except UsageError as error:
        note(str(error))
        return None
    history.append(Turn(line, answer.answer))
    return answer


def _save(answer: Answer | None, name: str) -> None:
    from qa.terminal import note

    if answer is None or not name:
        note("ask something first, then /save FILE")
        return
    try:
        Path(name).write_text(json.dumps(answer.to_dict(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        note(f"{name} cannot be written: {error.strerror}")


def _add_verify(commands: Any) -> None:
    parser = add_command(commands, "verify", _verify, "check the citations of a saved answer against the files")
    parser.add_argument("answer", type=Path, help="JSON file with one answer, or one per line; - for standard input")
    parser.add_argument("--root", type=Path, help="folder that holds the sources (default: that of the index, else this one)")
    parser.add_argument("--json", action="store_true", help="one JSON object per citation")
    add_setting_flags(parser, "index")


def _verify(parsed: argparse.Namespace) -> int:
    """Say of each citation whether its quote is the same, moved (also to a renamed file), changed or gone. Exit 1 unless all are the
    same."""
    from qa.terminal import print_check
    from qa.verify import check_answer

    root, folder = (parsed.root, "") if parsed.root else _root(parsed)
    code = 0
    for answer in _answers(parsed.answer):
        for check in check_answer(answer, root, folder):
            print_check(check, parsed.json)
            code = code or int(check.state != "same")
    return code


def _root(parsed: argparse.Namespace) -> tuple[Path, str]:
    """The folder that the sources are relative to, and the name of the articles' folder in it, where an index says so."""
    from index.errors import IndexProblem
    from index.store import current_manifest

    try:
        manifest = current_manifest(settings_of(parsed).index_path)
        return Path(manifest.root), manifest.folder
    except IndexProblem:
        return Path.cwd(), ""


def _answers(path: Path) -> list[Answer]:
    from qa.types import Answer

    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    try:
        return [Answer.from_dict(json.loads(text))]
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    try:
        answers = [Answer.from_dict(json.loads(line)) for line in text.split("\n") if line.strip()]
    except (ValueError, KeyError, TypeError, AttributeError):
        answers = []
    if not answers:
        raise UsageError(f"{path} holds no answer as `qa ask --json` writes it")
    return answers


def _add_models(commands: Any) -> None:
    add_command(commands, "models", _models, "the language models that can be used here")


def _models(parsed: argparse.Namespace) -> int:
    """List what `--model` takes, and what is installed."""
    from qa.models import available

    for row in available():
        print(f"{'yes' if row.ready else 'no':4} {row.name:32} {row.note}")
    return 0


def _add_settings(commands: Any) -> None:
    add_command(commands, "settings", _show_settings, "all settings and their values here")


def _show_settings(parsed: argparse.Namespace) -> int:
    """Print every setting, its value here, and what it is for."""
    from qa.settings import describe, load

    for name, value, help in describe(load()):
        print(f"{name:20} {value or '-':30} {help}")
    return 0
