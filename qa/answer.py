"""The way of a question: rewrite, retrieve, read or generate, prove, decide. Everything meets here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import zip_longest

from index.embed import Encoder, open_encoder
from index.errors import ModelError, StaleIndex, UsageError
from index.freshness import check_fresh
from index.recipe import Recipe
from index.search import Searcher, Store
from index.stores import open_published
from index.types import Hit, Passage
from prompts import CANNOT_ANSWER
from qa import calibration, conflicts, hops, reader
from qa.draft import Clock, Draft, Drafting, Event, Usage, together
from qa.names import usual
from qa.parts import parts, with_names
from qa.planted import unplanted
from qa.question import read
from qa.quoted import Quoted
from qa.rewrite import own_words, standalone
from qa.settings import Settings
from qa.span_reader import SpanReader
from qa.types import Answer, Conflict, ConflictValue, ShownPassage, Turn

EXTRACTIVE = "extractive"
MODEL_FAILED = "the model failed, so this answer is extractive"
NONE_PROVED = "the passages bear out nothing of what the model said, so this answer is extractive"


def recipe(settings: Settings) -> Recipe:
    """What an index is built with under these settings."""
    return Recipe(settings.embedder, settings.passage_words, int(settings.max_file_mb * 1e6), settings.include, settings.exclude)


class Answerer:
    """Answers questions from one opened generation of the index. Read-only and safe from several threads."""

    def __init__(self, searcher: Searcher, settings: Settings, notices: Sequence[str] = ()) -> None:
        self.searcher = searcher
        self.settings = settings
        self.notices = tuple(notices)
        self._spans = SpanReader.open() if settings.span_reader == "on" else None
        self._calibration = calibration.load(settings.calibration)

    @cached_property
    def _names(self) -> tuple[tuple[str, str], ...]:
        """Names with another form that the articles state, read when the first question comes."""
        return tuple(dict.fromkeys(pair for record in self.searcher.opened.articles() for pair in record.aliases))

    @classmethod
    def open(cls, settings: Settings, encoder: Encoder | None = None) -> Answerer:
        """Open the published index. Raises IndexProblem (missing, stale, damaged) or ModelError, each saying what to run.

        A stale index answers only with `settings.allow_stale`; what is stale is then in `notices`.
        """
        generation = open_published(settings.index_path, settings.store, settings.store_token)
        notices = _fresh_notices(generation, settings)
        searcher = Searcher(generation, _encoder(generation, encoder))
        if searcher.encoder.card.id != _card_id(generation):
            raise StaleIndex("the embedding model has changed since the index was built; run: qa index build")
        return cls(searcher, settings, notices)

    def with_settings(self, settings: Settings) -> Answerer:
        """The same open index under other settings; its names are read once for all of them."""
        other = Answerer(self.searcher, settings, self.notices)
        other._names = self._names
        return other

    def search(self, question: str, k: int) -> list[Hit]:
        """The `k` best passages for a standalone question, best first; its names in the form that the articles use."""
        return self.searcher.search(self._usual(question), k, self.settings.mode)

    def passages(self, asked: str) -> list[Hit]:
        """The passages that a standalone question is answered from, best first; for one in parts, those of each part in turn."""
        return self._look_up(asked, Clock())[0]

    def _usual(self, question: str) -> str:
        return usual(question, self._names, self.searcher.opened.words.frequency)

    def answer(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        """The proved answer to one question. Raises UsageError for an empty or too long one."""
        for kind, value in self.stream(question, history):
            if kind == "answer":
                return value
        raise AssertionError("a stream ends with its answer")

    def stream(self, question: str, history: Sequence[Turn] = ()) -> Iterator[Event]:
        """The same as it comes: ("retrieval", passages), ("claim", Claim) any number of times, ("answer", Answer).

        ("discard", reason) says that no claim before it counts: the model failed, and the claims of another answer follow.
        """
        question = self._checked(question)
        clock = Clock()
        with clock.stage("rewrite"):
            asked, rewriting = self._standalone(question, history)
        hits, reading, expanding = self._look_up(asked, clock, own_words(question, asked))
        passages = tuple(shown(hit) for hit in hits)
        yield "retrieval", passages
        draft = yield from self._draft(asked, hits, reading, clock)
        answer = self._decide(question, asked, draft, passages)
        usage = together(rewriting, *expanding, draft.usage)
        yield "answer", replace(answer, usage=usage, timings_ms=clock.total())

    def _checked(self, question: str) -> str:
        question = question.strip()
        if not question:
            raise UsageError("the question is empty")
        if len(question) > self.settings.max_question_chars:
            raise UsageError(
                f"the question has {len(question):,} characters; max_question_chars is {self.settings.max_question_chars:,}"
            )
        return question

    def standalone(self, question: str, history: Sequence[Turn]) -> str:
        """The question as it can be asked without the conversation."""
        return self._standalone(question, history)[0]

    def _helped(self) -> bool:
        """Whether there is a language model to rewrite or expand questions with."""
        return (self.settings.query_model or self.settings.model) != EXTRACTIVE

    def _standalone(self, question: str, history: Sequence[Turn]) -> tuple[str, Usage]:
        """The stand-alone question, and what a model used for it.

        The rules see the earlier questions only: names taken from an answer misled them more often than they helped (measured on
        the dev conversations: all evidence among the first five passages against 82 % of it).
        """
        if not history or self.settings.rewrite == "off":
            return question, {}
        if self.settings.rewrite == "model" and self._helped():
            from qa.generate import rewrite_by_model

            return rewrite_by_model(question, history, self.settings)
        return standalone(question, [Turn(turn.question) for turn in history]), {}

    def _look_up(self, asked: str, clock: Clock, said: str = "") -> tuple[list[Hit], reader.Reading, list[Usage]]:
        """The passages for a question, the reader's choice from them (for a question in parts, part by part), and what a model used
        to add search words. `said`: how the question is read in its passages, where that is otherwise than it is searched for."""
        found: list[list[Hit]] = []
        used: list[Usage] = []
        readings: list[reader.Reading] = []
        asked = self._usual(asked)
        pieces = parts(asked)
        most = -(-self.settings.max_sentences // len(pieces))
        for piece in pieces:
            known = [candidate.sentence.text for reading in readings for _, candidate in reading.chosen[:1]]
            query = with_names(piece, asked, known) if len(pieces) > 1 else asked
            with clock.stage("retrieve"):
                hits, first = self._search(query, used)
            with clock.stage("generate"):
                held = unplanted(hits)
                text = self._usual(said) if said and len(pieces) == 1 else query
                reading = reader.answer(text, held, self.searcher.opened.words.rarity, most, self._spans)
                readings.append(reading if text == query else replace(reading, question=read(query)))
            found.append(_shown_of(hits, readings[-1], first))
        reading = reader.together(readings)
        if self._calibration:
            reading = replace(reading, confidence=float(self._calibration(reading.confidence)))
        return _in_turn(found), reading, used

    def _search(self, query: str, used: list[Usage]) -> tuple[list[Hit], int]:
        """The passages that the reader looks at, and how many of them are shown."""
        hits, first = hops.look_up(self.searcher, query, self.settings.passages, reader.PASSAGES, self.settings.mode)
        if self.settings.expand == "off" or not self._helped():
            return hits, first
        from qa.expand import joined
        from qa.generate import expand_by_model

        wider, usage = expand_by_model(query, self.settings)
        used.append(usage)
        if wider == query:
            return hits, first
        together = joined(hits[:first], self.searcher.search(wider, self.settings.passages, self.settings.mode))
        known = {hit.passage.id for hit in together}
        return [*together, *(hit for hit in hits if hit.passage.id not in known)], first

    def _draft(self, asked: str, hits: Sequence[Hit], reading: reader.Reading, clock: Clock) -> Drafting:
        """The chosen model's draft; a failing model's place is taken by the extractive one, and the answer says so.

        Whether there is enough to answer from is decided first, from what was retrieved, so that nothing is said and then taken back.
        """
        if not reading.chosen or reading.confidence < self.settings.threshold:
            return Draft("", (), (), reading.confidence, declined=True)
        if self.settings.model == EXTRACTIVE:
            return (yield from self._extractive(reading, clock))
        from qa.generate import generate

        with clock.stage("verify"):
            found = conflicts.in_reading(reading, self._spans)
        generating = generate(
            asked, hits, reading.confidence, self.settings, self._similarity, dict(self._names), clock, _sides(found)
        )
        said = False
        try:
            while True:
                event = next(generating)
                said = True
                yield event
        except StopIteration as end:
            draft: Draft = end.value
        except ModelError as error:
            if said:
                yield "discard", "the model failed in the middle of its answer"
            return (yield from self._extractive(reading, clock, (f"{MODEL_FAILED} ({self.settings.model}): {error}",)))
        finally:
            generating.close()
        if self.settings.policy == "repair" and not draft.declined and not draft.claims:
            extractive = yield from self._extractive(reading, clock, (NONE_PROVED,))
            return replace(extractive, prompt=draft.prompt, usage=draft.usage)
        if draft.declined:
            return draft
        whole = _with_sides(draft, found)
        yield from (("claim", claim) for claim in whole.claims[len(draft.claims) :])
        return whole

    def _extractive(self, reading: reader.Reading, clock: Clock, notices: tuple[str, ...] = ()) -> Drafting:
        """The draft that quotes the reader's sentences."""
        with clock.stage("verify"):
            draft = replace(_quotes(reading, conflicts.in_reading(reading, self._spans)), notices=notices)
        for claim in draft.claims:
            yield "claim", claim
        return draft

    def _similarity(self, text: str, others: Sequence[str]) -> Sequence[float]:
        """Cosines of one text with each of several."""
        vectors = self.searcher.encoder.encode_passages([text, *others])
        return (vectors[1:] @ vectors[0]).tolist()

    def _decide(self, question: str, asked: str, draft: Draft, passages: tuple[ShownPassage, ...]) -> Answer:
        """Give the draft, or say that the articles do not answer."""
        abstained = Answer(
            question,
            asked,
            "abstained",
            CANNOT_ANSWER,
            round(draft.confidence, 4),
            passages=passages,
            unresolved_markers=draft.unresolved_markers,
            model=self.settings.model,
            index={"generation": self.searcher.generation, "embedder": self.searcher.embedder_name},
            notices=(*self.notices, *draft.notices),
            prompt=draft.prompt,
        )
        if draft.declined or not draft.claims:
            return abstained
        return replace(
            abstained,
            status="conflicting" if draft.conflicts else "answered",
            answer=draft.text,
            claims=draft.claims,
            citations=draft.citations,
            conflicts=draft.conflicts,
        )


