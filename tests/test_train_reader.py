"""The training of the span reader: what its parts do, and the whole on a handful of questions."""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from eval import train_reader
from eval.lean import eight_bits
from eval.reading_lists import Read, ReadingList
from eval.span_network import Row, export, network, row
from eval.train_reader import Course
from qa.span_reader import NAME, RECORD, SpanReader

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


@pytest.mark.slow
def test_the_lean_graph_reads_as_the_network(tmp_path: Path) -> None:
    """Eight bits move a logit by some hundredths; the network's own head is too small to show more, so it is made larger."""
    torch.manual_seed(3)
    model = network().eval()
    torch.nn.init.normal_(model.out.weight, std=0.2)
    session = onnxruntime.InferenceSession(str(export(model, tmp_path)), providers=["CPUExecutionProvider"])
    tokenizer = train_reader._tokenizer()
    for question in ("Who built the mill?", "When did it burn down?"):
        read = row(tokenizer, question, "Mill. ", MILL, None)
        ids, types = torch.tensor([read.ids]), torch.tensor([read.types])
        with torch.no_grad():
            wanted = model(ids, torch.ones_like(ids), types).numpy()
        (found,) = session.run(None, {"input_ids": ids.numpy(), "token_type_ids": types.numpy()})
        assert found.shape == wanted.shape == (1, len(read.ids), 2)
        assert float(np.corrcoef(found.ravel(), wanted.ravel())[0, 1]) > 0.98
        assert np.abs(found - wanted).mean() < 0.15 * wanted.std()


def test_eight_bits() -> None:
    matrix = np.array([[0.5, -1.27, 0.0], [0.25, 0.01, 0.0]], dtype=np.float32)
    numbers, scales = eight_bits(matrix, 1)
    assert numbers.tolist() == [[127, -127, 0], [64, 1, 0]] and scales == pytest.approx([0.5 / 127, 0.01, 1.0])
    numbers, scales = eight_bits(matrix, 0)
    assert numbers.tolist() == [[50, -127, 0], [127, 5, 0]] and scales == pytest.approx([0.01, 0.25 / 127])


def test_questions_are_paired_with_those_made_from_them() -> None:
    read = Read("", "The mill was built in 1802.", ((22, 26),))
    asked = ReadingList("When was the mill built?", (read,), (), "a")
    partners = [ReadingList(f"Near {n}?", (), (read,), f"n{n}", "a") for n in range(3)]
    stray = ReadingList("Stray?", (), (read,), "s", "gone")
    pairs, alone = train_reader.paired([asked, *partners, stray], random.Random(0))
    assert [pair[0].name for pair in pairs] == ["a"] and pairs[0][1] in partners
    assert {one.name for (one,) in alone} == {"s", "n0", "n1", "n2"} - {pairs[0][1].name}


def test_a_partner_is_to_score_below_the_right_sentence() -> None:
    answered, empty = Row([1], [0], [1], 3, 4), Row([1], [0], [1])
    found = iter([torch.tensor([2.0, 1.0]), torch.tensor([0.5, 0.0]), torch.tensor([9.0])])
    own, contrast = train_reader._compared([[[answered, empty], [empty, empty]], [[empty]]], found)
    assert [of.tolist() for of in own] == [[2.0, 1.0]] and [of.tolist() for of in contrast] == [[2.0, 0.5, 0.0]]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
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
