"""Names of loadtests.settings, until all callers use that module."""

from loadtests.settings import PROFILES, RATES

__all__ = ["PROFILES", "RATES"]
