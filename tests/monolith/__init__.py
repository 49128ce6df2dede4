"""Only the monolith: schema, start, shutdown, row locks, background tasks."""
