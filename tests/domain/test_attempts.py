"""Tests of the limit of sign-in attempts."""

from datetime import UTC, datetime, timedelta

import pytest

from shared_domain.attempts import WINDOW, attempt_of, too_many_attempts

NOW = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)


def network(address: str) -> str:
    return attempt_of("ada", address=address, now=NOW).network


def test_ipv6_addresses_of_one_network_share_a_counter() -> None:
    assert network("2001:db8::1") == network("2001:db8::ffff:1") == "2001:db8::/64"
    assert network("2001:db8:0:1::1") != network("2001:db8::1")
    assert network("192.0.2.1") == network("::ffff:192.0.2.1") == "192.0.2.1"


@pytest.mark.parametrize("address", ["", "unix:", "192.0.2.1\x00", "x" * 5_000])
def test_what_is_no_address_never_reaches_the_store(address: str) -> None:
    assert network(address) == ""


@pytest.mark.parametrize(
    ("passed", "seconds"), [(timedelta(), 300), (timedelta(milliseconds=1), 300), (WINDOW * 0.999, 1)]
)
def test_a_refused_client_waits_until_the_window_ends(passed: timedelta, seconds: int) -> None:
    begin = datetime(2026, 1, 2, 3, 5, tzinfo=UTC)
    attempt = attempt_of("ada", address="192.0.2.1", now=begin + passed)
    assert attempt.window_end == begin + WINDOW
    assert too_many_attempts(attempt).retry_after == seconds
