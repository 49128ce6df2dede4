"""Tests of the forecast for AWS."""
