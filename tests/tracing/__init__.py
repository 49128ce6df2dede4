"""Spans and the trace that they belong to, on both sides; explain itself is tested in tests/loadtests."""
