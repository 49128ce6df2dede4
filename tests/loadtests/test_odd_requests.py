"""The random odd requests of the parity check, on two small servers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from loadtests.parity.odd_requests import METHODS, Target, compare_odd_requests

Answer = Callable[[str, str], tuple[int, bytes]]


@contextmanager
def server(answer: Answer) -> Iterator[Target]:
    """Serve requests of any method while the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        def __getattr__(self, name: str) -> Any:
            if not name.startswith("do_"):
                raise AttributeError(name)
            return self._answer

        def _answer(self) -> None:
            status, body = answer(self.command, self.path)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        Thread(target=running.serve_forever, daemon=True).start()
        yield Target(f"http://127.0.0.1:{running.server_port}/base", "", "token", "01ARZ3NDEKTSV4RRFFQ69G5FAV")
        running.shutdown()


def refuse(method: str, path: str) -> tuple[int, bytes]:
    return 404, b""


def compared(first: Answer, second: Answer) -> list[str]:
    with server(first) as monolith, server(second) as microservices:
        return compare_odd_requests({"monolith": monolith, "microservices": microservices}, count=100, seed=1).failed


def test_a_request_that_one_system_answers_differently_is_named() -> None:
    failed = compared(refuse, lambda method, path: (405 if method == "BREW" else 404, b""))
    assert failed
    assert all(
        line.startswith("BREW /") and line.endswith(": 404 on monolith, 405 on microservices") for line in failed
    )


@pytest.mark.one_variant
@pytest.mark.parametrize("leak", [b"Traceback (most recent", b"/tmp/scratch", b"reference-site-files-0"])
def test_an_answer_that_names_what_is_private_is_a_difference(leak: bytes) -> None:
    assert compared(refuse, lambda method, path: (404, leak))


def test_every_method_and_framing_is_drawn() -> None:
    seen: set[str] = set()

    def note(method: str, path: str) -> tuple[int, bytes]:
        seen.add(method)
        assert path.startswith("/base/")
        return 404, b""

    assert compared(note, refuse) == []
    assert seen >= set(METHODS)
