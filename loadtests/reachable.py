"""Names of loadtests.systems, until all callers use that module."""

from loadtests.systems import WrongContract
from loadtests.systems import check_reachable as check
from loadtests.systems import contract_version as version

__all__ = ["WrongContract", "check", "version"]
