"""A plain client for everything that is not load: seeding, parity, freshness."""

from time import sleep

import httpx

from loadtests.calls.call import Answer, Call, Outcome, judge
from loadtests.errors import RunError

TRIES, PAUSE_S = 4, 1.0


class CallFailed(RunError):
    """A system did not do what a step of the comparison needs."""


def opened(base_url: str) -> httpx.Client:
    """Return a client for one base URL; it keeps its connections and may be shared by threads."""
    return httpx.Client(base_url=base_url.rstrip("/"), timeout=30, limits=httpx.Limits(max_connections=16))


def send(client: httpx.Client, call: Call) -> Answer:
    """Send a call and return its answer, whatever it is."""
    try:
        response = client.request(call.method, call.path, content=call.payload(), headers=call.all_headers())
    except httpx.TransportError as gone:
        return Answer(0, failure=f"{type(gone).__name__}: {gone}")
    return Answer(response.status_code, response.content)


def succeed(client: httpx.Client, call: Call) -> Answer:
    """Send a call and return its right answer; one that may be repeated is, where a busy system asks for it.

    Raise CallFailed if it is refused or wrong.
    """
    for tries_left in range(TRIES - 1, -1, -1):
        answer = send(client, call)
        outcome, reason = judge(call, answer)
        if outcome is Outcome.SUCCESS:
            return answer
        if answer.status not in (429, 503) or call.method == "POST" or not tries_left:
            break
        sleep(PAUSE_S)
    said = answer.body[:200].decode(errors="replace")
    raise CallFailed(f"{call.operation} at {client.base_url}: {reason} {said}")
