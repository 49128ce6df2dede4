"""Clients and functions of a local AWS."""

import io
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from loadtests.systems import MICROSERVICES, SystemFailed, state_of
from microservices.deploy.emulator import local_client

STAGE = "reference"  # the prefix of all names of the deployed services
OWN_HANDLER = "OWN_HANDLER"  # the variable of a function with a handler in front of its own
client = local_client


def endpoint_of(api_url: str) -> str:
    """Return the endpoint of the local AWS behind the URL of an API."""
    return "{0.scheme}://{0.netloc}".format(urlsplit(api_url))


def endpoint_in(run_dir: Path) -> str:
    """Return the endpoint of the local AWS that runs in a run directory."""
    return str(state_of(MICROSERVICES, run_dir)["endpoint"])


@contextmanager
def errors_as(message: str) -> Iterator[None]:
    """Raise SystemFailed with one line if the local AWS refuses a call or does not answer."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise SystemFailed(f"{message}: {error}") from error


def functions_of(endpoint: str) -> list[dict[str, Any]]:
    """Return the configurations of all functions. Raise SystemFailed."""
    with errors_as("the local AWS does not list its functions"):
        pages = client("lambda", endpoint).get_paginator("list_functions").paginate()
        return [function for page in pages for function in page["Functions"]]


def put_in_front(
    handler: str, files: Mapping[str, Path], endpoint: str, *, layer: str, variables: Mapping[str, str]
) -> None:
    """Put a handler of a layer in front of every function's own. All functions are restarted. Raise SystemFailed.

        as deployed     Handler: microservices.posts.handler.lambda_handler
        with the layer  Handler: the one in front, OWN_HANDLER: microservices.posts.handler.lambda_handler

    Zips and templates stay as they are. files: of the layer, by their paths in it.
    """
    functions, known = client("lambda", endpoint), functions_of(endpoint)
    with errors_as("the hooks cannot be added to the functions"):
        content = {"ZipFile": zipped({f"python/{name}": file for name, file in files.items()})}
        version = functions.publish_layer_version(LayerName=layer, Content=content)["LayerVersionArn"]
        for each in known:
            changes = configuration_of(each, handler, variables)
            functions.update_function_configuration(FunctionName=each["FunctionName"], Layers=[version], **changes)


def configuration_of(known: Mapping[str, Any], handler: str, variables: Mapping[str, str]) -> dict[str, Any]:
    """Return the changes to a function's configuration, also if a handler is in front of its own already."""
    old = known.get("Environment", {}).get("Variables", {})
    own = old.get(OWN_HANDLER, known["Handler"])
    return {"Handler": handler, "Environment": {"Variables": {**old, OWN_HANDLER: own, **variables}}}


def zipped(files: Mapping[str, Path]) -> bytes:
    """Return a zip of files, by their paths in it."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, file in files.items():
            archive.write(file, name)
    return content.getvalue()
