"""A plain retrieval chain of LangChain, as its tutorials build one: the passages in a prompt, the model's words, nothing checked.

It is given the passages and the stand-alone question that ours is given, and the same model under the same settings. It is asked to
put the number of the passage after each sentence; what such a marker names is its citation, the passage whole.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from index.types import Passage
from qa import answer_cache, context, models, tokens
from qa.cite import cite
from qa.claims import cannot_answer, markers
from qa.draft import Clock
from qa.model_calls import Tally
from qa.settings import Settings
from qa.types import Answer, Citation, Claim, Turn

SYSTEM = (
    "Answer the user's question from the numbered context below. Say that you do not know where the context holds no answer. "
    "Write at most three short sentences, and after each the number of the context that it rests on, like [1].\n\nContext:\n{context}"
)
PROMPT_HASH = hashlib.sha256(SYSTEM.encode()).hexdigest()[:12]
_DONT_KNOW = re.compile(r"\b(?:I )?(?:do not|don['’]t) know\b|\bno information\b", re.IGNORECASE)


class PlainChain:
    """`answerer` is ours; its passages, its rewriting of follow-ups and its settings are used, nothing else of it."""

    def __init__(self, answerer: Any) -> None:
        self.answerer = answerer
        self.settings: Settings = answerer.settings
        self._chain: Any = None

    def answer(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        """What the chain says, its sentences held to the passages as ours are (`support`), none of them changed."""
        clock = Clock()
        asked = self.answerer.standalone(question, history)
        with clock.stage("retrieve"):
            hits = self.answerer.passages(asked)
            frame = tokens.count(SYSTEM) + tokens.count(asked)
            room = context.budget(
                models.context_window(self.settings.model, self.settings.model_threads),
                frame,
                self.settings.max_answer_tokens,
                self.settings.context_tokens,
            )
            packed = context.pack(hits, room)
        with clock.stage("generate"):
            text, tally = self._say(asked, packed.shown)
        if tally.seconds:
            clock.times["kept"] = tally.seconds * 1000
        prompt, model, times = f"chain@{PROMPT_HASH}", self.settings.model, clock.total()
        abstained = Answer(question, asked, "abstained", text, 0.0, model=model, prompt=prompt, timings_ms=times)
        if cannot_answer(text) or _DONT_KNOW.search(text):
            return abstained
        claims, citations = self._claims(text, packed.shown), cited(text, packed.shown)
        return replace(abstained, status="answered", confidence=1.0, claims=claims, citations=citations)

    def _say(self, asked: str, shown: Sequence[Passage]) -> tuple[str, Tally]:
        values = {"context": "\n\n".join(f"[{n}] {passage.text}" for n, passage in enumerate(shown, 1)), "input": asked}
        prompt = SYSTEM.replace("{context}", values["context"])
        tally = Tally()
        ask = lambda: map(self._invoke, [values])
        pieces = answer_cache.through(self.settings, PROMPT_HASH, [("system", prompt), ("user", asked)], tally, ask)
        return "".join(pieces).strip(), tally

    def _invoke(self, values: Mapping[str, str]) -> str:
        if self._chain is None:
            from langchain_core.output_parsers import StrOutputParser
            from langchain_core.prompts import ChatPromptTemplate

            prompt = ChatPromptTemplate.from_messages([("system", SYSTEM), ("human", "{input}")])
            self._chain = prompt | models.chat_model(self.settings.model, self.settings) | StrOutputParser()
        return str(self._chain.invoke(dict(values)))

    def _claims(self, text: str, shown: Sequence[Passage]) -> tuple[Claim, ...]:
        return cite(text, shown, "flag", self.answerer._similarity, dict(self.answerer._names)).claims


def cited(text: str, shown: Sequence[Passage]) -> tuple[Citation, ...]:
    """The passages that markers of the text name, whole, each once."""
    numbers = dict.fromkeys(number for marker in markers(text) for number in marker.numbers if 1 <= number <= len(shown))
    return tuple(_whole(number, shown[number - 1]) for number in numbers)


def _whole(number: int, p: Passage) -> Citation:
    quote = " ".join(sentence.quote for sentence in p.sentences)
    return Citation(number, p.source, p.sha256, p.title, p.section, quote, p.start, p.end, p.line, p.id)
