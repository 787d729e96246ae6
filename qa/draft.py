"""What the way of a question hands on before there is an `Answer`: the draft, its events, and the time each stage took."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from qa.types import Citation, Claim, Conflict

Event = tuple[str, Any]
"""(kind, value), as `qa.answer.Answerer.stream` gives them."""


Usage = Mapping[str, float]
"""prompt_tokens and answer_tokens; `estimated`: not the provider's count; `calls` where there were several; `cost` where prices are
set."""


@dataclass(slots=True)
class Clock:
    """Milliseconds by stage; `kept` are those of a kept answer of a model when it was made, and no part of the total."""

    times: dict[str, float] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.times[name] = self.times.get(name, 0.0) + (time.perf_counter() - begun) * 1000

    def total(self) -> dict[str, float]:
        names = ("rewrite", "retrieve", "generate", "verify")
        spent = {name: round(self.times.get(name, 0.0), 3) for name in names}
        if "kept" in self.times:
            spent["kept"] = round(self.times["kept"], 3)
        return spent | {"total": round((time.perf_counter() - self.started) * 1000, 3)}


@dataclass(frozen=True, slots=True)
class Draft:
    """What a model made of the passages, before it is decided whether it is given."""

    text: str
    claims: tuple[Claim, ...]
    citations: tuple[Citation, ...]
    confidence: float
    conflicts: tuple[Conflict, ...] = ()
    unresolved_markers: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    declined: bool = False
    prompt: str = ""
    usage: Mapping[str, float] = field(default_factory=dict)


Drafting = Generator[Event, None, Draft]
"""Events as they come; the generator's value is the draft."""


def together(*parts: Usage) -> Usage:
    """The usage of several calls; that of one comes back as it is."""
    used = [part for part in parts if part]
    if len(used) < 2:
        return used[0] if used else {}
    total: dict[str, float] = {
        "prompt_tokens": sum(part["prompt_tokens"] for part in used),
        "answer_tokens": sum(part["answer_tokens"] for part in used),
        "estimated": any(part["estimated"] for part in used),
        "calls": sum(part.get("calls", 1) for part in used),
    }
    if any("cost" in part for part in used):
        total["cost"] = round(sum(part.get("cost", 0.0) for part in used), 8)
    return total
