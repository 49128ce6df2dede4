"""The contract, written once and kept by every implementation; conftest.py is the table of implementations."""
