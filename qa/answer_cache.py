"""Answers of language models kept on disk, so that an evaluation that is run again costs nothing.

One JSON file for each call in the folder `model_cache`, named by the sha256 of all that decides the answer: the model, its URL,
the prompt's hash, the messages, the temperature and the longest answer. Only complete answers are kept. A file that cannot be
read is as good as none: the model is asked again, and the file replaced. The seconds that the model took are kept with its answer.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from index.errors import StorageError
from qa.model_calls import Messages, Tally
from qa.settings import Settings


def through(settings: Settings, prompt: str, messages: Messages, tally: Tally, ask: Callable[[], Iterator[str]]) -> Iterator[str]:
    """The pieces of an answer: the whole as it was kept, with its tally, or those of `ask`, kept when they are complete.

    `prompt` is the prompt's hash. Raises what `ask` raises, and StorageError when the folder cannot be written.
    """
    if settings.model_cache is None:
        yield from ask()
        return
    path = settings.model_cache / f"{key(settings, prompt, messages)}.json"
    kept = _read(path)
    if kept:
        text, counted = kept
        tally.take(counted)
        yield text
        return
    pieces: list[str] = []
    asked, seconds = ask(), 0.0
    while True:
        begun = time.perf_counter()
        piece = next(asked, None)
        seconds += time.perf_counter() - begun
        if piece is None:
            break
        pieces.append(piece)
        yield piece
    about = {"model": settings.model, "prompt": prompt, "answer": "".join(pieces)}
    _write(path, about | asdict(tally) | {"seconds": round(seconds, 3)})


def key(settings: Settings, prompt: str, messages: Messages) -> str:
    """The name under which an answer is kept: 64 hex digits."""
    decides = [
        settings.model,
        settings.model_url,
        prompt,
        [list(message) for message in messages],
        settings.temperature,
        settings.max_answer_tokens,
    ]
    return hashlib.sha256(json.dumps(decides).encode()).hexdigest()


def _read(path: Path) -> tuple[str, Tally] | None:
    """What a file holds; None where there is none, or not one as `_write` leaves it."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        text, prompt, answer = data["answer"], data["prompt_tokens"], data["answer_tokens"]
        seconds = float(data.get("seconds", 0.0))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    sound = isinstance(text, str) and text.strip() and isinstance(prompt, int) and isinstance(answer, int)
    return (text, Tally(prompt, answer, seconds)) if sound else None


def _write(path: Path, data: dict[str, object]) -> None:
    """Put the file in its place in one step; each thread writes a file of its own first."""
    new = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        os.replace(new, path)
    except OSError as error:
        raise StorageError(f"model_cache {path.parent} cannot be written: {error.strerror or error}") from None
