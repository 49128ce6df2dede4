"""AWS as moto plays it in this process."""

from collections.abc import Iterator
from contextlib import contextmanager

import boto3
import botocore.session
from botocore.loaders import Loader
from moto import mock_aws

_MODELS = (
    Loader()
)  # what botocore knows of each service: read once for all, for it takes ten times as long as making a table


@contextmanager
def aws_in_process() -> Iterator[None]:
    """Let moto play AWS while the block lasts: nothing is there at first, and nothing stays."""
    with mock_aws():
        session = botocore.session.get_session()
        session.register_component("data_loader", _MODELS)
        boto3.setup_default_session(botocore_session=session)
        yield
