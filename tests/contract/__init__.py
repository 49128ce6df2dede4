"""The HTTP and live API, with the same tests for every implementation; conftest.py lists them."""

import pytest

# Show the compared values where an assertion in these modules fails, as in a test module.
pytest.register_assert_rewrite(
    *(f"{__name__}.{module}" for module in ("client", "search_terms", "openapi", "both_sides"))
)
