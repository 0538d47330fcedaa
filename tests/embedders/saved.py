"""Small models with random weights, saved as sentence-transformers saves them."""

from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertModel,
    BertTokenizer,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaModel,
    RobertaTokenizer,
    XLMRobertaConfig,
    XLMRobertaModel,
    XLMRobertaTokenizer,
)

CLASSES = {
    "bert": (BertConfig, BertModel),
    "roberta": (RobertaConfig, RobertaModel),
    "xlm-roberta": (XLMRobertaConfig, XLMRobertaModel),
}
LETTERS = [chr(code) for code in (*range(0x21, 0x7F), *range(0xE0, 0x100), *range(0x3B1, 0x3CA), 0x65E5, 0x672C)]
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def save_model(folder: Path, kind: str = "bert", pooling: str = "mean", *, normalize: bool = True, **settings) -> Path:
    """Save a model of this kind with two layers, and return its folder."""
    torch.manual_seed(7)
    of_config, of_model = CLASSES[kind]
    tokenizer = TOKENIZERS[settings.pop("tokens", kind)]()
    config = of_config(
        vocab_size=len(tokenizer), hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=40,
        max_position_embeddings=66, pad_token_id=tokenizer.pad_token_id, layer_norm_eps=1e-5, initializer_range=0.3,
    )  # fmt: skip
    parts = folder / "parts"
    of_model(config).save_pretrained(parts)
    tokenizer.save_pretrained(parts)
    transformer = Transformer(str(parts), max_seq_length=settings.pop("max_seq_length", 60))
    modules = [transformer, Pooling(24, pooling_mode=pooling), *([Normalize()] if normalize else [])]
    SentenceTransformer(modules=modules, device="cpu", **settings).save(str(folder / "model"))
    return folder / "model"


def _plain() -> PreTrainedTokenizerFast:
    """A tokenizer that the transformers library takes from its file: every letter is a token."""
    tokenizer = Tokenizer(models.WordLevel({token: id for id, token in enumerate([*SPECIAL, *LETTERS])}, "<unk>"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Strip()])
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A </s>", "<s> $A </s> $B", [("<s>", 0), ("</s>", 2)])
    names = {
        "cls_token": "<s>",
        "sep_token": "</s>",
        "pad_token": "<pad>",
        "unk_token": "<unk>",
        "mask_token": "<mask>",
    }
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)


def _bert() -> BertTokenizer:
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    pieces = [*special, *LETTERS, *(f"##{letter}" for letter in LETTERS), "mango", "##ing"]
    return BertTokenizer({token: id for id, token in enumerate(dict.fromkeys(pieces))})


def _roberta() -> RobertaTokenizer:
    pieces = [*SPECIAL, *sorted(pre_tokenizers.ByteLevel.alphabet()), "an", "Ġm"]
    return RobertaTokenizer({token: id for id, token in enumerate(pieces)}, [("a", "n"), ("Ġ", "m")])


def _xlm_roberta() -> XLMRobertaTokenizer:
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    pieces = [*((token, 0.0) for token in special), *((f"▁{a}", -3.0) for a in LETTERS), *((a, -4.0) for a in LETTERS)]
    return XLMRobertaTokenizer([*pieces, ("▁", -5.0), ("ang", -2.0), ("<mask>", 0.0)])


TOKENIZERS = {"bert": _bert, "roberta": _roberta, "xlm-roberta": _xlm_roberta, "plain": _plain}
