"""Composition root of a traced function. It runs the function's own handler, which `OWN_HANDLER` names. See layer.py."""

import importlib
import os
import sys
import time
from contextlib import ExitStack

from loadtests.explain.hooks import buffered_views, functions, serialisation, spans, threads
from loadtests.explain.hooks.spans import line_in

_log = sys.stdout


def _write(line: str) -> None:
    print(line, file=_log, flush=True)


_service = os.environ["AWS_LAMBDA_FUNCTION_NAME"].removeprefix(f"{os.environ['STAGE']}-")
_name, _, _attribute = os.environ["OWN_HANDLER"].rpartition(".")
_cold = spans.Root(functions.COLD, "INIT")
_hooks = ExitStack()  # never closed: they last as long as the process

_hooks.enter_context(functions.calls_traced())  # before any client is made
_hooks.enter_context(threads.pools_traced())
sys.stdout = threads.CountedOutput(_log)  # before any logger is made
with spans.run_in(_cold):
    _own = vars(importlib.import_module(_name))
_cold.top.counts["cpu_ms"] = (
    time.process_time() * 1000
)  # since the process began, as on AWS: the hooks import boto3 before
_hooks.enter_context(serialisation.installed())  # after everything that uses JSON is loaded
if "views" in _own:
    _hooks.enter_context(buffered_views.installed(type(_own["views"]), service=_service, write=_write))

lambda_handler = functions.traced(
    _own[_attribute], service=_service, write=_write, lines=[line_in(sys.modules[_name], _attribute)], cold=_cold
)
