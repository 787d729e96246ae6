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

if TYPE_CHECKING:
    from qa.answer import Answerer
    from qa.settings import Settings
    from qa.types import Answer, Turn

ABSTAINED = 3
MODEL_FAILED = ModelError.exit_code
INTERRUPTED = 130
EXIT_CODES = "exit codes: 0 answered, 1 a check found faults, 2 bad usage, 3 abstained or nothing proved, 4 index missing or stale, 5 disk refused, 6 a model failed"
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
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_index(commands)
    _add_search(commands)
    _add_ask(commands)
    _add_chat(commands)
    _add_verify(commands)
    _add_models(commands)
    _add_settings(commands)
    _add_parts(commands, arguments)
    return parser


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"seedqa {version('seedqa')}"
    except PackageNotFoundError:
        return "seedqa (not installed)"


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


def _command(commands: Any, name: str, run: Any, help: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=help, description=run.__doc__, epilog=EXIT_CODES)
    parser.set_defaults(run=run)
    return parser


def _add_setting_flags(parser: argparse.ArgumentParser, *names: str) -> None:
    """Flags for settings; the values given are checked by `qa.settings`, which names the flag when one is wrong."""
    flags = parser.add_argument_group("settings (also from QA_… and qa.toml; `qa settings` shows them)")
    for name in names:
        if name == "allow_stale":
            flags.add_argument("--allow-stale", action="store_true", default=None, help="answer although a file has changed")
        else:
            flags.add_argument(f"--{name.replace('_', '-')}", dest=name, metavar=name.upper(), help=_help(name))
    parser.set_defaults(flags=names)


def _help(name: str) -> str:
    from dataclasses import fields

    from qa.settings import Settings

    return next(f.metadata["help"] for f in fields(Settings) if f.name == name).replace("%", "%%")


def _settings(parsed: argparse.Namespace) -> Settings:
    from qa.settings import from_text, load

    given = {name: getattr(parsed, name) for name in getattr(parsed, "flags", ()) if getattr(parsed, name) is not None}
    return load({name: from_text(name, value) if isinstance(value, str) else value for name, value in given.items()})


ANSWERING = (
    "index", "model", "model_url", "mode", "passages", "threshold", "max_sentences", "policy", "rewrite", "expand", "query_model", "allow_stale",
)  # fmt: skip


def _add_index(commands: Any) -> None:
    parser = commands.add_parser("index", help="build the index, or say how it stands", epilog=EXIT_CODES)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    build = _command(actions, "build", _index_build, "index a folder of articles")
    build.add_argument("folder", nargs="?", type=Path, help="folder of the articles (default: the setting `articles`)")
    build.add_argument("--if-needed", action="store_true", help="do nothing when the index is up to date")
    _add_setting_flags(build, "index", "embedder", "include", "exclude", "max_file_mb", "passage_words")
    status = _command(actions, "status", _index_status, "what is indexed, and whether it is up to date")
    _add_setting_flags(status, "index")


def _index_build(parsed: argparse.Namespace) -> int:
    """Index every file of a folder. Files that cannot be indexed are named with the reason; the others are indexed."""
    from index.build import build
    from index.embed import open_encoder
    from qa.answer import recipe
    from qa.terminal import Bar, note

    settings = _settings(parsed)
    folder = parsed.folder or settings.articles
    if folder is None:
        raise UsageError("name the folder of the articles: qa index build FOLDER")
    if parsed.if_needed and _is_fresh(settings, folder):
        return 0
    encoder = open_encoder(settings.embedder, notice=note)
    with Bar() as bar:
        built = build(folder, settings.index_path, recipe(settings), encoder, bar)
    for refused in built.refused:
        note(f"not indexed: {refused.source} {refused.reason}")
    note(f"indexed {built.articles} articles, {built.passages} passages, {built.sentences} sentences in {settings.index_path}")
    return 0


def _is_fresh(settings: Settings, folder: Path) -> bool:
    from index.build import check_fresh
    from index.errors import IndexProblem
    from index.store import open_current
    from qa.answer import recipe

    try:
        generation = open_current(settings.index_path)
        at = Path(generation.manifest.root) / generation.manifest.folder
        return at == folder.resolve() and not check_fresh(generation, recipe(settings))
    except IndexProblem:
        return False


