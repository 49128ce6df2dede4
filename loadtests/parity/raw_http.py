"""Send HTTP requests and WebSocket frames byte by byte: HTTP clients refuse to send most of the odd ones."""

import os
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from websocket import WebSocketException, frame_buffer

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


def exchange(url: str, request: Raw) -> tuple[int, bytes]:
    """Send a request on a connection of its own. Return status and body; status 0 if the server closes without an answer."""
    with _connect(url) as connection:
        with suppress(ConnectionError):  # a server may refuse the request before it has read all of it
            connection.sendall(request.encode(url, ("Connection", "close")))
        answer = receive_all(connection)
    return _status(answer), answer.partition(b"\r\n\r\n")[2]


def shake_hands(url: str, request: Raw) -> int:
    """Send a WebSocket handshake and return the status."""
    with _connect(url) as connection:
        connection.sendall(request.encode(url))
        return _status(connection.recv(65_536))


def react(url: str, request: Raw, sent: bytes, *, name: Callable[[bytes], str], last: str) -> list[str]:
    """Open a WebSocket, send the bytes and return the names of the reactions: of each message, `pong` and `closed`.

    name: return the name of a message. last: the name of the reply to the last frame; nothing is read after it.
    """
    reactions: list[str] = []
    with _connect(url) as connection:
        connection.sendall(request.encode(url))
        left = connection.recv(65_536).partition(b"\r\n\r\n")[2]
        connection.sendall(sent)
        frames = frame_buffer(partial(_receive, connection), skip_utf8_validation=True)
        frames.recv_buffer = [left]
        while not reactions or reactions[-1] not in ("closed", last):
            reactions.append(_name_of(frames, name))
    return reactions


def frame(payload: bytes, opcode: int = TEXT, *, first_byte: int = 0x80, masked: bool = True) -> bytes:
    """Return a frame of a client. first_byte: the FIN bit and the reserved ones."""
    size, bit = len(payload), 0x80 if masked else 0
    length = bytes([bit | size]) if size < 126 else struct.pack("!BH", bit | 126, size)
    mask = os.urandom(4) if masked else b""
    content = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload)) if masked else payload
    return bytes([first_byte | opcode]) + length + mask + content


def receive_all(connection: socket.socket) -> bytes:
    """Return what arrives until the server closes the connection."""
    received = b""
    with suppress(ConnectionResetError):  # the server closed the connection with unread bytes
        while chunk := connection.recv(65_536):
            received += chunk
    return received


def _connect(url: str) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname or "", parts.port or 80), timeout=WAIT_S)


def _status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def _receive(connection: socket.socket, size: int) -> bytes:
    if received := connection.recv(size):
        return received
    raise ConnectionResetError


def _name_of(frames: frame_buffer, name: Callable[[bytes], str]) -> str:
    """Return the name of the server's next frame: its message's, `pong` or `closed`."""
    try:
        received = frames.recv_frame()
    except (ConnectionResetError, WebSocketException):
        return "closed"
    if received.opcode == TEXT:
        return name(received.data)  # type: ignore[arg-type]  # bytes, as received
    return "pong" if received.opcode == PONG else "closed"
