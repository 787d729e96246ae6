"""`qa eval scale`: what is made of a real index, and that its figures are what they say."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from eval import scale, scale_made
from eval.plots import scale as plot
from index import vectors
from index.embed import Encoder
from index.errors import UsageError
from index.search import Searcher
from qa.settings import Settings

SIZE = 150


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, small: Settings) -> Path:
    folder = tmp_path_factory.mktemp("scale") / str(SIZE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vectors, "EXACT_MOST", 200)
        scale_made.build(small.index_path, folder, SIZE)
    return folder


def test_what_is_made_is_an_index(made: Path) -> None:
    opened = scale.opened(made)
    row = json.loads((made / "built.json").read_text())
    assert len(opened.passage_vectors) == row["passages"] == SIZE and len(opened.sentence_vectors) == row["sentences"]
    passages = opened.passages(range(SIZE))
    assert [len(p.sentences) for p in passages] == np.diff(opened.first_sentence.astype(int)).tolist()
    assert len({p.id for p in passages}) == SIZE and len({p.text for p in passages}) > SIZE / 3
    assert len(opened.words.search("bridge", SIZE)) == sum("bridge" in p.text.lower() for p in passages) > 0
    np.testing.assert_allclose(np.linalg.norm(opened.passage_vectors.rows(np.arange(SIZE)), axis=1), 1, atol=1e-3)
    assert row["kind"]["passages"] == "exact, float16" and row["kind"]["sentences"].startswith("IVF")
    assert row["disk_mb"]["vectors"] > row["disk_mb"]["clusters"] > 0 and not list(made.glob("*.made"))
    assert row["build"].keys() == {"words", "passages", "sentences"}


def test_made_vectors_lie_near_real_ones(encoder: Encoder) -> None:
    base = encoder.encode_passages(
        [f"Text {n} about {word}." for n, word in enumerate("river bridge fair lamp tower ferry".split())]
    )
    cosines = scale_made.mixed(base, 500, np.random.default_rng(0)) @ base.T
    assert 0.8 < np.median(cosines.max(axis=1)) < 0.99
    one, again = (scale_made.mixed(base, 5, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(one, again)


def test_figures_of_a_search(made: Path, tmp_path: Path, encoder: Encoder) -> None:
    questions = ["Who designed the Orrin Bridge?", "When was the lighthouse built?", "weavers guild"]
    np.save(tmp_path / "questions.npy", np.stack([encoder.encode_query(question) for question in questions]))
    (tmp_path / "questions.json").write_text(json.dumps(questions))
    found = scale.search(made, tmp_path)
    assert found["recall@10"]["passages"] == 1 and found["recall@10"]["sentences"] > 0.8
    assert 0 < found["cpu_ms"]["p50"] <= found["cpu_ms"]["p95"] and found["opened_mb"]["own"] > 1


def test_recall_sees_what_is_missed(made: Path, encoder: Encoder) -> None:
    searcher = Searcher(scale.opened(made), encoder)

    class Half:
        """Finds every second of the nearest."""

        def __init__(self, vectors: object) -> None:
            self.rows, self.exact = vectors.rows, vectors.exact  # type: ignore[attr-defined]

        def __len__(self) -> int:
            return SIZE

        def search(self, query: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
            scores, numbers = self.exact(query, 2 * k)
            return scores[::2], numbers[::2]

    searcher.opened.passage_vectors = Half(searcher.opened.passage_vectors)
    question = "Who designed the Orrin Bridge?"
    assert scale.recall(searcher, [(encoder.encode_query(question), question)])["passages"] == 0.5


def test_table_and_plot() -> None:
    row = {
        "passages": 1000,
        "sentences": 3400,
        "kind": {"passages": "exact, float16", "sentences": "IVF64,SQ8, scored again from float16"},
        "probes": {"passages": 0, "sentences": 16},
        "build": {"words": {"wall_s": 1.4, "cpu_s": 0.6}, "passages": {"wall_s": 2.0, "cpu_s": 2.0}},
        "build_peak_mb": 300.0,
        "disk_mb": {"vectors": 3.4, "clusters": 1.6, "words": 0.2, "texts": 1.6},
        "asked_mb": {"own": 25.2, "mapped": 36.0},
        "wall_ms": {"p50": 2.04, "p95": 4.0},
        "cpu_ms": {"p50": 1.96, "p95": 3.0},
        "recall@10": {"passages": 1.0, "sentences": 0.981, "hybrid": 0.999},
        "embedding_cpu_s_extrapolated": 7200.0,
    }
    table = scale.as_markdown({"rows": [row]}).splitlines()
    assert len(table) == 3 and {line.count("|") for line in table} == {table[0].count("|")}
    assert "| 1,000 | 3,400 | passages: exact; sentences: IVF64, 16 probes | 3 (3) | 300 |" in table[2]
    assert "| 2.0 / 4.0 | 2.0 / 3.0 | 1.000 · 0.981 · 0.999 | 2.00 |" in table[2]
    assert plot([row]).startswith("<svg") and plot([row]) == plot([row])


def test_a_step_that_fails_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the step failed: search"):
        scale._child("search", str(tmp_path), str(tmp_path))
