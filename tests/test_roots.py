"""How near words are in meaning: the shipped vectors, and the share of a question that a sentence takes up by them."""

from __future__ import annotations

import numpy as np
import pytest

from eval import roots as written
from qa import roots
from qa.kinds import stems


def share(question: str, *texts: str) -> np.ndarray:
    return roots.taken_up(dict.fromkeys(stems(question), 1.0), texts)


def test_a_text_with_the_words_takes_them_up_whole() -> None:
    assert share("purchased a ship", "A ship is what she purchased.") == pytest.approx([1.0])


def test_a_word_of_like_meaning_counts_more_than_another() -> None:
    near, far = share("purchase", "He bought it.", "He painted it.")
    assert 0.0 <= far < 0.3 < near < 1.0


def test_weights_count() -> None:
    found = roots.taken_up({"ship": 3.0, "zzzyx": 1.0}, ["The ship.", "Zzzyx."])
    assert found[0] == pytest.approx(0.75) and 0.25 <= found[1] < 0.5


def test_an_unknown_word_is_near_itself_only() -> None:
    assert share("Zzzyx", "Zzzyx came.", "Nobody came.") == pytest.approx([1.0, 0.0])


def test_nothing_asked_and_nothing_said() -> None:
    assert share("", "A ship.").tolist() == [0.0]
    assert share("ship", "", "A ship.") == pytest.approx([0.0, 1.0])
    assert roots.taken_up({"ship": 1.0}, []).shape == (0,)


def test_a_text_is_worth_the_same_beside_any_others() -> None:
    alone = share("purchase of vessels", "He bought a ship.")
    assert share("purchase of vessels", "The weather.", "He bought a ship.", "")[1] == pytest.approx(alone[0], abs=1e-6)


def test_the_shipped_vectors_are_those_of_the_encoder() -> None:
    names, rows = written.table(*written.encoder_words())
    numbers, vectors = roots._table()
    assert list(numbers) == names and np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    fresh = rows.astype(np.float32)
    fresh /= np.linalg.norm(fresh, axis=1, keepdims=True)
    some = np.random.default_rng(0).integers(len(names), size=200)
    assert np.allclose(fresh[some] @ fresh[some[:20]].T, vectors[some] @ vectors[some[:20]].T, atol=0.02)
