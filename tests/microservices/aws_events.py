"""Events in the exact form that AWS delivers. Each form is a file of tests/events, into which a test puts its own values.

The files follow AWS's documentation: the chapters of the Lambda guide on each event source, those of the API Gateway guide on
proxy integrations and WebSocket APIs, and that of the load balancers on functions as targets. A test replaces only the values
that the functions read.
"""

import base64
import copy
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

_CONTENT = ("Keys", "OldImage", "NewImage", "SequenceNumber")
EVENTS = Path(__file__).parents[1] / "events"
Event = dict[str, Any]
Record = dict[str, Any]


def event(name: str) -> Event:
    """Return the event of a file, which the caller may change."""
    loaded: Event = json.loads((EVENTS / f"{name}.json").read_text())
    return loaded


def request(form: str, method: str, path: str, *, resource: str, body: str, authorizer: Event | None = None) -> Event:
    """Return a request in the form of a file, without a query. `resource` is the path template of the operation."""
    request = event(form)
    request |= {name: None for name in request if name.endswith("ueryStringParameters")} | {"body": body}
    if "rawPath" in request:
        key = f"{method} {resource}"
        request |= {"routeKey": key, "rawPath": path, "rawQueryString": ""}
        request["requestContext"] |= {"routeKey": key, "authorizer": {"lambda": authorizer}}
        request["requestContext"]["http"] |= {"method": method, "path": path}
    else:
        request |= {"httpMethod": method, "path": path}
    if "resource" in request:
        request |= {"resource": resource}
        request["requestContext"] |= {"httpMethod": method, "resourcePath": resource, "authorizer": authorizer}
    _declare(request, body)
    return request


def _declare(request: Event, body: str) -> None:
    """Set the headers that a client sends with a JSON body."""
    declared = {"content-type": "application/json", "content-length": str(len(body.encode()))}
    for name, convert in (("headers", dict), ("multiValueHeaders", lambda one: {key: [one[key]] for key in one})):
        if name in request:
            others = {key: value for key, value in request[name].items() if key.lower() not in declared}
            request[name] = others | convert(declared)


def queue_messages(bodies: Iterable[str]) -> list[Record]:
    """Return messages of a queue with these bodies."""
    forms = event("sqs")["Records"]
    return [_message(forms[place % len(forms)], body, place) for place, body in enumerate(bodies)]


def enveloped_messages(bodies: Iterable[str]) -> list[Record]:
    """Return messages of a queue that subscribed to a topic without raw delivery, so that they are in SNS's envelope."""
    (form,) = event("sqs_of_sns")["Records"]
    envelope = json.loads(form["body"])
    return [_message(form, json.dumps(envelope | {"Message": body}), place) for place, body in enumerate(bodies)]


def stream_records(records: Iterable[Record]) -> list[Record]:
    """Return records of a table's stream with the content of these records: name, keys, images and sequence number."""
    forms = {record["eventName"]: record for record in event("dynamodb")["Records"]}
    return [_stream_record(forms[each["eventName"]], each) for each in records]


def view_records(datas: Iterable[bytes]) -> list[Record]:
    """Return consecutive records of a Kinesis stream with these bytes."""
    (form, *_) = event("kinesis")["Records"]
    first = int(form["kinesis"]["sequenceNumber"])
    return [_view(form, data, str(first + place)) for place, data in enumerate(datas)]


def object_notifications(keys: Iterable[str], *, name: str = "ObjectCreated:Put") -> list[Record]:
    """Return the notifications of S3 for objects with these keys."""
    return [_object(key) | {"eventName": name} for key in keys]


def push_records(references: Iterable[str], *, repository_arn: str) -> list[Record]:
    """Return the records of CodeCommit for pushes, each of one reference."""
    return [_push(reference) | {"eventSourceARN": repository_arn} for reference in references]


def _object(key: str) -> Record:
    (record,) = event("s3_object_created")["Records"]
    record["s3"]["object"]["key"] = quote_plus(key, safe="/")
    return dict(record)


def _push(reference: str) -> Record:
    (record,) = event("codecommit")["Records"]
    record["codecommit"]["references"][0]["ref"] = reference
    return dict(record)


def _message(form: Record, body: str, place: int) -> Record:
    digest = hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
    return copy.deepcopy(form) | {"messageId": f"message-{place}", "body": body, "md5OfBody": digest}


def _stream_record(form: Record, content: Record) -> Record:
    record = copy.deepcopy(form) | {"eventSourceARN": content["eventSourceARN"]}
    for name in _CONTENT:
        record["dynamodb"].pop(name, None)
    record["dynamodb"] |= {name: content["dynamodb"][name] for name in _CONTENT if name in content["dynamodb"]}
    return record


def _view(form: Record, data: bytes, place: str) -> Record:
    record = copy.deepcopy(form)
    shard = record["eventID"].partition(":")[0]
    record["kinesis"] |= {"data": base64.b64encode(data).decode(), "sequenceNumber": place}
    return record | {"eventID": f"{shard}:{place}"}
