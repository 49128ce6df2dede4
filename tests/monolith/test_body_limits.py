"""Bodies over a limit are a 413 whatever their framing, and the connection stays usable or is closed as announced."""

from collections.abc import Iterator

import httpx
import pytest

from .programs import Program

pytestmark = pytest.mark.live

KIB = 1024
FORM = {"Content-Type": "application/json"}


def chunks(size: int) -> Iterator[bytes]:
    for _ in range(size // KIB):
        yield b" " * KIB
    yield b" " * (size % KIB)


@pytest.mark.parametrize("framing", ["a length", "chunks"])
@pytest.mark.parametrize("size", [64 * KIB + 1, 2 * KIB * KIB, 4 * KIB * KIB])
def test_a_body_over_the_limit_is_a_413_and_its_connection_stays_usable(
    running: Program, framing: str, size: int
) -> None:
    content = chunks(size) if framing == "chunks" else b" " * size
    with httpx.Client(base_url=running.url(), limits=httpx.Limits(max_connections=1), timeout=20) as client:
        for _ in range(2):
            with client.stream("POST", "/users", content=content, headers=FORM) as refused:
                peer = refused.extensions["network_stream"].get_extra_info("client_addr")
                assert refused.status_code == 413
                assert "Connection" not in refused.headers
                refused.read()
            content = b" " * size
        with client.stream("GET", "/health") as answered:
            assert answered.extensions["network_stream"].get_extra_info("client_addr") == peer


@pytest.mark.parametrize("framing", ["a length", "chunks"])
def test_a_body_that_is_not_read_to_its_end_is_a_413_that_announces_the_close(running: Program, framing: str) -> None:
    size = 24 * KIB * KIB
    content = chunks(size) if framing == "chunks" else b" " * size
    with running.client() as client:
        refused = client.post("/users", content=content, headers=FORM)
        assert (refused.status_code, refused.headers["Connection"]) == (413, "close")
        assert client.get("/health").status_code == 200
