"""The graph of an encoder of the BERT family, from the weights of a model: token ids in, a vector a text out.

Dense layers see the tokens of all texts one below the other, without padding; attention alone sees the texts padded to
the longest. Which token belongs where is computed inside the graph, so that Python hands over ids and lengths alone.

Devlin et al., "BERT", 2019; the layers in the order of the transformers library's BertModel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from indexer.embedders.onnx import wire
from indexer.vectors import Vectors

_LOWEST = float(np.finfo(np.float32).min)


@dataclass(frozen=True)
class Architecture:
    """What the weights do not say: the number of attention heads, and what is done before and after the layers.

    `padding` is the id of the padding token where positions are counted from it on, as RoBERTa does; None where they
    are counted from 0.
    """

    layers: int
    heads: int
    epsilon: float
    padding: int | None
    pooling: Literal["mean", "cls"]


class _Graph:
    """Nodes and tensors in the making; each operator returns the name of what it computes."""

    def __init__(self, *, whole: bool) -> None:
        self._whole = whole
        self.nodes: list[bytes] = []
        self.tensors: list[bytes] = []
        self.weights: dict[str, Vectors] = {}
        self._constants: dict[str, str] = {}

    def __call__(self, operator: str, *inputs: str, **attributes: wire.Attribute) -> str:
        name = f"v{len(self.nodes)}"
        self.nodes.append(wire.node(operator, inputs, [name], attributes))
        return name

    def weight(self, name: str, values: Vectors) -> str:
        """Return the name of a tensor of the model's weights."""
        values = np.ascontiguousarray(values, dtype=np.float32)
        if self._whole:
            self.tensors.append(wire.floats(name, values))
        else:
            self.weights[name] = values
            self.tensors.append(wire.external(name, values.shape))
        return name

    def integers(self, *values: int) -> str:
        """Return the name of a constant row of whole numbers."""
        return self._constant(f"integers{values}", lambda name: wire.integers(name, values, [len(values)]))

    def integer(self, value: int) -> str:
        """Return the name of a constant whole number."""
        return self._constant(f"integer {value}", lambda name: wire.integers(name, [value], []))

    def number(self, value: float) -> str:
        """Return the name of a constant number."""
        return self._constant(f"number {value}", lambda name: wire.number(name, value))

    def _constant(self, key: str, tensor: Callable[[str], bytes]) -> str:
        if key not in self._constants:
            self._constants[key] = key
            self.tensors.append(tensor(key))
        return key


