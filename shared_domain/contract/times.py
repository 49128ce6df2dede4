"""Times of the contract: RFC 3339 in UTC with milliseconds and `Z`."""

from datetime import UTC, datetime


def to_rfc3339(moment: datetime) -> str:
    """Return e.g. `2026-01-02T03:04:05.678Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def from_rfc3339(text: str) -> datetime:
    """Return the moment that `to_rfc3339` wrote."""
    return datetime.fromisoformat(text)


def truncate_to_milliseconds(moment: datetime) -> datetime:
    """Return the moment as the contract can show it, so that what is kept is what was answered."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def milliseconds(moment: datetime) -> int:
    """Return the milliseconds since 1970, which an id begins with."""
    return round(moment.timestamp() * 1000)


def from_milliseconds(count: int) -> datetime:
    """Return the moment that `milliseconds` counted."""
    return datetime.fromtimestamp(count / 1000, UTC)
