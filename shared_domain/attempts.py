"""Limit sign-in attempts: a username gets ten from one address in five minutes. Twins: monolith/users, microservices/users.

An attempt is counted before its password is hashed, so a refused one is cheap and concurrent guesses cannot pass together.
A successful sign-in deletes the count. Other usernames and addresses are unaffected: nobody can lock a user out from elsewhere.
"""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Protocol

from shared_domain.errors import TooManyAttempts

MAX_ATTEMPTS = 10
# Windows follow the clock, so a counter needs no reset. Where two windows meet, twenty attempts are possible.
WINDOW = timedelta(minutes=5)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_IPV6_PREFIX = 64  # bits; a household or a server has that many addresses of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A sign-in attempt. Those with the same username, network and window share a counter."""

    username: str
    network: str
    at: datetime

    @property
    def window_end(self) -> datetime:
        """Return when the counter expires."""
        return _EPOCH + ((self.at - _EPOCH) // WINDOW + 1) * WINDOW


def attempt_of(username: str, *, address: str, now: datetime) -> Attempt:
    """Return the attempt of a client at this IP address. IPv6 addresses of one network count as one."""
    return Attempt(username=username, network=_network_of(address), at=now)


def too_many_attempts(attempt: Attempt) -> TooManyAttempts:
    """Return the error of an attempt beyond the limit."""
    seconds = ceil((attempt.window_end - attempt.at).total_seconds())
    return TooManyAttempts("too many sign-in attempts", retry_after=seconds)


def _network_of(address: str) -> str:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:  # a Unix socket has no address
        return ""
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped:  # the form in which a socket for both versions shows an IPv4 address
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((ip, _IPV6_PREFIX), strict=False))


class AttemptStore(Protocol):
    """The methods that the stores of both sides share."""

    def count(self, attempt: Attempt) -> None:
        """Count an attempt. Raise TooManyAttempts if its counter has reached MAX_ATTEMPTS."""

    def clear(self, attempt: Attempt) -> None:
        """Delete the attempt's counter."""