class _Encoder:
    """The encoder written into a graph, step by step."""

    def __init__(self, weights: Mapping[str, Vectors], architecture: Architecture, *, whole: bool) -> None:
        self.graph = _Graph(whole=whole)
        self._weights = weights
        self._architecture = architecture
        self._hidden = weights["embeddings.word_embeddings.weight"].shape[1]

    def write(self) -> bytes:
        """Return the ONNX model; its inputs are ids (n, l) and lengths (n,), its output is vectors (n, d)."""
        graph = self.graph
        self._place()
        rows = self._embedded()
        for layer in range(self._architecture.layers):
            rows = self._layer(rows, f"encoder.layer.{layer}.")
        graph.nodes.append(wire.node("Identity", [self._pooled(rows)], ["vectors"], {}))
        inputs = [wire.value("ids", wire.INT64, ["n", "l"]), wire.value("lengths", wire.INT64, ["n"])]
        outputs = [wire.value("vectors", wire.FLOAT, ["n", self._hidden])]
        return wire.model(graph.nodes, graph.tensors, inputs, outputs)

    def _place(self) -> None:
        """Find the cells of the padded (n, l) that hold a token, and their numbers in the rows below each other."""
        graph = self.graph
        self._size = graph("Shape", "ids")
        self._length = graph("Gather", self._size, graph.integer(1))
        columns = graph("Range", graph.integer(0), self._length, graph.integer(1))
        lengths = graph("Unsqueeze", "lengths", graph.integers(1))
        real = graph("Less", graph("Unsqueeze", columns, graph.integers(0)), lengths)
        flat = graph("Reshape", real, graph.integers(-1))
        self._cells = graph("Reshape", graph("NonZero", flat), graph.integers(-1))
        self._scatter = graph("Unsqueeze", self._cells, graph.integers(1))
        self._total = graph("Shape", flat)
        bias = graph("Where", real, graph.number(0.0), graph.number(_LOWEST))
        self._bias = graph("Unsqueeze", bias, graph.integers(1, 2))

    def _embedded(self) -> str:
        """Return the sum of the embeddings of token, position and the one segment, (tokens, hidden)."""
        graph = self.graph
        tokens = graph("Gather", graph("Reshape", "ids", graph.integers(-1)), self._cells)
        positions = self._positions()
        words = graph("Gather", self._weight("embeddings.word_embeddings.weight"), tokens)
        places = graph("Gather", self._weight("embeddings.position_embeddings.weight"), positions)
        segments = self._weights["embeddings.token_type_embeddings.weight"]
        both = graph("Add", words, places)
        return self._normalized(graph("Add", both, graph.weight("segment", segments[0])), "embeddings.LayerNorm")

    def _positions(self) -> str:
        """Return the position of each token, (tokens,)."""
        graph, padding = self.graph, self._architecture.padding
        if padding is None:
            return graph("Mod", self._cells, self._length)
        # a text may spell the padding token: it counts for nothing, and lies where padding lies
        counting = graph("Cast", graph("Not", graph("Equal", "ids", graph.integer(padding))), to=wire.INT64)
        counted = graph("Mul", graph("CumSum", counting, graph.integer(1)), counting)
        flat = graph("Reshape", graph("Add", counted, graph.integer(padding)), graph.integers(-1))
        return graph("Gather", flat, self._cells)

    def _layer(self, rows: str, name: str) -> str:
        graph = self.graph
        attended = self._dense(self._attention(rows, name), name + "attention.output.dense")
        rows = self._normalized(graph("Add", attended, rows), name + "attention.output.LayerNorm")
        inner = graph("Gelu", self._dense(rows, name + "intermediate.dense"))
        outer = self._dense(inner, name + "output.dense")
        return self._normalized(graph("Add", outer, rows), name + "output.LayerNorm")

    def _attention(self, rows: str, name: str) -> str:
        """Return what each token takes from the others of its text, (tokens, hidden)."""
        graph, heads = self.graph, self._architecture.heads
        width = self._hidden // heads
        parts = [f"{name}attention.self.{part}" for part in ("query", "key", "value")]
        matrix = np.concatenate([self._weights[part + ".weight"] for part in parts])
        offset = np.concatenate([self._weights[part + ".bias"] for part in parts])
        for weights in (matrix, offset):  # the queries are scaled here once, and not at every call
            weights[: self._hidden] *= np.float32(width**-0.5)
        names = (graph.weight(name + "attention.matrix", matrix), graph.weight(name + "attention.offset", offset))
        together = graph("Gemm", rows, *names, transB=1)
        padded = self._padded(together, 3, heads, width)
        by_head = graph("Transpose", padded, perm=[2, 0, 3, 1, 4])
        queries, keys, values = (graph("Gather", by_head, graph.integer(part)) for part in range(3))
        scores = graph("Add", graph("MatMul", queries, graph("Transpose", keys, perm=[0, 1, 3, 2])), self._bias)
        taken = graph("Transpose", graph("MatMul", graph("Softmax", scores), values), perm=[0, 2, 1, 3])
        return graph("Gather", graph("Reshape", taken, graph.integers(-1, self._hidden)), self._cells)

    def _pooled(self, rows: str) -> str:
        """Return one vector a text, (n, hidden)."""
        graph = self.graph
        padded = self._padded(rows, self._hidden)
        if self._architecture.pooling == "mean":
            lengths = graph("Cast", graph("Unsqueeze", "lengths", graph.integers(1)), to=wire.FLOAT)
            return graph("Div", graph("ReduceSum", padded, graph.integers(1), keepdims=0), lengths)
        return graph("Gather", padded, graph.integer(0), axis=1)

    def _padded(self, rows: str, *sizes: int) -> str:
        """Return rows (tokens, product of sizes) at their cells, (n, l, *sizes), with zeros where no token is."""
        graph = self.graph
        width = int(np.prod(sizes))
        blank = graph("Expand", graph.number(0.0), graph("Concat", self._total, graph.integers(width), axis=0))
        cells = graph("ScatterND", blank, self._scatter, rows)
        return graph("Reshape", cells, graph("Concat", self._size, graph.integers(*sizes), axis=0))

    def _dense(self, rows: str, name: str) -> str:
        return self.graph("Gemm", rows, self._weight(name + ".weight"), self._weight(name + ".bias"), transB=1)

    def _normalized(self, rows: str, name: str) -> str:
        scale, offset = self._weight(name + ".weight"), self._weight(name + ".bias")
        return self.graph("LayerNormalization", rows, scale, offset, axis=-1, epsilon=self._architecture.epsilon)

    def _weight(self, name: str) -> str:
        return self.graph.weight(name, self._weights[name])


def encoder(weights: Mapping[str, Vectors], architecture: Architecture) -> tuple[bytes, dict[str, Vectors]]:
    """Return an ONNX model and the weights that its session needs beside it, by name.

    `weights` are those of the transformers library's BertModel or RobertaModel, float32. The model takes ids (n, l) and
    lengths (n,), int64, and gives vectors (n, d), float32. Raises KeyError where a weight is missing.
    """
    written = _Encoder(weights, architecture, whole=False)
    return written.write(), written.graph.weights


def whole_encoder(weights: Mapping[str, Vectors], architecture: Architecture) -> bytes:
    """Return the ONNX model of `encoder` with the weights in it."""
    return _Encoder(weights, architecture, whole=True).write()
