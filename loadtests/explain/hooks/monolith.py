"""Hooks of the monolith: a root span for each request and each job, a span for each statement and transaction step.

`python -m loadtests.explain.hooks.monolith` takes the arguments of `python -m monolith` and runs it with these hooks.
They hook into Flask, SQLAlchemy, logging and two classes of the monolith; the monolith's own code stays as it is.

psycopg begins a transaction with its first statement, and sends nothing when none is open. So round trips are counted here.
"""

import argparse
import functools
import hashlib
import inspect
import logging
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Flask, request, request_started
from psycopg.pq import TransactionStatus
from sqlalchemy import Engine, event
from sqlalchemy.engine.default import DefaultDialect

from loadtests.explain.hooks import SPANS, buffered_views, replace_attribute, spans
from loadtests.explain.hooks.carriers import parse
from loadtests.explain.hooks.spans import CountedOutput, Span, Write, append_to, line_of
from monolith import __main__ as monolith
from monolith.background import Background, PeriodicTask
from monolith.jobs import JOBS
from monolith.trending.views import Views

SERVICE = "monolith"

_HEADER = "HTTP_TRACEPARENT"
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
_BRACES = r"{\1}"
_TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+(\w+)")
_STEPS = {"do_begin": "BEGIN", "do_commit": "COMMIT", "do_rollback": "ROLLBACK"}


def main() -> None:
    """Run the monolith with hooks that write to `<run-dir>/monolith/spans.jsonl`."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--run-dir", type=Path, default=Path(".run"))
    run_dir: Path = parser.parse_known_args()[0].run_dir
    with installed(append_to(run_dir / SERVICE / SPANS)):
        monolith.main()


@contextmanager
def installed(write: Write) -> Iterator[None]:
    """Trace every application, engine and background job that is made while the block lasts."""
    with ExitStack() as hooks:
        hooks.enter_context(replace_attribute(Flask, "__call__", lambda call: _traced_requests(call, write)))
        hooks.enter_context(
            replace_attribute(Background, "run_every", lambda run_every: _traced_jobs(run_every, write))
        )
        hooks.enter_context(buffered_views.installed(Views, service=SERVICE, write=write))
        for step in _STEPS:
            hooks.enter_context(replace_attribute(DefaultDialect, step, _traced_step))
        for name, listener in (("before_cursor_execute", _begin), ("after_cursor_execute", _end)):
            event.listen(Engine, name, listener)
            hooks.callback(event.remove, Engine, name, listener)
        hooks.enter_context(request_started.connected_to(_name_request))
        hooks.enter_context(replace_attribute(logging.FileHandler, "_open", _counted_log))
        yield


def _counted_log(open_file: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a log handler's method that opens its file, so that what a root span logs is counted."""
    return lambda handler: CountedOutput(open_file(handler))


def _traced_requests(call: Callable[..., Iterable[bytes]], write: Write) -> Callable[..., Iterable[bytes]]:
    """Return Flask's WSGI entry with a root span around each request."""

    def traced(app: Flask, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        sender = parse(environ.get(_HEADER))
        sizes = {"bytes_in": int(environ.get("CONTENT_LENGTH") or 0)}

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Callable[[bytes], object]:
            length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
            sizes.update(bytes_out=length, status=int(status[:3]))
            return start_response(status, headers, *rest)

        parents = [sender] if sender else []
        with spans.root("request", "request", service=SERVICE, write=write, parents=parents) as root:
            answer = call(app, environ, start)
            root.top.counts |= sizes
        return answer

    return traced


def _name_request(app: Flask, **_: Any) -> None:
    """Set a request's name to its route, and its line to the view, once Flask has matched them."""
    running, rule = spans.running(), request.url_rule
    if running is not None and rule is not None:
        view = inspect.unwrap(app.view_functions[rule.endpoint])
        running.top.name = f"{request.method} {_PARAMETER.sub(_BRACES, rule.rule)}"
        running.top.lines = [line_of(view.__code__, view.__module__)]


def _traced_jobs(run_every: Callable[..., None], write: Write) -> Callable[..., None]:
    """Return `Background.run_every` for traced jobs."""

    def traced(background: Background, seconds: float, task: PeriodicTask) -> None:
        lines = [line_of(task.__code__, task.__module__)] if inspect.isfunction(task) else []

        @functools.wraps(task)
        def run() -> None:
            with spans.root("background", "jobs", service=SERVICE, write=write, lines=lines):
                task()

        run_every(background, seconds, run)

    return traced


@spans.hook
def _begin(_: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
    table = _TABLE.search(statement)
    name = " ".join(filter(None, (statement.split(maxsplit=1)[0], table[1] if table else None)))
    if span := spans.begin("statement", name):
        context.span = span
        rows = parameters if many else [parameters]
        span.counts["bytes_out"] = len(statement) + sum(len(str(value)) for row in rows for value in _values(row))
        span.counts["begins"] = not _in_transaction(cursor.connection)
        if table and table[1] == JOBS.name:
            span.links += _hashed_jobs(rows)


@spans.hook
def _end(_: Any, cursor: Any, *more: Any) -> None:
    span: Span | None = getattr(more[2], "span", None)
    if span is not None:
        spans.end(span, rows=max(0, cursor.rowcount), bytes_in=_result_bytes(cursor.pgresult))


def _values(row: Any) -> Iterable[Any]:
    return row.values() if isinstance(row, dict) else row or ()


def _result_bytes(result: Any) -> int:
    """Return the bytes of the values in a result; the driver has read all of it."""
    if result is None:
        return 0
    cells = ((row, column) for row in range(result.ntuples) for column in range(result.nfields))
    return sum(len(result.get_value(*cell) or b"") for cell in cells)


def _in_transaction(connection: Any) -> bool:
    return bool(connection.pgconn.transaction_status != TransactionStatus.IDLE)


def _hashed_jobs(parameters: Iterable[Any]) -> list[str]:
    """Return a hash of each job id in a statement: it links the request that adds a job and the run that takes it.

    A row of the jobs table has no column for a traceparent.
    """
    ids = [value for each in parameters for name, value in each.items() if name in ("id", "id_1")]
    return [hashlib.blake2b(str(each).encode(), digest_size=8).hexdigest() for each in ids]


def _traced_step(step: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """Return a step of the dialect's transactions with a span around it."""
    name = _STEPS[step.__name__]

    def traced(dialect: Any, connection: Any) -> None:
        span = spans.begin("transaction", name)
        if span is not None:
            span.counts["round_trips"] = name != "BEGIN" and _in_transaction(connection)
        try:
            step(dialect, connection)
        finally:
            spans.end(span)

    return traced


if __name__ == "__main__":
    main()
