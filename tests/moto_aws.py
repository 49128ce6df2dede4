"""Simulate AWS in this process with moto, made faster where the tests spend their time."""

import copy
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
import botocore.session
from botocore import UNSIGNED
from botocore.config import Config
from botocore.loaders import Loader
from moto import mock_aws
from moto.core import responses
from moto.core.serialize import SERVICE_SPECIFIC_SERIALIZERS, JSONSerializer
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
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


class DynamoDbSerializer(JSONSerializer):
    """Serialize DynamoDB responses. moto looks a missing attribute up under other names, two fifths of reading an item."""

    def get_value(self, value: Any, key: str, shape: Any) -> Any:
        return value.get(key) if isinstance(value, dict) else super().get_value(value, key, shape)


SERVICE_SPECIFIC_SERIALIZERS["dynamodb"] = {"json": DynamoDbSerializer}


def _snapshot(table: Table, memo: dict[int, Any]) -> Table:
    """Copy a table without its items. moto copies all items before every transaction, a third of the tests' time."""
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
