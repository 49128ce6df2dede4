"""Run the monolith's server with two background tasks and no routes: `python -m tests.monolith.task_server FILE`.

The first task appends a line to FILE whenever it runs; its interval is longer than the test. The second task always fails.
"""

import sys
from pathlib import Path

from flask import Flask

from monolith.background import Background
from monolith.server import Server, listen

PORT = 5290
LONG_INTERVAL_S = 3600.0


def main(file: Path) -> None:
    background = Background()
    background.run_every(LONG_INTERVAL_S, lambda: _append_line(file))
    background.run_every(0.01, _fail)
    app = Flask(__name__)
    app.extensions["background"] = background
    listener = listen("127.0.0.1", PORT)
    log = file.with_suffix(".log")
    Server(app, listener, workers=2, threads=1, log=log, ready=lambda: print("ready", flush=True)).run()


def _append_line(file: Path) -> None:
    with file.open("a") as opened:
        opened.write("ran\n")


def _fail() -> None:
    raise RuntimeError("a planted failure")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
