"""Start both systems with hooks, seed them, and read their spans.

The monolith starts inside the hooks. The functions of a local AWS get them in a Lambda layer, with a handler in front of their own:

    as deployed     Handler: microservices.posts.handler.lambda_handler
    while traced    Handler: loadtests.explain.hooks.handler.lambda_handler
                    OWN_HANDLER: microservices.posts.handler.lambda_handler

Zips and templates stay as they are.
"""

import io
import json
import sys
import zipfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import time
from typing import Any, TypeVar

from loadtests import systems
from loadtests.data import seeding
from loadtests.data.world import World
from loadtests.explain.hooks import SPANS
from loadtests.explain.hooks.functions import START
from loadtests.explain.traces import Root, read_spans
from loadtests.local_aws import client, errors_as
from loadtests.processes import ROOT
from loadtests.results import SIDES

Made = TypeVar("Made")

TRACED_MONOLITH = systems.System("monolith", (sys.executable, "-m", "loadtests.explain.hooks.monolith"))
SYSTEMS = (TRACED_MONOLITH, systems.MICROSERVICES)
SIZE = seeding.Size(accounts=1, posts=20, votes=1)  # a full page of posts
LAYER = "explain-hooks"
HANDLER = "loadtests.explain.hooks.handler.lambda_handler"
OWN_HANDLER, SPANS_FILE = "OWN_HANDLER", "SPANS_FILE"
_STARTS = 4  # functions that start at a time
_FILES = ("loadtests/__init__.py", "loadtests/explain/__init__.py", "loadtests/explain/hooks/*.py")


def on_both_sides(make: Callable[[str], Made]) -> dict[str, Made]:
    """Call a function for both sides at the same time, and return its results by side."""
    with ThreadPoolExecutor(len(SIDES)) as sides:
        return dict(zip(SIDES, sides.map(make, SIDES), strict=True))


def seed_one(url: str) -> World:
    """Seed a system with one request at a time: two would start two workers of a function."""
    return seeding.seed(url, SIZE, run=f"{int(time()):x}", done=lambda: None, at_once=1)


def spans_of(side: str, folder: Path) -> list[Root]:
    """Return the root spans so far of a side that runs in a run directory."""
    return read_spans(_spans_file(side, folder))


def endpoint_in(folder: Path) -> str:
    """Return the endpoint of the local AWS that runs in a run directory."""
    return str(json.loads(systems.MICROSERVICES.state(folder).read_text(encoding="utf-8"))["endpoint"])


def add_hooks(folder: Path) -> None:
    """Trace every function of the services in a run directory, also if it is traced already. All functions start anew.

    Raise SystemFailed if the local AWS refuses.
    """
    functions, file = client("lambda", endpoint_in(folder)), _spans_file("microservices", folder)
    with errors_as("the hooks cannot be added to the functions"):
        layer = functions.publish_layer_version(LayerName=LAYER, Content={"ZipFile": layer_zip()})["LayerVersionArn"]
        for known in _functions(functions):
            functions.update_function_configuration(
                FunctionName=known["FunctionName"], **traced_configuration(known, layer, file)
            )


def start_functions(folder: Path) -> None:
    """Start every function of traced services in a run directory. Raise SystemFailed."""
    functions, event = client("lambda", endpoint_in(folder)), json.dumps(START).encode()
    with errors_as("the functions cannot be started"), ThreadPoolExecutor(_STARTS) as workers:
        names = [known["FunctionName"] for known in _functions(functions)]
        list(workers.map(lambda name: functions.invoke(FunctionName=name, Payload=event), names))


def traced_configuration(known: Mapping[str, Any], layer: str, file: Path) -> dict[str, Any]:
    """Return the changes to a function's configuration."""
    variables = known.get("Environment", {}).get("Variables", {})
    own = {OWN_HANDLER: variables.get(OWN_HANDLER, known["Handler"]), SPANS_FILE: str(file)}
    return {"Handler": HANDLER, "Layers": [layer], "Environment": {"Variables": {**variables, **own}}}


def layer_zip() -> bytes:
    """Return the layer's zip: the hooks, in the folder from which a function imports."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for file in (file for pattern in _FILES for file in sorted(ROOT.glob(pattern))):
            archive.write(file, Path("python") / file.relative_to(ROOT))
    return content.getvalue()


def _spans_file(side: str, folder: Path) -> Path:
    return folder.resolve() / side / SPANS


def _functions(functions: Any) -> list[dict[str, Any]]:
    pages = functions.get_paginator("list_functions").paginate()
    return [known for page in pages for known in page["Functions"]]
