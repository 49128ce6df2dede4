"""Capacity units and message sizes of calls, by AWS's rules.

The local AWS counts reads without their size, so reads are counted here from the items that were read, without traceparents.
Writes are the reported units, because an item before its change is not known here: an item may be counted 66 bytes too large.
A query with a projection is counted by what it returns.
Sources: Amazon DynamoDB developer guide, "read and write operations" and "item sizes".
"""

from collections.abc import Iterable, Mapping
from math import ceil
from typing import Any

from loadtests.explain.hooks.carriers import NAME

READS = {"GetItem", "Query", "BatchGetItem"}
WRITES = {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"}
_READ_BYTES, _PUT_BYTES = 4096, 25 * 1024  # of one unit; the last of Kinesis
_TRANSACTION = 2  # units for one
_REFUSED = {"ConditionalCheckFailedException", "TransactionCanceledException"}  # these cost units too

Item = Mapping[str, Mapping[str, Any]]


def units(action: str, parameters: Mapping[str, Any], answer: Mapping[str, Any], reported: float) -> dict[str, float]:
    """Return the read or write units of a call of DynamoDB. reported: by the local AWS. Nothing for other calls."""
    if action in READS:
        return {"read_units": _read_units(action, parameters, answer)}
    if action in WRITES:
        refused = answer.get("Error", {}).get("Code") in _REFUSED
        return {"write_units": _refused_units(parameters) if refused else reported}
    return {}


def put_units(records: Iterable[Mapping[str, Any]]) -> int:
    """Return the put units of records for Kinesis."""
    return sum(ceil((_length(record["Data"]) + _length(record["PartitionKey"])) / _PUT_BYTES) for record in records)


def item_bytes(item: Item) -> int:
    """Return the size of an item: its names and values, without the traceparent."""
    return sum(_length(name) + _value_bytes(value) for name, value in item.items() if name != NAME)


def message_bytes(service: str, parameters: Mapping[str, Any]) -> int | None:
    """Return the size of a message that a call sends, None for a call that sends none."""
    texts: Mapping[str, Any] = {
        "sns": (parameters.get("Message"), *_attributes(parameters)),
        "sqs": (parameters.get("MessageBody"), *_attributes(parameters)),
        "kinesis": [each[part] for each in parameters.get("Records", ()) for part in ("Data", "PartitionKey")],
        "apigatewaymanagementapi": (parameters.get("Data"),),
    }
    return sum(map(_length, texts[service])) if service in texts else None


def _read_units(action: str, parameters: Mapping[str, Any], answer: Mapping[str, Any]) -> float:
    if action == "BatchGetItem":
        return sum(
            _read(each, consistent=wanted.get("ConsistentRead", False), keys=len(wanted["Keys"]))
            for table, wanted in parameters["RequestItems"].items()
            for each in [list(map(item_bytes, answer.get("Responses", {}).get(table, ())))]
        )
    items = answer.get("Items", [answer.get("Item", {})])
    return _read([sum(map(item_bytes, items))], consistent=parameters.get("ConsistentRead", False), keys=1)


def _read(sizes: list[int], *, consistent: bool, keys: int) -> float:
    """Return the units of reading keys; a missing item costs as much as a small one."""
    units = sum(max(1, ceil(size / _READ_BYTES)) for size in sizes) + keys - len(sizes)
    return units * (1.0 if consistent else 0.5)


def _refused_units(parameters: Mapping[str, Any]) -> float:
    members = parameters.get("TransactItems")
    return 1.0 if members is None else float(_TRANSACTION * len(members))


def _attributes(parameters: Mapping[str, Any]) -> Iterable[str]:
    for name, value in parameters.get("MessageAttributes", {}).items():
        if name != NAME:
            yield from (name, value["DataType"], value.get("StringValue", ""))


def _value_bytes(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "L":
            return 3 + sum(1 + _value_bytes(each) for each in content)
        case "M":
            return 3 + sum(1 + _length(name) + _value_bytes(each) for name, each in content.items())
        case "NS" | "SS" | "BS":
            return sum(_value_bytes({kind[0]: each}) for each in content)
        case "BOOL" | "NULL":
            return 1
    return _number_bytes(str(content)) if kind == "N" else _length(content)


def _number_bytes(number: str) -> int:
    digits = number.lstrip("-").replace(".", "")
    return (len(digits) + 1) // 2 + 1 + number.startswith("-")


def _length(content: Any) -> int:
    return len(content.encode()) if isinstance(content, str) else len(content or b"")
