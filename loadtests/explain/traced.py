"""Start both systems with hooks, seed them, and read their spans. The functions of a local AWS get the hooks in a Lambda layer."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import time

from loadtests import local_aws, systems
from loadtests.data import seeding
from loadtests.data.world import World
from loadtests.explain.hooks import SPANS
from loadtests.explain.hooks.functions import START
from loadtests.explain.traces import Root, read_spans, with_parents
from loadtests.processes import ROOT

TRACED_MONOLITH = systems.System("monolith", (sys.executable, "-m", "loadtests.explain.hooks.monolith"))
SYSTEMS = (TRACED_MONOLITH, systems.MICROSERVICES)
SIZE = seeding.Size(accounts=1, posts=20, votes=1)  # a full page of posts
HANDLER, SPANS_FILE = "loadtests.explain.hooks.handler.lambda_handler", "SPANS_FILE"
_STARTS = 4  # functions that start at a time
_FILES = ("loadtests/__init__.py", "loadtests/explain/__init__.py", "loadtests/explain/hooks/*.py")


def seed_one(url: str) -> World:
    """Seed a system with one request at a time: two would start two workers of a function."""
    return seeding.seed(url, SIZE, run=f"{int(time()):x}", done=lambda: None, at_once=1)


def spans_of(side: str, folder: Path) -> list[Root]:
    """Return the root spans so far of a side that runs in a run directory."""
    return read_spans(_spans_file(side, folder))


def number_caused(side: str, folder: Path) -> int:
    """Return the number of root spans so far that a call has caused. Background loops that found no work do not count."""
    return sum(1 for _, parents in with_parents(spans_of(side, folder)) if parents)


def start_with_hooks(folder: Path) -> None:
    """Trace every function of the services in a run directory, and start all of them. Raise SystemFailed."""
    files = {str(file.relative_to(ROOT)): file for pattern in _FILES for file in sorted(ROOT.glob(pattern))}
    variables = {SPANS_FILE: str(_spans_file("microservices", folder))}
    local_aws.put_in_front(HANDLER, files, local_aws.endpoint_in(folder), layer="explain-hooks", variables=variables)
    start_functions(folder)


def start_functions(folder: Path) -> None:
    """Start every function of traced services in a run directory. Raise SystemFailed."""
    endpoint = local_aws.endpoint_in(folder)
    functions, event = local_aws.client("lambda", endpoint), json.dumps(START).encode()
    names = [known["FunctionName"] for known in local_aws.functions_of(endpoint)]
    with local_aws.errors_as("the functions cannot be started"), ThreadPoolExecutor(_STARTS) as workers:
        list(workers.map(lambda name: functions.invoke(FunctionName=name, Payload=event), names))


def _spans_file(side: str, folder: Path) -> Path:
    return folder.resolve() / side / SPANS
