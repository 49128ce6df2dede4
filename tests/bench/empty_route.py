"""An empty Flask route on a cheap server, in two processes: `python -m tests.bench.empty_route`.

It prints its base URL, then serves until its input ends. The monolith's server needs more processor time, so it would
use up two cores before the load generator does.
"""

import sys

from flask import Flask, Response
from gevent import fork, get_hub
from gevent.pywsgi import WSGIServer
from gevent.socket import IPPROTO_TCP, TCP_NODELAY, socket

PATH = "/empty"


def create_app() -> Flask:
    """Return the application."""
    app = Flask("empty")

    @app.get(PATH)
    def empty() -> Response:
        return Response("{}", mimetype="application/json")

    return app


def main() -> None:
    """Serve on a free port."""
    listener = socket()
    # Without it a body is sent only after its head is acknowledged, 40 ms later.
    listener.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
    listener.bind(("127.0.0.1", 0))
    listener.listen(1024)
    if fork():
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    server = WSGIServer(listener, create_app(), log=None)
    server.start()
    get_hub().threadpool.apply(sys.stdin.read)


if __name__ == "__main__":
    main()
