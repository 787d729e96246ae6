"""A small double of `qa.answer.Answerer` for the server's tests: it answers from real files, by the words of the question."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from index.repair import repair
from index.types import Hit, Passage, Sentence
from qa.server.generation import Served
from qa.server.library import Entry, Library
from qa.settings import Settings
from qa.types import Answer, Citation, Claim, Conflict, ConflictValue, ShownPassage, Turn

_SENTENCE = re.compile(r"[^.\n][^.\n]+\.")


@cache
def sentences(folder: Path) -> list[Passage]:
    """Each sentence of each file as a passage of its own, with its true raw offsets. Read once for each folder."""
    found = []
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        fixed, sha256 = repair(data.decode()), hashlib.sha256(data).hexdigest()
        for match in _SENTENCE.finditer(fixed.text):
            start, end = fixed.to_raw(*match.span())
            quote = fixed.quote(start, end)
            sentence = Sentence(quote, quote, start, end, fixed.raw.count("\n", 0, start) + 1)
            identity = f"{path.stem}-{start}"
            found.append(Passage(identity, f"{folder.name}/{path.name}", sha256, path.stem, ("History",), "prose", (sentence,)))
    return found


@dataclass
class ScriptedSearcher:
    passages: list[Passage]
    generation: str = "g1"
    embedder_name: str = "words"

    def search(self, question: str, k: int = 8, mode: str = "hybrid") -> list[Hit]:
        wanted = set(re.findall(r"\w{3,}", question.lower()))
        scored = [(len(wanted & set(re.findall(r"\w{3,}", p.text.lower()))) / max(1, len(wanted)), p) for p in self.passages]
        best = sorted((item for item in scored if item[0] > 0), key=lambda item: (-item[0], item[1].id))
        return [Hit(passage, score, dense=score) for score, passage in best[:k]]


@dataclass
class ScriptedAnswerer:
    """`before` runs at the start of each answer: to wait, to fail, to see what was asked."""

    searcher: ScriptedSearcher
    settings: Settings = field(default_factory=Settings)
    before: Callable[[str, Sequence[Turn]], None] = lambda question, history: None
    notices: tuple[str, ...] = ()

    def answer(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        self.before(question, history)
        standalone = f"{question} ({history[-1].question})" if history else question
        hits = self.searcher.search(standalone, self.settings.passages)
        shown = tuple(_shown(hit) for hit in hits)
        index = {"generation": self.searcher.generation, "embedder": "words"}
        if not hits or "xyzzy" in question:
            text = "The articles do not answer this."
            return Answer(question, standalone, "abstained", text, 0.1, passages=shown, index=index, model=self.settings.model)
        return self._proved(question, standalone, hits[: self.settings.max_sentences], shown, index)

    def stream(self, question: str, history: Sequence[Turn] = ()) -> Iterator[tuple[str, object]]:
        answer = self.answer(question, history)
        yield "retrieval", answer.passages
        yield from (("claim", claim) for claim in answer.claims)
        yield "answer", answer

    def _proved(
        self, question: str, standalone: str, hits: list[Hit], shown: tuple[ShownPassage, ...], index: dict[str, str]
    ) -> Answer:
        text, claims, citations = "", [], []
        for number, hit in enumerate(hits, 1):
            sentence = hit.passage.sentences[0]
            text += " " if text else ""
            claims.append(Claim(sentence.text, len(text), len(text) + len(sentence.text), (number,), "quoted"))
            citations.append(_citation(number, hit.passage))
            text += f"{sentence.text} [{number}]"
        if "invent" in question:
            claims.append(Claim("Nobody wrote this.", len(text) + 1, len(text) + 19, (), "unsupported"))
            text += " Nobody wrote this."
        differs = "differ" in question and len(citations) > 1
        values = tuple(ConflictValue(c.quote.split()[-1].rstrip("."), (c.number,)) for c in citations[:2])
        return Answer(
            question,
            standalone,
            "conflicting" if differs else "answered",
            text,
            0.87,
            tuple(claims),
            tuple(citations),
            (Conflict("the year", values),) if differs else (),
            shown,
            model=self.settings.model,
            index=index,
            timings_ms={"retrieve": 1.0, "generate": 2.0, "total": 3.0},
            notices=self.notices,
        )


def _shown(hit: Hit) -> ShownPassage:
    p = hit.passage
    return ShownPassage(p.id, p.source, p.title, p.section, p.text, hit.score, p.start, p.end, p.line)


def _citation(number: int, p: Passage) -> Citation:
    s = p.sentences[0]
    return Citation(number, p.source, p.sha256, p.title, p.section, s.quote, s.start, s.end, s.line, p.id)


def serve_folder(folder: Path, generation: str = "g1", settings: Settings | None = None, **changes: object) -> Served:
    passages = sentences(folder)
    answerer = ScriptedAnswerer(ScriptedSearcher(passages, generation), settings or Settings(), **changes)  # type: ignore[arg-type]
    entries = [Entry(p.source, p.sha256, p.title) for p in {p.source: p for p in passages}.values()]
    return Served(generation, answerer, Library(entries, folder.parent), lambda wished: replace(answerer, settings=wished))


@contextmanager
def running(app: object) -> Iterator[str]:
    """The base URL of `app`, served by uvicorn on a free port in a thread of this process."""
    import uvicorn

    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="on")  # type: ignore[arg-type]
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
