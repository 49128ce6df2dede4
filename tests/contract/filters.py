"""The patterns by which templates choose events: an event source's filter criteria, a subscription's filter policy."""

from typing import Any


def fits(value: Any, pattern: Any) -> bool:
    """Tell whether a value fits a pattern: exact values, prefixes, what it must not be, and the presence of a field."""
    if isinstance(pattern, dict):
        return all(fits(value.get(name) if isinstance(value, dict) else None, each) for name, each in pattern.items())
    if isinstance(value, list):
        return any(fits(one, pattern) for one in value)
    return any(_fits_one(value, each) for each in pattern)


def _fits_one(value: Any, wanted: Any) -> bool:
    if not isinstance(wanted, dict):
        return bool(value == wanted)
    ((kind, argument),) = wanted.items()
    if kind == "exists":
        return (value is not None) is bool(argument)
    if kind == "anything-but":
        return value is not None and value not in (argument if isinstance(argument, list) else [argument])
    assert kind == "prefix", f"no filter is written for {kind}"
    return isinstance(value, str) and value.startswith(argument)
