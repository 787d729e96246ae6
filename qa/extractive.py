"""The extractive reader as a LangChain chat model: it answers from the passages that the messages hold, and from nothing else.

No language model is behind it, only the embedder and the fitted reader. It understands what `prompts/answer.md` and
`prompts/answer_small.md` make: `<passage number="1" source="Title › Section">…</passage>` and a question. Every sentence of its
answer stands in a shown passage, followed by that passage's `[n]`. Without passages, or where they do not hold the answer, it
says `prompts.CANNOT_ANSWER`. It chats about nothing else, calls no tools and sees no images. `qa ask` does not need this
module: it reads the retrieved passages themselves, with the rarities of the whole index.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LangSmithParams
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from index.build import passage_text, sentence_texts
from index.embed import DEFAULT, Encoder, open_encoder
from index.fuse import MODES, fuse
from index.lexical import K1
from index.search import sentence_hits
from index.sentences import split
from index.types import Hit, Passage, Sentence
from prompts import CANNOT_ANSWER
from qa import reader, tokens
from qa.features import Rarity
from qa.kinds import stems
from qa.question import read
from qa.settings import Settings
from qa.span_reader import SpanReader

_PASSAGE = re.compile(r'<passage number="(\d+)"(?: source="([^"]*)")?[^>]*>\s*(.*?)\s*</passage>', re.DOTALL)
_PASSAGES = re.compile(r"</?passages>")
_QUESTION = re.compile(r"<question>\s*(.*?)\s*</question>", re.DOTALL)
_ASKED = re.compile(r"^Question:\s*(.+)$", re.MULTILINE)
_ENDED = re.compile(r"[.!?…][\"'”’)\]]*$")
_LABELLED = re.compile(r"(?P<label>[^:;]{1,120}): (?P<value>.+)", re.DOTALL)


class ExtractiveChatModel(BaseChatModel):
    """Verbatim sentences with markers. The same messages give the same answer."""

    embedder: str = DEFAULT
    threshold: float = Settings().threshold
    """Least confidence for an answer, as in the settings."""
    max_sentences: int = Settings().max_sentences
    stop: list[str] | None = None

    @property
    def _llm_type(self) -> str:
        return "seedqa-extractive"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"embedder": self.embedder, "threshold": self.threshold, "max_sentences": self.max_sentences}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = LangSmithParams(ls_provider="seedqa", ls_model_name=kwargs.get("model", "extractive"), ls_model_type="chat")
        if stop or self.stop:
            params["ls_stop"] = [*(stop or []), *(self.stop or [])]
        return params

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        text = "".join(self._pieces(messages, stop))
        message = AIMessage(text, usage_metadata=_usage(messages, text), response_metadata=self._provenance())
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        """Sentence by sentence; the last chunk is empty and holds the usage."""
        said = ""
        for piece in self._pieces(messages, stop):
            said += piece
            chunk = ChatGenerationChunk(message=AIMessageChunk(content=piece))
            if run_manager:
                run_manager.on_llm_new_token(piece, chunk=chunk)
            yield chunk
        end = AIMessageChunk(
            content="", usage_metadata=_usage(messages, said), response_metadata=self._provenance(), chunk_position="last"
        )
        yield ChatGenerationChunk(message=end)

    def _pieces(self, messages: Sequence[BaseMessage], stop: list[str] | None) -> Iterator[str]:
        """The sentences of the answer with their markers, cut before the first stop sequence."""
        return _until([*(stop or []), *(self.stop or [])], self._answer(messages))

    def _answer(self, messages: Sequence[BaseMessage]) -> list[str]:
        question, passages = understood(messages)
        if not question or not passages:
            return [CANNOT_ANSWER]
        rarity = rarity_in(passages)
        hits = ranked(question, passages, rarity, encoder(self.embedder))
        reading = reader.answer(question, hits, rarity, self.max_sentences, SpanReader.open())
        if not reading.chosen or reading.confidence < self.threshold:
            return [CANNOT_ANSWER]
        said = [f"{_closed(candidate.sentence.full_text)} [{candidate.passage.id}]" for _, candidate in reading.chosen]
        return [said[0], *(f" {sentence}" for sentence in said[1:])]

    def _provenance(self) -> dict[str, str]:
        return {"model_name": "extractive", "model_provider": "seedqa"}


@lru_cache(maxsize=2)
def encoder(name: str) -> Encoder:
    """The encoder of that name, kept open. Raises ModelError."""
    return open_encoder(name)


def understood(messages: Sequence[BaseMessage]) -> tuple[str, list[Passage]]:
    """The question of the last message of a person, and the newest passages shown: those of the last message that holds some.

    Only what a person or a tool says is read: the rules of a system message name the same delimiters. Passages that have the
    same number in one message are one source's; the first is kept.
    """
    heard = [message for message in messages if message.type in ("human", "tool")]
    question = next((asked(str(message.text)) for message in reversed(heard) if message.type == "human"), "")
    shown = next((found for message in reversed(heard) if (found := _passages(str(message.text)))), [])
    return question, shown


def asked(text: str) -> str:
    """The question in a message: between its delimiters, after `Question:`, or all that is no passage."""
    rest = _PASSAGES.sub("", _PASSAGE.sub("", text))
    marked = _QUESTION.findall(rest) or _ASKED.findall(rest)
    return " ".join((marked[-1] if marked else rest).split())


def _passages(text: str) -> list[Passage]:
    found: dict[str, Passage] = {}
    for number, source, body in _PASSAGE.findall(text):
        passage = _passage(number, source, " ".join(body.split()))
        if passage.sentences:
            found.setdefault(number, passage)
    return list(found.values())


def _passage(number: str, source: str, body: str) -> Passage:
    """A shown passage; its id is its number, and its offsets count in the text as it was shown."""
    title, *section = source.split(" › ")
    facts = not _ENDED.search(body) and bool(_LABELLED.match(body))
    sentences = _facts(body) if facts else [Sentence(body[a:b], body[a:b], a, b, 1) for a, b in split(body)]
    digest = hashlib.sha256(body.encode()).hexdigest()
    return Passage(number, source, digest, title, tuple(section), "facts" if facts else "prose", tuple(sentences))


def _facts(body: str) -> list[Sentence]:
    """The values of an infobox as `Passage.text` writes them, "Label: value; value; Label: value", each with its label."""
    sentences, label, at = [], "", 0
    for piece in body.split("; "):
        labelled = _LABELLED.fullmatch(piece)
        label = labelled["label"] if labelled else label
        value = labelled["value"] if labelled else piece
        start = at + len(piece) - len(value)
        if value.strip():
            sentences.append(Sentence(value, value, start, start + len(value), 1, label))
        at += len(piece) + 2
    return sentences


def rarity_in(passages: Sequence[Passage]) -> Rarity:
    """Inverse document frequency among the shown passages, by the formula of `index.lexical`.

    What they lack may stand in other passages, so no word is as rare as the empty one: none counts as unknown (`qa.features`).
    """
    having = Counter(word for passage in passages for word in set(_words(passage)))
    total = len(passages)
    return lambda word: math.log1p((total - having[word] + 0.5) / (having[word] + 0.5)) if word else math.inf


def _words(passage: Passage) -> tuple[str, ...]:
    return stems(passage_text(passage))


def ranked(question: str, passages: Sequence[Passage], rarity: Rarity, embedder: Encoder) -> list[Hit]:
    """The passages as hits, best first, with the scores that `index.search` would give them among themselves."""
    heads = [passage_text(passage) for passage in passages]
    texts = [text for passage in passages for text in sentence_texts(passage)]
    vectors, query = embedder.encode_passages([*heads, *texts]), embedder.encode_query(question)
    each = np.split(vectors[len(heads) :], np.cumsum([len(passage.sentences) for passage in passages])[:-1])
    sentences = sentence_hits(query, each)
    wanted = read(question).words
    hits = []
    for passage, near, own, scores in zip(passages, vectors[: len(heads)] @ query, each, sentences, strict=True):
        best, words = float((own @ query).max()), _lexical(wanted, passage, passages, rarity)
        score = fuse(MODES["hybrid"], float(near), best, words)
        hits.append(Hit(passage, score, float(near), best, words, scores))
    return sorted(hits, key=lambda hit: -hit.score)


def _lexical(wanted: Sequence[str], passage: Passage, passages: Sequence[Passage], rarity: Rarity) -> float:
    """BM25 as a share of the highest possible score, as `index.lexical` gives it."""
    counts = Counter(_words(passage))
    average = sum(len(_words(other)) for other in passages) / len(passages)
    length = K1 * (0.25 + 0.75 * counts.total() / max(1.0, average))
    most = (K1 + 1) * sum(map(rarity, wanted))
    return sum(rarity(word) * counts[word] * (K1 + 1) / (counts[word] + length) for word in wanted) / most if most else 0.0


def _closed(sentence: str) -> str:
    """A fact gets the full stop that it lacks, so that the marker behind it belongs to it alone."""
    return sentence if _ENDED.search(sentence) else f"{sentence}."


def _until(stops: Sequence[str], pieces: Sequence[str]) -> Iterator[str]:
    text = "".join(pieces)
    end = min((at for stop in stops if stop and (at := text.find(stop)) >= 0), default=len(text))
    at = 0
    for piece in pieces:
        kept = text[at : min(at + len(piece), end)]
        at += len(piece)
        if kept:
            yield kept


def _usage(messages: Sequence[BaseMessage], answer: str) -> UsageMetadata:
    """Tokens read and written, by the count of `qa.tokens`."""
    read_tokens = sum(tokens.count(str(message.text)) for message in messages)
    written = tokens.count(answer)
    return UsageMetadata(input_tokens=read_tokens, output_tokens=written, total_tokens=read_tokens + written)
