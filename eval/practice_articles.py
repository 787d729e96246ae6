"""The practice articles: folders of invented articles with questions, on subjects of their own, for training and fitting."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from eval.questions import Question, load
from index.build import build
from index.embed import Encoder, open_encoder
from index.errors import UsageError
from index.repair import repair
from index.search import Searcher
from index.store import open_current


def mended(text: str) -> str:
    """A gold quote as its file was mended when it was read."""
    return repair(text).text


@dataclass(frozen=True)
class Practice:
    """One folder: `articles/`, `questions.jsonl` and, in a few, `conversations.jsonl`."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @classmethod
    def all(cls, folder: Path) -> list[Practice]:
        """Every folder of practice articles, by name. Raises UsageError where there is none."""
        found = [cls(path.parent) for path in sorted(folder.glob("*/questions.jsonl"))]
        if not found:
            raise UsageError(f"there are no practice articles in {folder}")
        return found

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        return tuple(load(self.folder / "questions.jsonl"))

    @cached_property
    def conversations(self) -> tuple[Question, ...]:
        """Follow-up questions over the same articles, with their histories; few folders have some."""
        path = self.folder / "conversations.jsonl"
        return tuple(load(path)) if path.is_file() else ()

    def searcher(self, work: Path, encoder: Encoder | None = None) -> Searcher:
        """The articles, indexed into the folder `work`."""
        return indexed(self.folder / "articles", work, encoder or open_encoder())


def indexed(articles: Path, work: Path, encoder: Encoder) -> Searcher:
    """A folder of articles, indexed into the folder `work` with the settings as they are by default."""
    from qa.answer import recipe
    from qa.settings import load as load_settings

    build(articles, work, recipe(load_settings()), encoder)
    return Searcher(open_current(work), encoder)
