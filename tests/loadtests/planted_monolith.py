"""A monolith with a planted fault, as a system of its own: `python -m tests.loadtests.planted_monolith slower --run-dir DIR`.

slower: every handler takes a quarter longer than it did. wrong: what the load generator asks for is answered wrongly, and
nobody else, for the comparison's other checks come first.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

from loadtests.systems import System
from monolith import embedded_postgres
from monolith.app import create_app
from monolith.database import migrate
from monolith.live.routes import PATH as LIVE
from monolith.server import Server, listen
from monolith.settings import Settings, token_secret
from monolith.site.publication import prepare_site

FIRST_PORT = 8500
WORKERS = 2
MORE = 0.25  # of what the handler took
GENERATOR = "loadtests"  # what the load generator calls itself
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def system(fault: str) -> System:
    """Return the system with this fault."""
    return System("planted", (sys.executable, "-m", "tests.loadtests.planted_monolith", fault))


def slower(application: Application) -> Application:
    """Return an application whose every handler takes a quarter longer."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        began = perf_counter()
        body = application(environ, start_response)
        if environ["PATH_INFO"] != LIVE:  # a connection that lasts is no handler
            sleep(MORE * (perf_counter() - began))
        return body

    return answer


def wrong(application: Application) -> Application:
    """Return an application that answers every user's profile with somebody else's, under load."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if GENERATOR not in environ.get("HTTP_USER_AGENT", "") or not environ["PATH_INFO"].startswith("/users/"):
            return application(environ, start_response)
        start_response("200 OK", [("Content-Type", "application/json")])
        return [b'{"username": "somebody else"}']

    return answer


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("fault", choices=("slower", "wrong"))
    parser.add_argument("--run-dir", type=Path, required=True)
    asked = parser.parse_args()
    run_dir: Path = asked.run_dir.resolve()
    data = run_dir / "planted" / "postgres"
    (run_dir / "monolith").mkdir(exist_ok=True)  # where a monolith keeps its secret and its site
    try:
        _serve(run_dir, embedded_postgres.start(data).get_uri(), fault={"slower": slower, "wrong": wrong}[asked.fault])
    finally:
        embedded_postgres.stop(data)


def _serve(run_dir: Path, database_url: str, *, fault: Callable[[Application], Application]) -> None:
    migrate(database_url)
    secret, site = token_secret(os.environ, run_dir), prepare_site(run_dir / "monolith")
    settings = Settings(database_url=database_url, token_secret=secret, site=site)
    app, listener = create_app(settings), listen("127.0.0.1", FIRST_PORT)
    app.wsgi_app = fault(app.wsgi_app)
    known = {"url": f"http://127.0.0.1:{listener.getsockname()[1]}", "pid": os.getpid()}
    state = run_dir / "planted.json"
    Server(
        app,
        listener,
        workers=WORKERS,
        threads=settings.pool_size,
        live_clients=settings.live_clients,
        log=run_dir / "planted" / "server.log",
        ready=lambda: _tell(state, known),
    ).run()


def _tell(state: Path, known: dict[str, Any]) -> None:
    state.write_text(json.dumps(known))


if __name__ == "__main__":
    main()
