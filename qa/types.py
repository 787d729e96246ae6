"""The `Answer`: one schema for the command line, the endpoint and the evaluation (shape and meaning: DESIGN, "The Answer").

`to_dict` gives plain JSON data and `from_dict` reads it back; a saved answer of an older version with fewer fields still loads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar

Status = Literal["answered", "conflicting", "abstained"]
Support = Literal["quoted", "supported", "unsupported"]

T = TypeVar("T")
_KINDS: dict[str, Any] = {"str": str, "int": int, "float": (int, float), "tuple[str, ...]": tuple, "tuple[int, ...]": tuple}


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier exchange of a conversation."""

    question: str
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Citation:
    """A proof: the file, its hash, the raw range, and the readable quote of that range."""

    number: int
    source: str
    sha256: str
    title: str
    section: tuple[str, ...]
    quote: str
    start: int
    end: int
    line: int
    passage_id: str


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of the answer; `start`/`end` index into `Answer.answer` (markers not counted in); `citations` are numbers."""

    text: str
    start: int
    end: int
    citations: tuple[int, ...]
    support: Support


@dataclass(frozen=True, slots=True)
class ConflictValue:
    value: str
    citations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Different values that the sources give for one fact."""

    about: str
    values: tuple[ConflictValue, ...]


@dataclass(frozen=True, slots=True)
class ShownPassage:
    """A retrieved passage as the answer reports it: by its likeliest sentence, best first. `score` is the search's."""

    id: str
    source: str
    title: str
    section: tuple[str, ...]
    text: str
    score: float
    start: int
    end: int
    line: int


@dataclass(frozen=True, slots=True)
class Answer:
    question: str
    standalone_question: str
    status: Status
    answer: str
    confidence: float
    claims: tuple[Claim, ...] = ()
    citations: tuple[Citation, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    passages: tuple[ShownPassage, ...] = ()
    unresolved_markers: tuple[str, ...] = ()
    model: str = "extractive"
    index: Mapping[str, str] = field(default_factory=dict)
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    """What the reader must know about how this answer came to be (for example: the model failed, this is a fallback)."""
    prompt: str = ""
    """Name and hash of the prompt that a language model was given: `answer@0123456789ab`."""
    usage: Mapping[str, float] = field(default_factory=dict)
    """Of a language model's call: `prompt_tokens`, `answer_tokens`, whether they are `estimated`, `cost` where prices are set."""

    @property
    def unproved(self) -> bool:
        """Whether it has sentences and no passage bears out any of them: it is shown, and is no answer."""
        return bool(self.claims) and all(claim.support == "unsupported" for claim in self.claims)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: lists for tuples, dicts for records."""
        return _plain(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Answer:
        """Raises KeyError or TypeError when `data` is not an answer."""
        known = {f.name for f in fields(cls)}
        values = {name: value for name, value in data.items() if name in known}
        values["claims"] = tuple(_record(Claim, item) for item in data.get("claims", ()))
        values["citations"] = tuple(_record(Citation, item) for item in data.get("citations", ()))
        values["passages"] = tuple(_record(ShownPassage, item) for item in data.get("passages", ()))
        values["conflicts"] = tuple(
            Conflict(item["about"], tuple(_record(ConflictValue, value) for value in item["values"]))
            for item in data.get("conflicts", ())
        )
        for name in ("unresolved_markers", "notices"):
            values[name] = tuple(data.get(name, ()))
        return cls(**values)


def _plain(value: Any) -> Any:
    """The same as plain data: what `dataclasses.asdict` gives, with lists for tuples, in a sixth of its time."""
    kind = type(value)
    if kind in (str, int, float):
        return value
    if kind is tuple or kind is list:
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return {name: _plain(getattr(value, name)) for name in _names(kind)} if is_dataclass(kind) else value


@cache
def _names(kind: type) -> tuple[str, ...]:
    """The fields of a kind of record."""
    return tuple(f.name for f in fields(kind))


def _record(kind: type[T], data: Mapping[str, Any]) -> T:
    """Build a flat record, lists turned into tuples, unknown fields left out. Raises TypeError for a value of the wrong kind."""
    kinds = {f.name: _KINDS.get(str(f.type), object) for f in fields(kind)}  # type: ignore[arg-type]
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in data.items() if name in kinds}
    for name, value in values.items():
        if not isinstance(value, kinds[name]):
            raise TypeError(f"{name} of a {kind.__name__} is {value!r}")
    return kind(**values)
