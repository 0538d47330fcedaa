"""The few messages of the ONNX format that a graph needs, as protobuf bytes.

The numbers of the fields are those of onnx.proto: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence

from indexer.vectors import Vectors

FLOAT, INT64 = 1, 7  # TensorProto.DataType
_IR_VERSION, _OPSET = 10, 21
_EXTERNAL = 1  # TensorProto.DataLocation

Attribute = int | float | Sequence[int]


def model(nodes: Iterable[bytes], tensors: Iterable[bytes], inputs: Iterable[bytes], outputs: Iterable[bytes]) -> bytes:
    """Return a ModelProto."""
    parts = [(1, nodes), (2, [b"encoder"]), (5, tensors), (11, inputs), (12, outputs)]
    graph = b"".join(_bytes(field, message) for field, messages in parts for message in messages)
    return _int(1, _IR_VERSION) + _bytes(8, _bytes(1, b"") + _int(2, _OPSET)) + _bytes(7, graph)


def node(operator: str, inputs: Sequence[str], outputs: Sequence[str], attributes: Mapping[str, Attribute]) -> bytes:
    """Return a NodeProto."""
    names = [_bytes(1, name.encode()) for name in inputs] + [_bytes(2, name.encode()) for name in outputs]
    given = [_bytes(5, _attribute(name, value)) for name, value in attributes.items()]
    return b"".join([*names, _bytes(4, operator.encode()), *given])


def external(name: str, shape: Sequence[int]) -> bytes:
    """Return the TensorProto of float32 numbers that the session is given beside the model."""
    location = _bytes(1, b"location") + _bytes(2, b"beside the model")
    return _tensor(name, FLOAT, shape) + _bytes(13, location) + _int(14, _EXTERNAL)


def floats(name: str, values: Vectors) -> bytes:
    """Return the TensorProto of float32 numbers, the numbers included."""
    return _tensor(name, FLOAT, values.shape) + _bytes(9, values.tobytes())


def integers(name: str, values: Sequence[int], shape: Sequence[int]) -> bytes:
    """Return the TensorProto of some int64 numbers."""
    return _tensor(name, INT64, shape) + _bytes(9, struct.pack(f"<{len(values)}q", *values))


def number(name: str, value: float) -> bytes:
    """Return the TensorProto of one float32 number."""
    return _tensor(name, FLOAT, []) + _bytes(9, struct.pack("<f", value))


def value(name: str, kind: int, shape: Sequence[str | int]) -> bytes:
    """Return the ValueInfoProto of an input or output; a size that varies has a name."""
    sizes = (_bytes(2, size.encode()) if isinstance(size, str) else _int(1, size) for size in shape)
    dimensions = b"".join(_bytes(1, size) for size in sizes)
    return _bytes(1, name.encode()) + _bytes(2, _bytes(1, _int(1, kind) + _bytes(2, dimensions)))


def _tensor(name: str, kind: int, shape: Sequence[int]) -> bytes:
    return b"".join(_int(1, size) for size in shape) + _int(2, kind) + _bytes(8, name.encode())


def _attribute(name: str, value: Attribute) -> bytes:
    match value:
        case float():
            content = _tag(2, 5) + struct.pack("<f", value) + _int(20, 1)
        case int():
            content = _int(3, value) + _int(20, 2)
        case _:
            content = b"".join(_int(8, number) for number in value) + _int(20, 7)
    return _bytes(1, name.encode()) + content


def _int(field: int, number: int) -> bytes:
    return _tag(field, 0) + _varint(number % 2**64)  # a negative one takes all 64 bits


def _bytes(field: int, content: bytes) -> bytes:
    return _tag(field, 2) + _varint(len(content)) + content


def _tag(field: int, kind: int) -> bytes:
    return _varint(field << 3 | kind)


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 127:
        encoded.append(number & 127 | 128)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
