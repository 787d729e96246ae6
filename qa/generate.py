"""Answer with a language model: pack the passages, prompt, stream, and tie every sentence to its proof."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import prompts
from index.types import Hit
from qa import answer_cache, cite, context, models, tokens
from qa.claims import Found, cannot_answer, markers, parse, plain, settled
from qa.draft import Clock, Draft, Event
from qa.rewrite import by_model
from qa.settings import Settings
from qa.types import Claim, Turn

Similarity = Callable[[str, Sequence[str]], Sequence[float]]


@lru_cache(maxsize=4)
def _model(settings: Settings) -> Any:
    """The chat model of these settings, kept open."""
    return models.chat_model(settings.model, settings)


def generate(
    question: str,
    hits: Sequence[Hit],
    confidence: float,
    settings: Settings,
    similarity: Similarity,
    aliases: Mapping[str, str],
    clock: Clock,
    sides: Sequence[context.Said] = (),
) -> Generator[Event, None, Draft]:
    """Yield ("claim", Claim) for each sentence; the generator's value is the Draft. Raises ModelError.

    `sides` are the values that the sentences disagree on: the model is told of them. `confidence` is the reader's, from retrieval; it is lowered by the share of the model's sentences that are unsupported.
    """
    prompt = prompt_for(settings.model)
    frame = tokens.count(prompt.render(question=question, passages=prompts.Block("")))
    room = context.budget(models.context_window(settings.model), frame, settings.max_answer_tokens, settings.context_tokens)
    packed = context.pack(hits, room)
    messages = prompt.messages(question=question, passages=context.with_sides(packed, sides))
    growing = Growing(cite.Draft(packed.shown, settings.policy, similarity, aliases))
    tally = models.Tally()
    pieces = answer_cache.through(
        settings, prompt.hash, messages, tally, lambda: models.stream(_model(settings), messages, settings, tally)
    )
    while True:
        with clock.stage("generate"):
            piece = next(pieces, None)
        with clock.stage("verify"):
            claims = growing.take(piece) if piece is not None else growing.finish()
        yield from (("claim", claim) for claim in claims)
        if piece is None:
            break
    about: dict[str, Any] = {
        "prompt": f"{prompt.name}@{prompt.hash}",
        "usage": _usage(tally, messages, growing.text, settings),
    }
    if growing.declined:
        return Draft("", (), (), confidence, declined=True, **about)
    cited = growing.draft.result()
    supported = sum(claim.support != "unsupported" for claim in cited.claims) / max(1, len(cited.claims))
    return Draft(
        cited.answer,
        cited.claims,
        cited.citations,
        confidence * supported,
        unresolved_markers=cited.unresolved_markers,
        notices=cited.notices,
        **about,
    )


def prompt_for(model: str) -> prompts.Prompt:
    """The prompt that a model of this name is given."""
    return prompts.load("answer_small" if models.is_small(model) else "answer")


def _usage(tally: models.Tally, messages: models.Messages, text: str, settings: Settings) -> dict[str, float]:
    """Tokens of the call: the provider's count, else tiktoken's estimate; its cost where the user has set prices."""
    counted = bool(tally.prompt_tokens and tally.answer_tokens)
    asked = tally.prompt_tokens if counted else sum(tokens.count(content) for _, content in messages)
    said = tally.answer_tokens if counted else tokens.count(text)
    usage: dict[str, float] = {"prompt_tokens": asked, "answer_tokens": said, "estimated": not counted}
    if models.is_hosted(settings.model) and (settings.price_in or settings.price_out):
        usage["cost"] = round((asked * settings.price_in + said * settings.price_out) / 1e6, 8)
    return usage


class Growing:
    """A model's text as it comes, cut into sentences; each is verified as soon as the next one has begun."""

    def __init__(self, draft: cite.Draft) -> None:
        self.draft = draft
        self.text = ""
        self.declined = False
        self._done = 0
        self._verbatim = cite.copyable(draft.shown)

    def take(self, piece: str) -> list[Claim]:
        """The claims that are complete with this piece."""
        self.text += piece
        if self.declined or not any(character.isspace() for character in piece):
            return []
        self.declined = not self.draft.claims and cannot_answer(plain(self.text))
        return [] if self.declined else self._verified(settled(self.text, self._verbatim))

    def finish(self) -> list[Claim]:
        """The claims that were still open when the text ended."""
        text = plain(self.text)
        self.declined = self.declined or (not self.draft.claims and cannot_answer(text))
        if self.declined:
            return []
        found = parse(text, self._verbatim)
        if not found:
            self.draft.note_markers(number for marker in markers(text) for number in marker.numbers)
        return self._verified(found)

    def _verified(self, found: Sequence[Found]) -> list[Claim]:
        ready = found[self._done :]
        self._done += len(ready)
        return [claim for sentence in ready if (claim := self.draft.add(sentence))]


def rewrite_by_model(question: str, history: Sequence[Turn], settings: Settings) -> str:
    """The follow-up made to stand alone by the model, or by the rules where it fails."""
    version = prompts.load("rewrite").hash

    def complete(messages: models.Messages) -> str:
        tally = models.Tally()
        ask = lambda: models.stream(_model(settings), messages, settings)
        return "".join(answer_cache.through(settings, version, messages, tally, ask)).strip()

    return by_model(question, history, complete)
