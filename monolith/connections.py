"""The connections of clients: uvicorn's protocols with limits, and with the contract's problems for invalid messages."""

import asyncio
import re
import socket
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidHandshake, InvalidMethod, InvalidUpgrade
from websockets.http11 import Request

from monolith.wsgi import to_answer
from shared_domain.contract import parsing
from shared_domain.contract.problems import http_problem

MAX_HEAD_BYTES = 16 * 1024  # request line and headers
_HEAD_SECONDS = 10.0  # from the first byte of a request to the end of its headers
_LINGER_SECONDS = 2.0  # to read what a refused client still sends: a reset could destroy the response on its way
# For a request that is on its way when the shutdown begins, on a connection in use so recently.
_LAST_REQUEST_SECONDS = 0.5
_LAST_MESSAGES_SECONDS = 1.0
_WRITE_BUFFER_BYTES = 16 * 1024
_SEND_BUFFER_BYTES = 64 * 1024  # Linux doubles it; its default would buffer megabytes for a client that does not read
_REQUEST_LINE = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32} [!-~]+ HTTP/1\.[01]\r\n")


class HttpConnection(HttpToolsProtocol):
    """An HTTP connection. It closes if a head is too long or too late, and it answers an invalid message with a problem."""

    _head_bytes = 0  # bytes received of an incomplete head
    _used_at = 0.0  # when the client connected or last sent something, on the event loop's clock
    _head_timer: asyncio.TimerHandle | None = None
    _is_refused = False
    _is_shutting_down = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._used_at = self.loop.time()
        self._close_after(self.timeout_keep_alive)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_head_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return
        self._unset_keepalive_if_required()
        self._used_at = self.loop.time()
        self._head_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._upgrade()
        except httptools.HttpParserInvalidMethodError:
            self._refuse(_status_of_unknown_method(data))
        except httptools.HttpParserError:
            self._refuse(400)
        else:
            self._check_head()

    def eof_received(self) -> bool:  # type: ignore[override]
        """Answer a complete request before the connection is closed: the client has only stopped sending."""
        is_due = not self._is_idle() and not self.cycle.more_body
        if is_due:
            self.cycle.keep_alive = False
        return is_due

    def on_headers_complete(self) -> None:
        self._head_bytes = 0
        self._stop_head_timer()
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > MAX_HEAD_BYTES:
            self._refuse(431)
            return
        super().on_headers_complete()
        if self._is_shutting_down and not self._is_idle():
            self.cycle.keep_alive = False

    def shutdown(self) -> None:
        """Close the connection: after the response if there is a request, at once if it is idle.

        A connection in use just now waits for a request that its client may have sent already: closing would lose it.
        """
        self._is_shutting_down = True
        if self._is_idle() and (self._head_bytes or self.loop.time() - self._used_at < _LAST_REQUEST_SECONDS):
            self._close_after(_LAST_REQUEST_SECONDS)
        else:
            super().shutdown()

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _should_upgrade(self) -> bool:
        """Return whether the request is a WebSocket handshake. With another method than GET it is a request like any other."""
        return bool(self.parser.get_method() == b"GET" and super()._should_upgrade())

    def _upgrade(self) -> None:
        """Continue as a WebSocket connection. An upgrade to another protocol is ignored: the request is answered as usual."""
        if self._should_upgrade() and self.parser.get_http_version() != "1.1":
            self._refuse(400)
        elif self._should_upgrade():
            self.handle_websocket_upgrade()

    def _check_head(self) -> None:
        if not self._is_idle():
            self._head_bytes = 0  # the bytes belonged to a body
        elif self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(431)
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(_HEAD_SECONDS, self._refuse, 408)

    def _refuse(self, status: int) -> None:
        """Answer with a problem and close the connection. A response that is due is sent instead: the client expects it."""
        if self._is_refused:
            return
        self._is_refused = True
        self._stop_head_timer()
        if not self._is_idle() and not self.cycle.more_body:
            self.cycle.keep_alive = False
            return
        self.transport.write(_encode_problem(status))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._close_after(_LINGER_SECONDS)

    def _close_after(self, seconds: float) -> None:
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


class LiveConnection(WebSocketsSansIOProtocol):
    """A WebSocket connection. An invalid handshake gets a problem, and a client that does not read is disconnected."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        connection: socket.socket = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        self.transport.set_write_buffer_limits(high=_WRITE_BUFFER_BYTES)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self._refuse(400)  # the request could not be parsed

    def shutdown(self) -> None:
        """Disconnect soon. Until then the live feed sends what is queued, and its close frame."""
        self.stop_keepalive()
        self.loop.call_later(_LAST_MESSAGES_SECONDS, self.transport.abort)

    def handle_connect(self, event: Request) -> None:
        if (status := self._check_handshake(event)) is None:
            super().handle_connect(event)
        else:
            self._refuse(status)

    async def send(self, message: Any) -> None:
        await super().send(message)
        if message["type"] == "websocket.http.response.body":
            self.handshake_complete = True  # it was refused; uvicorn would log that it is incomplete

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        super().on_task_complete(task)
        if self.transport.get_write_buffer_size():
            self.transport.abort()  # closing would wait for the client to read

    def _check_handshake(self, event: Request) -> int | None:
        """Return the status that refuses an invalid handshake, None for a valid one."""
        try:
            self.conn.process_request(event)
        except (InvalidMethod, InvalidUpgrade):
            return 426
        except InvalidHandshake:
            return 400
        return None if "Host" in event.headers else 400

    def _refuse(self, status: int) -> None:
        self.handshake_complete = self.close_sent = True
        self.transport.write(_encode_problem(status))
        self.transport.close()


def _status_of_unknown_method(data: bytes) -> int:
    """Return the status of a request whose method the parser does not know: 404 as for each method that no path has."""
    if not _REQUEST_LINE.match(data):
        return 400
    return 431 if len(data.partition(b"\r\n\r\n")[0]) > parsing.MAX_HEAD_BYTES else 404


def _encode_problem(status: int) -> bytes:
    """Return a whole HTTP response that closes the connection."""
    answer = to_answer(http_problem(status))
    lines = [b"%s: %s\r\n" % header for header in [*answer.headers, (b"Connection", b"close")]]
    return b"".join([STATUS_LINE[status], *lines, b"\r\n", answer.content])
