"""Names of loadtests.processes, until all callers use that module."""

from loadtests.processes import Interrupted
from loadtests.processes import ignore_interrupts as ignored
from loadtests.processes import raise_interrupts as raised

__all__ = ["Interrupted", "ignored", "raised"]
