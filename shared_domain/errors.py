"""What can go wrong, in the words of the domain. `contract/problems.py` says which status and problem each one becomes.

DomainError
├── MalformedBody           the body is not a JSON object
├── WrongContentType    the body is not declared as what is asked for
├── TooLarge            the body is over the limit
├── InvalidInput        a field breaks a rule
├── NotAuthenticated       no caller: absent, bad or expired token, wrong password
├── NotAllowed          a caller, but not the right one
├── NotFound            no such thing, or no more
├── AlreadyTaken               somebody has that name already
├── KeyReused           that idempotency key was used for something else
├── OutOfDate           the caller's If-Match is no longer true
├── Conflict            the thing changed between reading and writing it: the use case may run again
└── Unavailable         something this system depends on is away
"""


class DomainError(Exception):
    """The root: whatever is raised on purpose is one of the classes below."""


class MalformedBody(DomainError):
    pass


class WrongContentType(DomainError):
    pass


class TooLarge(DomainError):
    pass


class InvalidInput(DomainError):
    """Names the field as the client wrote it, e.g. `title`, `tags[2]`, `limit`."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class NotAuthenticated(DomainError):
    pass


class NotAllowed(DomainError):
    pass


class NotFound(DomainError):
    pass


class AlreadyTaken(DomainError):
    pass


class KeyReused(DomainError):
    pass


class OutOfDate(DomainError):
    pass


class Conflict(DomainError):
    pass


class Unavailable(DomainError):
    pass
