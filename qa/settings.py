"""One frozen settings object. Each value comes from, in this order: flags, the environment (`QA_…`), a `qa.toml`, the default.

`qa.toml` is looked for in the working folder and then in its parents, or named by `QA_CONFIG`; relative paths in it are
relative to the folder it lies in. The environment is read here and nowhere else. An unknown name is an error anywhere.
"""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

from index.errors import UsageError

CONFIG_NAME = "qa.toml"
PREFIX = "QA_"


def default_index() -> Path:
    """The index of a user who set none: in the platform's data folder."""
    from platformdirs import user_data_path

    return user_data_path("seedqa", appauthor=False) / "index"


def _setting(default: Any, help: str, **metadata: Any) -> Any:
    return field(default=default, metadata={"help": help, **metadata})


@dataclass(frozen=True, slots=True)
class Settings:
    index: Path | None = _setting(None, "folder of the index (default: the user's data folder)")
    articles: Path | None = _setting(None, "folder of the articles, where a command names none")
    store: str = _setting("local", "where passages and vectors lie: local, or milvus:URI (a server, or a file NAME.db)")
    store_token: str = _setting("", "token for that store, user:password or a key", secret=True)
    include: tuple[str, ...] = _setting(("**/*",), "file patterns to index")
    exclude: tuple[str, ...] = _setting((), "file patterns to leave out")
    max_file_mb: float = _setting(20.0, "largest file that is indexed, in megabytes", above=0)
    embedder: str = _setting("all-MiniLM-L6-v2", "sentence-transformers model, by name or folder")
    passage_words: int = _setting(110, "longest passage, in words (never more than the embedder reads)", above=9)
    allow_stale: bool = _setting(False, "answer although an indexed file has changed since the build")

    mode: str = _setting("hybrid", "retrieval", choices=("hybrid", "dense", "lexical"))
    passages: int = _setting(8, "passages retrieved for a question", above=0, below=101)
    model: str = _setting("extractive", "extractive, or provider:model of a language model")
    model_url: str = _setting("", "base URL of an OpenAI-compatible server, with model openai:NAME")
    model_timeout_s: float = _setting(60.0, "time a language model gets for one answer", above=0)
    model_threads: int = _setting(0, "threads of a model in process (0: llama.cpp's choice)", above=-1, below=1025)
    model_retries: int = _setting(2, "how often a failed call is tried again", above=-1, below=11)
    max_answer_tokens: int = _setting(400, "longest answer of a language model", above=0)
    context_tokens: int = _setting(3000, "token budget of the passages shown to a language model", above=99)
    temperature: float = _setting(0.0, "sampling temperature of a language model", above=-0.001)
    policy: str = _setting("flag", "unsupported sentences of a model", choices=("flag", "strict", "repair"))
    rewrite: str = _setting("rules", "how follow-ups are made to stand alone", choices=("rules", "model", "off"))
    expand: str = _setting("off", "search words added to a question by a language model", choices=("off", "model"))
    query_model: str = _setting("", "provider:model that rewrites and expands questions (none: the one that answers)")
    threshold: float = _setting(0.27, "least confidence for an answer", above=-0.001, below=1.001)
    calibration: Path | None = _setting(None, "file of `qa eval calibrate`: the confidence refitted to your own questions")
    span_reader: str = _setting("on", "the small network that looks for the answer in the best sentences", choices=("on", "off"))
    max_sentences: int = _setting(4, "longest extractive answer, in sentences", above=0, below=11)
    max_question_chars: int = _setting(2000, "longest question", above=0)

    host: str = _setting("127.0.0.1", "address that `qa serve` listens on")
    port: int = _setting(8000, "port that `qa serve` listens on (0: any free one)", above=-1, below=65536)
    workers: int = _setting(
        1, "processes: of `qa serve`, sharing one port and one index; of embedding in `qa index build`", above=0, below=257
    )
    api_keys: tuple[str, ...] = _setting((), "keys that callers must send (none: open to all who reach the port)", secret=True)
    rate_per_minute: float = _setting(
        0.0, "requests a minute for each key, or each address without keys (0: no limit)", above=-0.001
    )
    max_concurrent: int = _setting(4, "questions that one worker answers at the same time", above=0, below=1025)
    queue: int = _setting(64, "questions that wait in one worker before others are turned away", above=-1)
    request_timeout_s: float = _setting(90.0, "time for one request, waiting included (longer than model_timeout_s)", above=0)
    body_timeout_s: float = _setting(10.0, "time for a caller to send a request's body", above=0)
    max_body_kb: int = _setting(1024, "largest request body, in kilobytes", above=0)
    max_history: int = _setting(20, "earlier exchanges of a conversation that are read, newest kept", above=-1)
    shutdown_s: int = _setting(20, "time that requests in flight get when the server stops", above=0)
    reload_s: float = _setting(2.0, "how often a worker looks for a newly published index", above=0)
    log_questions: bool = _setting(False, "write questions into the log")
    cors_origins: tuple[str, ...] = _setting((), "web origins that may call the endpoint from a browser")
    allowed_hosts: tuple[str, ...] = _setting(
        (), "host names that requests may name (none: loopback names on a loopback address, else any)"
    )
    public_url: str = _setting("", "address under which people reach the page, for links in citations (default: the request's)")
    traces: bool = _setting(False, "record OpenTelemetry traces (exporters by the standard OTEL_ variables)")

    price_in: float = _setting(0.0, "price of a million prompt tokens of a hosted model (0: not known)", above=-0.001)
    price_out: float = _setting(0.0, "price of a million tokens of its answers", above=-0.001)
    model_cache: Path | None = _setting(None, "folder that keeps a language model's answers, for evaluations run again")

    @property
    def index_path(self) -> Path:
        return self.index or default_index()


