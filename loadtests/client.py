"""An HTTP client for everything but load: seeding, parity, freshness."""

from time import sleep

import httpx

from loadtests.calls.call import Answer, Call, Outcome, judge
from loadtests.errors import RunError
from loadtests.processes import is_remote

ATTEMPTS, PAUSE_S = 4, 1.0


class CallFailed(RunError):
    """A call of the comparison failed."""


def open_client(base_url: str) -> httpx.Client:
    """Return a client for one base URL. Threads may share it."""
    limits = httpx.Limits(max_connections=16)
    return httpx.Client(base_url=base_url.rstrip("/"), timeout=30, limits=limits, trust_env=is_remote(base_url))


def send(client: httpx.Client, call: Call) -> Answer:
    """Send a call and return its answer, whether it succeeded or not."""
    try:
        response = client.request(call.method, call.path, content=call.payload(), headers=call.all_headers())
    except httpx.TransportError as error:
        return Answer(0, failure=f"{type(error).__name__}: {error}")
    return Answer(response.status_code, response.content)


def succeed(client: httpx.Client, call: Call) -> Answer:
    """Send a call and return its successful answer. Raise CallFailed if it fails.

    A busy system's 429 or 503 is retried, except for POST, which is not idempotent.
    """
    for attempts_left in range(ATTEMPTS - 1, -1, -1):
        answer = send(client, call)
        outcome, reason = judge(call, answer)
        if outcome is Outcome.SUCCESS:
            return answer
        if answer.status not in (429, 503) or call.method == "POST" or not attempts_left:
            break
        sleep(PAUSE_S)
    body = answer.body[:200].decode(errors="replace")
    raise CallFailed(f"{call.operation} at {client.base_url}: {reason} {body}")
