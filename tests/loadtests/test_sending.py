"""A call is sent once, over a kept connection where one still stands, and its whole answer is read."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from socket import create_server, socket
from ssl import PROTOCOL_TLS_SERVER, SSLContext

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from loadtests.load import BlockResult, LoadPlan
from loadtests.load_process import LoadProcess

RATE = 8.0  # so seldom that calls do not overlap on a machine that is held up for a moment
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@pytest.fixture
def tls(tmp_path: Path) -> SSLContext:
    """What a server of TLS needs: a key and a certificate of its own making."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]),
    )
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, datetime(2026, 1, 1), datetime(2126, 1, 1))
    pem = tmp_path / "server.pem"
    pem.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + made.sign(key, SHA256()).public_bytes(Encoding.PEM)
    )
    context = SSLContext(PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


@contextmanager
def answering(*parts: bytes, close: bool = False, tls: SSLContext | None = None) -> Iterator[tuple[str, list[bytes]]]:
    """Serve while the block lasts: each request is answered with these parts, and the connection closed or kept.

    Gives the base URL, and the requests so far: a new connection is an empty one.
    """
    heard: list[bytes] = []

    def serve(accepted: socket) -> None:
        heard.append(b"")
        with tls.wrap_socket(accepted, server_side=True) if tls else accepted as connection:
            while request := connection.recv(65_536):
                heard.append(request)
                for part in parts:
                    connection.sendall(part)
                if close:
                    return

    def accept() -> None:
        while True:
            try:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
            except OSError:
                return

    with create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield f"http{'s' if tls else ''}://127.0.0.1:{listener.getsockname()[1]}", heard


def asked(url: str, times: int = 5) -> BlockResult:
    """Ask so many times, one after the other."""
    with LoadProcess() as generator:
        return generator.run(
            LoadPlan(
                base_url=url,
                rate=RATE,
                duration_s=times / RATE,
                warm_up_s=0.0,
                seed="x",
                path="/?q=a+b",
                timeout_ms=500,
            )
        )


def test_a_deployed_system_is_asked_over_tls_and_its_connections_are_kept_too(tls: SSLContext) -> None:
    with answering(OK, tls=tls) as (url, heard):
        block = asked(url, times=20)
    assert (block.succeeded, block.reasons) == (20, {})
    assert heard.count(b"") <= 4  # a first handshake may take longer than the next call waits


def test_one_connection_serves_calls_that_do_not_overlap() -> None:
    with answering(OK) as (url, heard):
        block = asked(url)
    assert block.succeeded == 5
    assert heard.count(b"") == 1
    assert set(heard[1:]) == {f"GET /?q=a+b HTTP/1.1\r\nHost: {url[7:]}\r\nUser-Agent: loadtests\r\n\r\n".encode()}


def test_a_kept_connection_that_was_closed_meanwhile_is_no_error() -> None:
    with answering(OK, close=True) as (url, heard):
        block = asked(url)
    assert (block.succeeded, block.errors) == (5, 0)
    assert heard.count(b"") == 5


def test_a_call_that_got_no_answer_is_not_sent_again() -> None:
    with answering(close=True) as (url, heard):
        block = asked(url)
    assert (block.succeeded, block.errors, list(block.reasons)) == (0, 5, ["GET /?q=a+b: no connection"])
    assert len([request for request in heard if request]) == 5


@pytest.mark.parametrize(
    "parts",
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", b"1\r\n}\r\n0\r\n\r\n"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", OK),
        (OK[:10], OK[10:30], OK[30:]),
    ],
)
def test_an_answer_in_pieces_is_read_whole(parts: Sequence[bytes]) -> None:
    with answering(*parts) as (url, heard):
        block = asked(url)
    assert block.succeeded == 5
    assert heard.count(b"") == 1


@pytest.mark.parametrize("answer", [OK[:-1], b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Le"])
def test_an_answer_that_breaks_off_is_an_error(answer: bytes) -> None:
    with answering(answer, close=True) as (url, _):
        block = asked(url)
    assert (block.succeeded, block.errors) == (0, 5)


def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    with answering(b"HTTP/1.1 200 OK\r\n\r\n{}", close=True) as (url, _):
        assert asked(url).succeeded == 5


def test_an_answer_that_does_not_come_is_a_timeout() -> None:
    with answering(OK[:20]) as (url, heard):
        block = asked(url)
    assert list(block.reasons) == ["GET /?q=a+b: timeout"]
    assert len([request for request in heard if request]) == 5
