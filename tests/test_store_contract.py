"""What every store must keep, wherever passages and vectors lie: run over the files of this machine and over Milvus (Milvus Lite)."""

from __future__ import annotations

import builtins
import shutil
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from index.build import Recipe, build
from index.embed import Encoder
from index.errors import IndexProblem, MissingIndex, UsageError
from index.search import Searcher, Store
from index.store import open_current
from index.stores import deliver, delivering, open_published
from qa.answer import Answerer
from qa.settings import Settings
from tests.conftest import build_index, write_articles
from tests.encoder_double import WordEncoder

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
QUESTIONS = ["Who designed the Orrin Bridge?", "When was the lighthouse made automatic?", "zzyzx", "weavers guild fair", "x"]


def milvus(folder: Path) -> str:
    """A store of its own in `folder`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("pymilvus", reason='Milvus: pip install "seedqa[milvus]"')
        pytest.importorskip("milvus_lite", reason='Milvus Lite: pip install "seedqa[milvus]"')
    return f"milvus:{folder / 'store.db'}"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Settings:
    return build_index(tmp_path_factory.mktemp("contract"), encoder)


@pytest.fixture(scope="module", params=["local", "milvus"])
def where(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, settings: Settings) -> str:
    if request.param == "local":
        return "local"
    store = milvus(tmp_path_factory.mktemp("milvus"))
    deliver(settings.index_path, store)
    return store


@pytest.fixture(scope="module")
def opened(settings: Settings, where: str) -> Iterator[Store]:
    yield open_published(settings.index_path, where)


@pytest.fixture(scope="module")
def files(settings: Settings) -> Store:
    """The reference: the files that were built."""
    return open_current(settings.index_path)


def test_what_it_holds(opened: Store, files: Store) -> None:
    assert opened.name == files.name and opened.manifest == files.manifest
    assert list(opened.articles()) == list(files.articles())
    numbers = list(range(files.manifest.passages))[::-1]
    assert opened.passages(numbers) == files.passages(numbers) and opened.passages([]) == []
    assert opened.first_sentence.tolist() == files.first_sentence.tolist()
    source = files.passages([0])[0].source
    assert opened.article_path(source) == files.article_path(source)


@pytest.mark.parametrize("part", ["passage_vectors", "sentence_vectors"])
def test_vectors_come_back_bit_for_bit_and_in_the_order_asked_for(opened: Store, files: Store, part: str) -> None:
    vectors, reference = getattr(opened, part), getattr(files, part)
    assert len(vectors) == len(reference)
    numbers = np.array([len(reference) - 1, 0, 2, 1, 2])
    np.testing.assert_array_equal(vectors.rows(numbers), reference.rows(numbers))
    assert vectors.rows(numbers[:0]).size == 0


@pytest.mark.parametrize("part", ["passage_vectors", "sentence_vectors"])
def test_the_nearest_are_those_of_numpy(opened: Store, files: Store, encoder: Encoder, part: str) -> None:
    vectors, every = getattr(opened, part), getattr(files, part).rows(np.arange(len(getattr(files, part))))
    for question in QUESTIONS:
        query = encoder.encode_query(question)
        cosines = every @ query
        scores, numbers = vectors.search(query, 7)
        np.testing.assert_allclose(scores, np.sort(cosines)[::-1][: len(scores)], atol=1e-6)
        np.testing.assert_allclose(cosines[numbers], scores, atol=1e-6)
        assert len(scores) == min(7, len(every)) == len(set(numbers.tolist()))
        assert len(vectors.search(query, 10_000)[0]) == len(every)


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_the_ranking_and_every_score_are_those_of_the_files(opened: Store, files: Store, encoder: Encoder, mode: str) -> None:
    for question in QUESTIONS:
        hits, expected = (Searcher(s, encoder).search(question, 6, mode) for s in (opened, files))
        assert [hit.passage for hit in hits] == [hit.passage for hit in expected]
        for hit, other in zip(hits, expected, strict=True):
            assert (hit.score, hit.dense, hit.sentence) == pytest.approx((other.score, other.dense, other.sentence), abs=1e-6)
            assert hit.lexical == other.lexical and len(hit.sentences) == len(other.sentences)


def test_answers_and_citations_are_those_of_the_files(settings: Settings, where: str, encoder: Encoder) -> None:
    answerers = [Answerer.open(replace(settings, store=store), encoder) for store in (where, "local")]
    for question in QUESTIONS[:2]:
        answer, expected = (answerer.answer(question) for answerer in answerers)
        assert answer.citations == expected.citations and (answer.answer, answer.status) == (expected.answer, expected.status)
        assert answer.citations and answer.index == expected.index


def test_nothing_is_delivered_twice(settings: Settings, tmp_path: Path) -> None:
    store = milvus(tmp_path)
    deliver(settings.index_path, store)
    deliver(settings.index_path, store)
    assert len(open_published(settings.index_path, store).passage_vectors) == open_current(settings.index_path).manifest.passages


def test_a_machine_that_answers_needs_neither_passages_nor_vectors(settings: Settings, tmp_path: Path, encoder: Encoder) -> None:
    store = milvus(tmp_path)
    deliver(settings.index_path, store)
    shutil.copytree(settings.index_path, tmp_path / "index")
    for name in ("passages.jsonl", "passages.offsets.npy", "passages.faiss", "sentences.faiss"):
        next(tmp_path.glob(f"index/generations/*/{name}")).unlink()
    hits = Searcher(open_published(tmp_path / "index", store), encoder).search(QUESTIONS[0], 1)
    assert "Maud Tiller" in hits[0].passage.text
    with pytest.raises(IndexProblem):
        open_current(tmp_path / "index")


def test_a_generation_that_is_not_there_is_named_and_the_one_before_answers_meanwhile(tmp_path: Path) -> None:
    store, index = milvus(tmp_path), tmp_path / "index"
    encoder, folder = WordEncoder(), write_articles(tmp_path / "articles")
    first = build(folder, index, Recipe("words"), encoder).name
    with pytest.raises(
        MissingIndex, match=f"the index {first} is not in Milvus at .*store.db; run: qa index build --store milvus:"
    ):
        open_published(index, store)
    deliver(index, store)
    (folder / "new.txt").write_text("A second bridge over the Orrin opened in 1999.", encoding="utf-8")
    with delivering(index, store):
        second = build(folder, index, Recipe("words"), encoder).name
        assert open_published(index, store).name == first
    assert open_published(index, store).name == second
    (folder / "new.txt").unlink()
    (folder / "third.txt").write_text("A third bridge over the Orrin is planned.", encoding="utf-8")
    with delivering(index, store):
        third = build(folder, index, Recipe("words"), encoder).name
    from pymilvus import MilvusClient

    assert {name.split("_")[1] for name in MilvusClient(store.removeprefix("milvus:")).list_collections()} == {second, third}


def test_a_half_filled_collection_is_not_opened_and_is_filled_anew(tmp_path: Path) -> None:
    store, index = milvus(tmp_path), tmp_path / "index"
    built = build(write_articles(tmp_path / "articles"), index, Recipe("words"), WordEncoder())
    deliver(index, store)
    from pymilvus import MilvusClient

    client = MilvusClient(store.removeprefix("milvus:"))
    client.delete(f"seedqa_{built.name}_sentences", ids=[1])
    client.flush(f"seedqa_{built.name}_sentences")
    if client.get_collection_stats(f"seedqa_{built.name}_sentences")["row_count"] != built.sentences:
        with pytest.raises(MissingIndex):
            open_published(index, store)
    client.drop_collection(f"seedqa_{built.name}_sentences")
    with pytest.raises(MissingIndex):
        open_published(index, store)
    deliver(index, store)
    assert len(open_published(index, store).sentence_vectors) == built.sentences


@pytest.mark.parametrize("where", ["milvus", "milvus:", "pinecone:x", "http://localhost"])
def test_another_store_is_a_usage_error(tmp_path: Path, where: str) -> None:
    with pytest.raises(UsageError, match='store must be "local" or "milvus:URI"'):
        open_published(tmp_path, where)


def test_a_missing_client_is_named_with_the_command(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *rest: object) -> object:
        if name.startswith("pymilvus"):
            raise ImportError(name)
        return real(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(UsageError, match=r'pip install "seedqa\[milvus\]"'):
        open_published(settings.index_path, "milvus:./x.db")