def _index_status(parsed: argparse.Namespace) -> int:
    """Show what is indexed. Exit 4 when the index is missing, stale or damaged."""
    from index.build import check_fresh
    from index.store import open_current
    from qa.answer import recipe
    from qa.terminal import note, safe

    settings = _settings(parsed)
    generation = open_current(settings.index_path)
    manifest = generation.manifest
    print(f"index       {settings.index_path}")
    print(f"generation  {manifest.name}")
    print(f"articles    {manifest.articles} in {Path(manifest.root) / manifest.folder}")
    print(f"passages    {manifest.passages} ({manifest.sentences} sentences)")
    print(
        f"embedder    {manifest.encoder['name']} ({manifest.encoder['runtime']}, agreement {manifest.encoder['agreement']:.6f})"
    )
    for refused in manifest.refused:
        print(safe(f"refused     {refused.source} {refused.reason}"))
    for line in check_fresh(generation, recipe(settings)):
        note(line)
    return 0


def _add_search(commands: Any) -> None:
    parser = _command(commands, "search", _search, "the passages that matter for a question")
    parser.add_argument("question", nargs="+")
    parser.add_argument("--json", action="store_true", help="one JSON object per passage")
    _add_setting_flags(parser, "index", "mode", "passages", "allow_stale")


def _search(parsed: argparse.Namespace) -> int:
    """Print the best passages for a question, best first."""
    from dataclasses import asdict

    from qa.answer import Answerer, shown
    from qa.terminal import note, print_json, print_passages

    settings = _settings(parsed)
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
    parser = _command(commands, "ask", _ask, "answer one question, or one per line of standard input")
    parser.add_argument("question", nargs="+", help="the question, or - to read one question per line from standard input")
    parser.add_argument("--json", action="store_true", help="one Answer per line, as JSON")
    _add_setting_flags(parser, *ANSWERING)


def _ask(parsed: argparse.Namespace) -> int:
    """Answer, with the quotes that prove it. With several questions the exit code is that of the last that was not answered.

    In a pipe, a line that is no question (too long) is told and passed over.
    """
    from qa.answer import Answerer
    from qa.terminal import note, print_answer, print_json, print_stream

    answerer = Answerer.open(_settings(parsed))
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
    parser = _command(commands, "chat", _chat, "a conversation at the prompt")
    parser.add_argument("--json", action="store_true", help="one Answer per line, as JSON")
    _add_setting_flags(parser, *ANSWERING)


def _chat(parsed: argparse.Namespace) -> int:
    """Ask and follow up. An empty line or /quit ends, /new forgets the conversation, /save FILE keeps the last answer as JSON."""
    from qa.answer import Answerer
    from qa.terminal import Prompt, note, print_answer, print_json

    answerer = Answerer.open(_settings(parsed))
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
    parser = _command(commands, "verify", _verify, "check the citations of a saved answer against the files")
    parser.add_argument("answer", type=Path, help="JSON file with one answer, or one per line; - for standard input")
    parser.add_argument("--root", type=Path, help="folder that holds the sources (default: that of the index, else this one)")
    parser.add_argument("--json", action="store_true", help="one JSON object per citation")
    _add_setting_flags(parser, "index")


def _verify(parsed: argparse.Namespace) -> int:
    """Say of each citation whether its quote is the same, moved, changed or gone. Exit 1 unless all are the same."""
    from qa.terminal import print_check
    from qa.verify import check_answer

    root = parsed.root or _root(parsed)
    code = 0
    for answer in _answers(parsed.answer):
        for check in check_answer(answer, root):
            print_check(check, parsed.json)
            code = code or int(check.state != "same")
    return code


def _root(parsed: argparse.Namespace) -> Path:
    from index.errors import IndexProblem
    from index.store import current_manifest

    try:
        return Path(current_manifest(_settings(parsed).index_path).root)
    except IndexProblem:
        return Path.cwd()


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
    _command(commands, "models", _models, "the language models that can be used here")


def _models(parsed: argparse.Namespace) -> int:
    """List what `--model` takes, and what is installed."""
    from qa.models import available

    for row in available():
        print(f"{'yes' if row.ready else 'no':4} {row.name:32} {row.note}")
    return 0


def _add_settings(commands: Any) -> None:
    _command(commands, "settings", _show_settings, "all settings and their values here")


def _show_settings(parsed: argparse.Namespace) -> int:
    """Print every setting, its value here, and what it is for."""
    from qa.settings import describe, load

    for name, value, help in describe(load()):
        print(f"{name:20} {value or '-':30} {help}")
    return 0
