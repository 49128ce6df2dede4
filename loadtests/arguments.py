"""Names of loadtests.settings, until all callers use that module."""

from loadtests.settings import add_destination as into
from loadtests.settings import destination, number, report_folder, whole

__all__ = ["count", "destination", "into", "positive", "report_folder"]
positive, count = number(1e-9, 1e9), whole(1, 1_000_000)
