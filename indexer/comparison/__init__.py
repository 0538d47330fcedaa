"""Models compared on one set of texts: how right, how fast, how dear, and which score means "similar"."""

from __future__ import annotations
