"""BEIR's layout and SQuAD's files read as documents and questions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.datasets import load, write_corpus
from index.errors import UsageError

CORPUS = [{"_id": "d1", "title": "Gao", "text": "A city."}, {"_id": "d2", "title": "", "text": "A river."}]
QUERIES = [
    {"_id": "q1", "text": "Which city?", "answers": ["Gao", "Gao"], "answerable": True},
    {"_id": "q2", "text": "Which sea?", "answerable": False},
    {"_id": "q3", "text": "never judged"},
]


def beir(folder: Path, qrels: str = "qrels.tsv") -> Path:
    folder.mkdir()
    for name, rows in (("corpus", CORPUS), ("queries", QUERIES)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (folder / qrels).parent.mkdir(exist_ok=True)
    (folder / qrels).write_text("query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("qrels", ["qrels.tsv", "qrels/test.tsv", "qrels/dev.tsv"])
def test_beir(tmp_path: Path, qrels: str) -> None:
    found = load(beir(tmp_path / "tiny", qrels))
    assert [(d.id, d.source, d.whole) for d in found.documents] == [
        ("d1", "0000000.txt", "Gao A city."),
        ("d2", "0000001.txt", "A river."),
    ]
    one, two = found.questions
    assert (one.id, one.category, one.gold, one.relevant, one.answerable) == (
        "q1",
        "tiny",
        (("Gao",),),
        (("0000000.txt", 2.0),),
        True,
    )
    assert (two.category, two.gold, two.relevant, two.answerable) == ("tiny unanswerable", (), (), False)


def test_squad(tmp_path: Path) -> None:
    answers = [
        {"text": "Gao", "answer_start": 0},
        {"text": "Gao", "answer_start": 0},
        {"text": "the city of Gao", "answer_start": 0},
    ]
    questions = [
        {"id": "a", "question": "Which?", "answers": answers},
        {"id": "b", "question": "What?", "answers": [], "is_impossible": True},
    ]
    data = {"data": [{"title": "West_Africa", "paragraphs": [{"context": "Gao is a city.", "qas": questions}]}]}
    path = tmp_path / "dev-v2.0.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    found = load(path)
    assert [(d.title, d.text) for d in found.documents] == [("West Africa", "Gao is a city.")]
    assert [(q.gold, q.answerable) for q in found.questions] == [((("Gao", "the city of Gao"),), True), ((), False)]


def test_the_corpus_is_written_as_articles(tmp_path: Path) -> None:
    write_corpus(load(beir(tmp_path / "tiny")), tmp_path / "articles")
    assert (tmp_path / "articles" / "0000000.txt").read_text(encoding="utf-8") == "# Gao\n\nA city.\n"
    assert (tmp_path / "articles" / "0000001.txt").read_text(encoding="utf-8") == "A river.\n"


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no dataset"):
        load(tmp_path / "none")
    folder = beir(tmp_path / "tiny")
    (folder / "qrels.tsv").unlink()
    with pytest.raises(UsageError, match="has no qrels"):
        load(folder)
    (folder / "corpus.jsonl").write_text("{", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be read as a dataset: JSONDecodeError"):
        load(folder)
    (folder / "corpus.jsonl").unlink()
    with pytest.raises(UsageError, match="jsonl is missing"):
        load(folder)
    (tmp_path / "x.json").write_text("[]", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be read"):
        load(tmp_path / "x.json")
