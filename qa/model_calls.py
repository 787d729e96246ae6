"""One call of a chat model: its pieces as they come, within its time, tried again where that is of use, its faults in one line."""

from __future__ import annotations

import queue
import random
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from index.errors import ModelError, SeedqaError
from qa.settings import Settings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

FIRST_WAIT_S = 0.5
"""Pause before the first retry; it doubles each time, with up to a quarter more by chance."""
LONGEST_WAIT_S = 20.0
"""Longest pause, also when the server asks for more."""

Messages = Sequence[tuple[str, str]]
"""(role, text) pairs as `prompts.Prompt.messages` gives them."""


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
        return f"the model{where} stopped in the middle of its answer: {line(error)}"
    if status in (401, 403):
        return f"the model{where} refused the API key (HTTP {status})"
    if status == 404:
        return f"the model{where} is not known there (HTTP 404): {line(error)}"
    if status == 429:
        return f"the model{where} allows no more requests for now (HTTP 429)"
    if status is not None and status >= 500:
        return f"the model's server{where} failed (HTTP {status})"
    if status is not None and status >= 400:
        return f"the model{where} refused the request (HTTP {status}): {line(error)}"
    if isinstance(error, TimeoutError) or "Timeout" in names:
        return f"the model{where} gave no answer within {settings.model_timeout_s:g} s"
    if _is_connection(error):
        return f"the model's server{where} cannot be reached or cut the connection: {line(error)}"
    return f"the model{where} gave an answer that cannot be read: {line(error)}"


def line(error: BaseException) -> str:
    """The first words of an error in one line, without what looks like a key."""
    text = " ".join((str(error) or type(error).__name__).split())
    return re.sub(r"\b(?:sk|key|gsk|pk)[-_][\w*-]{6,}", "…", text)[:200]
