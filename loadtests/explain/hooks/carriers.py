"""Where each kind of message carries a traceparent, when it is sent and when it arrives.

| message | carries it as |
|---|---|
| HTTP | the header |
| direct invocation | a field of the payload |
| SNS, SQS | a message attribute |
| DynamoDB stream | an attribute of the item, because a stream record holds nothing else |
| Kinesis | a field of the record's JSON |
| S3 | the object's metadata; the notification leaves it out, so GetObject reads it |

A removed item carries nothing: its removal starts a trace of its own.
A traceparent is version 00 of the W3C's Trace Context, https://www.w3.org/TR/trace-context/.
"""

import re
import secrets
from base64 import b64decode
from binascii import Error as NoBase64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from json import JSONDecodeError, dumps, loads
from typing import Any

Parameters = dict[str, Any]

NAME = "traceparent"
_FORM = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}", re.ASCII)
_SET = re.compile(r"\bSET\b")
_VALUE = f":{NAME}"


@dataclass(frozen=True, slots=True)
class Traceparent:
    """A trace and the span that sends a message of it."""

    trace: str
    span: str

    def __str__(self) -> str:
        return f"00-{self.trace}-{self.span}-01"


def parse(text: object) -> Traceparent | None:
    """Return the traceparent in a text, or None if the text is not one."""
    match = _FORM.fullmatch(text) if isinstance(text, str) else None
    return Traceparent(match[1], match[2]) if match else None


def new_trace() -> str:
    return secrets.token_hex(16)


def new_span() -> str:
    return secrets.token_hex(8)


def with_traceparent(service: str, operation: str, parameters: Parameters, sender: Traceparent) -> Parameters:
    """Return the parameters of a call with the traceparent in the message that it sends. Other calls stay as they are."""
    carry = _OUT.get((service, operation))
    return parameters if carry is None else carry(parameters, str(sender))


def traceparents_of(event: object) -> list[Traceparent]:
    """Return the traceparents of a function's event, or of each record in a batch, without duplicates."""
    texts = (*_of_request(event), *map(_of_record, _list(_in(event, "Records"))))
    return list(dict.fromkeys(parsed for text in texts if (parsed := parse(text))))


def traceparent_of_object(answer: object) -> Traceparent | None:
    """Return the traceparent in an object's metadata, from the answer to GetObject."""
    return parse(_in(answer, "Metadata", NAME))


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
    known = _object(content)
    return content if known is None else dumps({**known, NAME: sender})


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
    published = _in(record, "Sns", "MessageAttributes", NAME, "Value")
    return image or queued or published or _in(_view(_in(record, "kinesis", "data")), NAME)


def _view(data: object) -> object:
    try:
        return _object(b64decode(data)) if isinstance(data, str) else None
    except NoBase64:
        return None


def _object(content: Any) -> Any:
    """Return the JSON object in a text, or None."""
    try:
        value = loads(content)
    except (JSONDecodeError, UnicodeDecodeError, TypeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _in(value: object, *names: str) -> Any:
    """Return the value at a path of names, or None."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
