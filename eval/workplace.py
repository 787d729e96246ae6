"""Where a run happens: the questions, the index built for it (or the one named), and the system opened on it."""

from __future__ import annotations

import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval import baselines, datasets
from eval.ablations import OF_THE_INDEX, OF_THE_SEARCH, weights_without, without
from eval.questions import Question, load, select
from eval.systems import DEPTH, System
from index.errors import UsageError

if TYPE_CHECKING:
    from index.repair import Repaired
    from index.types import Hit, Passage
    from qa.answer import Answerer
    from qa.settings import Settings
    from qa.types import Citation

DATASET_DEPTH = 100
"""Passages ranked for a dataset's question, so that ten documents are among them."""
MODEL_WORKERS = 4
"""Questions asked at once of a language model."""
SHOWN_SETTINGS = (
    "embedder", "passage_words", "mode", "passages", "model", "rewrite", "expand", "query_model", "policy", "threshold", "max_sentences",
    "span_reader",
    "max_answer_tokens", "context_tokens", "temperature",
)  # fmt: skip
Rank = Callable[[Any, str, int], "list[Hit]"]
Asked = tuple[System, list[Question], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Place:
    """The articles of a run, a folder to build in, the settings, and how many passages are ranked."""

    articles: Path
    work: Path
    settings: Settings
    depth: int = DEPTH


@contextmanager
def opened(arguments: Namespace, settings: Settings) -> Iterator[Asked]:
    """(system, questions, what the questions are) for the parsed arguments of `qa eval run`.

    Without `--index` the index is built for the run, from the articles or the dataset's corpus, so that a result never
    depends on what lies on this machine. What was built is deleted again unless `--work` names a folder to keep it in.
    """
    with _work_folder(arguments.work) as work:
        data = datasets.load(arguments.dataset) if arguments.dataset else None
        questions, about = _questions(arguments, data)
        place = _place(arguments, settings, data, work)
        with without(arguments.without) if arguments.without else nullcontext():
            yield _system(arguments, place, data), questions, about


@contextmanager
def _work_folder(named: Path | None) -> Iterator[Path]:
    if named:
        yield named
        return
    with tempfile.TemporaryDirectory(prefix="qa-eval-") as folder:
        yield Path(folder)


def _questions(arguments: Namespace, data: datasets.Dataset | None) -> tuple[list[Question], dict[str, Any]]:
    everything = list(data.questions) if data else load(arguments.questions)
    chosen = select(everything, "all" if data else arguments.split, arguments.category)[: arguments.limit]
    about = {"file": data.name if data else arguments.questions.name, "split": arguments.split, "categories": arguments.category}
    return chosen, about | {"sha256": sha256(repr(chosen).encode()).hexdigest()}


def _place(arguments: Namespace, settings: Settings, data: datasets.Dataset | None, work: Path) -> Place:
    if data is None:
        return Place(settings.articles or Path("seeds"), work, settings)
    articles = work / data.name / "articles"
    if not articles.is_dir():
        datasets.write_corpus(data, articles)
    return Place(articles, work / data.name, settings, DATASET_DEPTH)


def _system(arguments: Namespace, place: Place, data: datasets.Dataset | None) -> System:
    if arguments.system.endswith("-documents"):
        if data is None:
            raise UsageError(f"--system {arguments.system} ranks the whole documents of a --dataset")
        return _documents(arguments.system, place, data)
    if arguments.system == "plain":
        return _plain(place)
    index = arguments.index or _built(place, arguments.without)
    reader = "off" if arguments.without == "spans" else place.settings.span_reader
    on_it = replace(place.settings, index=index, span_reader=reader)
    name = f"ours without {arguments.without}" if arguments.without else arguments.system
    if arguments.system != "ours" or arguments.without in OF_THE_SEARCH:
        return _ranked_by(name, _rank(arguments.without or arguments.system), on_it, place)
    return _ours(name, on_it, place)


def _built(place: Place, part: str | None) -> Path:
    """An index of the articles; one that is there from an earlier run is used when it is of the same files and settings."""
    from index.build import build
    from index.errors import IndexProblem
    from index.freshness import check_fresh
    from index.store import open_current
    from qa.answer import recipe as recipe_of

    index = place.work / f"index-without-{part}" if part in OF_THE_INDEX else place.work / "index"
    recipe = recipe_of(place.settings)
    try:
        check_fresh(open_current(index), recipe)
    except IndexProblem:
        build(place.articles, index, recipe, _encoder(place.settings))
    return index


def _encoder(settings: Settings) -> Any:
    from index.embed import open_encoder

    return open_encoder(settings.embedder)


@lru_cache(maxsize=4096)
def _repaired(text: str) -> str:
    from index.repair import repair

    return repair(text).text


def _ours(name: str, settings: Settings, place: Place) -> System:
    """Our own answerer on an index."""
    from qa.answer import Answerer

    return _of(name, Answerer.open(settings, _encoder(settings)), place)


def ours(settings: Settings) -> tuple[Answerer, System]:
    """Our own answerer on the user's index, and as a system that is evaluated."""
    from qa.answer import Answerer

    answerer = Answerer.open(settings)
    return answerer, _of("ours", answerer, Place(settings.articles or Path("seeds"), settings.index_path, settings))


def _of(name: str, answerer: Answerer, place: Place) -> System:
    from qa.answer import EXTRACTIVE

    settings, searcher = answerer.settings, answerer.searcher
    return System(
        name=name,
        answer=answerer.answer,
        search=lambda question: answerer.search(question, place.depth),
        prove=_prover(Path(searcher.opened.manifest.root)),
        repair=_repaired,
        force=answerer.with_settings(replace(settings, threshold=0.0)).answer,
        settings=_shown(settings),
        index={"generation": searcher.generation, "embedder": searcher.embedder_name},
        workers=1 if settings.model == EXTRACTIVE else MODEL_WORKERS,
    )


def _rank(kind: str) -> Rank:
    """The ranking of a baseline ("bm25", "dense", "both") or of an ablation of the search ("words", "sentences")."""
    from index.search import Searcher

    if kind in OF_THE_SEARCH:
        return lambda searcher, question, k: Searcher.search(searcher, question, k, weights=weights_without(kind))

    def by_mode(mode: str, searcher: Searcher) -> baselines.Search:
        return lambda question, k: Searcher.search(searcher, question, k, mode)

    if kind == "both":
        return lambda searcher, question, k: baselines.fused([by_mode(m, searcher) for m in ("lexical", "dense")])(question, k)
    return lambda searcher, question, k: by_mode({"bm25": "lexical", "dense": "dense"}[kind], searcher)(question, k)


def _ranked_by(name: str, rank: Rank, settings: Settings, place: Place) -> System:
    """The same reader over the passages of another ranking.

    The reader is given each passage with the scores it was fitted on, so that what differs is the ranking and nothing else;
    as that costs a second search, no latency is reported.
    """
    from index.search import Searcher
    from qa.answer import Answerer

    class Reordered(Searcher):
        def search(self, question: str, k: int = 8, mode: str = "hybrid", weights: Any = None, vector: Any = None) -> list[Hit]:
            usual = {hit.passage.id: hit for hit in Searcher.search(self, question, 4 * baselines.FUSION_DEPTH)}
            return [usual.get(hit.passage.id, hit) for hit in rank(self, question, k)]

    opened = Answerer.open(settings, _encoder(settings)).searcher
    system = _of(name, Answerer(Reordered(opened.opened, opened.encoder), settings), place)
    return replace(
        system,
        answer=lambda question, history: replace(system.answer(question, history), timings_ms={}),
        settings={**system.settings, "mode": name},
    )


def _shown(settings: Settings) -> dict[str, object]:
    """The settings that a result names: all that can change an answer; no place on this machine, no key."""
    return {name: getattr(settings, name) for name in SHOWN_SETTINGS} | {"calibration": settings.calibration is not None}


def _plain(place: Place) -> System:
    encoder = _encoder(place.settings)
    raw = baselines.read_raw(place.articles, place.articles.resolve().name)
    passages = tuple(passage for source, text in raw.items() for passage in baselines.chunks(source, text))
    ranking = baselines.DenseRanking(passages, encoder.encode_passages([p.text for p in passages]), encoder.encode_query)
    return System(
        name="plain",
        answer=baselines.PlainPipeline(ranking, raw).answer,
        search=lambda question: ranking.search(question, place.depth),
        prove=_prover(place.articles.resolve().parent),
        repair=_repaired,
        settings={
            "embedder": place.settings.embedder,
            "chunk_chars": baselines.CHUNK_CHARS,
            "overlap_chars": baselines.CHUNK_OVERLAP,
        },
        index={"embedder": encoder.card.name},
    )


def _documents(name: str, place: Place, data: datasets.Dataset) -> System:
    """Whole documents as units, title and text as one field: what published figures are of. It ranks and does not answer."""
    searches: list[baselines.Search] = []
    passages = baselines.whole_documents(data.documents)
    if name != "dense-documents":
        searches.append(baselines.word_ranking(passages, place.work / "words"))
    if name != "bm25-documents":
        searches.append(_dense_documents(passages, place).search)
    search = searches[0] if len(searches) == 1 else baselines.fused(searches)
    return System(
        name=name,
        answer=_no_answer,
        search=lambda question: search(question, place.depth),
        prove=lambda citation: "gone",
        repair=_repaired,
        settings={"embedder": place.settings.embedder},
        answers=False,
    )


def _no_answer(question: str, history: Sequence[Any]) -> Any:
    raise NotImplementedError("a ranking of documents does not answer")


def _dense_documents(passages: Sequence[Passage], place: Place) -> baselines.DenseRanking:
    import numpy as np

    encoder = _encoder(place.settings)
    kept = place.work / f"documents-{encoder.card.id}.npy"
    if not kept.is_file():
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.save(kept, encoder.encode_passages([passage.text for passage in passages]), allow_pickle=False)
    return baselines.DenseRanking(tuple(passages), np.load(kept, allow_pickle=False), encoder.encode_query)


def _prover(root: Path) -> Callable[[Citation], str]:
    """What `qa verify` says of a citation whose file lies below `root`; files are read once."""
    from qa.verify import check

    @cache
    def read(source: str) -> Repaired | None:
        from index.repair import repair

        path = (root / source).resolve()
        return repair(path.read_bytes().decode("utf-8")) if path.is_file() else None

    return lambda citation: check(citation, read(citation.source)).state


def passages_of(settings: Settings) -> list[Passage]:
    """Every passage of the user's index, in its order."""
    from index.store import open_current

    generation = open_current(settings.index_path)
    return [generation.passage(number) for number in range(generation.manifest.passages)]


def aliases_of(settings: Settings) -> dict[str, str]:
    """Other names that the indexed files themselves give, each with the name it stands for."""
    from index.store import open_current

    return dict(pair for record in open_current(settings.index_path).articles() for pair in record.aliases)
