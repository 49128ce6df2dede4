"""How the monolith is explained: hooks of WSGI and SQLAlchemy, a root for each request and each job. Twin: microservices/tracing.

Nobody imports it but `create_app`, and only where the settings name a file for what it tells.
"""

import functools
import hashlib
import inspect
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, request, request_started
from sqlalchemy import Engine, event

from monolith.background import PeriodicTask
from monolith.jobs import JOBS
from tracing import serialising, spans
from tracing.left_for_later import follow
from tracing.source_lines import line_of
from tracing.spans import Root, Span, Write
from tracing.traceparent import read

__all__ = ["SERVICE", "follow", "into", "job", "watch"]

SERVICE = "monolith"
STATEMENT = "statement"
TRANSACTION = "transaction"

_HEADER = "HTTP_TRACEPARENT"
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
_BRACES = r"{\1}"
_TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+(\w+)")
_STEPS = {"do_begin": "BEGIN", "do_commit": "COMMIT", "do_rollback": "ROLLBACK"}


def into(file: Path) -> Write:
    """Return what appends a line to a file, whichever process writes: a line of any length stays whole."""

    def write(line: str) -> None:
        with file.open("ab") as opened:
            opened.write(f"{line}\n".encode())

    return write


def watch(app: Flask, engine: Engine, write: Write) -> None:
    """Let the application, once it is complete, and its database tell what they do."""
    app.wsgi_app = _Requests(app.wsgi_app, write)  # type: ignore[method-assign]
    request_started.connect(_named, app)
    event.listen(engine, "before_cursor_execute", _begin)
    event.listen(engine, "after_cursor_execute", _end)
    for step, name in _STEPS.items():
        setattr(engine.dialect, step, _timed(getattr(engine.dialect, step), name))
    serialising.watch()


def job(write: Write) -> Callable[[PeriodicTask], PeriodicTask]:
    """Return what puts a root around a job. It is told of where the job took up what a request had left in the job queue."""

    def around(job: PeriodicTask) -> PeriodicTask:
        lines = [line_of(job.__code__, job.__module__)] if inspect.isfunction(job) else []

        @functools.wraps(job)
        def run() -> None:
            with spans.root("background", "jobs", service=SERVICE, write=write, lines=lines, worth=_took_a_task):
                job()

        return run

    return around


class _Requests:
    """A WSGI application, each of whose requests is a root."""

    def __init__(self, application: WSGIApplication, write: Write) -> None:
        self._application = application
        self._write = write

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        sender = read(environ.get(_HEADER))
        sizes = {"bytes_in": int(environ.get("CONTENT_LENGTH") or 0)}

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Callable[[bytes], object]:
            told = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
            sizes.update(bytes_out=told, status=int(status[:3]))
            return start_response(status, headers, *rest)

        parents = [sender] if sender else []
        with spans.root("request", "request", service=SERVICE, write=self._write, parents=parents) as root:
            answer = self._application(environ, start)
            root.top.counts |= sizes
        return answer


def _named(app: Flask, **_: Any) -> None:
    """Give a request the name of its route and the line of its view, once Flask knows them."""
    running, rule = spans.running(), request.url_rule
    if running is not None and rule is not None:
        view = inspect.unwrap(app.view_functions[rule.endpoint])
        running.top.name = f"{request.method} {_PARAMETER.sub(_BRACES, rule.rule)}"
        running.top.lines = [line_of(view.__code__, view.__module__)]


def _begin(_: Any, __: Any, statement: str, parameters: Any, *more: Any) -> None:
    context, many = more
    found = _TABLE.search(statement)
    name = " ".join(filter(None, (statement.split(maxsplit=1)[0], found[1] if found else None)))
    if span := spans.begin(STATEMENT, name):
        context.explained = span
        span.counts["bytes_out"] = len(statement)
        if found and found[1] == JOBS.name:
            span.links += _tasks(parameters if many else [parameters])


def _end(_: Any, cursor: Any, *more: Any) -> None:
    span: Span | None = getattr(more[2], "explained", None)
    if span is not None:
        spans.end(span, rows=max(0, cursor.rowcount))


def _tasks(parameters: Iterable[Any]) -> list[str]:
    """Return what tells each task that a statement names from others, and nothing about it.

    A row of the jobs table has no place for a traceparent: who writes it and who takes it both name it.
    """
    ids = [value for each in parameters for name, value in each.items() if name in ("id", "id_1")]
    return [hashlib.blake2b(str(each).encode(), digest_size=8).hexdigest() for each in ids]


def _took_a_task(root: Root) -> bool:
    return any(span.links for span in root.spans)


def _timed(step: Callable[[Any], None], name: str) -> Callable[[Any], None]:
    def run(connection: Any) -> None:
        span = spans.begin(TRANSACTION, name)
        try:
            step(connection)
        finally:
            spans.end(span)

    return run
