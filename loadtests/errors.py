"""Errors that end a command, each kind with its own exit status. Every message is one line."""

from collections.abc import Sequence


class UsageError(Exception):
    """An option or a file is wrong. The message names it, and for a file the line."""


class ParityError(Exception):
    """The systems give different answers, or a URL serves another API. lines: the differences."""

    def __init__(self, message: str, lines: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.lines = lines


class RunError(Exception):
    """A system or the load generator failed."""
