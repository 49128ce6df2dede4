"""Clients of a local AWS."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from loadtests.systems import SystemFailed
from microservices.deploy.emulator import local_client

STAGE = "reference"  # the prefix of all names of the deployed services


def endpoint_of(api_url: str) -> str:
    """Return the endpoint of the local AWS behind the URL of an API."""
    return "{0.scheme}://{0.netloc}".format(urlsplit(api_url))


def client(service: str, endpoint: str) -> Any:
    """Return a boto3 client with the local AWS's own account and keys. No setting of the user counts."""
    return local_client(service, endpoint)


@contextmanager
def errors_as(message: str) -> Iterator[None]:
    """Raise SystemFailed with one line if the local AWS refuses a call or does not answer."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise SystemFailed(f"{message}: {error}") from error
