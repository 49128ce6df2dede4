"""Run whole requests in a fixed number of threads: Flask and its database connections block.

On the services the template limits each function, and a process handles one request at a time.
"""

import asyncio
import logging
import sys
from collections.abc import Iterable, Sequence
from contextvars import Context, copy_context
from functools import lru_cache
from io import BytesIO
from queue import SimpleQueue
from threading import Thread
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIApplication, WSGIEnvironment

import msgspec

from shared_domain.contract.problems import Problem, http_problem

Headers = list[tuple[bytes, bytes]]
Scope = dict[str, Any]  # a request in ASGI's form

_WAIT_SECONDS = 5.0  # for a thread: with the time limit of a statement, a client waits about ten seconds at most
_log = logging.getLogger("monolith.server")


class _Job(NamedTuple):
    """A request for a thread. context: with the request's id."""

    environ: WSGIEnvironment
    future: "asyncio.Future[Answer]"
    context: Context


class Answer(NamedTuple):
    """A whole response."""

    status: int
    headers: Headers
    content: bytes


def to_answer(problem: Problem) -> Answer:
    """Return the problem as a response."""
    content = msgspec.json.encode(problem.body)
    headers = {**problem.headers, "Content-Length": str(len(content))}
    return Answer(problem.status, [(name.encode(), value.encode()) for name, value in headers.items()], content)


class RequestThreads:
    """The threads of a worker that run Flask. Create them in the event loop, after the fork: threads do not survive one."""

    def __init__(self, application: WSGIApplication, threads: int) -> None:
        self._application = application
        self._free = asyncio.Semaphore(threads)
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        for _ in range(threads):
            Thread(target=self._work, daemon=True).start()

    async def run(self, environ: WSGIEnvironment) -> Answer:
        """Return the application's response. Raise TimeoutError if no thread becomes free in time."""
        await self._reserve_thread()
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._jobs.put(_Job(environ, future, copy_context()))
        try:
            return await future
        finally:
            self._free.release()

    async def _reserve_thread(self) -> None:
        if not self._free.locked():
            await self._free.acquire()  # without waiting, so without the cost of a timeout
            return
        async with asyncio.timeout(_WAIT_SECONDS):
            await self._free.acquire()

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            answer = job.context.run(_call, self._application, job.environ)  # its log lines have the request's id
            try:
                job.future.get_loop().call_soon_threadsafe(_resolve, job.future, answer)
            except RuntimeError:  # the event loop is closed: the worker ends
                return


def _resolve(future: "asyncio.Future[Answer]", answer: Answer) -> None:
    if not future.done():  # it is cancelled when the worker's grace period ends
        future.set_result(answer)


def _call(application: WSGIApplication, environ: WSGIEnvironment) -> Answer:
    """Call the application and return its whole response. A failure is logged and becomes a 500."""
    started: list[tuple[int, Headers]] = []

    def start_response(status: str, headers: Sequence[tuple[str, str]], exc_info: object = None) -> Any:
        started.append(
            (int(status[:3]), [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers])
        )

    try:
        content = _join(application(environ, start_response))
    except Exception:
        _log.exception("the application failed")
        return to_answer(http_problem(500))
    return Answer(*started[-1], content)


def _join(chunks: Iterable[bytes]) -> bytes:
    try:
        return b"".join(chunks)
    finally:
        if (close := getattr(chunks, "close", None)) is not None:
            close()


def build_environ(scope: Scope, body: bytes, *, length: int) -> WSGIEnvironment:
    """Return the WSGI environment (PEP 3333) of a request.

    length: bytes that the client sent, more than `body` has if the body was cut. It replaces the client's own framing
    (Content-Length or Transfer-Encoding), so that a limit is checked in the same way for each.
    """
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": scope["server"][0],
        "SERVER_PORT": str(scope["server"][1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": scope["client"][0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        if key := _to_key(name):
            text = value.strip(b" \t").decode("latin-1")
            environ[key] = f"{environ[key]},{text}" if key in environ else text
    environ["CONTENT_LENGTH"] = str(length)
    return environ


@lru_cache(256)
def _to_key(name: bytes) -> str | None:
    """Return the header's name in the environment, None for one that the application must not see.

    A name with an underscore would equal one with a hyphen. With `Upgrade`, Flask would look for a WebSocket route.
    """
    if b"_" in name or name in (b"transfer-encoding", b"content-length", b"upgrade"):
        return None
    key = name.decode("latin-1").upper().replace("-", "_")
    return key if key == "CONTENT_TYPE" else f"HTTP_{key}"
