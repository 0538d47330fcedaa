"""Evaluation on arrays alone: thresholds, how right answers are, and how sure one can be of that."""
