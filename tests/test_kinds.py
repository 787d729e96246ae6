"""What is remembered of a sentence: bounded, and the same as when it is found anew."""

from __future__ import annotations

import numpy as np
import pytest

from index.lexical import terms
from index.types import Hit, Passage, Sentence, SentenceHit
from qa import kinds
from qa.features import SENTENCE_FEATURES, candidates
from qa.question import read

MEMORIES = (kinds.stems, kinds.stem_set, kinds.holds, kinds.counted, kinds.people, kinds.names)
TEXTS = (
    "Colonel Amara Diallo left the city of Gao with 30 men on 4 May 1999.",
    "Residents said that two of the trucks, which carried rice, were burnt near Kidal because of the strike.",
    "In Timbuktu the Ansar Dine held the airport for three days.",
)
QUESTIONS = (
    "Who left the city of Gao?",
    "How many men left Gao?",
    "When did Colonel Diallo leave?",
    "Where was the airport held?",
    "Why were the trucks burnt?",
    "How long did Ansar Dine hold the airport in Timbuktu?",
)


def hits() -> list[Hit]:
    found = []
    for n, text in enumerate(TEXTS):
        sentences = (Sentence(text, text, 0, len(text), 1), Sentence("30 killed", "30 killed", 0, 9, 1, "Losses of the men"))
        passage = Passage(f"p{n}", "a.txt", "00", "Battle of Gao", ("City",), "prose", sentences)
        found.append(Hit(passage, 0.5 - n / 10, 0.4, 0.5, 0.1, (SentenceHit(0, 0.5, 0.1), SentenceHit(1, 0.3, 0.0))))
    return found


def forget() -> None:
    for memory in MEMORIES:
        memory.cache_clear()


def test_every_memory_is_bounded() -> None:
    remembering = [value for value in vars(kinds).values() if hasattr(value, "cache_info")]
    assert set(remembering) == set(MEMORIES)
    assert all(memory.cache_info().maxsize == kinds.TEXTS for memory in MEMORIES)


def test_remembered_features_are_those_found_anew() -> None:
    for question in QUESTIONS:
        forget()
        anew = [candidate.values for candidate in candidates(read(question), hits(), len)]
        again = [candidate.values for candidate in candidates(read(question), hits(), len)]
        assert np.array_equal(anew, again) and kinds.stem_set.cache_info().hits


def test_coverage_and_pairs_by_a_slow_count() -> None:
    """The features that sets are kept for, reckoned from the words themselves."""
    for question in QUESTIONS:
        asked = read(question)
        for candidate in candidates(asked, hits(), len):
            value = dict(zip(SENTENCE_FEATURES, candidate.values, strict=True))
            passage, n = candidate.passage, candidate.number
            own = terms(candidate.sentence.full_text)
            titled = {*own, *terms(passage.title)}
            context = {
                *titled,
                *terms(passage.header),
                *(t for s in passage.sentences[max(0, n - 1) : n + 2] for t in terms(s.text)),
            }
            total = sum(map(len, asked.words))
            pairs = list(zip(asked.words, asked.words[1:], strict=False))
            near = [{own[a], own[b]} for a in range(len(own)) for b in (a + 1, a + 2) if b < len(own)]
            assert value["coverage"] == pytest.approx(sum(len(w) for w in asked.words if w in titled) / total)
            assert value["coverage_in_context"] == pytest.approx(sum(len(w) for w in asked.words if w in context) / total)
            assert value["new_words"] == min(12, len(set(own) - set(asked.words))) / 12
            assert value["pairs"] == pytest.approx(sum({a, b} in near for a, b in pairs) / len(pairs))
            assert candidate.covers == titled & set(asked.words) and candidate.stems == set(own)


def test_people_with_what_stands_around_them() -> None:
    diallo, *_, titled = kinds.people("Yesterday Amara Diallo left Gao, and Colonel Ba with him.")
    assert diallo == kinds.Person(("yesterday", "amara", "diallo"), frozenset(terms("left Gao, and Colonel")))
    assert titled.words == ("colonel", "ba") and "left" in titled.around
    assert kinds.people("The Kidal Airport was empty.") == ()


def test_names_and_numbers() -> None:
    assert kinds.names("Residents of Gao fled.") == ("gao", "residents")
    assert kinds.names("Residents fled.") == ()
    assert kinds.counted("They took 30 heavy trucks to Gao.") == {"heavi", "truck", "gao"}
    assert kinds.holds("full date", "4 May 1999") and not kinds.holds("date", "some time ago")


def test_texts_share_their_words() -> None:
    one, other = kinds.stems("the burnt trucks"), kinds.stems("trucks were burnt")
    assert one == ("burnt", "truck") and one[1] is other[0]
