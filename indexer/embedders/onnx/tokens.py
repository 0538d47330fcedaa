"""The tokenizer of a saved model without the transformers library, where both give the same tokens.

That library builds the tokenizers of some classes from the vocabulary and from tokenizer_config.json; others it takes
from tokenizer.json as they stand. Here, tokenizer.json must say what the library would build.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Json = Mapping[str, Any]

_AS_IT_STANDS = ("PreTrainedTokenizer", "TokenizersBackend")
_OF_BERT = {"cls": "[CLS]", "sep": "[SEP]", "unk": "[UNK]", "pad": "[PAD]"}
_OF_ROBERTA = {"cls": "<s>", "sep": "</s>", "bos": "<s>", "eos": "</s>", "unk": "<unk>", "pad": "<pad>"}
# the special tokens of a class where tokenizer_config.json does not name them
_SPECIAL = {
    "BertTokenizer": {**_OF_BERT, "mask": "[MASK]"},
    "RobertaTokenizer": {**_OF_ROBERTA, "mask": "<mask>"},
    "XLMRobertaTokenizer": {**_OF_ROBERTA, "mask": "<mask>"},
}


def load_tokenizer(folder: Path, config: Json, longest: int) -> Tokenizer | None:
    """Return the tokenizer of a folder, which cuts texts to `longest` tokens; None where it might give other tokens.

    `config` is tokenizer_config.json. Raises OSError, ValueError, and whatever a value of the wrong type raises.
    """
    from tokenizers import Tokenizer

    stored = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    kind = config["tokenizer_class"].removesuffix("Fast")
    settings = {**{f"{token}_token": content for token, content in _SPECIAL.get(kind, {}).items()}, **config}
    if not _cuts_and_pads_right(stored, config):
        return None
    if kind not in _AS_IT_STANDS and not _says_what_is_built(stored, settings, kind):
        return None
    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as error:  # the library raises no other
        raise ValueError(f"tokenizer.json cannot be read: {error}") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(longest)
    if not _has_special_tokens(tokenizer, folder, settings):
        return None
    around = tokenizer.encode("").ids  # no text may be without a token
    if kind in _SPECIAL:
        names = ("bos_token", "eos_token") if kind == "XLMRobertaTokenizer" else ("cls_token", "sep_token")
        first, last = (tokenizer.token_to_id(_content(settings[name])) for name in names)
        inside = tokenizer.encode("a", add_special_tokens=False).ids
        return tokenizer if around == [first, last] and tokenizer.encode("a").ids == [first, *inside, last] else None
    return tokenizer if around else None


def _cuts_and_pads_right(stored: Json, config: Json) -> bool:
    """Tell whether tokens are cut off and padding is added at the end of a text, and nothing else is asked for."""
    sides = [config.get("truncation_side"), config.get("padding_side")]
    sides += [(stored.get(part) or {}).get("direction") for part in ("truncation", "padding")]
    others = ("auto_map", "split_special_tokens", "add_bos_token", "add_eos_token")
    return all(side is None or side.lower() == "right" for side in sides) and not any(map(config.get, others))


def _says_what_is_built(stored: Json, settings: Json, kind: str) -> bool:
    """Tell whether tokenizer.json says what the transformers library builds for this class and these settings."""
    model = {key: value for key, value in stored["model"].items() if value and key not in ("vocab", "merges")}
    normalizer, splitter = stored["normalizer"], stored["pre_tokenizer"]
    match kind:
        case "BertTokenizer":
            pieces = {"continuing_subword_prefix": "##", "max_input_chars_per_word": 100}
            return (
                model == {"type": "WordPiece", "unk_token": _content(settings["unk_token"]), **pieces}
                and normalizer
                == {
                    "type": "BertNormalizer",
                    "clean_text": True,
                    "handle_chinese_chars": settings.get("tokenize_chinese_chars", True),
                    "strip_accents": settings.get("strip_accents"),
                    "lowercase": settings.get("do_lower_case", True),
                }
                and splitter == {"type": "BertPreTokenizer"}
            )
        case "RobertaTokenizer":
            space = settings.get("add_prefix_space", False)
            bytewise = {"type": "ByteLevel", "add_prefix_space": space, "trim_offsets": True, "use_regex": True}
            return model == {"type": "BPE"} and normalizer is None and {"use_regex": True, **splitter} == bytewise
        case "XLMRobertaTokenizer":
            words, marks = splitter["pretokenizers"]
            return (
                model == {"type": "Unigram", "unk_id": 3}
                and (normalizer is None or normalizer["type"] == "Precompiled")
                and settings.get("add_prefix_space", True) is True
                and splitter["type"] == "Sequence"
                and words == {"type": "WhitespaceSplit"}
                and (marks["type"], marks["replacement"]) == ("Metaspace", "▁")
                and (marks.get("prepend_scheme") == "always" or marks.get("add_prefix_space") is True)
                and marks.get("split", True) is True
            )
    return False


def _has_special_tokens(tokenizer: Tokenizer, folder: Path, settings: Json) -> bool:
    """Tell whether the settings name no token that the tokenizer does not have, or has in another form."""
    added = tokenizer.get_added_tokens_decoder()
    named, others = dict(settings), list[Any]()
    if "added_tokens_decoder" in settings:
        listed = {int(id): {"special": False, **token} for id, token in settings["added_tokens_decoder"].items()}
        flags = ("content", "single_word", "lstrip", "rstrip", "normalized", "special")
        if listed != {id: {flag: getattr(token, flag) for flag in flags} for id, token in added.items()}:
            return False
    else:  # the files of older versions of the library
        if (folder / "special_tokens_map.json").is_file():
            named |= json.loads((folder / "special_tokens_map.json").read_text("utf-8"))
        if (folder / "added_tokens.json").is_file():
            others += json.loads((folder / "added_tokens.json").read_text("utf-8"))
    for key in ("additional_special_tokens", "extra_special_tokens"):
        others += named.get(key) or []
    tokens = [value for key, value in named.items() if key.endswith("_token") and value] + others
    return {_content(token) for token in tokens} <= {token.content for token in added.values()}


def _content(token: str | Json) -> str:
    return token if isinstance(token, str) else str(token["content"])
