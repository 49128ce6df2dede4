"""Views leave for the stream in batches, from a thread of their own: a read costs an append. Twin: monolith/trending/views.py.

What waits is lost with a process that is killed. Lambda freezes a process between requests, and the thread with it: what a
request left behind is sent during the next one, and counted in its own minute all the same. See docs/decisions/0016.
"""

import atexit
import json
import time
from collections import deque
from collections.abc import Sequence
from functools import cached_property
from threading import Event, Lock, Thread
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from microservices.aws import client
from shared_domain.contract.times import to_rfc3339
from shared_domain.trending import View

FLUSH_SECONDS = 0.5
MAX_WAITING = 10_000
MAX_RECORDS = 500  # of one call

_log = Logger()


class Views:
    """Views on their way to the stream: some wait here, none is waited for, and those that are dropped are told in the log."""

    def __init__(self, stream: str, *, most: int = MAX_WAITING) -> None:
        self._stream = stream
        self._most = most
        self._waiting: deque[View] = deque()
        self._dropped = 0
        self._noted = Event()
        self._sending = Lock()

    def record(self, view: View) -> None:
        """Leave the view to be sent. Never waits and never raises: with no service the view is dropped."""
        if len(self._waiting) >= self._most:
            self._dropped += 1
            return
        self._waiting.append(view)
        if not self._noted.is_set():
            self._noted.set()
            self._started  # noqa: B018  the thread, with the first view: a process that shows no post has none

    def flush(self) -> None:
        """Send all that waits. What the stream does not take at the moment waits on; what cannot be sent is dropped."""
        with self._sending:
            while batch := self._batch():
                if not self._sent(batch):
                    break
            dropped, self._dropped = self._dropped, 0
        if dropped:
            _log.warning("views dropped", views=dropped)

    def _batch(self) -> list[View]:
        return [self._waiting.popleft() for _ in range(min(MAX_RECORDS, len(self._waiting)))]

    def _sent(self, batch: Sequence[View]) -> bool:
        """Send a batch and tell whether the stream took all of it."""
        try:
            answer = self._kinesis.put_records(StreamName=self._stream, Records=[_record(view) for view in batch])
        except (BotoCoreError, ClientError):
            _log.exception("views cannot be sent")
            self._dropped += len(batch)  # sent again, those that did arrive would count twice
            return False
        refused = [view for view, told in zip(batch, answer["Records"], strict=True) if "ErrorCode" in told]
        self._waiting.extendleft(reversed(refused))
        return not refused

    @cached_property
    def _started(self) -> Thread:
        atexit.register(self.flush)
        thread = Thread(target=self._send_for_ever, name="views", daemon=True)
        thread.start()
        return thread

    def _send_for_ever(self) -> None:
        while True:
            self._noted.wait()
            time.sleep(FLUSH_SECONDS)
            self._noted.clear()
            self.flush()
            if self._waiting:  # the stream was full
                self._noted.set()

    @cached_property
    def _kinesis(self) -> Any:
        return client("kinesis", attempts=1)  # made by the thread: making it costs tens of milliseconds


def _record(view: View) -> dict[str, Any]:
    """The moment spreads the views over the shards: by its post, a hot one would fill one shard alone."""
    at = to_rfc3339(view.at)
    return {"Data": json.dumps({"post_id": view.post_id, "at": at}), "PartitionKey": at}
