"""What the command line prints: answers with their quotes, passages, checks, progress. Colour and bars only on a terminal."""

from __future__ import annotations

import json
import os
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any, TextIO

from qa.draft import Event
from qa.types import Answer, Citation, Claim, ShownPassage
from qa.verify import Check

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_HIDDEN = (*range(9), *range(11, 32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""Control characters and changes of writing direction: a terminal obeys them."""
_CONTROL = dict.fromkeys(_HIDDEN)
_ESCAPED = {code: f"\\u{code:04x}" for code in (*_HIDDEN, 0x2028, 0x2029) if code >= 32}


def _colours(stream: TextIO) -> bool:
    return stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def paint(text: str, *styles: str, stream: TextIO | None = None) -> str:
    """`text` in colour, where the stream is a terminal."""
    if not _colours(stream or sys.stdout) or not text:
        return text
    return f"\x1b[{';'.join(_STYLES[style] for style in styles)}m{text}\x1b[0m"


def safe(text: str) -> str:
    """Text from a file or a model without control characters: it cannot move the cursor or recolour the screen."""
    return text.translate(_CONTROL)


def print_json(value: Any) -> None:
    """One line of JSON, at once. What a terminal would obey is escaped; all is, where the output's encoding is not UTF-8."""
    text = json.dumps(value, ensure_ascii=(sys.stdout.encoding or "").lower().replace("-", "") != "utf8")
    print(text.translate(_ESCAPED), flush=True)


def note(line: str) -> None:
    """Something the user should know that is not part of the output."""
    print(f"qa: {safe(line)}", file=sys.stderr)


def _width() -> int:
    import shutil

    return min(110, shutil.get_terminal_size((100, 24)).columns) if sys.stdout.isatty() else 10_000


def _wrap(text: str, indent: str = "") -> str:
    return textwrap.fill(safe(text), _width(), initial_indent=indent, subsequent_indent=indent, break_long_words=False)


def print_answer(answer: Answer, first: bool = True, heading: bool = False) -> None:
    """An answer for a person: the text, what to know of it, then each citation with file:line, section and quote."""
    if not first:
        print()
    if heading:
        print(paint(_wrap(answer.question), "bold"))
    _print_understood(answer)
    print(_marked(answer) if answer.claims else paint(_wrap(answer.answer), "yellow"))
    _print_proof(answer)


def print_stream(events: Iterable[Event]) -> Answer:
    """The same for an answer that is still being written: each sentence on a line of its own as soon as it is verified.

    Gives the answer. What a model said before it failed is struck; an answer that is another one than was printed is printed whole.
    """
    said: list[Claim] = []
    for kind, value in events:
        if kind == "claim":
            print(_sentence(value), flush=True)
            said.append(value)
        elif kind == "discard":
            print(paint(_wrap(f"({value}: what stands above does not count)"), "red"), flush=True)
            said.clear()
    answer: Answer = value
    if said and tuple(said) == answer.claims:
        _print_understood(answer)
        _print_proof(answer)
        return answer
    if said:
        print(paint("(what stands above does not count)", "red"))
    print_answer(answer)
    return answer


def _sentence(claim: Claim) -> str:
    numbers = f" {_numbers(claim.citations)}" if claim.citations else ""
    unsupported = f" {paint('(unsupported)', 'red')}" if claim.support == "unsupported" else ""
    return _wrap(claim.text + numbers) + unsupported


def _print_understood(answer: Answer) -> None:
    if answer.standalone_question != answer.question:
        print(paint(_wrap(f"(understood as: {answer.standalone_question})"), "dim"))


def _print_proof(answer: Answer) -> None:
    """What to know of an answer, and its citations."""
    for notice in answer.notices:
        note(notice)
    for conflict in answer.conflicts:
        values = " / ".join(f"{value.value} {_numbers(value.citations)}" for value in conflict.values)
        print(paint(_wrap(f"sources disagree on {conflict.about}: {values}"), "yellow"))
    if answer.unresolved_markers:
        print(paint(f"markers that name no shown passage: {safe(' '.join(answer.unresolved_markers))}", "red"))
    if answer.citations:
        print()
    for citation in answer.citations:
        _print_citation(citation)
    if answer.status == "abstained" and answer.passages:
        print(paint("nearest passages:", "dim"))
        print_passages(answer.passages[:3])
    status = "nothing proved" if answer.unproved else answer.status
    print(paint(f"\n{status}, confidence {answer.confidence:.2f}, {answer.timings_ms.get('total', 0):.0f} ms", "dim"))


def _marked(answer: Answer) -> str:
    """The answer's text, unsupported sentences marked."""
    unsupported = [claim for claim in answer.claims if claim.support == "unsupported"]
    text = answer.answer
    for claim in sorted(unsupported, key=lambda claim: -claim.start):
        text = f"{text[: claim.start]}{text[claim.start : claim.end]} (unsupported){text[claim.end :]}"
    wrapped = "\n".join(_wrap(line) for line in text.split("\n"))
    return wrapped.replace("(unsupported)", paint("(unsupported)", "red")) if unsupported else wrapped


def _numbers(citations: Sequence[int]) -> str:
    return "".join(f"[{number}]" for number in citations)


def _print_citation(citation: Citation) -> None:
    where = f"{citation.source}:{citation.line}"
    section = " › ".join(part for part in (citation.title, *citation.section) if part)
    print(
        f"{paint(f'[{citation.number}]', 'bold')} {paint(safe(where), 'cyan')}{paint(f'  {safe(section)}', 'dim') if section else ''}"
    )
    print(_wrap(f"“{citation.quote}”", "    "))


def print_passages(passages: Sequence[ShownPassage]) -> None:
    for number, passage in enumerate(passages, 1):
        section = " › ".join(part for part in (passage.title, *passage.section) if part)
        print(
            f"{number:2}. {passage.score:.3f}  {paint(safe(f'{passage.source}:{passage.line}'), 'cyan')}  {paint(safe(section), 'dim')}"
        )
        print(_wrap(passage.text, "    "))


def print_check(check: Check, as_json: bool = False) -> None:
    """One line for one citation."""
    if as_json:
        print_json(asdict(check))
        return
    colour = {"same": "green", "moved": "yellow"}.get(check.state, "red")
    now = f" (now line {check.line})" if check.state == "moved" else ""
    if check.is_elsewhere:
        now = f" (now in {safe(f'{check.source}:{check.line}')})"
    citation = check.citation
    print(
        f"{paint(f'{check.state:8}', colour)}[{citation.number}] {safe(f'{citation.source}:{citation.line}')}{now}  “{safe(citation.quote[:70])}”"
    )


class Bar:
    """Progress of a build, stage by stage; silent where standard error is no terminal."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._stage = ""

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, stage: str, done: int, total: int) -> None:
        if not sys.stderr.isatty():
            return
        from tqdm import tqdm

        if stage != self._stage:
            self.__exit__()
            self._bar, self._stage = tqdm(total=total, desc=stage, leave=False, file=sys.stderr, smoothing=0), stage
        self._bar.update(done - self._bar.n)


def read_utf8() -> None:
    """Read standard input as UTF-8 whatever the locale; what is not UTF-8 is replaced, a mark at the beginning skipped."""
    sys.stdin.reconfigure(encoding="utf-8-sig", errors="replace")  # type: ignore[union-attr]


class Prompt:
    """Lines typed at a prompt, with editing and history; without a terminal, the lines of standard input."""

    def __init__(self, prompt: str) -> None:
        self._prompt = prompt if sys.stdin.isatty() else ""
        if not self._prompt:
            read_utf8()

    def __iter__(self) -> Iterator[str]:
        if self._prompt:
            try:
                import readline  # noqa: F401  (gives input() editing and history)
            except ImportError:
                pass
        while True:
            try:
                line = input(self._prompt).strip()
            except EOFError:
                return
            if line:
                yield line
            elif self._prompt:
                return
