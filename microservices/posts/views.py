"""Send views of posts to the stream in batches, from a background thread: reading a post only appends to a buffer.

Twin: monolith/trending/views.py. A process that is killed loses the views in its buffer. Lambda freezes the process between
requests, and the thread with it: views that one request did not send are sent during the next one. Each view carries its own time,
so it still counts in its own minute. See docs/decisions/0016.
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
MAX_BUFFERED = 10_000
MAX_RECORDS = 500  # of one PutRecords call

_log = Logger()


class Views:
    """A buffer of views and the thread that sends them. It logs the number of dropped views."""

    def __init__(self, stream: str, *, max_buffered: int = MAX_BUFFERED) -> None:
        self._stream = stream
        self._max_buffered = max_buffered
        self._buffer: deque[View] = deque()
        self._dropped = 0
        self._has_views = Event()
        self._sending = Lock()

    def record(self, view: View) -> None:
        """Buffer the view. Drop it if the buffer is full: this never blocks and never raises."""
        if len(self._buffer) >= self._max_buffered:
            self._dropped += 1
            return
        self._buffer.append(view)
        if not self._has_views.is_set():
            self._has_views.set()
            self._thread  # noqa: B018  starts the thread with the first view: a process without views needs none

    def flush(self) -> None:
        """Send all buffered views. Keep those that the stream throttles; drop those of a call that failed."""
        with self._sending:
            while batch := self._take_batch():
                if not self._send(batch):
                    break
            dropped, self._dropped = self._dropped, 0
        if dropped:
            _log.warning("views dropped", views=dropped)

    def _take_batch(self) -> list[View]:
        return [self._buffer.popleft() for _ in range(min(MAX_RECORDS, len(self._buffer)))]

    def _send(self, batch: Sequence[View]) -> bool:
        """Send a batch and return whether the stream accepted all of it."""
        try:
            response = self._kinesis.put_records(StreamName=self._stream, Records=[_record(view) for view in batch])
        except (BotoCoreError, ClientError):
            _log.exception("views cannot be sent")
            self._dropped += len(batch)  # some may have arrived: sending them again would count those twice
            return False
        throttled = [view for view, each in zip(batch, response["Records"], strict=True) if "ErrorCode" in each]
        self._buffer.extendleft(reversed(throttled))
        return not throttled

    @cached_property
    def _thread(self) -> Thread:
        atexit.register(self.flush)
        thread = Thread(target=self._send_for_ever, name="views", daemon=True)
        thread.start()
        return thread

    def _send_for_ever(self) -> None:
        while True:
            self._has_views.wait()
            time.sleep(FLUSH_SECONDS)
            self._has_views.clear()
            self.flush()
            if self._buffer:  # the stream throttled
                self._has_views.set()

    @cached_property
    def _kinesis(self) -> Any:
        return client("kinesis", attempts=1)  # created by the thread, because it takes tens of milliseconds


def _record(view: View) -> dict[str, Any]:
    """Return the view as a stream record. Its time is the partition key: keyed by post, a popular post would overload one shard."""
    at = to_rfc3339(view.at)
    return {"Data": json.dumps({"post_id": view.post_id, "at": at}), "PartitionKey": at}
