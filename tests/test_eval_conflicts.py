"""The set of disagreements: its rows are sound, and the dev half is read as well as the floors demand."""

from __future__ import annotations

from collections import Counter

import pytest

from eval import conflicts, fit_conflicts
from eval.conflicts import Outcome, below_floors, load, measured
from qa.answering import FEATURES
from qa.conflicts import Stated


def test_the_rows() -> None:
    pairs = load()
    assert len(pairs) >= 150 and len({pair.id for pair in pairs}) == len(pairs) == len({pair.question for pair in pairs})
    assert 0.4 < sum(bool(pair.sides) for pair in pairs) / len(pairs) < 0.6
    assert min(Counter(pair.split for pair in pairs).values()) > 90
    for pair in pairs:
        texts = [sentence.text for passage in pair.passages for sentence in passage.sentences]
        assert 2 <= len(texts) <= 6
        assert len(pair.sides) != 1 and all(any(form in text for form in side for text in texts) for side in pair.sides)


def test_figures_and_floors() -> None:
    differing, same = (next(pair for pair in load() if bool(pair.sides) == wanted) for wanted in (True, False))
    good = measured([Outcome(differing, ("31", "27"), True), Outcome(same, (), True)])
    assert (good["shown"], good["false"], good["precision"]) == (1.0, 0.0, 1.0) and below_floors("dev", good) == []
    bad = measured([Outcome(differing, (), False), Outcome(same, ("1", "2"), False)])
    assert (bad["shown"], bad["false"], bad["precision"]) == (0.0, 1.0, 0.0) and len(below_floors("test", bad)) == 2
    assert [row["id"] for row in bad["mistakes"]] == [differing.id, same.id]


@pytest.fixture(scope="module")
def figures(encoder) -> dict:  # type: ignore[no-untyped-def,type-arg]
    return measured(conflicts.run([pair for pair in load() if pair.split == "dev"], encoder, weighed=False))


def test_the_dev_half_holds_the_floors(figures: dict) -> None:  # type: ignore[type-arg]
    assert below_floors("dev", figures) == [], figures["mistakes"]
    assert figures["precision"] >= 0.9


def test_what_is_weighed_in_pairs_shows_more(encoder) -> None:  # type: ignore[no-untyped-def]
    figures = measured(conflicts.run([pair for pair in load() if pair.split == "dev"], encoder))
    shown, false = conflicts.WEIGHED_FLOORS["dev"]
    assert figures["shown"] >= shown and figures["false"] <= false, figures["mistakes"]


def test_the_models_are_fitted_from_questions_and_answers() -> None:
    """From rows with a gold value in one document: what fits the question speaks for a value, and what another event says against."""
    data = []
    for pair in load():
        if pair.sides and pair.split == "dev":
            stated = tuple(Stated(0.9, p, n, 0.8) for p in pair.passages for n in range(len(p.sentences)))
            data.append(fit_conflicts.Example(pair.question, pair.sides[0], pair.passages[0].source, stated))
    record = fit_conflicts.fit(data)
    assert tuple(record["features"]) == FEATURES and {"number", "date", "person"} <= set(record["models"])
    for model in record["models"].values():
        weights = dict(zip(FEATURES, model["weights"], strict=True))
        assert all(weights[name] >= 0 for name in fit_conflicts.FOR) and all(weights[name] <= 0 for name in fit_conflicts.AGAINST)
        assert 0 < model["right"] < model["values"] and 0 < model["threshold"] <= 0.95
