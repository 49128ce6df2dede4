"""Composition root of a function that is explained: it stands before the function's own, which `EXPLAINED_HANDLER` names."""

import importlib
import os
import sys

from microservices.tracing import calls
from microservices.tracing.invocations import COLD, traced
from tracing import serialising, spans
from tracing.left_for_later import follow
from tracing.source_lines import line_in


def _write(line: str) -> None:
    print(line, flush=True)


_service = os.environ["AWS_LAMBDA_FUNCTION_NAME"].removeprefix(f"{os.environ['STAGE']}-")
_name, _, _attribute = os.environ["EXPLAINED_HANDLER"].rpartition(".")
_cold = spans.Root(COLD, "INIT", parents=(), lines=())

calls.watch()  # before any client is made
with spans.within(_cold):
    _own = vars(importlib.import_module(_name))
serialising.watch()  # after everything that makes JSON is loaded
if "views" in _own:
    follow(_own["views"], service=_service, write=_write)

lambda_handler = traced(
    _own[_attribute], service=_service, write=_write, lines=[line_in(sys.modules[_name], _attribute)], cold=_cold
)
