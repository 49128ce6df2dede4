"""Sends calls, over connections that are kept between them: those of geventhttpclient, which Locust's fast user stands on."""

from collections.abc import Callable
from urllib.parse import urlsplit

from geventhttpclient.client import HTTPClient
from geventhttpclient.response import HTTPParseError

from loadtests.calls import Answer, Call
from loadtests.plan import Plan

Send = Callable[[Call], Answer]


def sender(plan: Plan) -> Send:
    """Return a function that sends a call and returns its answer."""
    timeout_s = plan.patience_ms / 1000
    client = HTTPClient.from_url(
        plan.base_url, concurrency=plan.in_flight, network_timeout=timeout_s, connection_timeout=timeout_s
    )
    before = urlsplit(plan.base_url).path.rstrip("/")

    def send(call: Call) -> Answer:
        try:
            response = client.request(call.method, before + call.path, body=call.payload(), headers=call.all_headers())
            return Answer(response.get_code(), response.read())
        except TimeoutError:
            return Answer(0, failure="timeout")
        except (OSError, HTTPParseError):
            return Answer(0, failure="no connection")

    return send
