"""The seeded data of a run, and the consistency audit at its end."""