def _shown_of(hits: Sequence[Hit], reading: reader.Reading, most: int) -> list[Hit]:
    """The passages by their likeliest sentence, `most` of them, and those further back that a chosen sentence is of."""
    places: dict[str, int] = {}
    for place, (_, candidate) in enumerate(reading.ranked):
        places.setdefault(candidate.passage.id, place)
    chosen = {candidate.passage.id for _, candidate in reading.chosen}
    ordered = sorted(hits, key=lambda hit: places.get(hit.passage.id, len(reading.ranked)))
    return [hit for n, hit in enumerate(ordered) if n < most or hit.passage.id in chosen]


def _in_turn(rankings: Sequence[Sequence[Hit]]) -> list[Hit]:
    """The best of each ranking, then the second of each, and so on; every passage once."""
    hits = (hit for row in zip_longest(*rankings) for hit in row if hit is not None)
    return list({hit.passage.id: hit for hit in hits}.values())


def _sides(found: Sequence[conflicts.Disagreement]) -> list[tuple[str, tuple[conflicts.Place, ...]]]:
    return [(value.said, value.sentences) for one in found for value in one.values]


def _quotes(reading: reader.Reading, found: Sequence[conflicts.Disagreement]) -> Draft:
    """The sources' values first where they disagree, each with who says so; then the chosen sentences that were not given yet."""
    quoted = Quoted()
    if found:
        quoted.disagree(_sides(found))
    for _, candidate in reading.chosen:
        quoted.add(candidate.passage, candidate.number)
    return Draft(quoted.text, tuple(quoted.claims), tuple(quoted.citations), reading.confidence, _as_conflicts(quoted, found))


