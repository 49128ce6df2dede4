"""The clock, and ids that begin with the time. Twin: monolith/clock.py."""

from datetime import UTC, datetime

from ulid import ULID

from shared_domain.contract import times


def now() -> datetime:
    """Return the current time in UTC, truncated to the milliseconds of the contract."""
    return times.truncate_to_milliseconds(datetime.now(UTC))


def new_id(moment: datetime) -> str:
    """Return a ULID that begins with the time, so that ids sort by creation."""
    return str(ULID.from_timestamp(times.to_milliseconds(moment)))
