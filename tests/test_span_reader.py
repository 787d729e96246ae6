"""The span reader as shipped: where it points, what it leaves out, and that its windows to learn from are what they say."""

from __future__ import annotations

import json
import random
from importlib.resources import files
from pathlib import Path

import numpy as np
import onnx
import pytest

from eval.train_reader import _f1
from eval.windows import Source
from index.errors import ModelError, UsageError
from qa.span_reader import NAME, NOTHING, RECORD, SpanReader
from tests.encoder_double import WordEncoder

BRIDGE = ("Harbour bridge. ", "The new bridge was opened by Mayor Ellen Marsh on 14 May 1987 after six years of work.")


@pytest.fixture(scope="module")
def reader() -> SpanReader:
    return SpanReader.open()


@pytest.mark.parametrize(
    ("question", "answer"),
    [("Who opened the new bridge?", "Ellen Marsh"), ("When was the new bridge opened?", "14 May 1987")],
)
def test_it_points_at_the_answer(reader: SpanReader, question: str, answer: str) -> None:
    (span,) = reader.spans(question, [BRIDGE])
    assert answer in BRIDGE[1][span.start : span.end] and len(BRIDGE[1][span.start : span.end]) < 2 * len(answer)


def test_a_sentence_that_says_it_scores_above_one_that_does_not(reader: SpanReader) -> None:
    said, not_said = reader.spans(
        "Who opened the new bridge?", [BRIDGE, ("Harbour bridge. ", "The bridge is painted green every ten years.")]
    )
    assert said.score > not_said.score + 1


def test_the_title_and_the_question_are_not_pointed_at(reader: SpanReader) -> None:
    title, text = "Ellen Marsh opened the bridge. ", "It was raining."
    (span,) = reader.spans("Who opened the bridge?", [(title, text)])
    assert 0 <= span.start < span.end <= len(text)


def test_no_text_and_no_words(reader: SpanReader) -> None:
    assert reader.spans("Who?", []) == []
    assert reader.spans("Who?", [("Title. ", "")])[0].score == NOTHING
    long = reader.spans("Who opened it? " * 200, [BRIDGE])
    assert len(long) == 1


def test_the_shipped_file_is_small_and_says_where_it_comes_from() -> None:
    record = json.loads((files("qa") / "data" / RECORD).read_text(encoding="utf-8"))
    assert Path(str(files("qa") / "data" / NAME)).stat().st_size <= 25_000_000
    assert record["trained on"]["held out"] and record["held out"]["dataset"]["answerability AUC"] > 0.6


def test_the_shipped_graph_is_lean() -> None:
    shipped = onnx.load(str(files("qa") / "data" / NAME))
    assert len(shipped.graph.node) < 100 and [node.name for node in shipped.graph.input] == ["input_ids", "token_type_ids"]


def test_missing_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="reinstall seedqa"):
        SpanReader.open(tmp_path)


def dataset(folder: Path) -> Path:
    text = "The mill was built in 1802 by John Hale. It burned down in 1911. Mary Stone bought the ruin from Hale in 1920."
    more = "The river has three weirs. The oldest weir dates from 1644. Peter Lund owns the weirs."
    rows = [
        {"_id": "a", "text": "Who built the mill?", "answerable": True, "answers": ["John Hale"]}
        | {"evidence": [{"doc_id": "m", "text": "John Hale", "start": text.index("John Hale")}]},
        {"_id": "b", "text": "Who sold the mill in 1911?", "answerable": False, "answers": [], "gold_doc": "m"},
        {"_id": "c", "text": "When did Mary Stone buy the ruin?", "answerable": True, "answers": ["1920"]}
        | {"evidence": [{"doc_id": "m", "text": "1920", "start": text.index("1920")}]},
    ]
    corpus = [{"_id": "m", "title": "Mill", "text": text}, {"_id": "r", "title": "Mill", "text": more}]
    for name, lines in (("corpus", corpus), ("queries", rows)):
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
    return folder


def test_windows_hold_the_answer_where_they_say_and_nowhere_else(tmp_path: Path) -> None:
    source = Source(dataset(tmp_path), WordEncoder())
    cut = [window for seed in range(30) for window in source.windows(range(3), random.Random(seed))]
    answered = [w for w in cut if w.start >= 0]
    assert {w.text[w.start : w.end] for w in answered} == {"John Hale", "1920"}
    empty = [w for w in cut if w.start < 0]
    assert any(w.question == "Who sold the mill in 1911?" for w in empty)
    assert all("John Hale" not in w.text for w in empty if w.question == "Who built the mill?")
    renamed = {w.question for w in empty} - {row["text"] for row in source.questions}
    assert renamed and all("Mary Stone" not in question for question in renamed)


def test_a_dataset_without_offsets_is_refused(tmp_path: Path) -> None:
    (tmp_path / "corpus.jsonl").write_text('{"_id": "1", "title": "", "text": "A."}\n')
    (tmp_path / "queries.jsonl").write_text('{"_id": "1", "text": "Q?", "answerable": true}\n')
    with pytest.raises(UsageError, match="names where its answer stands"):
        Source(tmp_path, WordEncoder())


def test_the_overlap_of_words() -> None:
    assert [_f1("the old mill", "old mill"), _f1("mill", "weir"), np.round(_f1("", ""), 1)] == [pytest.approx(0.8), 0.0, 1.0]
