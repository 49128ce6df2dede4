"""From a write to the message about it on the live feed, which comes by itself: nobody reads."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter, sleep

from loadtests.freshness.lags import POLL_S, VISIBLE_WITHIN_S, Lag
from loadtests.live.subscriber import Message, Subscriber, subscribed


@dataclass(slots=True)
class Listener:
    """Somebody on the live feed, from some message on; nobody, where a system's feed is not known."""

    subscriber: Subscriber | None
    heard: int = 0

    def mark(self) -> None:
        """From now on only what comes next counts."""
        self.heard = len(self.subscriber.heard) if self.subscriber else 0

    def hear(self, tells: Callable[[Message], bool], *, since: float, lag: Lag) -> None:
        """Wait for a message that tells it, and add the lag; one that overtakes the answer to its write took no time."""
        while self.subscriber and perf_counter() - since < VISIBLE_WITHIN_S:
            at = next((at for at, message in self.subscriber.heard[self.heard :] if tells(message)), None)
            if at is not None:
                lag.lags_ms.append(max(0.0, at - since) * 1000)
                return
            sleep(POLL_S)
        lag.never += self.subscriber is not None


@contextmanager
def listening(live_url: str, post_id: str) -> Iterator[Listener]:
    """Listen to new posts and to one post's score while the block lasts. live_url may be empty. Raise NotSubscribed."""
    with subscribed(live_url, [("posts", f"post:{post_id}")] if live_url else []) as audience:
        yield Listener(next(iter(audience), None))
