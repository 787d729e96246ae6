"""What is evaluated: a few functions. A run needs no more of a system than this, so a test can give it plain ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from index.types import Hit
from qa.types import Answer, Citation, Turn

DEPTH = 20
Ask = Callable[[str, Sequence[Turn]], Answer]


@dataclass(frozen=True, slots=True)
class System:
    """A question answering system under its name.

    `search` gives the ranking of a standalone question, best first, at least `DEPTH` passages where there are so many.
    `prove` says what a citation is worth today: same, moved, changed or gone. `force` answers a question on which `answer`
    abstained, for the risk–coverage curve; None where that cannot be done. `repair` mends a gold quote as the index mends
    its files. `settings` are plain values for the result. `workers` is how many questions may be asked at once. A system whose
    `answers` is false only ranks: it is not asked, and only figures of its ranking are given.
    """

    name: str
    answer: Ask
    search: Callable[[str], list[Hit]]
    prove: Callable[[Citation], str]
    repair: Callable[[str], str]
    force: Ask | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    index: Mapping[str, str] = field(default_factory=dict)
    workers: int = 1
    answers: bool = True
