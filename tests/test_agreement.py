"""Whether the quick encoder is used: where it agrees with the exact one on a sample of the articles, and only there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from index import agreement
from index.agreement import Agreement, sample, settled
from index.embed import Encoder
from index.store import open_current
from tests.encoder_double import WordEncoder

TEXTS = [f"word{n} other{n % 5} text" for n in range(32)]


class Coarse(WordEncoder):
    """A quick double: its vectors are those of the exact one turned by `noise`."""

    def __init__(self, noise: float) -> None:
        super().__init__()
        self.card = replace(self.card, precision="int8")
        self.noise = noise

    def exact(self) -> WordEncoder:
        return WordEncoder()

    def encode_passages(self, texts: Sequence[str], progress: object = None) -> np.ndarray:
        if not self.noise:
            return super().encode_passages(texts)
        rows = super().encode_passages(texts) + self.noise * np.random.default_rng(len(texts)).normal(size=(len(texts), 64))
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_the_sample_is_spread_and_depends_on_the_number_alone() -> None:
    assert sample(3) == [0, 1, 2] and sample(1) == [0]
    assert len(sample(10_000)) == agreement.SAMPLE and sample(10_000)[0] == 0 and sample(10_000)[-1] == 9_999


def test_an_encoder_that_agrees_is_used() -> None:
    quick = Coarse(0.0)
    used, found = settled(quick, TEXTS, TEXTS)
    assert used is quick and found == Agreement("int8", 64, 1.0, 1.0, 1.0)


def test_one_that_does_not_is_replaced_by_its_exact_form() -> None:
    used, found = settled(Coarse(0.05), TEXTS, TEXTS)
    assert used.card.precision == found.precision == "float32"
    assert found.cosine < agreement.LEAST_COSINE and found.least_cosine <= found.cosine and found.overlap < 1


def test_vectors_that_are_near_but_find_others_are_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agreement, "LEAST_COSINE", 0.0)
    used, found = settled(Coarse(0.05), TEXTS, TEXTS)
    assert found.overlap < agreement.LEAST_OVERLAP and used.card.precision == "float32"


def test_an_exact_encoder_is_not_measured() -> None:
    exact = WordEncoder()
    assert settled(exact, TEXTS, TEXTS) == (exact, Agreement("float32"))


def test_a_build_records_it(seeds_index: Path, encoder: Encoder) -> None:
    manifest = open_current(seeds_index).manifest
    assert manifest.encoder["precision"] == manifest.agreement["precision"] == "int8"
    assert manifest.agreement["texts"] == 64
    assert 0.99 < manifest.agreement["cosine"] < 1 and agreement.LEAST_OVERLAP < manifest.agreement["overlap"] <= 1
