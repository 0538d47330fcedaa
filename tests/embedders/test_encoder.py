"""Encoders through ONNX Runtime, beside the same models through sentence-transformers."""

import json
import shutil
import subprocess
import sys
import threading

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from sentence_transformers import SentenceTransformer

from indexer.embedders import load_embedder, local
from indexer.embedders.onnx import openvino
from indexer.embedders.onnx.encoder import load_encoder
from indexer.errors import ModelUnavailable
from indexer.settings import DEFAULT_MODEL, Settings
from indexer.vectors import unit
from tests.embedders.saved import TOKENIZERS, save_model

TEXTS = [
    "Mango",
    "a",
    "",
    " ",
    "MANGO juice, and mangoing",
    "naïve émigré, Größe, İstanbul",
    "日本 本日",
    "Ἀθῆναι α β γ",
    "नमस्ते مرحبا привет",
    "😀",
    "ﬁ ½ ㍿",
    "tab\tnew\nline  two  spaces ",
    "nul \0 and \u200b",
    "<pad> in [PAD] the </s> middle [SEP] of <mask> [MASK]",
    "x" * 1_000,
    "word " * 1_000,
]
KINDS = [(kind, tokens) for kind in ("bert", "roberta", "xlm-roberta") for tokens in (kind, "plain")]


def through_sentence_transformers(folder):
    return SentenceTransformer(str(folder), device="cpu").encode(TEXTS, normalize_embeddings=True)


@pytest.fixture(scope="module")
def bundled():
    return local._bundled_folder()


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return save_model(tmp_path_factory.mktemp("small"))


def test_the_bundled_model_gives_the_vectors_of_sentence_transformers(bundled):
    encoder = load_encoder(bundled)
    expected = through_sentence_transformers(bundled)
    assert np.abs(encoder.embed(TEXTS) - expected).max() < 2e-6
    assert np.abs(encoder.embed_many(TEXTS * 5) - np.vstack([expected] * 5)).max() < 2e-6
    forward = openvino.OpenVinoForward(encoder.whole_model())
    assert np.einsum("ij,ij->i", encoder.embed_many(TEXTS, forward), expected).min() > 0.9995


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("pooling", ["mean", "cls"])
@pytest.mark.parametrize(("kind", "tokens"), KINDS)
def test_every_kind_gives_the_vectors_of_sentence_transformers(kind, tokens, pooling, normalize, tmp_path):
    folder = save_model(tmp_path, kind, pooling, normalize=normalize, tokens=tokens)
    encoder = load_encoder(folder)
    expected = through_sentence_transformers(folder)
    assert encoder.dimension == 24
    assert np.abs(encoder.embed(TEXTS) - expected).max() < 1e-5
    assert np.abs(np.vstack([encoder.embed([text]) for text in TEXTS]) - expected).max() < 1e-5


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_texts_are_cut_where_sentence_transformers_cuts_them(kind, tmp_path):
    folder = save_model(tmp_path, "bert" if kind == "plain" else kind, tokens=kind, max_seq_length=10)
    tokenizer = SentenceTransformer(str(folder), device="cpu").tokenizer
    texts = ["a b c d e f g h"[: 2 * n - 1] for n in range(1, 9)] + ["ab" * 9, "an" * 5, "é" * 4, "é" * 5, "日" * 3]
    longer = [len(tokenizer(text)["input_ids"]) > 10 for text in texts]
    assert any(longer) and not all(longer)
    assert load_encoder(folder).truncated(texts) == longer


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_no_text_is_longer_than_there_are_positions(kind, tmp_path):
    encoder = load_encoder(save_model(tmp_path, kind, max_seq_length=10_000))
    most = 66 if kind == "bert" else 64  # RoBERTa begins at position 2
    token = "a " if kind == "bert" else "a"
    assert encoder.truncated([token * (most - 2), token * (most - 1)]) == [False, True]
    inside, beyond = encoder.embed([token * 100, token * 200])
    assert inside @ beyond == pytest.approx(1, abs=1e-5)


