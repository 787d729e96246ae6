"""A second search, for a question that describes what it does not name: "the trade of the man who was the only witness".

The first search finds the sentence that the description fits, and that sentence gives a name ("Rusk, the only witness, …") by
which the passage with the answer can be found. So the names of the best sentence that the question lacks are searched for, with
the question's own vector, and the best passages are put behind the first ones, none of which is moved or left out. (Queries made
from what was found: Qi et al. 2019, "Answering Complex Open-domain Questions Through Iterative Query Generation". English only.)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from index.lexical import terms
from index.search import Searcher, weights_of
from index.types import Hit, Sentence, SentenceHit
from qa.question import read
from qa.reading import read as taken_apart

MORE = 3
"""Passages that the second search adds at most."""
NAMES = 12
"""Words of names that are searched for at most."""

_CLAUSE = re.compile(r"(?<=\w )(?:who|whom|whose|that|which|where|when)\b|,? and (?:in|at|for|from|by|to)\b", re.IGNORECASE)
"""A relative clause or a second question: such a word behind the beginning."""
_PARTICIPLE = re.compile(
    r"\b(?:the|a|an|whose) (?:[\w’'-]+ ){1,3}(?:\w+ed|\w+ing|known|built|made|held|won|born|shot|led|hit|sunk|taken|given|written|found) "
    r"(?:by|in|on|at|for|to|from|with|after|over)\b",
    re.IGNORECASE,
)


def describes(question: str) -> bool:
    """Whether a question may describe something by a clause; a list is no chain of two facts."""
    return bool(_CLAUSE.search(question) or _PARTICIPLE.search(question)) and not read(question).several


def names_found(question: str, hits: Sequence[Hit], rarity: Callable[[str], float]) -> list[str]:
    """Words of names in the best sentence of the best passage, in its order, that the question does not hold."""
    if not hits:
        return []
    known, text = set(terms(question)), _best(question, hits[0], rarity).full_text
    sentence = taken_apart(text)
    written = (text[sentence.words[n].start : sentence.words[n].end] for n in sorted(sentence.names))
    return [name for name in dict.fromkeys(written) if not known.issuperset(terms(name))][:NAMES]


def _best(question: str, hit: Hit, rarity: Callable[[str], float]) -> Sentence:
    """The sentence with the highest sum of similarity and the share of the question's rarity that it holds."""
    weights = {word: rarity(word) for word in set(terms(question))}
    total = sum(weights.values()) or 1.0

    def worth(found: SentenceHit) -> float:
        held = weights.keys() & set(terms(hit.passage.sentences[found.number].full_text))
        return found.similarity + sum(weights[word] for word in held) / total

    return hit.passage.sentences[max(hit.sentences, key=worth).number]


def look_up(searcher: Searcher, question: str, shown: int, deep: int, mode: str = "hybrid") -> tuple[list[Hit], int]:
    """The best passages for a question, at least `deep`, and how many of them are to be shown: `shown`, and where the question describes
    something, and words are searched for, those behind them that a second search adds."""
    vector = searcher.encoder.encode_query(question)
    hits = searcher.search(question, max(shown, deep), mode, vector=vector)
    weights = replace(weights_of(mode), kindred=0.0)
    if not weights.words or not describes(question):
        return hits, shown
    names = names_found(question, hits, searcher.opened.words.rarity)
    if not names:
        return hits, shown
    second = searcher.search_vector(vector, " ".join(names), shown + MORE, weights)
    first = hits[:shown]
    together = joined(first, second)
    known = {hit.passage.id for hit in together}
    return [*together, *(hit for hit in hits[shown:] if hit.passage.id not in known)], len(together)


def joined(first: Sequence[Hit], second: Sequence[Hit]) -> list[Hit]:
    """`first`, and behind it the best of `second` that it lacks, scored no higher than the last of `first`."""
    known = {hit.passage.id for hit in first}
    new = [hit for hit in second if hit.passage.id not in known][:MORE]
    return [*first, *(replace(hit, score=min(hit.score, first[-1].score)) for hit in new)]
