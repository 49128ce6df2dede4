"""The live feed of one process: it ends with the process, cuts off who does not read, and leaves requests their threads."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from simple_websocket import Server

from monolith import embedded_postgres
from monolith.concurrency_limit import ConcurrencyLimit
from monolith.live.client import MAX_QUEUED, Client, ReadingThread
from monolith.live.hub import Hub
from shared_domain.errors import NotAllowed, Unavailable
from shared_domain.live import MAX_TOPICS, LiveMessage
from tests.contract.client import Api, unique
from tests.contract.feed import Feed, Listener, post_published

from .programs import WORKERS, Program, nothing_left, program, signed_in, within

CLIENTS = 40
PATIENCE_S = 10.0
A_MEGABYTE = "x" * 4_000  # each; more waits than buffers hold, long before there are so many
GREETING = {
    "HTTP_HOST": "here",
    "HTTP_UPGRADE": "websocket",
    "HTTP_CONNECTION": "Upgrade",
    "HTTP_SEC_WEBSOCKET_KEY": "dGhlIHNhbXBsZSBub25jZQ==",
    "HTTP_SEC_WEBSOCKET_VERSION": "13",
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with program(tmp_path_factory.mktemp("live")) as started:
        yield started


def feed_of(running: Program, client: httpx.Client) -> Feed:
    return Feed(Api(client, patience=0), f"ws{running.url().removeprefix('http')}/live", patience=PATIENCE_S)


@contextmanager
def connected() -> Iterator[tuple[Client, socket.socket]]:
    """Give a client of the feed as a server has it, and the other end of its line."""
    with ExitStack() as opened:
        here, there = (opened.enter_context(each) for each in socket.socketpair())
        yield Client(Server(GREETING | {"werkzeug.socket": here}, thread_class=ReadingThread)), there


@pytest.mark.live
@pytest.mark.parametrize("ending", ["SIGTERM", "Ctrl-C"])
def test_an_end_tells_every_client_and_waits_for_none(tmp_path: Path, ending: str) -> None:
    with program(tmp_path) as running, running.client() as client:
        with feed_of(running, client).listeners(CLIENTS, "posts") as clients:
            running.process.terminate() if ending == "SIGTERM" else running.interrupt()
            codes = [int.from_bytes(each.socket.recv_data()[1], "big") for each in clients]
            assert codes == [1001] * CLIENTS
            assert running.ended() == 0
        assert within(20, lambda: not running.left()), running.left()


@pytest.mark.live
def test_a_client_that_does_not_read_is_cut_off_and_the_others_hear_everything(running: Program) -> None:
    small = [(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)]
    with running.client() as writer:
        feed = feed_of(running, signed_in(writer, "wordy"))
        with feed.listener("posts", sockopt=small) as deaf, feed.listener("posts") as reads:
            for _ in range(2 * MAX_QUEUED):
                title = unique("long") + "𝔘" * 180
                writer.post("/posts", json={"title": title, "body": "A body"}).raise_for_status()
                reads.wait_for(post_published(title))
            assert deaf.is_disconnected()


@pytest.mark.live
def test_clients_hear_again_after_the_database_was_away(tmp_path: Path) -> None:
    with nothing_left(tmp_path), program(tmp_path) as running, running.client() as client:
        signed_in(client, "writer")
        with feed_of(running, client).listeners(WORKERS * 4, "posts") as clients:
            embedded_postgres.stop(tmp_path / "monolith" / "postgres")
            embedded_postgres.start(tmp_path / "monolith" / "postgres")
            assert within(2 * PATIENCE_S, lambda: all(_hears_again(client, each) for each in clients))


def _hears_again(client: httpx.Client, listener: Listener) -> bool:
    """Publish a post, if the server can; tell whether the listener hears anything."""
    client.post("/posts", json={"title": "Again", "body": "A body"})
    return bool(listener.receive_rest(seconds=0.2))


@pytest.mark.live
def test_requests_are_answered_though_every_process_has_clients(running: Program) -> None:
    with running.client() as client, feed_of(running, client).listeners(CLIENTS):
        assert {client.get("/health").status_code for _ in range(50)} == {200}


@pytest.mark.live
@pytest.mark.parametrize("path", ["/live", "/live?x", "/live/"])
def test_the_feed_is_no_page(running: Program, path: str) -> None:
    with running.client() as client:
        assert client.get(path).status_code == 404


def test_a_client_that_is_gone_before_it_is_here_is_an_os_error() -> None:
    here, there = socket.socketpair()
    with here, there:
        served = Server(GREETING | {"werkzeug.socket": here}, thread_class=ReadingThread)
        there.close()
        served.thread.join(PATIENCE_S)
        with pytest.raises(OSError, match="Bad file descriptor"):
            Client(served)


def test_a_hub_has_so_much_room_and_no_more() -> None:
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


def test_a_hub_lets_nobody_listen_to_everything() -> None:
    hub = Hub(max_clients=1)
    with connected() as (client, _):
        hub.join(client)
        for n in range(MAX_TOPICS):
            hub.subscribe(client, f"topic {n}")
        hub.subscribe(client, "topic 0")
        with pytest.raises(NotAllowed):
            hub.subscribe(client, "one more")


def test_telling_a_client_that_does_not_read_takes_no_time_and_ends_it() -> None:
    hub = Hub(max_clients=1)
    with connected() as (client, line):
        hub.join(client)
        hub.subscribe(client, "posts")
        with client.run_sender():
            for _ in range(MAX_QUEUED + 100):
                hub.publish(LiveMessage("posts", A_MEGABYTE))
        line.settimeout(PATIENCE_S)
        while line.recv(1_000_000):  # what was sent before it was cut off, and then the end
            pass


def test_so_many_requests_run_at_a_time_and_the_feed_is_not_counted() -> None:
    inside, most, free = threading.Semaphore(0), [], threading.Event()

    def application(environ: dict[str, object], start_response: object) -> list[bytes]:
        most.append(environ["PATH_INFO"])
        inside.release()
        free.wait(PATIENCE_S)
        return []

    turns = ConcurrencyLimit(application, limit=2, exempt_path="/live")  # type: ignore[arg-type]
    asked = [{"PATH_INFO": path, "wsgi.input": BytesIO()} for path in ["/posts"] * 5 + ["/live"] * 3]
    threads = [threading.Thread(target=turns, args=(environ, None)) for environ in asked]
    for thread in threads:
        thread.start()
    for _ in range(5):
        assert inside.acquire(timeout=PATIENCE_S)
    assert not inside.acquire(timeout=0.2)
    assert sorted(most) == ["/live"] * 3 + ["/posts"] * 2
    free.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert len(most) == 8


def test_who_sends_a_body_slowly_holds_up_nobody() -> None:
    """However many there are of them: a body is received before its request takes one of the turns."""

    class Endless(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            asked.release()
            ended.wait(PATIENCE_S)
            return b""

    asked, ended = threading.Semaphore(0), threading.Event()
    turns = ConcurrencyLimit(lambda environ, start_response: [b"answered"], limit=2, exempt_path="/live")
    slow = [
        {"PATH_INFO": "/feedback", "CONTENT_LENGTH": length, "wsgi.input": Endless()}
        for length in ("9", "9", "2000000", "")
    ]
    threads = [threading.Thread(target=turns, args=(environ, None)) for environ in slow]
    for thread in threads:
        thread.start()
        assert asked.acquire(timeout=PATIENCE_S)
    assert turns({"PATH_INFO": "/health", "wsgi.input": BytesIO()}, None) == [b"answered"]  # type: ignore[arg-type]
    ended.set()
    for thread in threads:
        thread.join(PATIENCE_S)
