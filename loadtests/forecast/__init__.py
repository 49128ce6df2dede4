"""Forecasts for real AWS: latency, freshness, the bill, the path to a million users, and the complexity of both sides.

meter.py counts what each operation asks of its system. Every model reads those counts (counts.py) and the cited figures of
parameters.yaml and prices/ (parameters.py). No other file holds a price, a limit or a latency of AWS.
"""
