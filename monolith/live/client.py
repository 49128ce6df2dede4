"""A client of the live feed: the queue of its outgoing messages. Twin: microservices/live/clients.py."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

Send = Callable[[dict[str, Any]], Awaitable[None]]

GOING_AWAY = 1001
MAX_QUEUED = 256  # messages; a client that reads too slowly for this is disconnected


class Client:
    """A connected client. `send` only queues; a task of the client's own writes, so a slow client delays nobody else."""

    def __init__(self, send: Send) -> None:
        self._queue: asyncio.Queue[str | None] = asyncio.Queue(MAX_QUEUED)
        self._sender = asyncio.create_task(self._send_queued(send))

    def send(self, text: str | None) -> None:
        """Queue a message; None closes the connection after the queued ones. Disconnect the client if its queue is full."""
        try:
            self._queue.put_nowait(text)
        except asyncio.QueueFull:
            self._sender.cancel()

    async def serve(self, reader: Awaitable[None]) -> None:
        """Run the reader until it ends or the client is disconnected. The server closes the connection afterwards."""
        tasks = {self._sender, asyncio.ensure_future(reader)}
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()

    async def _send_queued(self, send: Send) -> None:
        with suppress(OSError):  # the client has disconnected
            while (text := await self._queue.get()) is not None:
                await send({"type": "websocket.send", "text": text})
            await send({"type": "websocket.close", "code": GOING_AWAY})
