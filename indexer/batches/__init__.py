"""Jobs of the Batch API: submitted, left, and taken in when they are done."""

from __future__ import annotations
