"""The way of a question: rewrite, retrieve, read or generate, prove, decide. Everything meets here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import zip_longest

from index.build import Recipe, check_fresh
from index.embed import Encoder, open_encoder
from index.errors import ModelError, StaleIndex, UsageError
from index.search import Searcher
from index.store import Generation, open_current
from index.types import Hit, Passage
from prompts import CANNOT_ANSWER
from qa import conflicts, reader
from qa.draft import Clock, Draft, Event
from qa.parts import parts, with_names
from qa.quoted import Quoted
from qa.settings import Settings
from qa.types import Answer, Conflict, ConflictValue, ShownPassage, Status, Turn

EXTRACTIVE = "extractive"
MODEL_FAILED = "the model failed, so this answer is extractive"


def recipe(settings: Settings) -> Recipe:
    """What an index is built with under these settings."""
    return Recipe(settings.embedder, settings.passage_words, int(settings.max_file_mb * 1e6), settings.include, settings.exclude)


class Answerer:
    """Answers questions from one opened generation of the index. Read-only and safe from several threads."""

    def __init__(self, searcher: Searcher, settings: Settings, notices: Sequence[str] = ()) -> None:
        self.searcher = searcher
        self.settings = settings
        self.notices = tuple(notices)

    @cached_property
    def _aliases(self) -> dict[str, str]:
        """Only a language model's words are compared by them: a question alone does not read the list of all articles for it."""
        return dict(pair for record in self.searcher.opened.articles() for pair in record.aliases)

    @classmethod
    def open(cls, settings: Settings, encoder: Encoder | None = None) -> Answerer:
        """Open the published index. Raises IndexProblem (missing, stale, damaged) or ModelError, each saying what to run.

        A stale index answers only with `settings.allow_stale`; what is stale is then in `notices`.
        """
        generation = open_current(settings.index_path)
        notices = _fresh_notices(generation, settings)
        searcher = Searcher(generation, _encoder(generation, encoder))
        if searcher.encoder.card.id != _card_id(generation):
            raise StaleIndex("the embedding model has changed since the index was built; run: qa index build")
        return cls(searcher, settings, notices)

    def with_settings(self, settings: Settings) -> Answerer:
        """The same open index under other settings."""
        return Answerer(self.searcher, settings, self.notices)

    def answer(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        """The proved answer to one question. Raises UsageError for an empty or too long one."""
        for kind, value in self.stream(question, history):
            if kind == "answer":
                return value
        raise AssertionError("a stream ends with its answer")

    def stream(self, question: str, history: Sequence[Turn] = ()) -> Iterator[Event]:
        """The same as it comes: ("retrieval", passages), ("claim", Claim) any number of times, ("answer", Answer)."""
        question = self._checked(question)
        clock = Clock()
        with clock.stage("rewrite"):
            asked = self._standalone(question, history)
        hits, reading = self._look_up(asked, clock)
        passages = tuple(shown(hit) for hit in hits)
        yield "retrieval", passages
        draft = yield from self._draft(asked, hits, reading, clock)
        answer = self._decide(question, asked, draft, passages)
        yield "answer", replace(answer, timings_ms=clock.total())

    def _checked(self, question: str) -> str:
        question = question.strip()
        if not question:
            raise UsageError("the question is empty")
        if len(question) > self.settings.max_question_chars:
            raise UsageError(
                f"the question has {len(question):,} characters; max_question_chars is {self.settings.max_question_chars:,}"
            )
        return question

    def _standalone(self, question: str, history: Sequence[Turn]) -> str:
        """The rules see the earlier questions only: names taken from an answer misled them more often than they helped (measured on
        the dev conversations: all evidence among the first five passages against 82 % of it)."""
        if not history or self.settings.rewrite == "off":
            return question
        if self.settings.rewrite == "model" and self.settings.model != EXTRACTIVE:
            from qa.generate import rewrite_by_model

            return rewrite_by_model(question, history, self.settings)
        from qa.rewrite import standalone

        return standalone(question, [Turn(turn.question) for turn in history])

    def _look_up(self, asked: str, clock: Clock) -> tuple[list[Hit], reader.Reading]:
        """The passages for a question and the reader's choice from them; for a question in parts, part by part."""
        found: list[list[Hit]] = []
        readings: list[reader.Reading] = []
        pieces = parts(asked)
        most = -(-self.settings.max_sentences // len(pieces))
        for piece in pieces:
            known = [candidate.sentence.text for reading in readings for _, candidate in reading.chosen[:1]]
            query = with_names(piece, asked, known) if len(pieces) > 1 else asked
            with clock.stage("retrieve"):
                found.append(self.searcher.search(query, self.settings.passages, self.settings.mode))
            with clock.stage("generate"):
                readings.append(reader.answer(query, found[-1], self.searcher.opened.words.rarity, most))
        return _in_turn(found), reader.together(readings)

    def _draft(self, asked: str, hits: Sequence[Hit], reading: reader.Reading, clock: Clock) -> Iterator[Event]:
        """The chosen model's draft; a failing model's place is taken by the extractive one, and the answer says so.

        Whether there is enough to answer from is decided first, from what was retrieved, so that nothing is said and then taken back.
        """
        if not reading.chosen or reading.confidence < self.settings.threshold:
            return Draft("", (), (), reading.confidence, declined=True)
        notices: tuple[str, ...] = ()
        if self.settings.model != EXTRACTIVE:
            from qa.generate import generate

            try:
                generated = yield from generate(
                    asked, hits, reading.confidence, self.settings, self._similarity, self._aliases, clock
                )
                return generated
            except ModelError as error:
                notices = (f"{MODEL_FAILED} ({self.settings.model}): {error}",)
        with clock.stage("verify"):
            draft = replace(_quotes(reading), notices=notices)
        for claim in draft.claims:
            yield "claim", claim
        return draft

    def _similarity(self, text: str, others: Sequence[str]) -> Sequence[float]:
        """Cosines of one text with each of several."""
        vectors = self.searcher.encoder.encode_passages([text, *others])
        return (vectors[1:] @ vectors[0]).tolist()

    def _decide(self, question: str, asked: str, draft: Draft, passages: tuple[ShownPassage, ...]) -> Answer:
        """Give the draft, or say that the articles do not answer."""
        common = {
            "question": question,
            "standalone_question": asked,
            "confidence": round(draft.confidence, 4),
            "passages": passages,
            "model": self.settings.model,
            "index": {"generation": self.searcher.generation, "embedder": self.searcher.embedder_name},
            "notices": (*self.notices, *draft.notices),
            "unresolved_markers": draft.unresolved_markers,
            "prompt": draft.prompt,
            "usage": draft.usage,
        }
        if draft.declined or not draft.claims:
            return Answer(status="abstained", answer=CANNOT_ANSWER, **common)
        status: Status = "conflicting" if draft.conflicts else "answered"
        return Answer(
            status=status, answer=draft.text, claims=draft.claims, citations=draft.citations, conflicts=draft.conflicts, **common
        )


def _in_turn(rankings: Sequence[Sequence[Hit]]) -> list[Hit]:
    """The best of each ranking, then the second of each, and so on; every passage once."""
    hits = (hit for row in zip_longest(*rankings) for hit in row if hit is not None)
    return list({hit.passage.id: hit for hit in hits}.values())


def _quotes(reading: reader.Reading) -> Draft:
    """The chosen sentences, and with them those that give another value for the same fact."""
    quoted = Quoted()
    for _, candidate in reading.chosen:
        quoted.add(candidate.passage, candidate.number)
    stated = [(probability, c.passage, c.number, c.similarity) for probability, c in reading.ranked]
    found = tuple(
        Conflict(
            disagreement.about,
            tuple(
                ConflictValue(value.written, tuple(dict.fromkeys(quoted.add(*place) for place in value.sentences)))
                for value in disagreement.values
            ),
        )
        for disagreement in conflicts.find(reading.question, stated)
    )
    return Draft(quoted.text, tuple(quoted.claims), tuple(quoted.citations), reading.confidence, found)


def _fresh_notices(generation: Generation, settings: Settings) -> list[str]:
    try:
        return check_fresh(generation, recipe(settings))
    except StaleIndex as error:
        if not settings.allow_stale:
            raise
        return [f"{error} (answered from the index as it is)"]


def _encoder(generation: Generation, given: Encoder | None) -> Encoder:
    """The encoder for questions, in the precision that the passages were found to allow."""
    card = generation.manifest.encoder
    precision = card.get("precision", "float32")
    encoder = given or open_encoder(card["name"], precision=precision)
    return encoder.exact() if precision == "float32" else encoder


def _card_id(generation: Generation) -> str:
    from index.embed import EncoderCard

    return EncoderCard(**generation.manifest.encoder).id


def shown(hit: Hit) -> ShownPassage:
    """A hit as answers report it."""
    passage: Passage = hit.passage
    return ShownPassage(
        passage.id,
        passage.source,
        passage.title,
        passage.section,
        passage.text,
        round(hit.score, 4),
        passage.start,
        passage.end,
        passage.line,
    )


def model_failed(answer: Answer) -> bool:
    """Whether the extractive reader had to take the place of a language model."""
    return any(notice.startswith(MODEL_FAILED) for notice in answer.notices)
