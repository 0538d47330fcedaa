"""Small groups of vectors around known directions."""

import numpy as np
import numpy.typing as npt

from indexer.vectors import Vectors, unit

SEVEN = unit([[9, 1, 0], [8, 0, 1], [9, 2, 1], [1, 9, 0], [0, 8, 1], [1, 1, 9], [0, 1, 8]])


def groups(sizes: list[int], *, spread: float = 0.2, seed: int = 0) -> tuple[Vectors, npt.NDArray[np.int64]]:
    """Texts around the axes of a space, one axis a group, and the group of each."""
    truth = np.repeat(np.arange(len(sizes)), sizes)
    noise = np.random.default_rng(seed).normal(size=(len(truth), 16)) * spread
    return unit(np.eye(16)[truth] + noise), truth
