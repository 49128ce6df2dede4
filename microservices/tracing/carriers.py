"""Where a traceparent travels: what each kind of message has for it, on the way out and on the way in.

| message | carries it as |
|---|---|
| HTTP | the header |
| direct invocation | a name of the payload |
| SNS, SQS | a message attribute |
| DynamoDB stream | an attribute of the item that is written: a stream hands on nothing else |
| Kinesis | a name of the record's JSON |
| S3 | the object's metadata, which a notification leaves out: it is known with the first look at the object |

A removed item carries nothing: what a removal sets off begins a trace of its own.
"""

import re
from base64 import b64decode
from binascii import Error as NoBase64
from collections.abc import Callable, Iterator, Mapping
from json import JSONDecodeError, dumps, loads  # by name: the hooks count what others make of JSON, not what they make
from typing import Any

from tracing.traceparent import NAME, Traceparent, read

Parameters = dict[str, Any]

_SET = re.compile(r"\bSET\b")
_VALUE = f":{NAME}"


def carrying(service: str, operation: str, parameters: Parameters, sender: Traceparent) -> Parameters:
    """Return the parameters of a call with the trace in what it sends on; as they are where it sends nothing on."""
    carry = _OUT.get((service, operation))
    return parameters if carry is None else carry(parameters, str(sender))


def carried(event: object) -> list[Traceparent]:
    """Return what sent a function its event: one, or one of each record of a batch; none where nobody says so."""
    texts = (*_of_request(event), *map(_of_record, _list(_in(event, "Records"))))
    return list(dict.fromkeys(found for text in texts if (found := read(text))))


def of_object(answer: object) -> Traceparent | None:
    """Return what put an object into its bucket, by the answer to a GetObject."""
    return read(_in(answer, "Metadata", NAME))


def _attribute(parameters: Parameters, sender: str) -> Parameters:
    attributes = {**parameters.get("MessageAttributes", {}), NAME: {"DataType": "String", "StringValue": sender}}
    return {**parameters, "MessageAttributes": attributes}


def _item(put: Parameters, sender: str) -> Parameters:
    return {**put, "Item": {**put["Item"], NAME: {"S": sender}}}


def _update(update: Parameters, sender: str) -> Parameters:
    expression, values = update["UpdateExpression"], update.get("ExpressionAttributeValues", {})
    set_too = f"SET {NAME} = {_VALUE}"
    has_one = _SET.search(expression)
    expression = _SET.sub(f"{set_too},", expression, count=1) if has_one else f"{expression} {set_too}"
    return {**update, "UpdateExpression": expression, "ExpressionAttributeValues": {**values, _VALUE: {"S": sender}}}


def _transaction(parameters: Parameters, sender: str) -> Parameters:
    change: Mapping[str, Callable[[Parameters, str], Parameters]] = {"Put": _item, "Update": _update}
    members = [
        {kind: change[kind](member, sender) if kind in change else member for kind, member in each.items()}
        for each in parameters["TransactItems"]
    ]
    return {**parameters, "TransactItems": members}


def _payload(parameters: Parameters, sender: str) -> Parameters:
    return {**parameters, "Payload": _with_name(parameters.get("Payload", "{}"), sender)}


def _records(parameters: Parameters, sender: str) -> Parameters:
    records = [{**record, "Data": _with_name(record["Data"], sender)} for record in parameters["Records"]]
    return {**parameters, "Records": records}


def _with_name(content: Any, sender: str) -> Any:
    told = _object(content)
    return content if told is None else dumps({**told, NAME: sender})


def _metadata(parameters: Parameters, sender: str) -> Parameters:
    return {**parameters, "Metadata": {**parameters.get("Metadata", {}), NAME: sender}}


_OUT: Mapping[tuple[str, str], Callable[[Parameters, str], Parameters]] = {
    ("dynamodb", "PutItem"): _item,
    ("dynamodb", "UpdateItem"): _update,
    ("dynamodb", "TransactWriteItems"): _transaction,
    ("kinesis", "PutRecords"): _records,
    ("lambda", "Invoke"): _payload,
    ("s3", "PutObject"): _metadata,
    ("sns", "Publish"): _attribute,
    ("sqs", "SendMessage"): _attribute,
}


def _of_request(event: object) -> Iterator[object]:
    yield _in(event, NAME)  # of a direct invocation
    yield _in(event, "headers", NAME)
    yield from _list(_in(event, "multiValueHeaders", NAME))


def _of_record(record: object) -> object:
    image = _in(record, "dynamodb", "NewImage", NAME, "S")
    queued = _in(record, "messageAttributes", NAME, "stringValue")
    told = _in(record, "Sns", "MessageAttributes", NAME, "Value")
    return image or queued or told or _in(_viewed(_in(record, "kinesis", "data")), NAME)


def _viewed(data: object) -> object:
    try:
        return _object(b64decode(data)) if isinstance(data, str) else None
    except NoBase64:
        return None


def _object(content: Any) -> Any:
    """Return the JSON object that a text holds, None where it holds none."""
    try:
        found = loads(content)
    except (JSONDecodeError, UnicodeDecodeError, TypeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _in(value: object, *names: str) -> Any:
    """Return what stands under the names, one below the other, None where something else stands there."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
