"""Models behind the OpenAI API, or behind any server that speaks it."""

from collections.abc import Iterator, Sequence

import numpy as np
import openai

from indexer.embedders.embedder import ModelIdentity
from indexer.errors import ModelUnavailable
from indexer.vectors import Vectors, unit

_TEXTS = 256  # a request; the API takes 2,048
_BYTES = 250_000  # a request; the API takes 300,000 tokens, and a token covers at least a byte
_LONGEST = 8_000  # bytes of one text; the API takes 8,192 tokens


class OpenAIEmbedder:
    """`openai:NAME`; the key, the address, retries and time-outs are the library's own."""

    def __init__(self, name: str) -> None:
        """Connect, and embed one word to learn the dimension; raises ModelUnavailable."""
        self._name = name
        self._model = name.removeprefix("openai:")
        try:
            self._client = openai.OpenAI()
        except openai.OpenAIError as error:
            raise ModelUnavailable(f"{name}: {error}") from error
        self._identity = ModelIdentity(name, "", self._request(["dimension"]).shape[1])

    @property
    def identity(self) -> ModelIdentity:
        """Return the model's name, revision (empty: the API names none) and dimension."""
        return self._identity

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row a text, shape (n, dimension)."""
        dimension = self._identity.dimension
        parts = [self._request(batch) for batch in _batches([_cut(text) for text in texts])]
        if any(part.shape[1] != dimension for part in parts):
            raise ModelUnavailable(f"{self._name} gave {dimension} numbers a text, and now gives others; start again")
        return unit(np.vstack(parts)) if parts else np.empty((0, dimension), dtype=np.float32)

    def truncated(self, texts: Sequence[str]) -> list[bool]:
        """Say of each text whether it is cut before it is sent."""
        return [len(text.encode("utf-8")) > _LONGEST for text in texts]

    def _request(self, texts: list[str]) -> Vectors:
        """Return the vectors of one request, shape (n, dimension), as they came."""
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
            passing = error.status_code == 429 or error.status_code >= 500
            advice = "try again later" if passing else "check the name of the model"
            raise ModelUnavailable(f"{self._name} answers {error.status_code}; {advice}") from error
        except (openai.OpenAIError, AttributeError, TypeError, ValueError):  # no list of vectors in the answer
            rows = np.empty((0, 0), dtype=np.float32)
        if rows.ndim != 2 or len(rows) != len(texts) or not rows.size or not np.isfinite(rows).all():
            raise ModelUnavailable(
                f"{self._name} did not answer with a vector for each text; check OPENAI_BASE_URL and the model"
            )
        return rows


def _cut(text: str) -> str:
    return text.encode("utf-8")[:_LONGEST].decode("utf-8", "ignore")


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for text in texts:
        length = len(text.encode("utf-8"))
        if batch and (len(batch) == _TEXTS or size + length > _BYTES):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += length
    if batch:
        yield batch
