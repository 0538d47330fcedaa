"""The change of a store to another model, beside the old one until the new one is whole."""

from __future__ import annotations
