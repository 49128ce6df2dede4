"""One client of the live feed: its socket, and what still waits to be sent to it. Twin: microservices/live/clients.py."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Full, Queue
from socket import SHUT_RDWR, SO_SNDBUF, SOL_SOCKET
from threading import Thread

from simple_websocket import ConnectionClosed, Server
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import LocalProtocolError

MAX_WAITING = 256  # messages; who lets more wait does not read, and is dropped
_SEND_BUFFER_BYTES = 64 * 1024  # bytes, which Linux doubles; else it would take some megabytes


class Client:
    """Others tell it in no time, for a thread of its own sends: a client that does not read holds up nobody but itself."""

    def __init__(self, socket: Server) -> None:
        """Raise OSError for a socket that the client has closed already."""
        self._socket = socket
        self._waiting: Queue[str | None] = Queue(MAX_WAITING)
        self._line = socket.sock.dup()  # the library closes its own at times, and only an open one can be cut
        self._line.setsockopt(SOL_SOCKET, SO_SNDBUF, _SEND_BUFFER_BYTES)

    def send(self, text: str | None) -> None:
        """Have the text sent after all that waits; None ends the connection. A client that lets too much wait is dropped."""
        try:
            self._waiting.put_nowait(text)
        except Full:
            self.drop()

    def drop(self) -> None:
        """Cut the connection. The threads that read and send notice at once, also one that waits for the client to read."""
        with suppress(OSError):  # it is cut already
            self._line.shutdown(SHUT_RDWR)

    def messages(self) -> Iterator[str | bytes]:
        """Give what the client says, until it is gone."""
        with suppress(ConnectionClosed):
            while True:
                yield self._socket.receive()

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Send what it is told for as long as the block lasts."""
        sender = Thread(target=self._send_all, daemon=True)
        sender.start()
        try:
            yield
        finally:
            self.drop()
            self.send(None)
            sender.join()
            self._line.close()

    def _send_all(self) -> None:
        # It may be going: who hears what it says knows that too.
        with suppress(ConnectionClosed, LocalProtocolError, OSError):
            while (text := self._waiting.get()) is not None:
                self._socket.send(text)
            self._socket.close(CloseReason.GOING_AWAY)
        self.drop()


class ReadingThread(Thread):
    """The library's thread that reads a socket. Where it ends for a message too long, the library forgets to wake who waits."""

    def __init__(self, target: Callable[[], None]) -> None:
        super().__init__(target=target, daemon=True)
        self._connection: Server = target.__self__  # type: ignore[attr-defined]

    def run(self) -> None:
        super().run()
        self._connection.event.set()
