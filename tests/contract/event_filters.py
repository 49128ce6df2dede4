"""The event filters of templates: filter criteria of event source mappings, filter policies, and S3 notification filters."""

import json
from collections.abc import Callable
from fnmatch import fnmatch
from typing import Any
from urllib.parse import unquote_plus

from .record_sources import Record

Wanted = Callable[[Record], bool]


def by_patterns(criteria: dict[str, Any]) -> Wanted:
    """Return a predicate for the filter criteria of an event source mapping."""
    patterns = [json.loads(each["Pattern"]) for each in criteria.get("Filters", [])]
    return lambda record: not patterns or any(fits(record, each) for each in patterns)


def by_policy(subscription: dict[str, Any]) -> Wanted:
    """Return a predicate for the filter policy of a subscription."""
    policy = subscription.get("FilterPolicy", {})
    in_body = subscription.get("FilterPolicyScope") == "MessageBody"

    def chosen(record: Record) -> bool:
        notice = record["Sns"]
        attributes = {name: each["Value"] for name, each in notice["MessageAttributes"].items()}
        return fits(json.loads(notice["Message"]) if in_body else attributes, policy)

    return chosen


def by_kind_and_key(events: str | list[str], chosen: dict[str, Any]) -> Wanted:
    """Return a predicate for the event kinds and the key filter of an S3 notification."""
    kinds = [events] if isinstance(events, str) else events
    rules = [(rule["Name"].lower(), rule["Value"]) for rule in chosen.get("S3Key", {}).get("Rules", [])]

    def notified(record: Record) -> bool:
        key = unquote_plus(record["s3"]["object"]["key"])
        fit = all(key.startswith(value) if name == "prefix" else key.endswith(value) for name, value in rules)
        return fit and any(fnmatch(f"s3:{record['eventName']}", kind) for kind in kinds)

    return notified


def fits(value: Any, pattern: Any) -> bool:
    """Return whether a value matches a pattern of exact values, `prefix`, `anything-but` and `exists`."""
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
