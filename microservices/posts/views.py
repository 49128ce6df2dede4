"""Send views of posts to the stream, in one call at the end of the request that recorded them.

Twin: monolith/trending/views.py. Lambda freezes the process between requests, and every thread with it: a view that waits in memory
is late, or lost with the process. So the request waits for the call: about 12 ms on AWS. See docs/decisions/0016.
"""

import json
import time
from collections import deque
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from microservices.aws import client
from shared_domain.contract.times import to_rfc3339
from shared_domain.trending import View

MAX_BUFFERED = 10_000
MAX_RECORDS = 500  # of one PutRecords call
PAUSE_SECONDS = 5.0  # after a call that failed, so that an unavailable stream delays few reads
_TIMEOUT_SECONDS = 0.5

_log = Logger()


class Views:
    """A buffer of views. It has those of the current request, and earlier ones that the stream refused."""

    def __init__(self, stream: str, *, max_buffered: int = MAX_BUFFERED, pause_seconds: float = PAUSE_SECONDS) -> None:
        self._stream = stream
        self._max_buffered = max_buffered
        self._pause_seconds = pause_seconds
        self._buffer: deque[View] = deque()
        self._dropped = 0
        self._paused_until = 0.0

    def record(self, view: View) -> None:
        """Buffer the view. Drop it if the buffer is full: this never blocks and never raises."""
        if len(self._buffer) >= self._max_buffered:
            self._dropped += 1
            return
        self._buffer.append(view)

    def flush(self) -> None:
        """Send all buffered views. Keep those that the stream throttles; drop those of a call that failed, and log their number.

        Do nothing for some seconds after a call that failed.
        """
        if time.monotonic() < self._paused_until:
            return
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
            response = self._kinesis.put_records(  # network
                StreamName=self._stream, Records=[_record(view) for view in batch]
            )
        except (BotoCoreError, ClientError):
            _log.exception("views cannot be sent")
            self._dropped += len(batch)  # some may have arrived: sending them again would count those twice
            self._paused_until = time.monotonic() + self._pause_seconds
            return False
        throttled = [view for view, each in zip(batch, response["Records"], strict=True) if "ErrorCode" in each]
        self._buffer.extendleft(reversed(throttled))
        return not throttled

    @cached_property
    def _kinesis(self) -> Any:
        # Created on first use, because it would slow every cold start. One attempt: a view is not worth a second wait.
        return client("kinesis", attempts=1, read_timeout=_TIMEOUT_SECONDS)


def _record(view: View) -> dict[str, Any]:
    """Return the view as a stream record. Its time is the partition key: keyed by post, a popular post would overload one shard."""
    at = to_rfc3339(view.at)
    return {"Data": json.dumps({"post_id": view.post_id, "at": at}), "PartitionKey": at}
