"""Tokens of texts as the OpenAI API counts them, and the cut of texts that are too long for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

MOST = 8_192  # tokens of one text that the API takes
_ADDED = 3  # tokens around a text
_CL100K = ("text-embedding-3-", "text-embedding-ada-002")  # the models of this vocabulary


class Tokens:
    """The tokenizer of one model; where its vocabulary is not known, a byte counts as a token: no token is shorter."""

    def __init__(self, model: str) -> None:
        self._model = model

    def count(self, text: str) -> int:
        """Return the number of tokens of a text; of an unknown vocabulary the most it can be."""
        return len(text.encode("utf-8")) if self._encode is None else len(self._encode(text))

    @property
    def known(self) -> bool:
        """Tell whether the vocabulary is known, so that `count` is what the API counts."""
        return self._model.startswith(_CL100K)

    def most(self, texts: Sequence[str]) -> int:
        """Return the most tokens that a request with these texts is paid for; all it is where the vocabulary is known.

        Where it is not, each text may get a token at its beginning, one at its end, and one for a space before it.
        """
        return sum(map(self.count, texts)) + (0 if self.known else _ADDED * len(texts))

    def too_long(self, text: str) -> bool:
        """Tell whether a text has more tokens than the API takes."""
        return len(text) * 4 > MOST and len(text.encode("utf-8")) > MOST and self.count(text) > MOST

    def cut(self, text: str) -> str:
        """Return the longest beginning of a text that the API takes, cut between two characters."""
        if not self.too_long(text):
            return text
        fits, too_many = 0, len(text)
        while too_many - fits > 1:  # a cut inside a token changes the tokens before it, so count each beginning
            middle = (fits + too_many) // 2
            if self.too_long(text[:middle]):
                too_many = middle
            else:
                fits = middle
        return text[:fits]

    @cached_property
    def _encode(self) -> Callable[[str], list[int]] | None:
        if not self.known:
            return None
        import bpe_openai  # 0.5 s: few calls have so many texts, or so long ones, that tokens must be counted

        encode: Callable[[str], list[int]] = bpe_openai.get_encoding("cl100k_base").encode_ordinary
        return encode
