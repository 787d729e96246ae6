"""A second search by the names that the first one found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from index.build import build
from index.embed import open_encoder
from index.search import Searcher
from index.store import open_current
from index.types import Hit, Passage, Sentence, SentenceHit
from qa import hops
from qa.answer import Answerer, recipe
from qa.settings import load


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("What was the trade of the man who was the only witness?", True),
        ("Where was the engineer born whose bridge fell?", True),
        ("Which prize did the film made by the school win?", True),
        ("Who was the only witness?", False),
        ("When did the bridge open?", False),
        ("Which towns are on the river that floods?", False),
    ],
)
def test_what_describes_something(question: str, wanted: bool) -> None:
    assert hops.describes(question) is wanted


def _hit(name: str, score: float, *texts: str) -> Hit:
    sentences = tuple(Sentence(text, text, 0, len(text), 1) for text in texts)
    passage = Passage(name, f"{name}.txt", "", "", (), "prose", sentences)
    return Hit(passage, score, sentences=tuple(SentenceHit(n, 0.5) for n in range(len(texts))))


def test_the_names_of_the_best_sentence_that_the_question_lacks() -> None:
    hit = _hit("a", 1.0, "Anna Vell slept.", "The only witness of the Merrin promise, Octavian Rusk, died in Castermoor.")
    found = hops.names_found("Which man was the only witness of the Merrin promise?", [hit], lambda word: 1.0)
    assert found == ["Octavian", "Rusk", "Castermoor"]
    assert hops.names_found("Who?", [], lambda word: 1.0) == []


def test_what_is_joined_stands_behind_and_is_new() -> None:
    first = [_hit("a", 0.9), _hit("b", 0.4)]
    second = [_hit("b", 0.8), _hit("c", 0.7), _hit("d", 0.3), _hit("e", 0.2), _hit("f", 0.1)]
    assert [(h.passage.id, h.score) for h in hops.joined(first, second)] == [
        ("a", 0.9),
        ("b", 0.4),
        ("c", 0.4),
        ("d", 0.3),
        ("e", 0.2),
    ]


@pytest.fixture(scope="module")
def answerer(tmp_path_factory: pytest.TempPathFactory) -> Answerer:
    """Twelve articles on witnesses, which the question is about, and one on the man, which holds none of its words."""
    folder = tmp_path_factory.mktemp("hops")
    (folder / "articles").mkdir()
    for n in range(12):
        text = f"A witness of promise {n} was heard by the court in spring. His trade was not written down by the clerk.\n"
        (folder / "articles" / f"{n}.txt").write_text(text, encoding="utf-8")
    rusk = "The only witness of the spoken promise was Octavian Rusk, who had died that winter.\n"
    (folder / "articles" / "promise.txt").write_text(rusk, encoding="utf-8")
    (folder / "articles" / "beer.txt").write_text(
        "Octavian Rusk brewed dark beer beside the mill for thirty years.\n", encoding="utf-8"
    )
    settings = load({"passages": 4, "threshold": 0.0})
    encoder = open_encoder()
    build(folder / "articles", folder / "index", recipe(settings), encoder)
    return Answerer(Searcher(open_current(folder / "index"), encoder), settings)


def _sources(answerer: Answerer, question: str) -> list[str]:
    return [Path(passage.source).name for passage in answerer.answer(question).passages]


def test_the_second_passage_is_found_by_the_name_in_the_first(answerer: Answerer, monkeypatch: pytest.MonkeyPatch) -> None:
    question = "What was the trade of the man who was the only witness of the spoken promise?"
    with_it = _sources(answerer, question)
    monkeypatch.setattr(hops, "describes", lambda text: False)
    without = _sources(answerer, question)
    assert (len(without), "beer.txt" in without) == (4, False)
    assert "beer.txt" in with_it and set(without) < set(with_it)


def test_another_ranking_of_the_first_search_is_followed(answerer: Answerer) -> None:
    class Backwards(Searcher):
        def search(self, *given: Any, **named: Any) -> list[Hit]:
            return super().search(*given, **named)[::-1]

    question, opened = "Who brewed dark beer?", answerer.searcher
    usual = hops.look_up(opened, question, 4, 8)[0]
    turned = hops.look_up(Backwards(opened.opened, opened.encoder), question, 4, 8)[0]
    assert len(usual) == 8 and [hit.passage.id for hit in turned] == [hit.passage.id for hit in usual][::-1]


def test_a_question_that_describes_nothing_is_searched_for_once(answerer: Answerer, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*arguments: object) -> list[str]:
        raise AssertionError("no second search is wanted")

    monkeypatch.setattr(hops, "names_found", refused)
    assert len(_sources(answerer, "Who was the only witness of the spoken promise?")) == 4
