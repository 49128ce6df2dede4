"""The checks, one module a unit. Each runs in a student's copy, so `microservices`, `monolith` and `tests` are the copy's."""
