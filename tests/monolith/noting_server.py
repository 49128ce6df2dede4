"""`python -m tests.monolith.noting_server FILE`: the monolith's server around an application that does nothing but background
jobs. One that will not come round again while a test lasts notes each time it runs as a line of the file; the other fails."""

import sys
from pathlib import Path

from flask import Flask

from monolith.background import Background
from monolith.server import Server, listen

PORT = 5290
NEVER_S = 3600.0


def main(notes: Path) -> None:
    background = Background()
    background.run_every(NEVER_S, lambda: _note(notes))
    background.run_every(0.01, _fail)
    app = Flask(__name__)
    app.extensions["background"] = background
    listener = listen("127.0.0.1", PORT)
    log = notes.with_suffix(".log")
    Server(app, listener, workers=2, threads=1, log=log, ready=lambda: print("ready", flush=True)).run()


def _note(notes: Path) -> None:
    with notes.open("a") as file:
        file.write("ran\n")


def _fail() -> None:
    raise RuntimeError("as it should")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
