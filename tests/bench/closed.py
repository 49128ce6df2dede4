"""A closed loop over raw sockets, for throughput. It does little work a request, so that the server is the bottleneck.

A closed loop is right only here: the question is how many requests a server completes, not how long clients wait.
"""

import json
import re
import selectors
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter
from urllib.parse import urlsplit

from loadtests.errors import RunError

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class UnexpectedAnswer(RunError):
    """A server did not give the expected answer, so its speed means nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, sent again and again."""

    base_url: str
    path: str
    method: str = "GET"
    body: object = None
    token: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    expected: int = 200

    def raw(self) -> bytes:
        """Return the bytes of the request."""
        place = urlsplit(self.base_url.rstrip("/") + self.path)
        target = place.path + (f"?{place.query}" if place.query else "")
        body = b"" if self.body is None else json.dumps(self.body).encode()
        head = [f"{self.method} {target} HTTP/1.1", f"Host: {place.netloc}", f"Content-Length: {len(body)}"]
        head += ["Content-Type: application/json"] if body else []
        head += [f"Authorization: Bearer {self.token}"] if self.token else []
        head += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join(head).encode() + b"\r\n\r\n" + body


@dataclass(slots=True)
class Loop:
    """The answers of a run with the milliseconds of each."""

    seconds: float
    latencies_ms: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """The number of answers a second."""
        return len(self.latencies_ms) / self.seconds

    @property
    def p50_ms(self) -> float:
        """The median time of an answer."""
        return median(self.latencies_ms)


def closed_loop(request: Request, *, connections: int, seconds: float) -> Loop:
    """Send a request over each connection as soon as its last answer has arrived. Raise UnexpectedAnswer."""
    place, raw = urlsplit(request.base_url), request.raw()
    sockets = [socket.create_connection((place.hostname or "", place.port or 80)) for _ in range(connections)]
    loop = Loop(seconds)
    with selectors.DefaultSelector() as selector:
        lines = [_Line(one, raw, request) for one in sockets]
        for line in lines:
            selector.register(line.socket, selectors.EVENT_READ, line)
            line.send()
        end = perf_counter() + seconds
        while (now := perf_counter()) < end:
            for key, _ in selector.select(end - now):
                if (took_ms := key.data.receive()) is not None:
                    loop.latencies_ms.append(took_ms)
                    key.data.send()
    for one in sockets:
        one.close()
    return loop


class _Line:
    """One connection: send requests and assemble answers."""

    def __init__(self, connection: socket.socket, raw: bytes, request: Request) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = connection
        self._raw = raw
        self._request = request
        self._buffer = b""
        self._sent = 0.0

    def send(self) -> None:
        self._buffer, self._sent = b"", perf_counter()
        self.socket.sendall(self._raw)

    def receive(self) -> float | None:
        """Receive bytes. Return the milliseconds since sending once the answer is complete."""
        part = self.socket.recv(65536)
        self._buffer += part
        head, separator, body = self._buffer.partition(b"\r\n\r\n")
        if not part or (separator and int(self._buffer[9:12]) != self._request.expected):
            raise UnexpectedAnswer(f"{self._request.method} {self._request.path}: {self._buffer[:400]!r}")
        length = LENGTH.search(head)
        if not separator or (length and len(body) < int(length[1])):
            return None
        return (perf_counter() - self._sent) * 1000
