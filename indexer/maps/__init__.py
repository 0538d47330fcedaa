"""The wing of the maps: positions of all words on a plane, which stay where they were."""

from __future__ import annotations
