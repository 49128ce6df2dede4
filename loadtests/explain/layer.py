"""Put the hooks around the functions of a local AWS: in a Lambda layer, with a handler in front of the function's own.

    as deployed     Handler: microservices.posts.handler.lambda_handler
    while traced    Handler: loadtests.explain.hooks.handler.lambda_handler
                    OWN_HANDLER: microservices.posts.handler.lambda_handler

Zips and templates stay as they are.
"""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loadtests.local_aws import client, errors_as

NAME = "explain-hooks"
HANDLER = "loadtests.explain.hooks.handler.lambda_handler"
OWN_HANDLER = "OWN_HANDLER"
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
