"""Ranking: the order of each mode against a computation from all vectors, and questions to the seeds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from index.build import passage_text, sentence_texts
from index.embed import Encoder
from index.errors import UsageError
from index.fuse import MODES, Weights, fuse
from index.search import Searcher
from index.store import open_current


@pytest.fixture(scope="module")
def searcher(seeds_index: Path, encoder: Encoder) -> Searcher:
    return Searcher(open_current(seeds_index), encoder)


QUESTIONS = [
    "Who was wounded in the Battle of Gao?",
    "How many people were displaced?",
    "rust",
    "Why did they hide?",
    "x",
    "",
    "中文",
]


@pytest.mark.parametrize("mode", sorted(MODES))
@pytest.mark.parametrize("question", QUESTIONS)
def test_scores_are_what_they_say(searcher: Searcher, mode: str, question: str) -> None:
    query = searcher.encoder.encode_query(question)
    shares = dict(searcher.opened.words.search(question, 1000, MODES[mode].kindred))
    hits = searcher.search(question, 8, mode)
    assert len(hits) == 8 or (mode == "lexical" and len(hits) == min(8, len(shares)))
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    numbers = {searcher.opened.passage(n).id: n for n in range(searcher.opened.manifest.passages)}
    for hit in hits:
        number = numbers[hit.passage.id]
        assert hit.dense == pytest.approx(float(searcher.opened.passage_vectors.vectors(number, 1)[0] @ query), abs=1e-5)
        if mode != "dense":
            assert hit.lexical == pytest.approx(shares.get(number, 0.0), abs=1e-6)
        assert hit.sentence == pytest.approx(max(s.similarity for s in hit.sentences), abs=1e-6)
        assert [s.number for s in hit.sentences] == list(range(len(hit.passage.sentences)))
        assert hit.score == pytest.approx(fuse(MODES[mode], hit.dense, hit.sentence, hit.lexical), abs=1e-6)


@pytest.mark.parametrize("question", QUESTIONS[:4])
def test_no_better_passage_is_missed(searcher: Searcher, question: str) -> None:
    """Against every passage scored in full, not only the candidates."""
    opened, query = searcher.opened, searcher.encoder.encode_query(question)
    shares = dict(opened.words.search(question, 1000, MODES["hybrid"].kindred))
    every = []
    for n in range(opened.manifest.passages):
        first, after = int(opened.first_sentence[n]), int(opened.first_sentence[n + 1])
        sentence = float((opened.sentence_vectors.vectors(first, after - first) @ query).max())
        every.append(fuse(MODES["hybrid"], float(opened.passage_vectors.vectors(n, 1)[0] @ query), sentence, shares.get(n, 0.0)))
    best = np.sort(every)[::-1][:8]
    np.testing.assert_allclose([hit.score for hit in searcher.search(question, 8)], best, atol=1e-5)


def test_stored_vectors_are_those_of_the_texts(searcher: Searcher) -> None:
    opened = searcher.opened
    for number in (0, 7, opened.manifest.passages - 1):
        passage = opened.passage(number)
        vectors = searcher.encoder.encode_passages([passage_text(passage), *sentence_texts(passage)])
        np.testing.assert_allclose(opened.passage_vectors.vectors(number, 1)[0], vectors[0], atol=2e-3)
        first = int(opened.first_sentence[number])
        np.testing.assert_allclose(opened.sentence_vectors.vectors(first, len(passage.sentences)), vectors[1:], atol=2e-3)


@pytest.mark.parametrize(
    ("question", "holds"),
    [
        ("Who was wounded in the Battle of Gao?", "Bilal Ag Acherif"),
        ("How many MOJWA fighters were killed in the Battle of Gao?", "36 killed"),
        ("How many Rafale jets bombed Gao?", "Rafale"),
        ("Who commanded the Malian side at Diabaly?", "Seydou Sogoba"),
        ("When did the MNLA lose Gao?", "Gao"),
        ("Which units of France took part in the bombardment of Gao?", "4 Rafale fighter jets"),
    ],
)
def test_a_question_finds_its_passage_among_the_first_five(searcher: Searcher, question: str, holds: str) -> None:
    assert any(holds in hit.passage.text for hit in searcher.search(question, 5))


def test_a_question_that_shares_no_word_keeps_the_order_of_the_vectors(searcher: Searcher) -> None:
    question = "zzyzx qwrtp"
    weights = MODES["hybrid"]
    assert all(hit.lexical == 0 for hit in searcher.search(question, 8))
    dense = Weights(weights.passage, weights.sentence, 0)
    assert [h.passage.id for h in searcher.search(question, 8)] == [
        h.passage.id for h in searcher.search(question, 8, weights=dense)
    ]


def test_lexical_alone_finds_nothing_without_a_known_word(searcher: Searcher) -> None:
    assert searcher.search("zzyzx qwrtp", 8, "lexical") == []


def test_k(searcher: Searcher) -> None:
    eight = searcher.search(QUESTIONS[0], 8)
    assert searcher.search(QUESTIONS[0], 3)[0].passage == eight[0].passage
    assert [h.passage.id for h in searcher.search(QUESTIONS[0], 3)] == [h.passage.id for h in eight[:3]]
    assert len(searcher.search(QUESTIONS[0], 100)) == 100
    assert len(searcher.search("Gao Mali MNLA Islamists Azawad", 100, "lexical")) > 60


def test_an_unknown_mode_is_a_usage_error(searcher: Searcher) -> None:
    with pytest.raises(UsageError, match="mode must be one of hybrid, dense, lexical, not 'best'"):
        searcher.search("x", 8, "best")


def test_several_threads_get_the_same_answers(searcher: Searcher) -> None:
    alone = [searcher.search(question, 5) for question in QUESTIONS]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda question: searcher.search(question, 5), QUESTIONS * 3)) == alone * 3


def test_names(searcher: Searcher) -> None:
    assert searcher.embedder_name == "all-MiniLM-L6-v2" and searcher.generation == searcher.opened.manifest.name


def test_fusion_is_a_weighted_sum() -> None:
    assert fuse(Weights(0.5, 0.25, 0.25), 0.8, 0.4, 0.2) == pytest.approx(0.55)
    assert all(sum((w.passage, w.sentence, w.words)) == pytest.approx(1) for w in MODES.values())
