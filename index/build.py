"""The whole way from a folder of files to a published generation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from index import agreement, chunk, files, lexical, store, vectors
from index.embed import Encoder
from index.errors import StaleIndex, UsageError
from index.markup import BrokenFrontMatter, parse
from index.repair import repair
from index.store import ArticleRecord, Generation
from index.types import Article, Passage, Refused

RECIPE = 3
"""Raised whenever the same files would give other passages; an index of another recipe is stale."""

Progress = Callable[[str, int, int], None]
"""Told the stage, how many are done, and of how many."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """The settings that a generation depends on."""

    embedder: str
    passage_words: int = 110
    max_file_bytes: int = 20_000_000
    include: tuple[str, ...] = ("**/*",)
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Built:
    """What a build did."""

    name: str
    articles: int
    passages: int
    sentences: int
    refused: tuple[Refused, ...]
    changed: bool


def build(folder: Path, index: Path, recipe: Recipe, encoder: Encoder, progress: Progress | None = None) -> Built:
    """Index every file of `folder` and publish the result in `index`. Nothing is published when anything fails.

    Files that cannot be indexed are listed in `Built.refused`. Raises UsageError when no file can be, StorageError when the
    disk refuses, IndexBusy while another process builds.
    """
    tell = progress or (lambda stage, done, total: None)
    if _is_visible_inside(index, folder):
        raise UsageError(f"the index {index} lies among the articles it is of; put it outside of {folder}, or in a hidden folder")
    with store.workshop(index) as workshop:
        records, passages, refused = _ingest(folder, recipe, encoder, tell)
        sampled = [passages[n] for n in agreement.sample(len(passages))]
        encoder, agreed = agreement.settled(encoder, [passage_text(p) for p in sampled], [sentence_texts(p)[0] for p in sampled])
        name = _name(recipe, encoder, records, refused)
        built = Built(name, len(records), len(passages), sum(len(p.sentences) for p in passages), tuple(refused), True)
        _write(workshop, records, passages, encoder, tell)
        manifest = {
            "name": name,
            "root": str(folder.resolve().parent),
            "folder": folder.resolve().name,
            "built_with": _built_with(recipe),
            "encoder": asdict(encoder.card),
            "agreement": asdict(agreed),
            "articles": built.articles,
            "passages": built.passages,
            "sentences": built.sentences,
            "refused": [asdict(r) for r in refused],
        }
        store.publish(index, workshop, manifest)
    return built


def _is_visible_inside(index: Path, folder: Path) -> bool:
    """Whether the files of the index would be found as articles."""
    index, folder = index.resolve(), folder.resolve()
    return index.is_relative_to(folder) and not any(part.startswith(".") for part in index.relative_to(folder).parts)


def _built_with(recipe: Recipe) -> dict[str, Any]:
    return json.loads(json.dumps(asdict(recipe) | {"recipe": RECIPE}))


def _ingest(
    folder: Path, recipe: Recipe, encoder: Encoder, tell: Progress
) -> tuple[list[ArticleRecord], list[Passage], list[Refused]]:
    found = list(files.find(folder, recipe.include, recipe.exclude))
    limits = chunk.Limits(recipe.passage_words, encoder.card.max_tokens - _header_break(encoder), encoder.count_tokens)
    records: list[ArticleRecord] = []
    passages: list[Passage] = []
    refused: list[Refused] = []
    for done, file in enumerate(found, 1):
        outcome = _understand(file, recipe.max_file_bytes, limits)
        if isinstance(outcome, Refused):
            refused.append(outcome)
        else:
            text, article, pieces = outcome
            records.append(
                ArticleRecord(
                    article.source,
                    article.sha256,
                    text.size,
                    text.modified_ns,
                    article.title,
                    len(passages),
                    len(pieces),
                    article.aliases,
                )
            )
            passages += pieces
        tell("reading", done, len(found))
    if not passages:
        reasons = "".join(f"\n  {r.source} {r.reason}" for r in refused)
        raise UsageError(f"{folder} holds no text that can be indexed{reasons}")
    return records, passages, refused


def _header_break(encoder: Encoder) -> int:
    """Tokens for what stands between header and text, and for the prompt that some models put before a passage."""
    return 2 + encoder.count_tokens(encoder.card.passage_prompt)


def _understand(
    file: files.File | Refused, max_bytes: int, limits: chunk.Limits
) -> Refused | tuple[files.Text, Article, list[Passage]]:
    text = file if isinstance(file, Refused) else files.read(file, max_bytes)
    if isinstance(text, Refused):
        return text
    try:
        repaired = repair(text.raw)
        article = parse(text.source, text.sha256, repaired)
        pieces = chunk.passages(article, repaired, limits)
    except BrokenFrontMatter as error:
        return Refused(text.source, str(error))
    if not pieces:
        return Refused(text.source, "holds no words")
    return text, article, pieces


def _name(recipe: Recipe, encoder: Encoder, records: list[ArticleRecord], refused: list[Refused]) -> str:
    """Derived from everything the generation depends on; not from the machine, the time or the folder's place."""
    content = [
        _built_with(recipe),
        encoder.card.vectors_id,
        [(r.source, r.sha256) for r in records],
        [asdict(r) for r in refused],
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def _write(workshop: Path, records: list[ArticleRecord], passages: list[Passage], encoder: Encoder, tell: Progress) -> None:
    store.write_articles(workshop / "articles.jsonl", records)
    offsets = store.write_lines(workshop / "passages.jsonl", map(store.passage_to_json, passages))
    store.write_array(workshop / "passages.offsets.npy", offsets)
    firsts = np.cumsum([0, *(len(passage.sentences) for passage in passages)], dtype=np.uint64)
    store.write_array(workshop / "sentences.first.npy", firsts)
    lexical.build(workshop / "words", (passage_text(passage) for passage in passages))
    texts = [passage_text(passage) for passage in passages] + [text for passage in passages for text in sentence_texts(passage)]
    done = 0

    def count(more: int) -> None:
        nonlocal done
        done += more
        tell("embedding", done, len(texts))

    embedded = encoder.encode_passages(texts, count)
    vectors.build(workshop / "passages.faiss", embedded[: len(passages)])
    vectors.build(workshop / "sentences.faiss", embedded[len(passages) :])


def passage_text(passage: Passage) -> str:
    """What the embedder and BM25 read of a passage: its header, then its text."""
    return f"{passage.header}\n{passage.text}" if passage.header else passage.text


def sentence_texts(passage: Passage) -> list[str]:
    """What the embedder reads of each sentence: the article's title too, for a sentence that names no subject."""
    return [f"{passage.title}: {s.full_text}" if passage.title else s.full_text for s in passage.sentences]


def check_fresh(generation: Generation, recipe: Recipe) -> list[str]:
    """Compare a generation with the settings and with the files on disk; returns notices about files it does not hold yet.

    Raises StaleIndex when the settings or the model differ, or when an indexed file has changed or is gone. A file whose size
    and time are as they were is taken as unchanged.
    """
    manifest = generation.manifest
    wanted = _built_with(recipe)
    for key, value in wanted.items():
        if manifest.built_with.get(key) != value:
            raise StaleIndex(
                f"the index was built with {key} = {manifest.built_with.get(key)}, and the settings say {value}; run: qa index build, or set {key} in qa.toml"
            )
    folder = Path(manifest.root) / manifest.folder
    if not folder.is_dir():
        return [f"the folder {folder} is gone; answers come from the index alone"]
    known = {record.source: record for record in generation.articles()}
    for source, record in known.items():
        _check_file(generation.article_path(source), record)
    held = known.keys() | _refused_still(generation)
    new = [f.source for f in files.find(folder, recipe.include, recipe.exclude) if f.source not in held]
    return (
        [f"{len(new)} new file{'s' * (len(new) > 1)} not indexed yet ({new[0]}{' …' * (len(new) > 1)}); run: qa index build"]
        if new
        else []
    )


def _refused_still(generation: Generation) -> set[str]:
    """The files that were refused, less those that were touched since the build and may be fit by now."""
    built_ns = (generation.path / "manifest.json").stat().st_mtime_ns
    return {r.source for r in generation.manifest.refused if not _touched_since(generation.article_path(r.source), built_ns)}


def _touched_since(path: Path, moment_ns: int) -> bool:
    try:
        status = path.lstat()
    except (OSError, ValueError):
        return False
    return max(status.st_mtime_ns, status.st_ctime_ns) > moment_ns


def _check_file(path: Path, record: ArticleRecord) -> None:
    try:
        status = path.stat()
    except OSError:
        raise StaleIndex(f"{record.source} is in the index but no longer on disk; run: qa index build") from None
    if (status.st_size, status.st_mtime_ns) == (record.size, record.modified_ns):
        return
    if status.st_size != record.size or hashlib.sha256(path.read_bytes()).hexdigest() != record.sha256:
        raise StaleIndex(f"{record.source} has changed since it was indexed; run: qa index build")
