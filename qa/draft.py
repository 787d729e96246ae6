"""What the way of a question hands on before there is an `Answer`: the draft, its events, and the time each stage took."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from qa.types import Citation, Claim, Conflict

Event = tuple[str, Any]
"""(kind, value), as `qa.answer.Answerer.stream` gives them."""


@dataclass(slots=True)
class Clock:
    """Milliseconds by stage."""

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
