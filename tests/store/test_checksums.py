"""The checksums of vectors: the same vector, stored and read back, always agrees, and another one never does."""

import numpy as np
import pytest

from indexer.store.checksums import agrees, checksums, proves
from indexer.store.chroma import Chroma
from indexer.vectors import unit

MANY = 20_000


def vectors(count, dimension, seed=0):
    return unit(np.random.default_rng(seed).standard_normal((count, dimension)))


def stored(rows):
    """Return rows as a store may give them back: normalised once more in float32, and rounded in the last bit."""
    again = rows * (np.float32(1) / np.sqrt((rows * rows).sum(axis=1, keepdims=True, dtype=np.float32)))
    up = np.random.default_rng(1).integers(0, 2, rows.shape, dtype=bool)
    return np.where(up, np.nextafter(again, np.float32(1)), again)


@pytest.mark.parametrize("dimension", [8, 384])
def test_a_vector_that_was_rounded_and_normalised_again_always_agrees(dimension):
    rows = vectors(MANY, dimension)
    assert all(map(agrees, stored(rows), checksums(rows)))
    assert all(map(agrees, rows, checksums(stored(rows))))


@pytest.mark.parametrize("dimension", [8, 384])
def test_another_vector_never_agrees(dimension):
    rows, others = vectors(MANY, dimension), vectors(MANY, dimension, seed=2)
    noted = checksums(rows)
    assert not any(map(agrees, others, noted))
    near = unit(rows + 0.014 * others)  # cosine .9999
    assert not any(map(agrees, near, noted))


def test_each_projection_alone_tells_almost_all_vectors_apart():
    """What four of them do together follows from this: 1 in 10^5 to the fourth power."""
    rows, others = vectors(MANY, 384), vectors(MANY, 384, seed=2)
    one, other = (np.array([np.frombuffer(bytes.fromhex(c), "<f4") for c in checksums(v)]) for v in (rows, others))
    assert one.shape == (MANY, 4)
    assert np.abs(np.corrcoef(one.T) - np.eye(4)).max() < 0.15  # the directions are independent
    assert (np.abs(one - other) <= 6e-7).sum() <= 4


@pytest.mark.parametrize("dimension", [8, 384])
def test_what_chroma_gives_back_agrees(tmp_path, dimension):
    chroma = Chroma(tmp_path, None)
    collection, _ = chroma.open("vectors", "cosine", {})
    rows = vectors(1_500, dimension)
    ids = [str(i) for i in range(len(rows))]
    collection.upsert(ids, rows, ids, [{} for _ in ids])
    assert all(row.fault is None and row.proven for page in collection.inspect() for row in page)
    chroma.close()
    chroma = Chroma(tmp_path, None)
    collection, _ = chroma.open("vectors", "cosine", {})
    assert sum(row.fault is None and row.proven for page in collection.inspect() for row in page) == len(rows)
    chroma.close()


def test_a_checksum_replaces_the_number_of_an_earlier_version_and_leaves_the_vector(tmp_path):
    chroma = Chroma(tmp_path, None)
    collection, _ = chroma.open("vectors", "cosine", {})
    rows = vectors(3, 8)
    collection.upsert(["a", "b", "c"], rows, ["a", "b", "c"], [{"n": 1}, {"n": 2}, {"n": 3}])
    collection._collection.update(ids=["a", "b", "c"], metadatas=[{"topicdex:mark": 0.5}] * 3)
    collection.write_checksums(["a"], rows[:1])
    collection.upsert(["b"], rows[1:2], ["b"], [{"n": 2}])
    found = {row.id: row for page in collection.inspect() for row in page}
    assert {id: row.metadata["topicdex:mark"] for id, row in found.items()} == {
        **dict(zip("ab", checksums(rows[:2]), strict=True)),
        "c": 0.5,
    }
    assert [row.metadata["n"] for row in found.values()] == [1, 2, 3]
    assert [row.fault for row in found.values()] == [None, None, "wrong"]
    assert [near.ids for near in collection.query(rows[:1], 1, {})] == [["a"]]
    chroma.close()


def test_a_row_without_a_checksum_says_nothing_and_one_that_cannot_be_read_agrees_with_nothing():
    (row,) = vectors(1, 8)
    assert agrees(row, None) and not proves(None)
    assert not any(agrees(row, damaged) for damaged in ("", "zz", "00", "00" * 12, "00" * 16))
    assert not agrees(np.full(8, np.nan, dtype=np.float32), None)
