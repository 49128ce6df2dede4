"""A client of the live feed: its socket and its queue of outgoing messages. Twin: microservices/live/clients.py."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Full, Queue
from socket import SHUT_RDWR, SO_SNDBUF, SOL_SOCKET
from threading import Thread

from simple_websocket import ConnectionClosed, Server
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import LocalProtocolError

MAX_QUEUED = 256  # messages; a client that reads too slowly for this is disconnected
_SEND_BUFFER_BYTES = 64 * 1024  # Linux doubles it; its default would buffer megabytes for a client that does not read


class Client:
    """A connected client. `send` only queues; a thread of the client's own writes, so a slow client delays nobody else."""

    def __init__(self, socket: Server) -> None:
        """Take over the socket of a client. Raise OSError if the client has already disconnected."""
        self._socket = socket
        self._queue: Queue[str | None] = Queue(MAX_QUEUED)
        self._connection = (
            socket.sock.dup()
        )  # the library may close its own socket, and a closed one cannot be shut down
        self._connection.setsockopt(SOL_SOCKET, SO_SNDBUF, _SEND_BUFFER_BYTES)

    def send(self, text: str | None) -> None:
        """Queue a message; None closes the connection after the queued ones. Disconnect the client if its queue is full."""
        try:
            self._queue.put_nowait(text)
        except Full:
            self.disconnect()

    def disconnect(self) -> None:
        """Shut the connection down. Threads that are blocked in a read or a write then return."""
        with suppress(OSError):  # it is already closed
            self._connection.shutdown(SHUT_RDWR)

    def receive_messages(self) -> Iterator[str | bytes]:
        """Yield the client's messages until it disconnects."""
        with suppress(ConnectionClosed):
            while True:
                yield self._socket.receive()

    @contextmanager
    def run_sender(self) -> Iterator[None]:
        """Send queued messages in a thread while the block runs, then disconnect."""
        sender = Thread(target=self._send_queued, daemon=True)
        sender.start()
        try:
            yield
        finally:
            self.disconnect()
            self.send(None)
            sender.join()
            self._connection.close()

    def _send_queued(self) -> None:
        # The reading thread notices a disconnect as well and ends the block, so errors need no handling here.
        with suppress(ConnectionClosed, LocalProtocolError, OSError):
            while (text := self._queue.get()) is not None:
                self._socket.send(text)
            self._socket.close(CloseReason.GOING_AWAY)
        self.disconnect()


class ReadingThread(Thread):
    """A fix of the library's reading thread: after a message that is too long, `receive` would block for ever."""

    def __init__(self, target: Callable[[], None]) -> None:
        super().__init__(target=target, daemon=True)
        self._connection: Server = target.__self__  # type: ignore[attr-defined]

    def run(self) -> None:
        super().run()
        self._connection.event.set()
