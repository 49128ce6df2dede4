"""Forecasts for real AWS: latency, freshness, the bill and the path to a million users.

Every model reads the counts of loadtests/metering and the cited figures of parameters.yaml, units.yaml and prices/ (parameters.py).
No other file holds a price, a limit or a latency of AWS.
"""
