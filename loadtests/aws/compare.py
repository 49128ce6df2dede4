"""`aws compare`: the comparison of what was deployed, from a load generator that is near it."""

import socket
from collections.abc import Sequence
from statistics import median
from time import perf_counter
from urllib.parse import urlsplit

from loadtests.aws.stacks import MICROSERVICES, MONOLITH
from loadtests.errors import UsageError
from loadtests.systems import SystemFailed
from microservices.deploy.deployment import Deployment

CONNECTIONS = 5
NEAR_MS = 10.0  # of a new connection. Within a region it takes about 1 ms
OUTPUTS = {  # of a side: the stack, the output, and the option of `compare` that takes it
    MICROSERVICES: (("platform", "ApiBase", "--microservices-url"), ("live", "LiveUrl", "--microservices-live-url")),
    MONOLITH: (("monolith", "Url", "--monolith-url"),),
}


def urls(deployment: Deployment, sides: Sequence[str]) -> dict[str, str]:
    """Return the URLs of the deployed sides by the option of `compare` that takes each. Raise UsageError if one is not deployed."""
    known = {}
    for stack, output, option in (each for side in sides for each in OUTPUTS[side]):
        name = deployment.stack_name(stack)
        if deployment.stacks.status(name) is None:
            raise UsageError(f"{name} is not deployed: run aws deploy, or give the --side that is")
        known[option] = deployment.outputs(stack)[output]
    return known


def require_near(urls: Sequence[str]) -> float:
    """Return the milliseconds of a connection to the farthest URL. Raise UsageError if it is far: that hides differences."""
    farthest = max(_connect_ms(url) for url in urls)
    if farthest > NEAR_MS:
        raise UsageError(
            f"a connection takes {farthest:.0f} ms from here, over {NEAR_MS:g} ms: run this in the region, or give --far"
        )
    return farthest


def _connect_ms(url: str) -> float:
    """Return the median time of a new connection, which is one round trip."""
    parts = urlsplit(url)
    address = (parts.hostname, parts.port or (443 if parts.scheme in ("https", "wss") else 80))
    times = []
    for _ in range(CONNECTIONS):
        start = perf_counter()
        try:
            socket.create_connection(address, timeout=5).close()
        except OSError as error:
            raise SystemFailed(f"no system answers at {url}: {error}") from error
        times.append((perf_counter() - start) * 1000)
    return median(times)
