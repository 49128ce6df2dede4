"""The system does not start on a local AWS that enforces no IAM: tests of permissions would prove nothing there."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from microservices.deploy.emulator import CannotStart, Emulator, wait_until_healthy


@contextmanager
def health_page(page: dict[str, str]) -> Iterator[str]:
    """Serve a health page on loopback; yield its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(page).encode())

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as running:
        yield running


@pytest.mark.parametrize(("page", "starts"), [({"auth": "enabled"}, True), ({"auth": "disabled"}, False), ({}, False)])
def test_the_start_fails_unless_the_health_page_reports_that_iam_is_enforced(
    process: subprocess.Popen[bytes], tmp_path: Path, page: dict[str, str], starts: bool
) -> None:
    log = tmp_path / "local-aws.log"
    log.write_text("Running on a port")
    with health_page(page) as endpoint:
        running = Emulator(endpoint, process, log)
        if starts:
            wait_until_healthy(running)
        else:
            with pytest.raises(CannotStart, match="does not enforce IAM"):
                wait_until_healthy(running)
