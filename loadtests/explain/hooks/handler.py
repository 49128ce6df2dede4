"""Composition root of a traced function. It runs the function's own handler, which `OWN_HANDLER` names. See traced.py."""

import importlib
import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path

_began_s = time.process_time()
importlib.import_module("botocore.handlers")  # the hooks import it, but most functions do too
_botocore_s = time.process_time() - _began_s

from loadtests.explain.hooks import functions, spans  # noqa: E402

_service = os.environ["AWS_LAMBDA_FUNCTION_NAME"].removeprefix(f"{os.environ['STAGE']}-")
_write = spans.append_to(Path(os.environ["SPANS_FILE"]))
_name, _, _attribute = os.environ["OWN_HANDLER"].rpartition(".")
_cold = spans.Root(functions.COLD, "INIT")
_hooks = ExitStack()  # never closed: they last as long as the process

_hooks.enter_context(functions.calls_traced())  # before any client is made
_hooks.enter_context(functions.requests_traced())
_hooks.enter_context(spans.pools_traced())
sys.stdout = spans.CountedOutput(sys.stdout)  # before any logger is made
_began_s = time.process_time()
with spans.run_in(_cold):
    _own = vars(importlib.import_module(_name))
# The processor time since the process began, as on AWS: the hooks import boto3 before.
_cold.top.counts["cpu_ms"] = time.process_time() * 1000
_imports_s = time.process_time() - _began_s + ("boto3" in sys.modules) * _botocore_s
_cold.top.counts["imports_cpu_ms"] = 1000 * _imports_s  # without the start of the interpreter and the hooks

lambda_handler = functions.traced(
    _own[_attribute], service=_service, write=_write, lines=[spans.line(_name, 1)], cold=_cold
)
