"""Events in the exact form that AWS delivers, each in a file of tests/events, with this or that in them.

The files are written from AWS's documentation: the chapters of the Lambda guide on each source, those of the API Gateway guide on
proxy integrations and WebSocket APIs, and that of the load balancers on functions as targets. What a test puts in its place is
what our functions look at; all else stays as AWS says it.
"""

import base64
import copy
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

_TOLD = ("Keys", "OldImage", "NewImage", "SequenceNumber")
EVENTS = Path(__file__).parents[1] / "events"
Event = dict[str, Any]
Record = dict[str, Any]


def event(name: str) -> Event:
    """Return the event of a file, to be changed at will."""
    found: Event = json.loads((EVENTS / f"{name}.json").read_text())
    return found


def request(form: str, method: str, path: str, *, resource: str, body: str, authorizer: Event | None = None) -> Event:
    """Return a request in the form of a file, without a query; `resource` is the path that its operation has."""
    asked = event(form)
    asked |= {name: None for name in asked if name.endswith("ueryStringParameters")} | {"body": body}
    if "rawPath" in asked:
        key = f"{method} {resource}"
        asked |= {"routeKey": key, "rawPath": path, "rawQueryString": ""}
        asked["requestContext"] |= {"routeKey": key, "authorizer": {"lambda": authorizer}}
        asked["requestContext"]["http"] |= {"method": method, "path": path}
    else:
        asked |= {"httpMethod": method, "path": path}
    if "resource" in asked:
        asked |= {"resource": resource}
        asked["requestContext"] |= {"httpMethod": method, "resourcePath": resource, "authorizer": authorizer}
    _declare(asked, body)
    return asked


def _declare(asked: Event, body: str) -> None:
    """Say of a body what a client says of JSON."""
    said = {"content-type": "application/json", "content-length": str(len(body.encode()))}
    for name, kept in (("headers", dict), ("multiValueHeaders", lambda told: {key: [told[key]] for key in told})):
        if name in asked:
            others = {key: value for key, value in asked[name].items() if key.lower() not in said}
            asked[name] = others | kept(said)


def messages(bodies: Iterable[str]) -> list[Record]:
    """Return messages of a queue."""
    forms = event("sqs")["Records"]
    return [_message(forms[place % len(forms)], body, place) for place, body in enumerate(bodies)]


def messages_of_topic(bodies: Iterable[str]) -> list[Record]:
    """Return messages of a queue that subscribed to a topic and gets them in the topic's envelope."""
    (form,) = event("sqs_of_sns")["Records"]
    envelope = json.loads(form["body"])
    return [_message(form, json.dumps(envelope | {"Message": body}), place) for place, body in enumerate(bodies)]


def changes(told: Iterable[Record]) -> list[Record]:
    """Return records of a table's stream that say what the given ones say: name, keys, images and place."""
    forms = {record["eventName"]: record for record in event("dynamodb")["Records"]}
    return [_change(forms[each["eventName"]], each) for each in told]


def views(datas: Iterable[bytes]) -> list[Record]:
    """Return records of a Kinesis stream that hold those bytes, one after the other."""
    (form, *_) = event("kinesis")["Records"]
    first = int(form["kinesis"]["sequenceNumber"])
    return [_view(form, data, str(first + place)) for place, data in enumerate(datas)]


def objects(keys: Iterable[str], *, name: str = "ObjectCreated:Put") -> list[Record]:
    """Return what S3 tells of objects with those keys."""
    return [_object(key) | {"eventName": name} for key in keys]


def pushes(references: Iterable[str], *, repository_arn: str) -> list[Record]:
    """Return what CodeCommit tells of pushes, each of one reference."""
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


def _change(form: Record, told: Record) -> Record:
    record = copy.deepcopy(form) | {"eventSourceARN": told["eventSourceARN"]}
    for name in _TOLD:
        record["dynamodb"].pop(name, None)
    record["dynamodb"] |= {name: told["dynamodb"][name] for name in _TOLD if name in told["dynamodb"]}
    return record


def _view(form: Record, data: bytes, place: str) -> Record:
    record = copy.deepcopy(form)
    shard = record["eventID"].partition(":")[0]
    record["kinesis"] |= {"data": base64.b64encode(data).decode(), "sequenceNumber": place}
    return record | {"eventID": f"{shard}:{place}"}
