"""The baselines, over vectors that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from eval.baselines import DenseRanking, PlainPipeline, chunks, first_sentence, fused
from index.types import Hit

RAW = {"a/one.txt": "Gao fell. The rest is silence.\n" * 40, "a/two.txt": "  Kidal stood! And more"}


def found(*names: str) -> list[Hit]:
    passage = chunks("a/two.txt", "x")[0]
    from dataclasses import replace

    return [Hit(replace(passage, id=name), 1.0) for name in names]


def test_fusion_by_hand() -> None:
    search = fused([lambda q, k: found("a", "b", "c"), lambda q, k: found("c", "b")])
    hits = search("q", 2)
    assert [hit.passage.id for hit in hits] == ["c", "b"]
    assert hits[0].score == pytest.approx(1 / 63 + 1 / 61)
    assert hits[1].score == pytest.approx(2 / 62)


def test_chunks_are_exact_slices_that_cover_the_file() -> None:
    cut = chunks("a/one.txt", RAW["a/one.txt"])
    assert [(p.start, p.end) for p in cut] == [(0, 800), (700, 1240)]
    assert cut[1].line == RAW["a/one.txt"][:700].count("\n") + 1
    assert chunks("x", "short")[0].text == "short"
    assert chunks("x", "  \n") == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("  Kidal stood! And more", "Kidal stood!"), ("no end", "no end"), ("4.5 men. Then", "4.5 men."), ("a\nb. c", "a\nb.")],
)
def test_first_sentence(text: str, wanted: str) -> None:
    start, end = first_sentence(text, 0, len(text))
    assert text[start:end] == wanted


def test_the_plain_pipeline() -> None:
    passages = [p for source, raw in RAW.items() for p in chunks(source, raw)]
    vectors = np.array([[1, 0], [0.6, 0.8], [0, 1]], dtype=np.float32)
    plain = PlainPipeline(DenseRanking(tuple(passages), vectors, lambda q: np.array([0, 1], dtype=np.float32)), RAW)
    answer = plain.answer("What stood?")
    assert (answer.answer, answer.confidence, answer.status) == ("Kidal stood! [1]", 1.0, "answered")
    assert RAW["a/two.txt"][answer.citations[0].start : answer.citations[0].end] == answer.citations[0].quote
    assert [round(p.score, 1) for p in answer.passages] == [1.0, 0.8, 0.0]
