"""The whole way from a folder of files to a published generation, doing again only what has changed since the last one.

1. *Reading*: the passages of files that are as they were are copied from the earlier generation; the others are read and cut.
2. *Indexing words*: BM25 over all passages.
3. *Embedding*: texts whose vector neither the earlier generation nor an interrupted build has, in blocks that go to a checkpoint.
4. *Publishing*: the vectors are gathered in the order of the texts, and the generation is sealed and made current.

Each step streams to files in a workshop; of a text, memory holds its key.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from index import agreement, chunk, files, lexical, publish
from index.agreement import Agreement
from index.checkpoint import Checkpoint
from index.earlier import Earlier, find_earlier
from index.embed import Encoder
from index.embedding import Notice, Progress, embed_missing, write_vectors
from index.errors import UsageError
from index.ingest import Ingest, Reading
from index.markup import BrokenFrontMatter, parse
from index.passage_files import PassageFiles
from index.recipe import Recipe, made_by
from index.repair import repair
from index.types import Article, Passage, Refused


@dataclass(frozen=True, slots=True)
class Built:
    """What a build did. `changed` says whether there is a new generation.

    `added`, `edited` and `removed` count files against the generation it started from; a renamed file is one removed and one added,
    and counted as `renamed` too. `embedded` counts texts whose vector was computed by this build, `resumed` those that an interrupted
    one had computed.
    """

    name: str
    articles: int
    passages: int
    sentences: int
    refused: tuple[Refused, ...]
    changed: bool
    added: int = 0
    edited: int = 0
    removed: int = 0
    renamed: int = 0
    embedded: int = 0
    resumed: int = 0


def build(
    folder: Path,
    index: Path,
    recipe: Recipe,
    encoder: Encoder,
    progress: Progress | None = None,
    notice: Notice | None = None,
    fresh: bool = False,
    keep: int = publish.KEPT,
) -> Built:
    """Index every file of `folder` and publish the result in `index`. Nothing is published when anything fails.

    The result is that of a `fresh` build, which takes nothing from what is there (vectors agree up to the encoder's rounding).
    Files that cannot be indexed are listed in `Built.refused`. Raises UsageError when no file can be, StorageError when the
    disk refuses, IndexBusy while another process builds.
    """
    tell, say = progress or (lambda stage, done, total: None), notice or (lambda line: None)
    if _is_visible_inside(index, folder):
        raise UsageError(f"the index {index} lies among the articles it is of; put it outside of {folder}, or in a hidden folder")
    with publish.workshop(index) as workshop:
        earlier = None if fresh else find_earlier(index, folder, recipe, encoder.card, say)
        found = list(files.find(folder, recipe.include, recipe.exclude))
        if earlier and earlier.is_still_right(found, lambda file: _hash(file, recipe)):
            publish.drop_old(index, keep)
            (index / publish.CHECKPOINT).unlink(missing_ok=True)
            return _as_it_is(earlier)
        if fresh:
            (index / publish.CHECKPOINT).unlink(missing_ok=True)
        ingest = Ingest(workshop, _reading(recipe, encoder), earlier)
        ingest.take(found, lambda done: tell("reading", done, len(found)))
        if not ingest.passages:
            raise UsageError(f"{folder} holds no text that can be indexed{_reasons(ingest)}")
        texts = PassageFiles(workshop)
        encoder, agreed = _settled(encoder, texts)
        with Checkpoint(index / publish.CHECKPOINT, asdict(encoder.card)) as checkpoint:
            sources = earlier.sources(encoder.card) if earlier else []
            _index_words(workshop / "words", texts, tell)
            embedded, resumed = embed_missing(texts, sources, checkpoint, encoder, _texts_of, tell, say)
            write_vectors(workshop, texts, [*sources, checkpoint.source()])
            built = _built(_name(recipe, encoder, ingest), ingest, earlier, embedded, resumed)
            publish.publish(index, workshop, _manifest(built, folder, recipe, encoder, agreed), keep)
            checkpoint.discard()
    return built


def _settled(encoder: Encoder, texts: PassageFiles) -> tuple[Encoder, Agreement]:
    """The encoder in the precision that these passages allow; it depends on the passages alone."""
    sampled = [texts.passage(number) for number in agreement.sample(len(texts))]
    return agreement.settled(encoder, [passage_text(p) for p in sampled], [sentence_texts(p)[0] for p in sampled])


def _is_visible_inside(index: Path, folder: Path) -> bool:
    """Whether the files of the index would be found as articles."""
    index, folder = index.resolve(), folder.resolve()
    return index.is_relative_to(folder) and not any(part.startswith(".") for part in index.relative_to(folder).parts)


def _hash(file: files.File, recipe: Recipe) -> str | None:
    text = files.read(file, recipe.max_file_bytes)
    return None if isinstance(text, Refused) else text.sha256


def _as_it_is(earlier: Earlier) -> Built:
    manifest = earlier.generation.manifest
    return Built(manifest.name, manifest.articles, manifest.passages, manifest.sentences, manifest.refused, False)


def _manifest(built: Built, folder: Path, recipe: Recipe, encoder: Encoder, agreed: Agreement) -> dict[str, Any]:
    return {
        "name": built.name,
        "root": str(folder.resolve().parent),
        "folder": folder.resolve().name,
        "built_with": recipe.as_data(),
        "made_by": made_by(),
        "encoder": asdict(encoder.card),
        "agreement": asdict(agreed),
        "articles": built.articles,
        "passages": built.passages,
        "sentences": built.sentences,
        "refused": [asdict(r) for r in built.refused],
    }


def _reasons(ingest: Ingest) -> str:
    return "".join(f"\n  {r.source} {r.reason}" for r in ingest.refused)


def _built(name: str, ingest: Ingest, earlier: Earlier | None, embedded: int, resumed: int) -> Built:
    before = {r.source: r.sha256 for r in earlier.records.values()} if earlier else {}
    now = dict(ingest.hashes)
    added, removed = now.keys() - before.keys(), before.keys() - now.keys()
    return Built(
        name,
        len(now),
        ingest.passages,
        ingest.sentences,
        tuple(Refused(r.source, r.reason) for r in ingest.refused),
        True,
        added=len(added),
        edited=sum(before[source] != now[source] for source in before.keys() & now.keys()),
        removed=len(removed),
        renamed=len({now[source] for source in added} & {before[source] for source in removed}),
        embedded=embedded,
        resumed=resumed,
    )


def _reading(recipe: Recipe, encoder: Encoder) -> Reading:
    limits = chunk.Limits(recipe.passage_words, encoder.card.max_tokens - _header_break(encoder), encoder.count_tokens)
    return Reading(recipe.max_file_bytes, lambda text: _understand(text, limits), _texts_of)


def _header_break(encoder: Encoder) -> int:
    """Tokens for what stands between header and text, and for the prompt that some models put before a passage."""
    return 2 + encoder.count_tokens(encoder.card.passage_prompt)


def _understand(text: files.Text, limits: chunk.Limits) -> Refused | tuple[Article, list[Passage]]:
    try:
        repaired = repair(text.raw)
        article = parse(text.source, text.sha256, repaired)
        pieces = chunk.passages(article, repaired, limits)
    except BrokenFrontMatter as error:
        return Refused(text.source, str(error))
    return (article, pieces) if pieces else Refused(text.source, "holds no words")


def _name(recipe: Recipe, encoder: Encoder, ingest: Ingest) -> str:
    """Derived from everything the generation depends on; not from the machine, the time or the folder's place."""
    refused = [{"source": r.source, "reason": r.reason} for r in ingest.refused]
    content = [recipe.as_data(), encoder.card.vectors_id, ingest.hashes, refused]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def passage_text(passage: Passage) -> str:
    """What the embedder and BM25 read of a passage: its header, then its text."""
    return f"{passage.header}\n{passage.text}" if passage.header else passage.text


def sentence_texts(passage: Passage) -> list[str]:
    """What the embedder reads of each sentence: the article's title too, for a sentence that names no subject."""
    return [f"{passage.title}: {s.full_text}" if passage.title else s.full_text for s in passage.sentences]


def _texts_of(passage: Passage) -> list[str]:
    return [passage_text(passage), *sentence_texts(passage)]


def _index_words(folder: Path, texts: PassageFiles, tell: Progress) -> None:
    def told() -> Iterator[str]:
        for number in range(len(texts)):
            yield passage_text(texts.passage(number))
            if number % 100 == 99 or number + 1 == len(texts):
                tell("indexing words", number + 1, len(texts))

    lexical.build(folder, told())
