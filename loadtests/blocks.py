"""Names of loadtests.results and loadtests.run, until all callers use those modules."""

from loadtests.results import SIDES, SideBlock

__all__ = ["SIDES", "SideBlock"]
