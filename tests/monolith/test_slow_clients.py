"""Slow, silent and hostile clients of the running server: everybody else is answered."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Event, Thread
from time import perf_counter
from urllib.parse import urlsplit

import pytest

from .programs import Program
from .test_live import feed_of

pytestmark = pytest.mark.live

HALF_OPEN = 430
SLOW = 60
SUBSCRIBERS = 100
HEALTHY = 200
FAST_S, SHARE = 0.5, 0.99
HANDSHAKE = {
    "Host": "here",
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}
SLOW_HEAD = (b"GET /posts HTTP/1.1\r\nHost: here\r\n", b"X-A: b\r\n")
SLOW_BODY = (b"POST /users HTTP/1.1\r\nHost: here\r\nContent-Length: 9000\r\n\r\n", b"x")


def connect(running: Program) -> socket.socket:
    url = urlsplit(running.url())
    return socket.create_connection((url.hostname, url.port), timeout=20)


def ask(running: Program, request: bytes) -> tuple[int, str]:
    """Send bytes on a new connection. Return the status of the response and the whole response."""
    with connect(running) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        text = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    return int(text.split(" ", 2)[1]), text


@contextmanager
def slow_clients(running: Program) -> Iterator[None]:
    """Keep half-open connections, and clients that send a head or a body byte by byte, while the block runs."""
    stopped = Event()
    with ExitStack() as stack:
        for connection in [stack.enter_context(connect(running)) for _ in range(HALF_OPEN)]:
            connection.sendall(b"GET /po")
        slow = [(stack.enter_context(connect(running)), *kind) for kind in (SLOW_HEAD, SLOW_BODY) for _ in range(SLOW)]
        for connection, start, _ in slow:
            connection.sendall(start)
        sender = Thread(target=_send_slowly, args=(slow, stopped))
        sender.start()
        try:
            yield
        finally:
            stopped.set()
            sender.join()


def _send_slowly(slow: list[tuple[socket.socket, bytes, bytes]], stopped: Event) -> None:
    while not stopped.wait(0.2):
        for connection, _, piece in slow:
            connection.sendall(piece)


def test_healthy_requests_are_fast_beside_hundreds_of_slow_clients_and_subscribers(running: Program) -> None:
    took_s = []
    with running.client() as client, feed_of(running, client).subscribers(SUBSCRIBERS), slow_clients(running):
        for _ in range(HEALTHY):
            started = perf_counter()
            assert ask(running, b"GET /posts HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")[0] == 200
            took_s.append(perf_counter() - started)
    assert sum(each < FAST_S for each in took_s) >= SHARE * HEALTHY, sorted(took_s)[-5:]


@pytest.mark.parametrize(
    ("path", "changes", "status"),
    [
        ("/live", {"Sec-WebSocket-Version": "7"}, 400),
        ("/live", {"Sec-WebSocket-Key": None}, 400),
        ("/live", {"Sec-WebSocket-Key": "short"}, 400),
        ("/live", {"Host": None}, 400),
        ("/live", {"X-Long": "x" * 9_000}, 400),
        ("/live", {"Upgrade": "h2c"}, 426),
        ("/posts", {}, 403),
        ("/nowhere", {}, 403),
    ],
)
def test_an_invalid_handshake_is_a_problem(
    running: Program, path: str, changes: dict[str, str | None], status: int
) -> None:
    lines = [f"{name}: {value}" for name, value in {**HANDSHAKE, **changes}.items() if value is not None]
    request = "\r\n".join([f"GET {path} HTTP/1.1", *lines, "", ""]).encode()
    answered, text = ask(running, request)
    assert answered == status, text
    assert "application/problem+json" in text
    assert json.loads(text.partition("\r\n\r\n")[2])["status"] == status


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /health HTTP/1.1\r\n\r\n", 400),
        (b"BREW /posts HTTP/1.1\r\nHost: here\r\n\r\n", 404),
        (b"\x16\x03\x01 hello\r\n\r\n", 400),
        (b"POST /users HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n", 400),
        (b"GET /" + b"x" * 17_000 + b" HTTP/1.1\r\nHost: here\r\n\r\n", 431),
        (b"GET /health HTTP/1.1\r\nHost: here\r\nX-Endless: " + b"x" * 200_000, 431),
    ],
    ids=["no host", "an unknown method", "no HTTP", "no chunk", "a long path", "an endless header"],
)
def test_an_invalid_message_is_a_problem(running: Program, request_: bytes, status: int) -> None:
    answered, text = ask(running, request_)
    assert answered == status, text
    assert "application/problem+json" in text
