"""Tests of what only the monolith has: schema, start, shutdown, row locks and background tasks."""