def test_old_files_say_the_same_in_other_words(small, tmp_path):
    folder = copy_of(small, tmp_path)
    change(folder, "modules.json", lambda modules: [
        {**module, "type": f"sentence_transformers.models.{module['type'].rpartition('.')[2]}"} for module in modules
    ])  # fmt: skip
    shutil.rmtree(folder / "2_Normalize")
    flags = {"pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True, "pooling_mode_max_tokens": False}
    change(folder, "1_Pooling/config.json", lambda _: {"word_embedding_dimension": 24, **flags})
    change(folder, "sentence_bert_config.json", lambda _: {"max_seq_length": 60, "do_lower_case": False})
    change(folder, "tokenizer_config.json", lambda config: {**config, "model_max_length": 512})
    weights = load_file(folder / "model.safetensors")
    save_file(
        {f"bert.{name}": values for name, values in weights.items()}, folder / "model.safetensors", {"format": "pt"}
    )
    assert np.abs(load_encoder(folder).embed(TEXTS) - load_encoder(small).embed(TEXTS)).max() < 1e-6


def with_values(**values):
    return lambda content: {**content, **values}


def in_module(position, **values):
    return lambda modules: [m if i != position else {**m, **values} for i, m in enumerate(modules)]


def in_tokenizer(part, **values):
    return lambda content: {**content, part: {**(content[part] or {}), **values}}


DENSE = {"idx": 3, "name": "3", "path": "3_Dense", "type": "sentence_transformers.models.Dense"}
CUT = {"max_length": 60, "strategy": "LongestFirst", "stride": 0}

# models that are not on the list, and that sentence-transformers can load
OTHERS = {
    "relu": ("config.json", with_values(hidden_act="relu")),
    "decoder": ("config.json", with_values(is_decoder=True)),
    "half precision": ("config.json", with_values(dtype="float16")),
    "relative positions": ("config.json", with_values(position_embedding_type="relative_key")),
    "lower case": ("sentence_bert_config.json", with_values(do_lower_case=True)),
    "options of the tokenizer": ("sentence_bert_config.json", with_values(processing_kwargs={"text": {"max_length": 5}})),
    "maximum": ("1_Pooling/config.json", with_values(pooling_mode="max")),
    "two poolings": ("1_Pooling/config.json", with_values(pooling_mode=["mean", "cls"])),
    "without prompt": ("1_Pooling/config.json", with_values(include_prompt=False)),
    "cut at the left": ("tokenizer_config.json", with_values(truncation_side="left")),
    "padded at the left": ("tokenizer_config.json", with_values(padding_side="left")),
    "file cut at the left": ("tokenizer.json", in_tokenizer("truncation", **CUT, direction="Left")),
    "cased": ("tokenizer_config.json", with_values(do_lower_case=False)),
    "file cased": ("tokenizer.json", in_tokenizer("normalizer", lowercase=False)),
    "chinese": ("tokenizer_config.json", with_values(tokenize_chinese_chars=False)),
    "long words": ("tokenizer.json", in_tokenizer("model", max_input_chars_per_word=5)),
    "other unknown": ("tokenizer_config.json", with_values(unk_token="[MASK]")),
    "other ends": ("tokenizer_config.json", with_values(sep_token="[MASK]")),
}  # fmt: skip
# and that it refuses, or that need what a test cannot have
STRANGERS = {
    "unit tokens": ("2_Normalize/config.json", with_values(module_input_name="token_embeddings")),
    "other class": ("tokenizer_config.json", with_values(tokenizer_class="BartTokenizer")),
    "another kind": ("config.json", with_values(model_type="distilbert")),
    "own code": ("config.json", with_values(auto_map={"AutoModel": "own.Model"})),
    "quantized": ("config.json", with_values(quantization_config={"quant_method": "bitsandbytes"})),
    "layers that are not there": ("config.json", with_values(num_hidden_layers=3)),
    "heads that do not fit": ("config.json", with_values(num_attention_heads=5)),
    "other vocabulary": ("config.json", with_values(vocab_size=99)),
    "another task": ("sentence_bert_config.json", with_values(transformer_task="fill-mask")),
    "another use": ("config_sentence_transformers.json", with_values(model_type="SparseEncoder")),
    "requirements": ("config_sentence_transformers.json", with_values(requirements=["nowhere>=1"])),
    "two flags": ("1_Pooling/config.json", with_values(pooling_mode_mean_tokens=True, pooling_mode_cls_token=True)),
    "one more module": ("modules.json", lambda modules: [*modules, DENSE]),
    "one module less": ("modules.json", lambda modules: modules[:1]),
    "module elsewhere": ("modules.json", in_module(0, path="0_Transformer")),
    "own module": ("modules.json", in_module(1, type="own.Pooling")),
    "module with options": ("modules.json", in_module(1, kwargs=["task"])),
    "no object": ("config.json", lambda _: []),
    "unlisted token": ("tokenizer_config.json", with_values(extra_special_tokens=["[NEW]"])),
    "changed token": ("tokenizer_config.json", with_values(added_tokens_decoder={"0": {"content": "[PAD]"}})),
}  # fmt: skip


def copy_of(folder, to):
    return shutil.copytree(folder, to / "copy")


def change(folder, file, how):
    path = folder / file
    path.write_text(json.dumps(how(json.loads(path.read_text("utf-8")))), "utf-8")


@pytest.mark.parametrize("other", OTHERS)
def test_a_model_that_is_not_listed_goes_through_sentence_transformers(other, small, tmp_path):
    folder = copy_of(small, tmp_path)
    change(folder, *OTHERS[other])
    assert load_encoder(folder) is None
    embedder = load_embedder(str(folder), Settings())
    expected = unit(through_sentence_transformers(folder))
    assert np.einsum("ij,ij->i", embedder.embed(TEXTS), expected).min() > 0.9999


@pytest.mark.parametrize("other", STRANGERS)
def test_what_is_not_listed_is_refused(other, small, tmp_path):
    folder = copy_of(small, tmp_path)
    change(folder, *STRANGERS[other])
    assert load_encoder(folder) is None


FILES = ["modules.json", "config.json", "sentence_bert_config.json", "config_sentence_transformers.json",
         "1_Pooling/config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"]  # fmt: skip


@pytest.mark.parametrize("file", FILES)
def test_a_folder_with_a_damaged_file_or_without_it_is_refused(file, small, tmp_path):
    folder = copy_of(small, tmp_path)
    (folder / file).write_bytes(b"\xff\xff\xff\xff\0\0\0\0 not it")
    assert load_encoder(folder) is None
    (folder / file).unlink()
    assert load_encoder(folder) is None


def test_an_adapter_beside_the_weights_is_refused(small, tmp_path):
    folder = copy_of(small, tmp_path)
    (folder / "adapter_config.json").write_text("{}")
    assert load_encoder(folder) is None


def test_weights_of_another_type_are_refused(small, tmp_path):
    folder = copy_of(small, tmp_path)
    weights = load_file(folder / "model.safetensors")
    save_file({name: values.astype(np.float16) for name, values in weights.items()}, folder / "model.safetensors")
    assert load_encoder(folder) is None


def test_pickled_weights_are_never_read(small, tmp_path):
    folder = copy_of(small, tmp_path)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert load_encoder(folder) is None
    with pytest.raises(ModelUnavailable):
        load_embedder(str(folder), Settings())


def test_a_word_needs_no_torch(small):
    code = """
import sys
from indexer.embedders import load_embedder
from indexer.settings import Settings
for model in sys.argv[1:]:
    embedder = load_embedder(model, Settings(), serving=True)
    embedder.embed(["Mango"]), embedder.embed(["Mango"] * 70), embedder.truncated(["Mango " * 300])
print(sorted({"torch", "transformers", "sentence_transformers", "openvino", "huggingface_hub"} & set(sys.modules)))
"""
    found = subprocess.run([sys.executable, "-c", code, DEFAULT_MODEL, str(small)], capture_output=True, text=True)
    assert found.stdout == "[]\n", found.stderr


def test_many_threads_at_once_get_the_vectors_of_their_own_texts(small):
    encoder = load_encoder(small)
    texts = [" ".join("abcdefgh"[: 1 + i % 8]) + " x" * i for i in range(16)]
    expected = np.vstack([encoder.embed([text]) for text in texts])
    many = np.vstack([expected] * 8)
    worst = []

    def ask(i):
        for _ in range(20):
            worst.append(np.abs(encoder.embed([texts[i], texts[-1]]) - expected[[i, -1]]).max())
        worst.append(np.abs(encoder.embed_many(texts * 8) - many).max())

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(worst) == 16 * 21 and max(worst) < 1e-5


def test_lookups_that_come_with_long_texts_take_small_forward_passes(small, monkeypatch):
    encoder = load_encoder(small)
    passes, forward = [], encoder.forward
    monkeypatch.setattr(encoder, "forward", lambda ids, lengths: passes.append(ids.size) or forward(ids, lengths))
    texts = ["a", *["b " * 100] * 60]
    assert encoder.embed(texts).shape == (61, 24)
    assert len(passes) == 2 and max(passes) <= 2_048


def test_nothing_is_kept_for_each_shape_of_a_batch(small):
    options = load_encoder(small)._session.get_session_options()
    assert not options.enable_mem_pattern  # 250 shapes took 58 MB with it, 1,000 take 5 MB without
