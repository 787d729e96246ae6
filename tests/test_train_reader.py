"""The training of the span reader from one end to the other, on a handful of questions: what is written can be read with."""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import pytest

from eval import train_reader
from eval.span_network import TRACED, export, network
from eval.train_reader import Course
from qa.span_reader import NAME, RECORD, SpanReader

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
"""Torch warns of what it traces and that tracing is deprecated; the graph that `eval.lean` reads is the one that it writes."""

MILL = "The mill was built in 1802 by John Hale. It burned down in 1911. Mary Stone bought the ruin from Hale in 1920."


def asked(name: str, article: str, answer: str = "") -> dict:
    row = {"_id": name, "text": f"Who built the {article}?", "answerable": bool(answer), "answers": [answer] if answer else []}
    if not answer:
        return row | {"gold_doc": article}
    return row | {"evidence": [{"doc_id": article, "text": answer, "start": MILL.index(answer)}]}


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    folder = tmp_path / "dataset"
    folder.mkdir()
    corpus = [
        {"_id": name, "title": title, "text": MILL} for name, title in (("mill", "Mill"), ("held", train_reader.HELD_OUT[0]))
    ]
    queries = [asked(f"{name}{n}", name, "John Hale" if n else "") for name in ("mill", "held") for n in range(2)]
    for file, rows in (("corpus", corpus), ("queries", queries)):
        (folder / f"{file}.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nmill1\tmill\t1\nheld1\theld\t1\n")
    return folder


@pytest.fixture
def practice(tmp_path: Path) -> Path:
    for name in ("mills", *train_reader.HELD_OUT_PRACTICE):
        folder = tmp_path / "practice" / name
        (folder / "articles").mkdir(parents=True)
        (folder / "articles" / "mill.md").write_text(f"# The {name} mill\n\n{MILL}\n")
        evidence = [[{"source": "mill.md", "quote": "The mill was built in 1802 by John Hale."}]]
        rows = [
            {
                "id": f"{name}-a",
                "category": "single_fact",
                "question": "Who built the mill?",
                "gold": [["John Hale"]],
                "evidence": evidence,
            },
            {"id": f"{name}-b", "category": "unanswerable", "question": "Who sold the mill in 1911?", "gold": [], "evidence": []},
        ]
        (folder / "questions.jsonl").write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    return tmp_path / "practice"


def test_the_lean_graph_reads_as_the_traced_one(tmp_path: Path) -> None:
    export(network().eval(), tmp_path)
    (tmp_path / "traced").mkdir()
    shutil.copy(tmp_path / TRACED, tmp_path / "traced" / NAME)
    lean, traced = SpanReader.open(tmp_path), SpanReader.open(tmp_path / "traced")
    texts = [
        ("Mill. ", sentence) for sentence in (MILL, "It burned down in 1911.", "Mary Stone bought the ruin from Hale in 1920.")
    ]
    for question in ("Who built the mill?", "When did it burn down?"):
        pairs = list(zip(lean.spans(question, texts), traced.spans(question, texts), strict=True))
        assert [one.score for one, _ in pairs] == pytest.approx([other.score for _, other in pairs], abs=0.3)


def test_it_trains_writes_and_measures(dataset: Path, practice: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train_reader, "FIRST", Course(1, 1e-4, 4))
    monkeypatch.setattr(train_reader, "SECOND", Course(1, 1e-4, 8))
    monkeypatch.setattr(train_reader, "SHARE", 1.0)
    out = tmp_path / "out"
    out.mkdir()
    assert train_reader.run(argparse.Namespace(dataset=dataset, practice=practice, out=out)) == 0
    record = json.loads((out / RECORD).read_text())
    assert record["trained on"]["practice"] == ["mills"] and record["trained on"]["practice questions"] == 2
    assert record["trained on"]["questions"] == 2 and record["trained on"]["practice held out"] == list(
        train_reader.HELD_OUT_PRACTICE
    )
    assert record["held out"]["dataset"]["questions"] == 2
    assert {record["held out"][name]["questions"] for name in train_reader.HELD_OUT_PRACTICE} == {2}
    assert (out / NAME).stat().st_size <= 25_000_000
    (span,) = SpanReader.open(out).spans("Who built the mill?", [("Mill. ", MILL)])
    assert 0 <= span.start < span.end <= len(MILL)
