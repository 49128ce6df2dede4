"""Spans of what both systems do while `python -m loadtests explain` looks, and the trace that they belong to.

A library: it knows neither side, and neither loads it unless it is explained. See docs/decisions/0021.
"""
