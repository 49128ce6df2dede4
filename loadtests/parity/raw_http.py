"""Send HTTP requests and WebSocket frames byte by byte: HTTP clients refuse to send most of the odd ones."""

import os
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

WAIT_S = 30.0  # the gateway's limit
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
_CHUNK_BYTES = 1_000


@dataclass(frozen=True, slots=True)
class Raw:
    """A request. `target` is below the base URL. A body is sent with its length, or in chunks."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    chunked: bool = False
    version: str = "1.1"

    def encode(self, url: str, *connection: tuple[str, str]) -> bytes:
        """Return the bytes of the request to a base URL."""
        parts = urlsplit(url)
        lines = [f"{self.method} {parts.path.rstrip('/')}{self.target} HTTP/{self.version}", f"Host: {parts.netloc}"]
        lines += [f"{name}: {value}" for name, value in (*self.headers, *connection)]
        if self.chunked:
            lines.append("Transfer-Encoding: chunked")
        elif self.body:
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + (self._chunks() if self.chunked else self.body)

    def _chunks(self) -> bytes:
        pieces = [self.body[at : at + _CHUNK_BYTES] for at in range(0, len(self.body), _CHUNK_BYTES)]
        return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""])


@dataclass(slots=True)
class RawAnswer:
    """An answer. The status is 0 if the server closed the connection without one."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def exchange(url: str, request: Raw) -> RawAnswer:
    """Send a request on a connection of its own and return the answer."""
    with _connect(url) as connection:
        with suppress(ConnectionError):  # a server may refuse the request before it has read all of it
            connection.sendall(request.encode(url, ("Connection", "close")))
        return _parse(b"".join(_received(connection)))


def shake_hands(url: str, request: Raw) -> int:
    """Send a WebSocket handshake and return the status."""
    with _connect(url) as connection:
        connection.sendall(request.encode(url))
        return _parse(connection.recv(65_536)).status


def react(url: str, request: Raw, sent: bytes, *, name: Callable[[bytes], str], last: str) -> list[str]:
    """Open a WebSocket, send the bytes and return the names of the reactions: of each message, `pong` and `closed`.

    name: return the name of a message. last: the name of the reply to the last frame; nothing is read after it.
    """
    reactions: list[str] = []
    with _connect(url) as connection:
        connection.sendall(request.encode(url))
        left = connection.recv(65_536).partition(b"\r\n\r\n")[2]
        connection.sendall(sent)
        for opcode, payload in _frames(connection, left):
            reactions.append(name(payload) if opcode == TEXT else "pong" if opcode == PONG else "closed")
            if reactions[-1] in ("closed", last):
                return reactions
    return [*reactions, "closed"]


def frame(payload: bytes, opcode: int = TEXT, *, first_byte: int = 0x80, masked: bool = True) -> bytes:
    """Return a frame of a client. first_byte: the FIN bit and the reserved ones."""
    size, bit = len(payload), 0x80 if masked else 0
    length = bytes([bit | size]) if size < 126 else struct.pack("!BH", bit | 126, size)
    mask = os.urandom(4) if masked else b""
    content = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload)) if masked else payload
    return bytes([first_byte | opcode]) + length + mask + content


@contextmanager
def _connect(url: str) -> Iterator[socket.socket]:
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=WAIT_S) as connection:
        yield connection


def _received(connection: socket.socket) -> Iterator[bytes]:
    try:
        while chunk := connection.recv(65_536):
            yield chunk
    except ConnectionResetError:  # the server closed the connection with unread bytes
        return


def _parse(answer: bytes) -> RawAnswer:
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head:
        return RawAnswer()
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return RawAnswer(int(first.split(" ", 2)[1]), headers, body)


def _frames(connection: socket.socket, left: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the server's frames. They are never masked; ours are never longer than 64 KiB."""
    stream = _received(connection)
    while True:
        while len(left) < 2 or len(left) < (needed := _frame_bytes(left)):
            chunk = next(stream, b"")
            if not chunk:
                return
            left += chunk
        header = 4 if left[1] == 126 else 2
        yield left[0] & 0x0F, left[header:needed]
        left = left[needed:]


def _frame_bytes(left: bytes) -> int:
    if left[1] < 126:
        return 2 + left[1]
    return 4 + struct.unpack("!H", left[2:4])[0] if len(left) >= 4 else 4
