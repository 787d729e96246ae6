"""Other people's data: BEIR's layout and SQuAD's files, as documents to index and questions to ask.

A BEIR folder holds `corpus.jsonl`, `queries.jsonl` and its judgements as `qrels.tsv` or in `qrels/` (test, else dev, else
train). Queries may also name `answerable` and `answers`. A SQuAD file (v1.1 or v2.0) is one JSON document; each of its
paragraphs becomes a document. Judgements are of documents, so retrieval is scored by document.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.questions import Question
from index.errors import StorageError, UsageError


@dataclass(frozen=True, slots=True)
class Document:
    """A document to index. `source` is the name of the file that it is written to."""

    id: str
    title: str
    text: str
    source: str

    @property
    def whole(self) -> str:
        """Title and text as one field, as the published figures take them."""
        return f"{self.title} {self.text}".strip()


@dataclass(frozen=True, slots=True)
class Dataset:
    name: str
    documents: tuple[Document, ...]
    questions: tuple[Question, ...]


def load(path: Path) -> Dataset:
    """A BEIR folder or a SQuAD file. Raises UsageError when it is neither, or is damaged."""
    try:
        if path.is_dir():
            return _beir(path)
        if path.is_file():
            return _squad(path)
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, IndexError, ValueError) as error:
        raise UsageError(f"{path} cannot be read as a dataset: {type(error).__name__} {error}") from None
    raise UsageError(f"there is no dataset {path}")


def _document(number: int, name: str, title: str, text: str) -> Document:
    return Document(name, title, text, f"{number:07d}.txt")


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.is_file():
        raise UsageError(f"{path} is missing: a dataset in BEIR's layout has corpus.jsonl, queries.jsonl and qrels")
    with path.open(encoding="utf-8") as stream:
        yield from (json.loads(line) for line in stream if line.strip())


def _beir(folder: Path) -> Dataset:
    documents = tuple(
        _document(number, row["_id"], row.get("title", ""), row["text"])
        for number, row in enumerate(_lines(folder / "corpus.jsonl"))
    )
    by_id = {document.id: document for document in documents}
    grades = _judgements(_qrels_file(folder))
    asked = [row for row in _lines(folder / "queries.jsonl") if row["_id"] in grades or row.get("answerable") is False]
    questions = tuple(_beir_question(folder.name, row, grades.get(row["_id"], {}), by_id) for row in asked)
    if not questions:
        raise UsageError(f"no query of {folder} has a judgement")
    return Dataset(folder.name, documents, questions)


def _qrels_file(folder: Path) -> Path:
    places = (folder / "qrels.tsv", *(folder / "qrels" / f"{split}.tsv" for split in ("test", "dev", "train")))
    found = next((path for path in places if path.is_file()), None)
    if found is None:
        raise UsageError(f"{folder} has no qrels.tsv and no qrels/test.tsv")
    return found


def _judgements(path: Path) -> dict[str, dict[str, float]]:
    """Query id → document id → grade above 0. The first line may be a head."""
    grades: dict[str, dict[str, float]] = {}
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE):
            if len(row) >= 3 and row[-1].lstrip("-").isdigit() and int(row[-1]) > 0:
                grades.setdefault(row[0], {})[row[-2]] = float(row[-1])
    return grades


def _beir_question(name: str, row: dict[str, Any], grades: dict[str, float], documents: dict[str, Document]) -> Question:
    answerable = row.get("answerable") is not False
    answers = tuple(dict.fromkeys(row.get("answers", ()))) if answerable else ()
    relevant = tuple((documents[document].source, grade) for document, grade in grades.items() if document in documents)
    about = documents.get(next(iter(grades), row.get("gold_doc", "")))
    return _question(name, row["_id"], row["text"], answers, answerable, relevant, about.title if about else "")


def _question(
    name: str,
    row_id: str,
    text: str,
    answers: tuple[str, ...],
    answerable: bool,
    relevant: tuple[tuple[str, float], ...],
    about: str,
) -> Question:
    return Question(
        id=row_id,
        category=name if answerable else f"{name} unanswerable",
        question=text,
        gold=(answers,) if answers else (),
        answerable=answerable,
        about=about,
        relevant=relevant if answerable else (),
    )


def _squad(path: Path) -> Dataset:
    data = json.loads(path.read_text(encoding="utf-8"))["data"]
    documents: list[Document] = []
    questions: list[Question] = []
    for article in data:
        for number, paragraph in enumerate(article["paragraphs"]):
            title = article.get("title", "").replace("_", " ")
            documents.append(_document(len(documents), f"{title} {number}", title, paragraph["context"]))
            questions += [_squad_question(path.stem, row, documents[-1]) for row in paragraph["qas"]]
    if not questions:
        raise UsageError(f"{path} holds no questions")
    return Dataset(path.stem, tuple(documents), tuple(questions))


def _squad_question(name: str, row: dict[str, Any], document: Document) -> Question:
    answerable = not row.get("is_impossible", False)
    answers = tuple(dict.fromkeys(answer["text"] for answer in row["answers"])) if answerable else ()
    return _question(name, str(row["id"]), row["question"], answers, answerable, ((document.source, 1.0),), document.title)


def write_corpus(dataset: Dataset, folder: Path) -> None:
    """Write each document as a file with its title as a heading, to be indexed like any article."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for document in dataset.documents:
            heading = f"# {' '.join(document.title.split())}\n\n" if document.title.strip() else ""
            (folder / document.source).write_text(heading + document.text + "\n", encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{folder} cannot be written: {error.strerror or error}") from None
