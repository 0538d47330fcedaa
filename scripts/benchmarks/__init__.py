"""Benchmarks, run by hand on real texts; none of them is a test."""
