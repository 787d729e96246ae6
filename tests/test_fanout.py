"""Embedding in several processes: the same bytes as in one, and what happens when a worker fails."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from index.build import Recipe, build
from index.embed import Encoder, open_encoder
from index.errors import ModelError
from index.fanout import fanned_out
from index.store import current_manifest
from tests.conftest import write_articles
from tests.encoder_double import WordEncoder

TEXTS = [f"Sentence {n} of the article speaks of {'rivers and bridges ' * (n % 9)}." for n in range(150)]


def other_model() -> Encoder:
    return WordEncoder(weights="1" * 64)


def ends() -> Encoder:
    os._exit(3)


def test_two_processes_give_the_bytes_of_one(encoder: Encoder, tmp_path: Path) -> None:
    """The whole index: every file of both generations has the same checksum."""
    folder, recipe = write_articles(tmp_path / "articles"), Recipe(encoder.card.name)
    build(folder, tmp_path / "one", recipe, encoder)
    done: list[int] = []
    with fanned_out(encoder, 2, partial(open_encoder, encoder.card.name, threads=1)) as several:
        build(folder, tmp_path / "two", recipe, several)
        assert several is not encoder
        np.testing.assert_array_equal(several.encode_passages(TEXTS, done.append), encoder.encode_passages(TEXTS))
    assert sum(done) == len(TEXTS) and len(done) > 2
    one, two = current_manifest(tmp_path / "one"), current_manifest(tmp_path / "two")
    vectors = {name: entry["sha256"] for name, entry in one.files.items() if not name.startswith("words/")}
    assert vectors == {name: entry["sha256"] for name, entry in two.files.items() if not name.startswith("words/")}
    assert {"passages.faiss", "sentences.faiss"} <= vectors.keys() and one.name == two.name


def test_batches_of_a_batch_are_that_batch(encoder: Encoder) -> None:
    """What the workers rely on."""
    batches = encoder.batches(TEXTS)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(TEXTS))) and len(batches) > 2
    for batch in batches:
        texts = [TEXTS[n] for n in np.sort(batch)]
        (again,) = encoder.batches(texts)
        assert np.sort(batch)[again].tolist() == batch.tolist()


def test_one_process_is_the_encoder_itself() -> None:
    encoder = WordEncoder()
    with fanned_out(encoder, 1, ends) as alone:
        assert alone is encoder


@pytest.mark.parametrize(("opener", "said"), [(other_model, "has opened another model"), (ends, "fewer --workers")])
def test_a_worker_that_fails_is_a_model_error(opener: object, said: str) -> None:
    with pytest.raises(ModelError, match=said), fanned_out(WordEncoder(), 2, opener) as several:  # type: ignore[arg-type]
        several.encode_passages(["a", "b"])


def test_no_text_is_no_vector() -> None:
    with fanned_out(WordEncoder(), 2, WordEncoder) as several:
        assert several.encode_passages([]).shape == (0, 64)
        assert several.card == WordEncoder().card
