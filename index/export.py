"""A sentence-transformers model as ONNX graphs: the exact one, and a quick one whose matrices are 8-bit integers.

The exact graph is the whole model (transformer, pooling, normalisation, …) with what BERT-like models repeat fused into one operator.
In the quick one each weight matrix has one scale for each column, found once, and each token's activations get one scale when they are
computed (per-channel weights, per-token dynamic activations; Dettmers et al. 2022, "LLM.int8()", section 3.1). `onnxruntime.quantization`
takes one scale for the whole batch instead, which is less exact and makes a text's vector depend on the texts beside it.

Weights lie in a file beside the graph, which ONNX Runtime maps into memory: what is not read takes none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

LEAST_BYTES = 4096
"""Weights of at least this size go to the file beside the graph."""

_SHAPE = (2, 5)
"""Texts and tokens of the run in which the matrices that multiply every token are found."""


def write_exact(model: Any, path: Path, runtime: Any, fuse: bool = True) -> None:
    """Write a sentence-transformers model as one graph, as traced or `fuse`d. Raises whatever the exporter raises."""
    import onnx

    raw = path.with_suffix(".raw")
    with _plain_attention(model):
        _trace(model, raw)
    _save((_fused(raw, *_heads(model), runtime) if fuse else None) or onnx.load(raw), path)
    for left_over in path.parent.glob(f"{raw.name}*"):
        left_over.unlink()


def write_quick(exact: Path, path: Path, runtime: Any) -> None:
    """Write the quick graph of an exact one. Raises ValueError when no matrix of it can be made smaller."""
    import onnx

    model = onnx.load(exact)
    weights = {i.name: i for i in model.graph.initializer}
    products = [
        n for n in model.graph.node if n.op_type == "MatMul" and n.input[1] in weights and len(weights[n.input[1]].dims) == 2
    ]
    products = [n for n, fits in zip(products, _read_tokens(model, [n.input[0] for n in products], runtime), strict=True) if fits]
    if not products:
        raise ValueError("the graph multiplies its tokens by no matrix")
    _replace(model, products, weights)
    _save(model, path)


@contextmanager
def _plain_attention(model: Any) -> Iterator[None]:
    """For the time of a trace: attention in steps that the fusion knows, not as one call of torch."""
    inner = getattr(model[0], "auto_model", None)
    before = getattr(getattr(inner, "config", None), "_attn_implementation", None)
    if inner is None or not before or not hasattr(inner, "set_attn_implementation"):
        yield
        return
    inner.set_attn_implementation("eager")
    try:
        yield
    finally:
        inner.set_attn_implementation(before)


def _trace(model: Any, path: Path) -> None:
    """All modules of the model as one graph."""
    import warnings

    import torch

    class Whole(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *tensors: Any) -> Any:
            return self.model(dict(zip(names, tensors, strict=True)))["sentence_embedding"]

    features = model.tokenizer(["a short text", "a text that is a little longer"], padding=True, return_tensors="pt")
    names = [name for name in ("input_ids", "attention_mask", "token_type_ids") if name in features]
    axes = {name: {0: "batch", 1: "tokens"} for name in names} | {"embedding": {0: "batch"}}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Whole().eval(),
            tuple(features[name] for name in names),
            str(path),
            input_names=names,
            output_names=["embedding"],
            dynamic_axes=axes,
            opset_version=17,
            dynamo=False,
        )


def _heads(model: Any) -> tuple[int, int]:
    """Attention heads and width of the transformer; 0 where it does not say."""
    config = getattr(getattr(model[0], "auto_model", None), "config", None)
    return int(getattr(config, "num_attention_heads", 0) or 0), int(getattr(config, "hidden_size", 0) or 0)


def _fused(path: Path, heads: int, width: int, runtime: Any) -> Any:
    """The graph with attention, layer norms and activations as one operator each; None where that cannot be done or run."""
    import logging

    from onnxruntime.transformers import optimizer
    from onnxruntime.transformers.fusion_options import FusionOptions

    logging.getLogger("onnxruntime.transformers").setLevel(logging.ERROR)
    options = FusionOptions("bert")
    options.use_multi_head_attention = True
    try:
        model = optimizer.optimize_model(str(path), "bert", heads, width, options, opt_level=0).model
        _part_sums(model)
        runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        return model
    except Exception:
        return None


def _part_sums(model: Any) -> None:
    """Each layer norm with a sum before it as two operators: ONNX Runtime's one for both takes four times as long on a CPU."""
    from onnx import helper

    nodes = []
    for node in model.graph.node:
        if node.op_type != "SkipLayerNormalization" or any(node.output[1:]):
            nodes.append(node)
            continue
        one, other, weight, bias, *more = node.input
        total = f"{node.output[0]}_sum"
        nodes.append(helper.make_node("Add", [one, other], [total]))
        for number, extra in enumerate(filter(None, more)):
            nodes.append(helper.make_node("Add", [total, extra], [f"{total}_{number}"]))
            total = f"{total}_{number}"
        epsilon = next(a.f for a in node.attribute if a.name == "epsilon")
        nodes.append(helper.make_node("LayerNormalization", [total, weight, bias], [node.output[0]], axis=-1, epsilon=epsilon))
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _read_tokens(model: Any, tensors: Sequence[str], runtime: Any) -> list[bool]:
    """Which tensors hold one row for each token: what stands after the pooling has one for each text."""
    import onnx
    from onnx import TensorProto, helper

    shown = onnx.ModelProto()
    shown.CopyFrom(model)
    wanted = sorted(set(tensors) - {output.name for output in model.graph.output})
    if not wanted:
        return [False] * len(tensors)
    shown.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in wanted)
    session = runtime.InferenceSession(shown.SerializeToString(), providers=["CPUExecutionProvider"])
    ones = np.ones(_SHAPE, dtype=np.int64)
    shapes = {
        name: array.shape
        for name, array in zip(wanted, session.run(wanted, {node.name: ones for node in session.get_inputs()}), strict=True)
    }
    return [shapes.get(name, ())[:2] == _SHAPE and len(shapes[name]) == 3 for name in tensors]


