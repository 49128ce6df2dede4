"""The oracle of a drill: writes in addition to the load. Each acknowledged one must take effect exactly once.

A vote and a keyed order are idempotent: they are repeated until they are acknowledged, so their effects are known exactly.
A post is sent once, and must be readable if it was acknowledged.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from threading import Event, Thread
from time import monotonic, sleep
from uuid import uuid4

import httpx

from loadtests import calls
from loadtests.calls import Call
from loadtests.client import CallFailed, open_client, send, succeed
from loadtests.data import orders
from loadtests.data.audit import orders_of
from loadtests.data.seeding import new_account
from loadtests.data.world import Account, post_form
from loadtests.processes import is_remote

RECOVERED_WITHIN_S = 60.0
ANSWER_WITHIN_S = 5.0
POLL_S = 0.1
EVERY = 5  # votes of a thread: then a post and an order follow
THREADS = 4
NO_ANSWER = "no answer"


@dataclass(slots=True)
class Oracle:
    """The acknowledged writes. account: a user that nobody else uses, post: its post. votes: the last one of each voter.

    answers: one for each attempt of a write. unserved: writes that were not acknowledged within patience_s.
    """

    base_url: str
    account: Account
    post: str
    votes: dict[str, int] = field(default_factory=dict)
    posts: list[str] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    unserved: list[str] = field(default_factory=list)
    patience_s: float = RECOVERED_WITHIN_S

    @contextmanager
    def writing(self, voters: Sequence[Account], *, rate: float) -> Iterator[None]:
        """Write while the block runs. rate: votes a second of all voters. Each voter belongs to one thread."""
        stop = Event()
        parts = [part for number in range(THREADS) if (part := voters[number::THREADS])]
        writers = [
            Thread(target=self._write, args=(number, part, len(parts) / rate, stop))
            for number, part in enumerate(parts)
        ]
        for each in writers:
            each.start()
        try:
            yield
        finally:
            stop.set()
            for each in writers:
                each.join()

    def counts(self) -> dict[str, int]:
        """Return how often each answer came, over all attempts, the most frequent first."""
        return dict(Counter(self.answers).most_common())

    def await_effects(self) -> dict[str, int]:
        """Wait until every effect is visible, and return the lost and doubled ones after patience_s at most, by kind.

        Raise CallFailed if the system does not answer until then.
        """
        deadline = monotonic() + self.patience_s
        with open_client(self.base_url) as client:
            while any(wrong := self._count_wrong(client, deadline)) and monotonic() < deadline:
                sleep(POLL_S)
            lost = sum(send(client, calls.read_post(post)).status == 404 for post in self.posts)
        return {"votes": wrong[0], "orders": wrong[1], "posts": lost, "unserved writes": len(self.unserved)}

    def _count_wrong(self, client: httpx.Client, deadline: float) -> tuple[int, int]:
        """Return the wrong votes and orders. A busy system may fail to answer until the deadline."""
        while True:
            try:
                return self._wrong_votes_and_orders(client)
            except CallFailed:
                if monotonic() > deadline:
                    raise
                sleep(POLL_S)

    def _wrong_votes_and_orders(self, client: httpx.Client) -> tuple[int, int]:
        score = int(succeed(client, calls.read_post(self.post)).record()["score"])
        shown, acknowledged = Counter(one["id"] for one in orders_of(client, self.account)), Counter(self.orders)
        wrong_orders = (shown - acknowledged).total() + (acknowledged - shown).total()
        return abs(score - sum(self.votes.values())), wrong_orders

    def _write(self, first: int, voters: Sequence[Account], pause_s: float, stop: Event) -> None:
        """Write until the event. first: of the thread, so that the threads do not publish at the same time."""
        trust_env = is_remote(self.base_url)
        with httpx.Client(base_url=self.base_url, timeout=ANSWER_WITHIN_S, trust_env=trust_env) as client:
            for number in count(first):
                voter, value = voters[number % len(voters)], 1 if number // len(voters) % 3 else -1
                if self._repeat(client, calls.cast(self.post, value, voter.token)):
                    self.votes[voter.username] = value
                if number % EVERY == 0:
                    self._publish_and_order(client)
                if stop.wait(pause_s) or self.unserved:
                    return

    def _publish_and_order(self, client: httpx.Client) -> None:
        if published := self._try(client, calls.publish(post_form("of the oracle"), self.account.token)):
            self.posts.append(published.json()["id"])
        refused = [orders.line(orders.NO_POST)]  # costs no credits
        call = calls.place_order(refused, orders.NO_SUCH_POST, key=uuid4().hex, token=self.account.token)
        if placed := self._repeat(client, call):
            self.orders.append(placed.json()["id"])

    def _repeat(self, client: httpx.Client, call: Call) -> httpx.Response | None:
        deadline = monotonic() + self.patience_s
        while monotonic() < deadline:
            if response := self._try(client, call):
                return response
            sleep(POLL_S)
        self.unserved.append(call.operation)
        return None

    def _try(self, client: httpx.Client, call: Call) -> httpx.Response | None:
        """Send a call once and note the answer. Return it if it is an acknowledgement."""
        try:
            response = client.request(call.method, call.path, content=call.payload(), headers=call.all_headers())
        except httpx.TransportError:
            self.answers.append(NO_ANSWER)
            return None
        retry = " with Retry-After" if "Retry-After" in response.headers else ""
        self.answers.append(f"{response.status_code}{retry}")
        return response if response.is_success else None  # 200 for an order whose key is known already


def begin(base_url: str, run: str) -> Oracle:
    """Return an oracle with a user and a post of its own. run: part of the username."""
    with open_client(base_url) as client:
        account = new_account(client, f"o{run}")
        post = succeed(client, calls.publish(post_form("of an oracle"), account.token)).record()["id"]
    return Oracle(base_url, account, post)
