"""Put the hooks around the functions of a local AWS: in a Lambda layer, with a handler in front of the function's own.

    as deployed     Handler: microservices.posts.handler.lambda_handler
    while traced    Handler: loadtests.explain.hooks.handler.lambda_handler
                    OWN_HANDLER: microservices.posts.handler.lambda_handler

Zips and templates stay as they are.
"""

import io
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from json import dumps
from pathlib import Path
from typing import Any

from loadtests.explain.hooks.functions import WRITE_HELD
from loadtests.local_aws import client, errors_as

NAME = "explain-hooks"
HANDLER = "loadtests.explain.hooks.handler.lambda_handler"
OWN_HANDLER = "OWN_HANDLER"
_HELD = dumps(WRITE_HELD).encode()
_AT_ONCE = 4  # a process each, on first use
_PROJECT = Path(__file__).parents[2]
_FILES = ("loadtests/__init__.py", "loadtests/explain/__init__.py", "loadtests/explain/hooks/*.py")


def add_hooks(endpoint: str) -> None:
    """Trace every function of a local AWS, also if it is traced already. All functions start anew. Raise SystemFailed."""
    functions = client("lambda", endpoint)
    with errors_as("the hooks cannot be added to the functions"):
        layer = functions.publish_layer_version(LayerName=NAME, Content={"ZipFile": layer_zip()})["LayerVersionArn"]
        for page in functions.get_paginator("list_functions").paginate():
            for known in page["Functions"]:
                functions.update_function_configuration(
                    FunctionName=known["FunctionName"], **traced_configuration(known, layer)
                )


def write_held_spans(endpoint: str) -> None:
    """Invoke every function's hooks, so that all spans so far are in the logs. It starts the functions that never ran.

    Raise SystemFailed if the local AWS refuses.
    """
    functions = client("lambda", endpoint)
    with errors_as("the spans of the functions cannot be read"), ThreadPoolExecutor(_AT_ONCE) as workers:
        list(workers.map(lambda name: functions.invoke(FunctionName=name, Payload=_HELD), function_names(endpoint)))


def function_names(endpoint: str) -> list[str]:
    """Return the names of all functions of a local AWS."""
    pages = client("lambda", endpoint).get_paginator("list_functions").paginate()
    return [each["FunctionName"] for page in pages for each in page["Functions"]]


def traced_configuration(known: Mapping[str, Any], layer: str) -> dict[str, Any]:
    """Return the changes to a function's configuration."""
    variables = known.get("Environment", {}).get("Variables", {})
    own = variables.get(OWN_HANDLER, known["Handler"])
    return {"Handler": HANDLER, "Layers": [layer], "Environment": {"Variables": {**variables, OWN_HANDLER: own}}}


def layer_zip() -> bytes:
    """Return the layer's zip: the hooks, in the folder from which a function imports."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for pattern in _FILES:
            for file in sorted(_PROJECT.glob(pattern)):
                archive.write(file, Path("python") / file.relative_to(_PROJECT))
    return content.getvalue()