def _with_sides(draft: Draft, found: Sequence[conflicts.Disagreement]) -> Draft:
    """A model's draft with the sides that it does not cite, quoted behind it, and the disagreement as data."""
    if not found or not draft.claims:
        return draft
    quoted = Quoted(draft.text, list(draft.claims), list(draft.citations))
    missing = [(said, places) for said, places in _sides(found) if not any(quoted.number_of(*place) for place in places)]
    if missing:
        quoted.disagree(missing)
    given = _as_conflicts(quoted, found)
    return replace(draft, text=quoted.text, claims=tuple(quoted.claims), citations=tuple(quoted.citations), conflicts=given)


def _as_conflicts(quoted: Quoted, found: Sequence[conflicts.Disagreement]) -> tuple[Conflict, ...]:
    """The disagreements with the numbers of the citations that prove each value."""
    return tuple(
        Conflict(
            one.about,
            tuple(
                ConflictValue(value.written, tuple(n for n in dict.fromkeys(quoted.number_of(*p) for p in value.sentences) if n))
                for value in one.values
            ),
        )
        for one in found
    )


def _fresh_notices(generation: Store, settings: Settings) -> list[str]:
    try:
        return check_fresh(generation, recipe(settings))
    except StaleIndex as error:
        if not settings.allow_stale:
            raise
        return [f"{error} (answered from the index as it is)"]


def _encoder(generation: Store, given: Encoder | None) -> Encoder:
    """The encoder for questions, in the precision that the passages were found to allow."""
    card = generation.manifest.encoder
    precision = card.get("precision", "float32")
    encoder = given or open_encoder(card["name"], precision=precision)
    return encoder.exact() if precision == "float32" else encoder


def _card_id(generation: Store) -> str:
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
