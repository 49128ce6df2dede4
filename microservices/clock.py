"""The current time, and ids that are made from it. Twin: monolith/clock.py."""

from datetime import UTC, datetime

from ulid import ULID

from shared_domain.contract import times


def now() -> datetime:
    """Return the current time in UTC, truncated to the milliseconds that the contract shows."""
    return times.truncate_to_milliseconds(datetime.now(UTC))


def new_id(moment: datetime) -> str:
    """Return a ULID that begins with the moment, so that ids sort by creation time."""
    return str(ULID.from_timestamp(times.to_milliseconds(moment)))
