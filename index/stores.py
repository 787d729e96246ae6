"""Where a published generation is opened from: the files of this machine, or an engine that the setting `store` names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from index import store
from index.errors import MissingIndex, UsageError
from index.search import Store

LOCAL = "local"
MILVUS = "milvus:"


def open_published(index: Path, where: str = LOCAL, token: str = "") -> Store:
    """The current generation of the index folder, its passages and vectors read from `where`: "local", or "milvus:URI".

    Raises UsageError for another store, and IndexProblem when the generation is not there or is damaged.
    """
    uri = milvus_uri(where)
    if uri is None:
        return store.open_current(index)
    return _open_milvus(index, uri, token)


def _open_milvus(index: Path, uri: str, token: str) -> Store:
    """The current generation; while it is not whole in Milvus yet, the newest that is."""
    from index.milvus import MilvusGeneration

    current = store.current_folder(index)
    others = [folder for folder in store.generation_folders(index) if folder != current]
    missing: MissingIndex | None = None
    for folder in (current, *others):
        try:
            return MilvusGeneration(folder, uri, token)
        except MissingIndex as error:
            missing = missing or error
    raise missing or MissingIndex(f"there is no index in {index}; run: qa index build FOLDER")


@contextmanager
def delivering(index: Path, where: str, token: str = "") -> Iterator[None]:
    """Around a build: what it publishes is brought to the store, and what it no longer keeps is dropped there. Nothing for "local"."""
    milvus_uri(where)
    before = _kept(index)
    yield
    deliver(index, where, token, sorted(before - _kept(index)))


def deliver(index: Path, where: str, token: str = "", gone: Sequence[str] = ()) -> None:
    """Bring the current generation to where it is answered from, and drop there those that are `gone` here. Nothing for "local"."""
    uri = milvus_uri(where)
    if uri is None:
        return
    from index import milvus

    milvus.deliver(store.open_current(index), uri, token)
    milvus.withdraw(gone, uri, token)


def _kept(index: Path) -> set[str]:
    """The names of the generations that the index folder keeps."""
    return {folder.name.partition("-")[0] for folder in store.generation_folders(index)}


def milvus_uri(where: str) -> str | None:
    """The address of a Milvus store, None for the local one."""
    if where in ("", LOCAL):
        return None
    if where.startswith(MILVUS) and len(where) > len(MILVUS):
        return where.removeprefix(MILVUS)
    raise UsageError(f'store must be "local" or "milvus:URI" (a server\'s address, or a file NAME.db), not {where!r}')
