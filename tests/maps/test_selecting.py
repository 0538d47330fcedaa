"""The even-odd rule, against points that can be checked by eye and against a slow and simple one."""

import numpy as np
import pytest

from indexer.maps.selecting import inside


def slowly(polygon, x, y):
    odd = False
    for (x1, y1), (x2, y2) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if (y1 > y) != (y2 > y) and x > x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            odd = not odd
    return odd


def test_a_square_has_its_inside():
    square = [(10, 10), (20, 10), (20, 20), (10, 20)]
    at = np.array([[15, 15], [9, 15], [21, 15], [15, 9], [15, 21], [11, 19]], dtype=np.uint16)
    assert inside(square, at).tolist() == [True, False, False, False, False, True]


def test_a_star_has_a_hole():
    star = [(50, 0), (80, 95), (2, 35), (98, 35), (20, 95)]
    assert inside(star, np.array([[50, 50], [50, 20]], dtype=np.uint16)).tolist() == [False, True]


@pytest.mark.parametrize("corners", [3, 4, 7, 40])
def test_any_polygon_is_as_the_rule_has_it(corners):
    random = np.random.default_rng(corners)
    polygon = [
        tuple(map(float, corner)) for corner in random.integers(0, 30, (corners, 2)) + random.random((corners, 2))
    ]
    at = random.integers(0, 31, (400, 2)).astype(np.uint16)
    assert inside(polygon, at).tolist() == [slowly(polygon, x, y) for x, y in at.tolist()]
