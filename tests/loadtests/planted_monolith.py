"""A monolith with a planted fault: `python -m tests.loadtests.planted_monolith slower --run-dir DIR`.

slower: every handler takes a quarter longer. wrong: only the load generator gets wrong answers, because the parity check comes
before the load.
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
from monolith.server import Server, listen
from monolith.settings import Settings, token_secret
from monolith.site.publication import prepare_site

FIRST_PORT = 8500
WORKERS = 2
MORE = 0.25  # of the handler's time
GENERATOR = "gevent-http-client"  # in the User-Agent of Locust's FastHttpUser
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def system(fault: str) -> System:
    """Return the system of this fault."""
    return System("planted", (sys.executable, "-m", "tests.loadtests.planted_monolith", fault))


def slower(application: Application) -> Application:
    """Return an application whose every handler takes a quarter longer."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        began = perf_counter()
        body = application(environ, start_response)
        sleep(MORE * (perf_counter() - began))
        return body

    return answer


def wrong(application: Application) -> Application:
    """Return an application that answers every profile request of the load generator with another user's profile."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if GENERATOR not in environ.get("HTTP_USER_AGENT", "") or not environ["PATH_INFO"].startswith("/users/"):
            return application(environ, start_response)
        start_response("200 OK", [("Content-Type", "application/json")])
        return [b'{"username": "somebody else"}']

    return answer


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("fault", choices=("slower", "wrong"))
    parser.add_argument("--run-dir", type=Path, required=True)
    options = parser.parse_args()
    run_dir: Path = options.run_dir.resolve()
    data = run_dir / "planted" / "postgres"
    (run_dir / "monolith").mkdir(exist_ok=True)  # for the secret and the site
    with embedded_postgres.running(data) as database_url:
        _serve(run_dir, database_url, fault={"slower": slower, "wrong": wrong}[options.fault])


def _serve(run_dir: Path, database_url: str, *, fault: Callable[[Application], Application]) -> None:
    migrate(database_url)
    secret, site = token_secret(os.environ, run_dir), prepare_site(run_dir / "monolith")
    settings = Settings(database_url=database_url, token_secret=secret, site=site)
    app, listener = create_app(settings), listen("127.0.0.1", FIRST_PORT)
    app.wsgi_app = fault(app.wsgi_app)
    state = {"url": f"http://127.0.0.1:{listener.getsockname()[1]}", "pid": os.getpid()}
    file = run_dir / "planted.json"
    Server(
        app,
        listener,
        workers=WORKERS,
        threads=settings.pool_size,
        log=run_dir / "planted" / "server.log",
        ready=lambda: file.write_text(json.dumps(state)),
    ).run()


if __name__ == "__main__":
    main()
