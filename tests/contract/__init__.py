"""The contract suite: one set of tests for every implementation of the HTTP and live API. conftest.py lists the implementations."""

import pytest

# Show the compared values where an assertion in these modules fails, as in a test module.
pytest.register_assert_rewrite(
    *(f"{__name__}.{module}" for module in ("client", "search_terms", "openapi", "both_sides"))
)