def load(
    flags: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None, folder: Path | None = None
) -> Settings:
    """Merge the four sources. `flags` holds only what the user gave (None values are left out).

    Raises UsageError naming the setting, where it came from and what is allowed.
    """
    environ = os.environ if environ is None else environ
    folder = folder or Path.cwd()
    values: dict[str, Any] = {}
    config = _config_file(environ, folder)
    if config:
        values |= _from_toml(config)
    for name, text in environ.items():
        if name.startswith(PREFIX) and name != PREFIX + "CONFIG":
            key = name[len(PREFIX) :].lower()
            values[key] = from_text(key, text, f"environment variable {name}")
    for key, value in (flags or {}).items():
        if value is not None:
            values[key] = _check(key, value, f"--{key.replace('_', '-')}")
    return Settings(**values)


def describe(settings: Settings) -> list[tuple[str, str, str]]:
    """Rows (name, value, help) for `qa settings`; for the index, the folder that is used."""
    settings = replace(settings, index=settings.index_path)
    return [
        (f.name, _show(getattr(settings, f.name), f.metadata.get("secret", False)), f.metadata["help"]) for f in fields(Settings)
    ]


def _show(value: Any, secret: bool) -> str:
    if secret:
        return ("(set, not shown)" if isinstance(value, str) else f"({len(value)} set, not shown)") if value else ""
    return ", ".join(value) if isinstance(value, tuple) else "" if value is None else str(value)


def _config_file(environ: Mapping[str, str], folder: Path) -> Path | None:
    named = environ.get(PREFIX + "CONFIG")
    if named:
        if not Path(named).is_file():
            raise UsageError(f"QA_CONFIG names {named}, which is not a file")
        return Path(named)
    return next((p / CONFIG_NAME for p in (folder, *folder.parents) if (p / CONFIG_NAME).is_file()), None)


def _from_toml(path: Path) -> dict[str, Any]:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path} cannot be read as TOML: {error}") from None
    values = {key: _check(key, value, str(path)) for key, value in data.items()}
    for key, value in values.items():
        if isinstance(value, Path):
            values[key] = path.parent / value.expanduser()
    return values


def _kind(key: str, origin: str) -> type:
    hints = get_type_hints(Settings)
    if key not in hints:
        raise UsageError(f"unknown setting {key!r} in {origin}; `qa settings` lists them all")
    hint = hints[key]
    kinds = [kind for kind in get_args(hint) if kind not in (NoneType, ...)]
    return tuple if str(hint).startswith("tuple") else kinds[0] if kinds else hint


def from_text(key: str, text: str, origin: str = "") -> Any:
    """A setting from text, as the environment and flags give it. Raises UsageError, naming `origin` (default: the flag)."""
    origin = origin or f"--{key.replace('_', '-')}"
    kind = _kind(key, origin)
    if kind is bool:
        words = {
            "1": True,
            "true": True,
            "yes": True,
            "on": True,
            "0": False,
            "false": False,
            "no": False,
            "off": False,
            "": False,
        }
        if text.strip().lower() not in words:
            raise UsageError(f"{key} in {origin} must be true or false, not {text!r}")
        return words[text.strip().lower()]
    if kind is tuple:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    try:
        return _check(key, kind(text), origin)
    except ValueError:
        raise UsageError(f"{key} in {origin} must be {_name(kind)}, not {text!r}") from None


def _check(key: str, value: Any, origin: str) -> Any:
    """A setting that has its type already, or nearly (a whole number for a float, a list for a tuple, text for a path)."""
    kind = _kind(key, origin)
    if kind is Path and isinstance(value, (str, Path)):
        value = Path(value)
    elif kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    elif kind is tuple and isinstance(value, (list, tuple)) and all(isinstance(v, str) for v in value):
        value = tuple(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise UsageError(f"{key} in {origin} must be {_name(kind)}, not {value!r}")
    limits = next(f.metadata for f in fields(Settings) if f.name == key)
    if "choices" in limits and value not in limits["choices"]:
        raise UsageError(f"{key} in {origin} must be one of {', '.join(limits['choices'])}, not {value!r}")
    above, below = limits.get("above", -math.inf), limits.get("below", math.inf)
    if kind in (int, float) and not above < value < below:
        raise UsageError(f"{key} in {origin} is out of range: {value!r}")
    return value


def _name(kind: type) -> str:
    return {int: "a whole number", float: "a number", bool: "true or false", tuple: "a list of texts", Path: "a path"}.get(
        kind, "a text"
    )
