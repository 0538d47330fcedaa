"""Models behind the OpenAI API, or behind any server with the same API."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import openai

from indexer.embedders.embedder import ModelIdentity
from indexer.errors import ModelUnavailable
from indexer.records import batched
from indexer.vectors import Vectors, unit

_TEXTS = 256  # in a request; the API takes 2,048
_BYTES = 250_000  # in a request; the API takes 300,000 tokens, and a token covers at least a byte
_LONGEST = 8_000  # bytes of one text; the API takes 8,192 tokens


class OpenAIEmbedder:
    """The model `openai:NAME`; key, address, retries and time-outs are those of the openai library."""

    def __init__(self, name: str) -> None:
        """Connect, and embed one word to learn the dimension; raises ModelUnavailable."""
        self._name = name
        self._model = name.removeprefix("openai:")
        try:
            self._client = openai.OpenAI()
        except openai.OpenAIError as error:
            raise ModelUnavailable(f"{name}: {error}") from error
        # the API names no revision
        self.identity = ModelIdentity(name, "", self._request(["dimension"]).shape[1])

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row for each text, shape (n, dimension)."""
        dimension = self.identity.dimension
        batches = batched(map(_cut, texts), _TEXTS, _bytes, _BYTES)
        rows = [np.empty((0, dimension), dtype=np.float32), *map(self._request, batches)]
        if any(vectors.shape[1] != dimension for vectors in rows):
            raise ModelUnavailable(f"{self._name} gave {dimension} numbers a text, and now gives others; start again")
        return unit(np.vstack(rows))

    def truncated(self, texts: Sequence[str]) -> list[bool]:
        """Tell of each text whether it is cut before it is sent."""
        return [_bytes(text) > _LONGEST for text in texts]

    def _request(self, texts: list[str]) -> Vectors:
        """Return the vectors of one request, shape (n, dimension), of any length; raises ModelUnavailable."""
        try:
            response = self._client.embeddings.create(model=self._model, input=texts)
            answered = sorted(response.data, key=lambda item: item.index)
            rows = np.asarray([item.embedding for item in answered], dtype=np.float32)
        except openai.APIConnectionError as error:
            raise ModelUnavailable(
                f"{self._name} cannot be reached at {self._client.base_url}; check OPENAI_BASE_URL and the network"
            ) from error
        except openai.AuthenticationError as error:
            # the API's own message quotes a part of the key
            raise ModelUnavailable(f"{self._name} refuses the key; check OPENAI_API_KEY") from error
        except openai.APIStatusError as error:
            temporary = error.status_code == 429 or error.status_code >= 500
            advice = "try again later" if temporary else "check the name of the model"
            raise ModelUnavailable(f"{self._name} answers {error.status_code}; {advice}") from error
        except (openai.OpenAIError, AttributeError, TypeError, ValueError):  # the answer has no list of vectors
            rows = np.empty((0, 0), dtype=np.float32)
        if rows.ndim != 2 or len(rows) != len(texts) or not rows.size or not np.isfinite(rows).all():
            raise ModelUnavailable(
                f"{self._name} did not answer with a vector for each text; check OPENAI_BASE_URL and the model"
            )
        return rows


def _bytes(text: str) -> int:
    return len(text.encode("utf-8"))


def _cut(text: str) -> str:
    return text.encode("utf-8")[:_LONGEST].decode("utf-8", "ignore")
