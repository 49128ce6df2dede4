"""AWS as moto plays it in this process."""

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
from moto.sqs import models as queues

# What botocore knows of each service: read once for all, for it takes ten times as long as making a table.
_MODELS = Loader()
# Composing and signing the headers that moto does not look at is a tenth of a call; S3 lets nobody read unsigned.
_NAMELESS = Config(user_agent="tests")
_UNSIGNED = ("dynamodb", "kinesis", "lambda", "sns")

# What moto works out of names at each call, always to the same effect: a tenth of what a call takes, if not kept.
_OF_NAMES = (
    (responses, "camelcase_to_underscores"),
    (responses, "method_names_from_class"),
    (queues, "camelcase_to_underscores"),
)
for _module, _name in _OF_NAMES:
    setattr(_module, _name, cache(getattr(_module, _name)))


class DynamoDbSerializer(JSONSerializer):
    """moto makes DynamoDB's answers of dictionaries in the words of the protocol. To look for what an attribute is not, such as a
    number, under every other name that moto knows takes two fifths of reading an item."""

    def get_value(self, value: Any, key: str, shape: Any) -> Any:
        return value.get(key) if isinstance(value, dict) else super().get_value(value, key, shape)


SERVICE_SPECIFIC_SERIALIZERS["dynamodb"] = {"json": DynamoDbSerializer}


@contextmanager
def aws_in_process() -> Iterator[None]:
    """Let moto play AWS while the block lasts: nothing is there at first, and nothing stays."""
    with mock_aws():
        session = botocore.session.get_session()
        session.register_component("data_loader", _MODELS)
        session.set_default_client_config(_NAMELESS)
        for service in _UNSIGNED:
            session.register(f"choose-signer.{service}", lambda **_: UNSIGNED)
        boto3.setup_default_session(botocore_session=session)
        yield