def _replace(model: Any, products: Sequence[Any], weights: dict[str, Any]) -> None:
    """Put integer products in the place of `products`."""
    from onnx import helper, numpy_helper

    constants: dict[str, np.ndarray] = {
        "quick_one": np.array(1, np.float32),
        "quick_middle": np.array(128, np.uint8),
        "quick_step": np.array(1 / 127, np.float32),
        "quick_least": np.array(1e-9, np.float32),
        "quick_flat": np.array([-1], np.int64),
    }
    begin = [
        helper.make_node("Shape", [model.graph.input[0].name], ["quick_lead"]),
        helper.make_node("ReduceProd", ["quick_lead"], ["quick_rows"], keepdims=1),
        helper.make_node("ConstantOfShape", ["quick_rows"], ["quick_middles"], value=_middle(helper)),
    ]
    nodes: list[Any] = []
    scaled: set[str] = set()
    chosen = {product.output[0] for product in products}
    for node in model.graph.node:
        if node.op_type != "MatMul" or node.output[0] not in chosen:
            nodes.append(node)
            continue
        source, matrix = node.input[0], numpy_helper.to_array(weights[node.input[1]])
        if source not in scaled:
            nodes += _to_integers(source, matrix.shape[0], constants, helper)
            scaled.add(source)
        width = f"quick_shape_{matrix.shape[1]}"
        if f"{width}_n" not in constants:
            constants[f"{width}_n"] = np.array([matrix.shape[1]], np.int64)
            begin.append(helper.make_node("Concat", ["quick_lead", f"{width}_n"], [width], axis=0))
        nodes += _product(source, node.output[0], matrix, width, constants, helper)
    del model.graph.node[:]
    model.graph.node.extend([*begin, *nodes])
    used = {name for node in model.graph.node for name in node.input}
    kept = [initializer for initializer in model.graph.initializer if initializer.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend([*kept, *(numpy_helper.from_array(v, name) for name, v in constants.items())])
    if not any(opset.domain == "com.microsoft" for opset in model.opset_import):
        model.opset_import.append(helper.make_opsetid("com.microsoft", 1))


def _middle(helper: Any) -> Any:
    from onnx import TensorProto

    return helper.make_tensor("value", TensorProto.UINT8, [1], [128])


def _to_integers(source: str, width: int, constants: dict[str, np.ndarray], helper: Any) -> Iterator[Any]:
    """Each row of `source` divided by its largest magnitude, as integers of −127 … 127 with 128 added."""
    flat, rows, scale = f"quick_{source}_flat", f"quick_{source}_rows", f"quick_{source}_scale"
    constants[flat] = np.array([-1, width], np.int64)
    yield helper.make_node("Reshape", [source, flat], [rows])
    yield helper.make_node("Abs", [rows], [f"{rows}_abs"])
    yield helper.make_node("ReduceMax", [f"{rows}_abs"], [f"{rows}_most"], axes=[1], keepdims=1)
    yield helper.make_node("Mul", [f"{rows}_most", "quick_step"], [f"{rows}_step"])
    yield helper.make_node("Max", [f"{rows}_step", "quick_least"], [scale])
    yield helper.make_node("Reshape", [scale, "quick_flat"], [f"{scale}s"])
    yield helper.make_node("QuantizeLinear", [rows, f"{scale}s", "quick_middles"], [f"quick_{source}"], axis=0)


def _product(
    source: str, target: str, matrix: np.ndarray, shape: str, constants: dict[str, np.ndarray], helper: Any
) -> Iterator[Any]:
    """source × matrix in integers, and back."""
    name = f"quick_{target}"
    scales = np.maximum(np.abs(matrix).max(axis=0) / 127, 1e-12).astype(np.float32)
    constants[f"{name}_w"] = np.clip(np.rint(matrix / scales), -127, 127).astype(np.int8)
    constants[f"{name}_s"] = scales
    constants[f"{name}_z"] = np.zeros(len(scales), np.int8)
    inputs = [f"quick_{source}", f"{name}_w", "quick_one", f"{name}_s", "quick_middle", f"{name}_z"]
    yield helper.make_node("MatMulIntegerToFloat", inputs, [f"{name}_f"], domain="com.microsoft")
    yield helper.make_node("Mul", [f"{name}_f", f"quick_{source}_scale"], [f"{name}_y"])
    yield helper.make_node("Reshape", [f"{name}_y", shape], [target])


def _save(model: Any, path: Path) -> None:
    import onnx

    path.with_suffix(".bin").unlink(missing_ok=True)
    onnx.save(
        model,
        str(path),
        save_as_external_data=True,
        all_tensors_to_one_file=True,
        location=path.with_suffix(".bin").name,
        size_threshold=LEAST_BYTES,
    )
