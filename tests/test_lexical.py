"""BM25 against a computation by hand, and the terms it counts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import lexical
from index.errors import DamagedIndex
from index.lexical import LexicalIndex, terms
from index.publish import remove

TEXTS = [
    "The bridge over the river Orrin opened in 1931.",
    "The lighthouse keeper left the lighthouse; the lighthouse was automatic.",
    "A ferry crossed the river. The river froze.",
    "Weavers founded the fair.",
    "The bridge was closed because rust weakened the bridge cables of the bridge over the river at the old quarry near Hallin.",
]
K1, B = 1.2, 0.75


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LexicalIndex:
    folder = tmp_path_factory.mktemp("words") / "w"
    lexical.build(folder, TEXTS)
    return LexicalIndex(folder)


def by_hand(question: str) -> list[tuple[int, float]]:
    """Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework", equation 3.15, as a share of its upper bound."""
    documents = [Counter(terms(text)) for text in TEXTS]
    mean = sum(d.total() for d in documents) / len(documents)
    asked = set(terms(question))
    having = {term: sum(term in d for d in documents) for term in asked}
    idf = {t: math.log(1 + (len(TEXTS) - n + 0.5) / (n + 0.5)) for t, n in having.items()}
    bound = sum(idf.values()) * (K1 + 1)
    scores = [
        sum(idf[t] * d[t] * (K1 + 1) / (d[t] + K1 * (1 - B + B * d.total() / mean)) for t in asked if d[t]) for d in documents
    ]
    return sorted(((n, s / bound) for n, s in enumerate(scores) if s), key=lambda row: -row[1])


@pytest.mark.parametrize(
    "question",
    [
        "bridge",
        "Which river did the bridge cross?",
        "lighthouse keeper",
        "bridges, RIVERS and ferries",
        "river river river",
        "the fair of zebras",
    ],
)
def test_scores_are_those_of_the_hand_computation(index: LexicalIndex, question: str) -> None:
    found, expected = index.search(question, 10), by_hand(question)
    assert [n for n, _ in found] == [n for n, _ in expected]
    assert [s for _, s in found] == pytest.approx([s for _, s in expected], abs=1e-5)


@pytest.mark.parametrize("question", ["", "the of and", "?!", "zebra", "Who was it?"])
def test_without_a_telling_word_nothing_is_found(index: LexicalIndex, question: str) -> None:
    assert index.search(question, 10) == []


def test_k_limits_and_the_best_come_first(index: LexicalIndex) -> None:
    assert index.search("river", 2) == index.search("river", 10)[:2] and len(index.search("river", 10)) == 3


def test_rarity(index: LexicalIndex) -> None:
    assert index.rarity("river") == pytest.approx(math.log(1 + 2.5 / 3.5))
    assert index.rarity("zebra") == pytest.approx(math.log(1 + 5.5 / 0.5))


def test_terms() -> None:
    assert terms("The Bridges were crossing; Touré's café, 2,400") == ["bridg", "cross", "tour", "cafe", "2", "400"]
    assert terms("") == terms("the of who which") == []
    assert terms("MUJAO Gao GAO") == ["mujao", "gao", "gao"]


@given(st.text(max_size=80))
def test_any_question_is_a_share(index: LexicalIndex, question: str) -> None:
    for number, score in index.search(question + " river", 10):
        assert 0 <= number < len(TEXTS) and 0 < score < 1


@pytest.mark.parametrize(
    "question", ['river AND "', "text:river", "river~2", "(river", "+river -bridge", "[river TO a]", "river^9"]
)
def test_a_question_is_words_not_a_query_language(index: LexicalIndex, question: str) -> None:
    assert {n for n, _ in index.search(question, 10)} >= {0, 2, 4}


def test_a_folder_without_an_index_is_said_to_be_damaged(tmp_path: Path) -> None:
    with pytest.raises(DamagedIndex, match="cannot be opened"):
        LexicalIndex(tmp_path)


def test_stems_are_those_of_snowball() -> None:
    """The reference is Snowball's own library, on every word of the token vocabulary's common words."""
    import snowballstemmer

    from qa.tokens import common

    words = [word for word in sorted(common()) if word.isascii()][::7]
    reference = snowballstemmer.stemmer("english")
    assert [lexical.stem(word) for word in words] == reference.stemWords(words)
    assert lexical.stem("wounded") == "wound" and lexical.stem("x") == "x"


def test_an_interrupted_build_writes_nothing_after_it(tmp_path: Path) -> None:
    """The threads that write end with the interruption, so what was written can be removed for good."""

    def texts(count: int) -> Iterator[str]:
        yield from (" ".join(f"w{(n * 7919 + m * 104729) % 50021}" for m in range(150)) for n in range(count))
        raise KeyboardInterrupt

    for count in range(0, 300, 20):
        with pytest.raises(KeyboardInterrupt) as interrupted:
            lexical.build(tmp_path / "words", texts(count))
        remove(tmp_path / "words")
        assert interrupted.traceback and not (tmp_path / "words").exists()
