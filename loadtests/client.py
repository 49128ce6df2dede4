"""A plain client for everything that is not load: seeding, parity, freshness."""

from collections.abc import Callable

import httpx

from loadtests.calls import Answer, Call
from loadtests.outcomes import Outcome, judge

Send = Callable[[Call], Answer]


class CallFailed(Exception):
    """A system did not do what a step of the comparison needs."""


def opened(base_url: str) -> httpx.Client:
    """Return a client for one base URL; it keeps its connections and may be shared by threads."""
    return httpx.Client(base_url=base_url.rstrip("/"), timeout=30, limits=httpx.Limits(max_connections=16))


def send(client: httpx.Client, call: Call) -> Answer:
    """Send a call and return its answer, whatever it is."""
    headers = {"Authorization": f"Bearer {call.token}"} if call.token else {}
    try:
        response = client.request(call.method, call.path, json=call.body, headers=headers)
    except httpx.TransportError as gone:
        return Answer(0, failure=f"{type(gone).__name__}: {gone}")
    return Answer(response.status_code, response.content)


def succeed(client: httpx.Client, call: Call) -> Answer:
    """Send a call and return its right answer. Raise CallFailed if it is refused or wrong."""
    answer = send(client, call)
    outcome, reason = judge(call, answer)
    if outcome is not Outcome.RIGHT:
        raise CallFailed(f"{call.operation} at {client.base_url}: {reason}")
    return answer
