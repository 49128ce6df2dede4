"""The ASGI application around Flask: requests run in threads, WebSockets in the event loop.

A request takes a thread only when its whole body has arrived. So a slow client occupies a connection and no thread.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from flask import Flask

from monolith.logs import HEADER, new_request_id, request_id
from monolith.wsgi import Answer, RequestThreads, Scope, build_environ, to_answer
from shared_domain.contract.problems import Problem, http_problem, to_problem
from shared_domain.errors import Unavailable

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
WebSocketHandler = Callable[[Receive, Send], Awaitable[None]]

MAX_BODY_BYTES = 1024 * 1024  # the largest body of any operation: an avatar
# API Gateway's limit. Up to here a refused body is read, so that its connection stays usable.
MAX_READ_BYTES = 10 * 1024 * 1024
_BODY_SECONDS = 30.0
_LINGER_SECONDS = 5.0  # for a client that sends its body to the end before it reads the response

_log = logging.getLogger("monolith.requests")


class _Body(NamedTuple):
    """A request's body: at most the first MAX_BODY_BYTES + 1 bytes. `is_read`: nothing of it is left on the connection."""

    content: bytes
    length: int
    is_read: bool = True


class _Disconnected(Exception):
    """The client disconnected before the request was complete."""


class Application:
    """Create it in the worker's event loop. `flask.extensions` may have "websockets" and "independent_paths".

    websockets: handler of each path. independent_paths: paths without a database statement. They have a thread of their own,
    so that they are answered while every other thread waits for the database.
    """

    def __init__(self, flask: Flask, *, threads: int) -> None:
        self._threads = RequestThreads(flask, threads)
        self._independent_thread = RequestThreads(flask, 1)
        self._independent_paths: frozenset[str] = flask.extensions.get("independent_paths", frozenset())
        self._websockets: dict[str, WebSocketHandler] = flask.extensions.get("websockets", {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id.set(new_request_id())  # for this task: each request and each WebSocket has one
        if scope["type"] == "http":
            await self._serve_request(scope, receive, send)
        elif handle := self._websockets.get(scope["path"]):
            await handle(receive, send)
        else:
            await _refuse_websocket(send)

    async def _serve_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                body = await _receive_body(receive)
        except _Disconnected:
            return
        except TimeoutError:
            answer, body = _refuse(scope, http_problem(408)), _Body(b"", 0, is_read=False)
        else:
            answer = await self._answer(scope, body)
        await _send_answer(answer, body, receive, send)

    async def _answer(self, scope: Scope, body: _Body) -> Answer:
        environ = build_environ(scope, body.content, length=body.length)
        if "HTTP_HOST" not in environ and scope["http_version"] == "1.1":
            return _refuse(scope, http_problem(400))
        threads = self._independent_thread if scope["path"] in self._independent_paths else self._threads
        try:
            return await threads.run(environ)
        except TimeoutError:
            return _refuse(scope, to_problem(Unavailable("the server is busy")))


async def _receive_body(receive: Receive) -> _Body:
    """Return the body. If it is longer than any operation allows, use only its length: the rest is not read."""
    content, length = bytearray(), 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Disconnected
        length += len(message["body"])
        content += message["body"][: MAX_BODY_BYTES + 1 - len(content)]
        if not message["more_body"] or length > MAX_READ_BYTES:
            return _Body(bytes(content), length, is_read=not message["more_body"])


async def _send_answer(answer: Answer, body: _Body, receive: Receive, send: Send) -> None:
    """Send the response. Close the connection if part of the body is unread: its bytes would be parsed as a new request."""
    headers = [*answer.headers, (HEADER, request_id.get().encode())]
    if not body.is_read:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.content, "more_body": not body.is_read})
    if not body.is_read:
        await _discard_rest(receive)
        await send({"type": "http.response.body", "body": b""})


async def _discard_rest(receive: Receive) -> None:
    """Read and discard for some seconds: closing a connection with unread bytes resets it, and the client may lose the response."""
    try:
        async with asyncio.timeout(_LINGER_SECONDS):
            while (message := await receive())["type"] != "http.disconnect" and message["more_body"]:
                pass
    except TimeoutError:
        return


def _refuse(scope: Scope, problem: Problem) -> Answer:
    """Return the problem as the response to a request that does not reach Flask, and log its line."""
    line = {"method": scope["method"], "path": scope["path"], "status": problem.status}
    _log.info("request", extra={"fields": line})
    return to_answer(problem)


async def _refuse_websocket(send: Send) -> None:
    """Answer a handshake on a path without a WebSocket with 403."""
    answer = to_answer(http_problem(403))
    await send({"type": "websocket.http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "websocket.http.response.body", "body": answer.content})
