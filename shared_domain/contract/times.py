"""Times of the contract: RFC 3339 in UTC with milliseconds and `Z`."""

from datetime import UTC, datetime


def to_rfc3339(moment: datetime) -> str:
    """Return the time as text, e.g. `2026-01-02T03:04:05.678Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def from_rfc3339(text: str) -> datetime:
    """Parse a text of `to_rfc3339`."""
    return datetime.fromisoformat(text)


def truncate_to_milliseconds(moment: datetime) -> datetime:
    """Return the time with the precision of the contract, so that stores hold exactly what responses show."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def to_milliseconds(moment: datetime) -> int:
    """Return the milliseconds since 1970."""
    return round(moment.timestamp() * 1000)
