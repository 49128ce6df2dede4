"""The live feed of one process: it disconnects slow clients and takes no request's thread."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO

import httpx
import pytest
from simple_websocket import Server

from monolith.concurrency_limit import ConcurrencyLimit
from monolith.live.client import MAX_QUEUED, Client, ReadingThread
from monolith.live.hub import Hub
from shared_domain.errors import NotAllowed, Unavailable
from shared_domain.live import MAX_TOPICS, LiveMessage
from tests.contract.client import Api, unique
from tests.contract.feed import Feed, post_published

from .programs import Program, sign_in

CLIENTS = 40
PATIENCE_S = 10.0
LONG_TEXT = "x" * 4_000  # some hundred of these are more than the socket buffers hold
HANDSHAKE = {
    "HTTP_HOST": "here",
    "HTTP_UPGRADE": "websocket",
    "HTTP_CONNECTION": "Upgrade",
    "HTTP_SEC_WEBSOCKET_KEY": "dGhlIHNhbXBsZSBub25jZQ==",
    "HTTP_SEC_WEBSOCKET_VERSION": "13",
}


def feed_of(running: Program, client: httpx.Client) -> Feed:
    return Feed(Api(client, patience=0), f"ws{running.url().removeprefix('http')}/live", patience=PATIENCE_S)


@contextmanager
def connected() -> Iterator[tuple[Client, socket.socket]]:
    """Yield a client of the feed on the server side, and the socket of the other side."""
    with ExitStack() as stack:
        here, there = (stack.enter_context(each) for each in socket.socketpair())
        yield Client(Server(HANDSHAKE | {"werkzeug.socket": here}, thread_class=ReadingThread)), there


@pytest.mark.live
def test_a_client_that_does_not_read_is_disconnected_and_the_others_receive_everything(running: Program) -> None:
    small_buffer = [(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)]
    with running.client() as writer:
        feed = feed_of(running, sign_in(writer, "wordy"))
        with feed.subscriber("posts", sockopt=small_buffer) as slow, feed.subscriber("posts") as reader:
            for _ in range(2 * MAX_QUEUED):
                title = unique("long") + "𝔘" * 180
                writer.post("/posts", json={"title": title, "body": "A body"}).raise_for_status()
                reader.wait_for(post_published(title))
            assert slow.is_disconnected()


@pytest.mark.live
def test_requests_are_answered_while_every_process_has_clients(running: Program) -> None:
    with running.client() as client, feed_of(running, client).subscribers(CLIENTS):
        assert {client.get("/health").status_code for _ in range(50)} == {200}


@pytest.mark.one_variant
@pytest.mark.live
@pytest.mark.parametrize("path", ["/live", "/live?x", "/live/"])
def test_an_http_request_for_the_feed_is_not_found(running: Program, path: str) -> None:
    with running.client() as client:
        assert client.get(path).status_code == 404


def test_a_client_that_disconnects_during_the_handshake_is_an_os_error() -> None:
    here, there = socket.socketpair()
    with here, there:
        served = Server(HANDSHAKE | {"werkzeug.socket": here}, thread_class=ReadingThread)
        there.close()
        served.thread.join(PATIENCE_S)
        with pytest.raises(OSError, match="Bad file descriptor"):
            Client(served)


def test_a_hub_limits_the_number_of_clients() -> None:
    hub = Hub(max_clients=1)
    with connected() as (first, _), connected() as (second, _):
        hub.join(first)
        with pytest.raises(Unavailable):
            hub.join(second)
        hub.leave(first)
        hub.join(second)
        hub.close()
        hub.leave(second)
        with pytest.raises(Unavailable):
            hub.join(first)


def test_a_hub_limits_the_topics_of_a_client() -> None:
    hub = Hub(max_clients=1)
    with connected() as (client, _):
        hub.join(client)
        for n in range(MAX_TOPICS):
            hub.subscribe(client, f"topic {n}")
        hub.subscribe(client, "topic 0")
        with pytest.raises(NotAllowed):
            hub.subscribe(client, "one more")


def test_sending_to_a_client_that_does_not_read_never_blocks_and_disconnects_it() -> None:
    hub = Hub(max_clients=1)
    with connected() as (client, peer):
        hub.join(client)
        hub.subscribe(client, "posts")
        with client.run_sender():
            for _ in range(MAX_QUEUED + 100):
                hub.publish(LiveMessage("posts", LONG_TEXT))
        peer.settimeout(PATIENCE_S)
        while peer.recv(1_000_000):  # the messages before the disconnect, then the end of the stream
            pass


def test_concurrent_requests_are_limited_and_the_live_feed_is_exempt() -> None:
    started, paths, finish = threading.Semaphore(0), [], threading.Event()

    def application(environ: dict[str, object], start_response: object) -> list[bytes]:
        paths.append(environ["PATH_INFO"])
        started.release()
        finish.wait(PATIENCE_S)
        return []

    limited = ConcurrencyLimit(application, limit=2, exempt_path="/live")  # type: ignore[arg-type]
    requests = [{"PATH_INFO": path, "wsgi.input": BytesIO()} for path in ["/posts"] * 5 + ["/live"] * 3]
    threads = [threading.Thread(target=limited, args=(environ, None)) for environ in requests]
    for thread in threads:
        thread.start()
    for _ in range(5):
        assert started.acquire(timeout=PATIENCE_S)
    assert not started.acquire(timeout=0.2)
    assert sorted(paths) == ["/live"] * 3 + ["/posts"] * 2
    finish.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert len(paths) == 8


def test_clients_that_send_a_body_slowly_delay_no_other_request() -> None:
    """A body is received before its request takes a slot, so any number of slow clients is harmless."""

    class Endless(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            reading.release()
            finish.wait(PATIENCE_S)
            return b""

    reading, finish = threading.Semaphore(0), threading.Event()
    limited = ConcurrencyLimit(lambda environ, start_response: [b"answered"], limit=2, exempt_path="/live")
    slow = [
        {"PATH_INFO": "/feedback", "CONTENT_LENGTH": length, "wsgi.input": Endless()}
        for length in ("9", "9", "2000000", "")
    ]
    threads = [threading.Thread(target=limited, args=(environ, None)) for environ in slow]
    for thread in threads:
        thread.start()
        assert reading.acquire(timeout=PATIENCE_S)
    assert limited({"PATH_INFO": "/health", "wsgi.input": BytesIO()}, None) == [b"answered"]  # type: ignore[arg-type]
    finish.set()
    for thread in threads:
        thread.join(PATIENCE_S)
