"""Answer with a language model: pack the passages, prompt, stream, and tie every sentence to its proof."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import prompts
from index.types import Hit
from qa import calls, cite, context, expand, models, tokens
from qa.claims import Found, cannot_answer, markers, parse, plain, settled
from qa.draft import Clock, Draft, Drafting, Usage, together
from qa.model_calls import Messages, Tally
from qa.rewrite import by_model
from qa.settings import Settings
from qa.types import Claim, Turn

NOTHING_PROVED = "nothing in this answer is borne out by the passages: do not rely on it"

Similarity = Callable[[str, Sequence[str]], Sequence[float]]


def generate(
    question: str,
    hits: Sequence[Hit],
    confidence: float,
    settings: Settings,
    similarity: Similarity,
    aliases: Mapping[str, str],
    clock: Clock,
    sides: Sequence[context.Said] = (),
) -> Drafting:
    """Yield ("claim", Claim) for each sentence; the generator's value is the Draft. Raises ModelError.

    `sides` are the values that the sentences disagree on: the model is told of them. `confidence` is the reader's, from retrieval; it is lowered by the share of the model's sentences that are unsupported.
    """
    prompt = prompt_for(settings.model)
    frame = tokens.count(prompt.render(question=question, passages=prompts.Block("")))
    room = context.budget(
        models.context_window(settings.model, settings.model_threads), frame, settings.max_answer_tokens, settings.context_tokens
    )
    packed = context.pack(hits, room)
    messages = prompt.messages(question=question, passages=context.with_sides(packed, sides))
    growing = Growing(cite.Draft(packed.shown, settings.policy, similarity, aliases))
    tally = Tally()
    pieces = calls.stream(settings, prompt.hash, messages, tally)
    while True:
        with clock.stage("generate"):
            piece = next(pieces, None)
        with clock.stage("verify"):
            claims = growing.take(piece) if piece is not None else growing.finish()
        yield from (("claim", claim) for claim in claims)
        if piece is None:
            break
    if tally.seconds:
        clock.times["kept"] = tally.seconds * 1000
    about: dict[str, Any] = {
        "prompt": f"{prompt.name}@{prompt.hash}",
        "usage": calls.usage(tally, messages, growing.text, settings),
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
        notices=(*((NOTHING_PROVED,) if cited.claims and not supported else ()), *cited.notices),
        **about,
    )


def prompt_for(model: str) -> prompts.Prompt:
    """The prompt that a model of this name is given."""
    return prompts.load("answer_small" if models.is_small(model) else "answer")


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


def rewrite_by_model(question: str, history: Sequence[Turn], settings: Settings) -> tuple[str, Usage]:
    """The follow-up made to stand alone by the model, or by the rules where it fails; and what the call used."""
    spent: list[Usage] = []
    return by_model(question, history, _asking("rewrite", settings, spent)), together(*spent)


def expand_by_model(question: str, settings: Settings) -> tuple[str, Usage]:
    """The question with search words that the model adds, or as it is where it fails; and what the call used."""
    spent: list[Usage] = []
    return expand.by_model(question, _asking("expand", settings, spent)), together(*spent)


def _asking(prompt: str, settings: Settings, spent: list[Usage]) -> Callable[[Messages], str]:
    """A call of the model that helps with the question: `query_model`, or the one that answers."""
    chosen = replace(settings, model=settings.query_model or settings.model)

    def ask(messages: Messages) -> str:
        text, used = calls.complete(chosen, prompts.load(prompt).hash, messages)
        spent.append(used)
        return text

    return ask
