"""Passages packed into the text that a language model reads: numbered from 1, best first, whole sentences, within a budget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from index.types import Hit, Passage
from prompts import Block, block
from qa import tokens

MARGIN = 0.2
"""Share of a model's window that is left free, because the count is tiktoken's and not the model's own.

Measured on the seed articles in stretches of 8,000 characters, SmolLM2's tokenizer makes 5 to 11 % more tokens; the margin is
enough for a tokenizer that makes 25 % more.
"""


Said = tuple[str, Sequence[tuple[Passage, int]]]
"""A value in words and the sentences that give it: each a passage and its number there."""


@dataclass(frozen=True, slots=True)
class Context:
    """What was shown. `[n]` means `shown[n - 1]`; a passage that did not fit whole is there with the sentences that did.

    `left_out` counts passages of which nothing was shown; `tokens` is the length of `text` by the count that was used.
    """

    text: Block
    shown: tuple[Passage, ...]
    tokens: int
    left_out: int


def budget(window: int, prompt_tokens: int, answer_tokens: int, most: int) -> int:
    """Tokens that passages may take: the window less its margin, the prompt without passages and the answer; at most `most`."""
    return max(0, min(most, int(window * (1 - MARGIN)) - prompt_tokens - answer_tokens))


def pack(hits: Sequence[Hit], room: int, count: Callable[[str], int] = tokens.count) -> Context:
    """Show as many passages as `room` tokens hold, in the order given (best first).

    A passage that is too long is cut to a run of whole sentences around its best one; what is not shown cannot be cited.
    """
    shown: list[Passage] = []
    blocks: list[str] = []
    used = 0
    for hit in hits:
        fitting = _fit(hit, len(shown) + 1, room - used, count)
        if fitting:
            passage, text, cost = fitting
            shown.append(passage)
            blocks.append(text)
            used += cost
    return Context(Block("\n".join(blocks)), tuple(shown), used, len(hits) - len(shown))


def with_sides(packed: Context, sides: Sequence[Said]) -> Block:
    """The packed passages, and after them which of them give which value, where two of the values are shown."""
    shown = {passage.id: number for number, passage in enumerate(packed.shown, 1)}
    told = [(shown[p.id], value) for value, places in sides for p, _ in places[:1] if p.id in shown]
    if len(told) < 2:
        return packed.text
    values = "; ".join(f"passage {number}: {value}" for number, value in told)
    return Block(f"{packed.text}\n{block('disagreement', f'The passages disagree. {values}. Give each side.')}")


def written(passage: Passage, number: int) -> Block:
    """A passage as the model reads it."""
    return block("passage", passage.text, number=number, source=passage.header or passage.source)


def _fit(hit: Hit, number: int, room: int, count: Callable[[str], int]) -> tuple[Passage, str, int] | None:
    """The passage, or the longest run of its sentences grown from the best one, that takes at most `room` tokens."""
    best: tuple[Passage, str, int] | None = None
    whole = written(hit.passage, number)
    cost = count(whole + "\n")
    if cost <= room:
        return hit.passage, whole, cost
    for first, last in _runs(hit):
        passage = replace(hit.passage, sentences=hit.passage.sentences[first:last])
        text = written(passage, number)
        cost = count(text + "\n")
        if cost > room:
            break
        best = passage, text, cost
    return best


def _runs(hit: Hit) -> list[tuple[int, int]]:
    """Ranges of sentences to try: growing from the best sentence by turns forward and back to the whole passage."""
    size = len(hit.passage.sentences)
    best = max(hit.sentences, key=lambda sentence: sentence.similarity).number if hit.sentences else 0
    first, last = min(best, size - 1), min(best, size - 1) + 1
    runs = [(first, last)]
    while (first, last) != (0, size):
        if last < size and (last - best <= best - first + 1 or first == 0):
            last += 1
        else:
            first -= 1
        runs.append((first, last))
    return runs
