"""What ends a command: each kind has an exit status of its own. Every message is one line, for whoever gave the command."""

from collections.abc import Sequence


class UsageError(Exception):
    """A file or an option cannot be used. Of a file the message begins with its name and, where there is one, the line."""


class ParityError(Exception):
    """The systems are not the same to a client, or one is none of ours. lines: what differs, where there is more to say."""

    def __init__(self, message: str, lines: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.lines = lines


class RunError(Exception):
    """A system, or what measures it, does not do what a command needs."""
