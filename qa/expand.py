"""More words to search with, from a language model; the search with the question alone always comes first.

What the model says is used as search words and nothing else. An answer that is no short list of words is not used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import prompts
from index.types import Hit
from qa.words import words

MOST_WORDS = 12
LONGEST = 200
"""Characters of a usable answer: a list of words, not a text."""
OWN_SHARE = 4
"""One passage in so many may be one that only the additional words found."""

_LABEL = re.compile(r"^\W*(?:the )?(?:words?|synonyms|search terms|keywords)\s*:\s*", re.IGNORECASE)


def by_model(question: str, complete: Callable[[list[tuple[str, str]]], str]) -> str:
    """`question` followed by the words that the model adds; the question as it is where it fails or says something else."""
    try:
        said = complete(prompts.load("expand").messages(question=question)).strip()
    except Exception:
        return question
    added = added_words(question, said)
    return f"{question} {' '.join(added)}" if added else question


def added_words(question: str, said: str) -> list[str]:
    """The words of a list that the question does not hold; none where it is no list of words. Figures are left out: an answer that
    was guessed is no help."""
    line = _LABEL.sub("", said.split("\n", 1)[0])
    if len(line) > LONGEST or not re.fullmatch(r"[\w'’ -]+(?:[,;/][\w'’ -]+)*[,;. ]*", line):
        return []
    known = {word.stem for word in words(question)}
    found = {word.stem: word.plain for word in words(line) if word.stem not in known and word.plain.isalpha()}
    return list(found.values())[:MOST_WORDS]


def joined(first: Sequence[Hit], more: Sequence[Hit]) -> list[Hit]:
    """As many passages as `first` has: its best, with up to a quarter of its last places for the best of `more` that it lacks."""
    known = {hit.passage.id for hit in first}
    new = [hit for hit in more if hit.passage.id not in known][: len(first) // OWN_SHARE]
    return [*first[: len(first) - len(new)], *new]
