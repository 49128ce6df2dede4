"""Simulate AWS in this process with moto, made faster where the tests spend their time."""

import copy
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
import botocore.session
from botocore import UNSIGNED
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config
from botocore.loaders import Loader
from moto import mock_aws
from moto.backend_index import backend_url_patterns
from moto.core import DEFAULT_ACCOUNT_ID, responses
from moto.core.base_backend import BaseBackend
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.serialize import SERVICE_SPECIFIC_SERIALIZERS, JSONSerializer
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler
from moto.sqs import models as queues

# botocore's description of each service, loaded once: loading it takes ten times as long as creating a table.
_MODELS = Loader()
# Composing and signing the headers, which moto ignores, is a tenth of a call. moto's S3 refuses unsigned requests.
_FAST = Config(user_agent="tests")
_UNSIGNED = ("dynamodb", "kinesis", "lambda", "sns")

# moto converts the same names at every call. Caching them saves a tenth of a call.
_NAME_FUNCTIONS = (
    (responses, "camelcase_to_underscores"),
    (responses, "method_names_from_class"),
    (queues, "camelcase_to_underscores"),
)
for _module, _name in _NAME_FUNCTIONS:
    setattr(_module, _name, cache(getattr(_module, _name)))

# moto tries the URL patterns of 180 services one after the other, and formats those of the service that matches, at every call.
_SERVICES = ("dynamodb", "kinesis", "s3", "secretsmanager", "sns", "sqs")
backend_url_patterns.sort(key=lambda each: each[0] not in _SERVICES)
_FORMAT_URLS = BaseBackend.urls.fget
_urls: dict[type[BaseBackend], Any] = {}


def _cached_urls(self: BaseBackend) -> Any:
    if type(self) not in _urls:
        _urls[type(self)] = _FORMAT_URLS(self)
    return _urls[type(self)]


BaseBackend.urls = property(_cached_urls)

# moto parses a request three times, as if it came from a browser, and composes a random id of 52 letters. That is half of a call.
_DYNAMODB = re.compile(r"https://dynamodb\.([a-z0-9-]+)\.amazonaws\.com/")
_PROCESS_REQUEST = BotocoreStubber.process_request
responses.gen_amzn_requestid_long = lambda headers: headers.setdefault("x-amzn-requestid", "none")


def _process_request(self: BotocoreStubber, request: AWSPreparedRequest) -> Any:
    address = _DYNAMODB.match(request.url)
    return _call_dynamodb(request, address[1]) if address else _PROCESS_REQUEST(self, request)


def _call_dynamodb(request: AWSPreparedRequest, region: str) -> Any:
    """Let moto's DynamoDB answer a request as it comes from botocore."""
    handler = DynamoHandler()
    headers = {name: str(value, "ascii") for name, value in request.headers.items() if isinstance(value, bytes)}
    handler.headers, handler.response_headers, handler.querystring = headers, {}, {}
    handler.region, handler.current_account = region, DEFAULT_ACCOUNT_ID
    operation = responses.get_service_model("dynamodb").operation_model(handler._get_action())
    parser = PROTOCOL_PARSERS["json"](operation, map_type=handler.PROTOCOL_PARSER_MAP_TYPE)
    handler.params = parser.parse({"headers": headers, "body": request.body, "url_params": {}})
    return handler.call_action()


BotocoreStubber.process_request = _process_request


class DynamoDbSerializer(JSONSerializer):
    """Serialize DynamoDB responses. moto looks a missing attribute up under other names, which takes 40 % of a read."""

    def get_value(self, value: Any, key: str, shape: Any) -> Any:
        return value.get(key) if isinstance(value, dict) else super().get_value(value, key, shape)


SERVICE_SPECIFIC_SERIALIZERS["dynamodb"] = {"json": DynamoDbSerializer}


def _snapshot(table: Table, memo: dict[int, Any]) -> Table:
    """Copy a table without its items. moto copies all items before every transaction, which takes a third of the tests' time."""
    memo[id(table)] = copied = copy.copy(table)
    copied.items = defaultdict(dict, {key: dict(items) for key, items in table.items.items()})
    if table.stream_shard is not None:
        copied.stream_shard = copy.copy(table.stream_shard)
        copied.stream_shard.table = copied
        copied.stream_shard.items = list(table.stream_shard.items)
    return copied


def _update_a_copy(self: DynamoDBBackend, table_name: str, key: dict[str, Any], *arguments: Any, **options: Any) -> Any:
    """Replace the item by a copy before moto updates it in place, since a snapshot may share it."""
    table = self.get_table(table_name)
    partition, sort = (DynamoType(key[name]) for name in (table.hash_key_attr, table.range_key_attr))
    if sort in table.items.get(partition, {}):
        table.items[partition][sort] = copy.deepcopy(table.items[partition][sort])
    return _UPDATE_ITEM(self, table_name, key, *arguments, **options)


_UPDATE_ITEM = DynamoDBBackend.update_item
DynamoDBBackend.update_item = _update_a_copy
Table.__deepcopy__ = _snapshot


@contextmanager
def aws_in_process() -> Iterator[None]:
    """Simulate AWS with moto while the block lasts. It starts and ends empty."""
    with mock_aws():
        session = botocore.session.get_session()
        session.register_component("data_loader", _MODELS)
        session.set_default_client_config(_FAST)
        for service in _UNSIGNED:
            session.register(f"choose-signer.{service}", lambda **_: UNSIGNED)
        boto3.setup_default_session(botocore_session=session)
        yield
