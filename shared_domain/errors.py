"""The errors of the domain. `contract/problems.py` translates each into a status and a problem document.

DomainError
├── MalformedBody       the body is not a JSON object
├── WrongContentType    the Content-Type is not the one that the operation accepts
├── TooLarge            the body is over the limit
├── InvalidInput        a field breaks a rule
├── NotAuthenticated    the token or the password is absent, wrong or expired
├── NotAllowed          the user is known, but not permitted to do this
├── NotFound            the thing does not exist, or was deleted
├── AlreadyTaken        the name belongs to another user
├── KeyReused           the idempotency key was used for a different request
├── OutOfDate           the If-Match header does not match the current state
├── TooManyAttempts     the user must wait before the next sign-in
├── Conflict            the thing changed between reading and writing it; the use case can be retried
└── Unavailable         a dependency is unavailable
"""


class DomainError(Exception):
    """The root of every error that the domain raises on purpose."""


class MalformedBody(DomainError):
    pass


class WrongContentType(DomainError):
    pass


class TooLarge(DomainError):
    pass


class InvalidInput(DomainError):
    """A field breaks a rule. `field` is the name that the client sent, e.g. `title`, `tags[2]`, `limit`."""

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


class TooManyAttempts(DomainError):
    """The user must wait before the next sign-in. `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Conflict(DomainError):
    pass


class Unavailable(DomainError):
    pass
