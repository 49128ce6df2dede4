"""The contract, written once and kept by every implementation; conftest.py is the table of implementations."""

import pytest

# What these assert on behalf of the tests is to be told as fully as what the tests assert themselves.
pytest.register_assert_rewrite(
    *(f"{__name__}.{module}" for module in ("client", "search_terms", "openapi", "both_sides"))
)
