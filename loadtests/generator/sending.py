"""Sends calls over connections that are kept between them: sockets of gevent's and the parser that Locust's fast client has.

That client itself takes half of a core for 2,500 requests a second: it builds each request and each answer's headers as
objects, and asks the event loop whether a kept connection still stands. Nobody here looks at headers.
"""

from urllib.parse import SplitResult, urlsplit

import gevent.socket as sockets
from gevent.ssl import SSLContext
from geventhttpclient._parser import HTTPParseError, HTTPResponseParser
from locust.contrib.fasthttp import insecure_ssl_context_factory

from loadtests.calls import Answer, Call, Send
from loadtests.load import LoadPlan

PORTS = {"http": 80, "https": 443}
AT_ONCE = 65_536  # bytes


class Connections:
    """The connections to one system; the one that was used last is used first, so that few stay warm rather than all."""

    def __init__(self, place: SplitResult, *, timeout_s: float) -> None:
        self._address = place.hostname or "", place.port or PORTS[place.scheme]
        self._host = place.hostname or ""
        self._timeout_s = timeout_s
        self._tls: SSLContext | None = None
        if place.scheme == "https":
            self._tls = insecure_ssl_context_factory()  # type: ignore[no-untyped-call]
        self._kept: list[sockets.socket] = []

    def taken(self) -> sockets.socket:
        """Return a connection, a kept one if it still stands. Raise OSError if none can be made."""
        while self._kept:
            if _stands(kept := self._kept.pop()):
                return kept
            kept.close()
        made = sockets.create_connection(self._address, timeout=self._timeout_s)
        made.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_NODELAY, 1)
        return self._tls.wrap_socket(made, server_hostname=self._host) if self._tls else made

    def keep(self, connection: sockets.socket) -> None:
        """Take a connection back for the next call."""
        self._kept.append(connection)


class Reply(HTTPResponseParser):
    """An answer on its way: its status and its body."""

    def __init__(self) -> None:
        super().__init__()
        self.body = b""
        self.whole = False

    def _on_body(self, part: bytearray) -> None:
        self.body += part

    def _on_headers_complete(self) -> None:
        """The parser asks for each of these; of headers it knows itself what concerns it."""

    def _on_nothing(self, _: str = "") -> None:
        """Take no notice."""

    _on_message_begin = _on_status = _on_header_field = _on_header_value = _on_nothing

    def _on_message_complete(self) -> None:
        self.whole = self.get_code() >= 200  # one below is a word in between


def sender(plan: LoadPlan) -> Send:
    """Return a function that sends a call and returns its answer. A call is sent once, for it is counted once."""
    place = urlsplit(plan.base_url)
    connections = Connections(place, timeout_s=plan.timeout_ms / 1000)
    before, host = place.path.rstrip("/"), place.netloc.rpartition("@")[2]

    def send(call: Call) -> Answer:
        raw, connection = _raw(call, before, host), None
        try:
            connection = connections.taken()
            connection.sendall(raw)
            reply = _reply(connection)
        except (OSError, HTTPParseError) as broken:
            if connection:
                connection.close()
            return Answer(0, failure="timeout" if isinstance(broken, TimeoutError) else "no connection")
        connections.keep(connection) if reply.should_keep_alive() else connection.close()
        return Answer(reply.get_code(), reply.body)

    return send


def _raw(call: Call, before: str, host: str) -> bytes:
    body = call.payload() or b""
    head = [f"{call.method} {before}{call.path} HTTP/1.1", f"Host: {host}", "User-Agent: loadtests"]
    head += [f"{name}: {value}" for name, value in call.all_headers().items()]
    if body or call.method != "GET":
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


def _reply(connection: sockets.socket) -> Reply:
    """Return the whole answer. Raise OSError or HTTPParseError if it is none or breaks off, TimeoutError if it does not come."""
    reply = Reply()
    while not reply.whole:
        part = connection.recv(AT_ONCE)
        reply.feed(part)
        if not part and not reply.whole:
            raise ConnectionResetError("the answer broke off")
    return reply


def _stands(connection: sockets.socket) -> bool:
    """Say whether the other end has left a kept connection open; whatever it has sent since is no answer of ours."""
    try:
        connection._sock.recv(1, sockets.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
