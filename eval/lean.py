"""The span reader's ONNX graph, with 8-bit weights, written straight from the trained weights in few steps.

What torch would trace has some 700 nodes, and opens in five times the time. Here BERT's repeating parts become one operator each: the
three products of an attention and the attention itself (`QAttention`), a product with the scaling of its input
(`DynamicQuantizeMatMul`). Matrices have one scale for each column, the table of words one for each row. A text is read alone, so there
is no attention mask.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

HEADS = 12
EPSILON = 1e-12
_OURS = "com.microsoft"
_LAYER = "enc.encoder.layer."


def lean(weights: Mapping[str, np.ndarray]) -> Any:
    """Token ids and their parts (0 question, 1 text), shape (1, tokens), to logits of shape (1, tokens, 2).

    `weights` are those of `eval.span_network`, by their names in torch.
    """
    graph = _Graph(weights)
    state = graph.embedded()
    for number in range(_layers(weights)):
        state = graph.layer(f"{_LAYER}{number}.", state)
    graph.product("out", state, "logits")
    read = [(name, "INT64", [1, "tokens"]) for name in ("input_ids", "token_type_ids")]
    return graph.model("span_reader", read, ("logits", "FLOAT", [1, "tokens", 2]))


def _layers(weights: Mapping[str, np.ndarray]) -> int:
    return 1 + max(int(name.removeprefix(_LAYER).split(".")[0]) for name in weights if name.startswith(_LAYER))


def eight_bits(matrix: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """A matrix as int8 and the scales to multiply it with, one for each place along `axis`."""
    most = np.abs(matrix).max(axis=1 - axis)
    scales = np.where(most > 0, most / 127.0, 1.0).astype(np.float32)
    return np.rint(matrix / np.expand_dims(scales, 1 - axis)).astype(np.int8), scales


@dataclass
class _Graph:
    """A graph as it grows. `weights` are the trained ones, `kept` those that are in it."""

    weights: Mapping[str, np.ndarray]
    nodes: list[Any] = field(default_factory=list)
    kept: dict[str, np.ndarray] = field(default_factory=dict)

    def model(self, name: str, inputs: list[tuple[str, str, list]], output: tuple[str, str, list]) -> Any:
        from onnx import TensorProto, helper, numpy_helper

        ends = [helper.make_tensor_value_info(n, getattr(TensorProto, kind), shape) for n, kind, shape in (*inputs, output)]
        kept = [numpy_helper.from_array(np.ascontiguousarray(array), key) for key, array in self.kept.items()]
        graph = helper.make_graph(self.nodes, name, ends[:-1], ends[-1:], kept)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(_OURS, 1)], ir_version=8)

    def add(self, kind: str, inputs: list[str], output: str, ours: bool = False, **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [output], domain=_OURS if ours else "", **attributes))
        return output

    def keep(self, name: str, array: np.ndarray | None = None) -> str:
        """A trained weight, or another array."""
        self.kept[name] = self.weights[name] if array is None else array
        return name

    def embedded(self) -> str:
        """The sum of the three embeddings of each token, normalised."""
        zero = self.keep("zero", np.zeros(1, np.int64))
        length = self.add("Shape", ["input_ids"], "length", start=1, end=2)
        table, scales = eight_bits(self.weights["enc.embeddings.word_embeddings.weight"], 0)
        rows = self.add("Cast", [self.add("Gather", [self.keep("words", table), "input_ids"], "word_rows")], "word_values", to=1)
        scale = self.add("Gather", [self.keep("word_scales", scales[:, None]), "input_ids"], "word_scale")
        word = self.add("Mul", [rows, scale], "word")
        position = self.add("Slice", [self.keep("enc.embeddings.position_embeddings.weight"), zero, length, zero], "position")
        kind = self.add("Gather", [self.keep("enc.embeddings.token_type_embeddings.weight"), "token_type_ids"], "kind")
        total = self.add("Add", [self.add("Add", [word, position], "of_place"), kind], "of_kind")
        return self.add("LayerNormalization", [total, *self.norm("enc.embeddings.")], "embedded", axis=-1, epsilon=EPSILON)

    def layer(self, at: str, state: str) -> str:
        after = self.sum(at + "attention.output.", self.product(at + "attention.output.dense", self.attention(at, state)), state)
        wide = self.add("Gelu", [self.product(at + "intermediate.dense", after)], f"{at}gelu", ours=True)
        return self.sum(at + "output.", self.product(at + "output.dense", wide), after)

    def attention(self, at: str, state: str) -> str:
        """The three products side by side as one, and the attention after them."""
        from onnx import helper

        names = [f"{at}attention.self.{name}" for name in ("query", "key", "value")]
        numbers, scales = eight_bits(np.concatenate([self.weights[f"{n}.weight"].T for n in names], axis=1), 1)
        matrix, scale = self.keep(f"{at}attention", numbers), self.keep(f"{at}attention_scale", scales)
        middle = self.keep(f"{at}attention_middle", np.zeros(len(scales), np.int8))
        bias = self.keep(f"{at}attention_bias", np.concatenate([self.weights[f"{n}.bias"] for n in names]))
        whole, step, zero = (f"{state}_{part}" for part in ("whole", "step", "middle"))
        self.nodes.append(helper.make_node("DynamicQuantizeLinear", [state], [whole, step, zero]))
        inputs = [whole, matrix, bias, step, scale, "", zero, middle]
        return self.add("QAttention", inputs, f"{at}attended", ours=True, num_heads=HEADS)

    def product(self, name: str, source: str, target: str = "") -> str:
        numbers, scales = eight_bits(self.weights[f"{name}.weight"].T, 1)
        matrix, scale = self.keep(f"{name}.matrix", numbers), self.keep(f"{name}.scale", scales)
        middle = self.keep(f"{name}.middle", np.zeros(len(scales), np.int8))
        inputs = [source, matrix, scale, middle, self.keep(f"{name}.bias")]
        return self.add("DynamicQuantizeMatMul", inputs, target or f"{name}_product", ours=True)

    def sum(self, at: str, one: str, other: str) -> str:
        """Of a layer's input and output, normalised. (ONNX Runtime's operator for both takes four times as long on a CPU.)"""
        total = self.add("Add", [one, other], f"{at}added")
        return self.add("LayerNormalization", [total, *self.norm(at)], f"{at}sum", axis=-1, epsilon=EPSILON)

    def norm(self, at: str) -> list[str]:
        return [self.keep(f"{at}LayerNorm.weight"), self.keep(f"{at}LayerNorm.bias")]
