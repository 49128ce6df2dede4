"""An empty Flask route, and one row by its primary key, on the monolith's server settings and database server.

`python -m loadtests.floors.web --database-url URL --state FILE` serves until told to stop.
"""

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path

from flask import Flask, Response
from sqlalchemy import Column, Engine, MetaData, String, Table, select
from sqlalchemy.dialects.postgresql import insert

from monolith.database import connect
from monolith.server import Server, listen

WORKERS, THREADS = 2, 4  # the monolith's defaults
FIRST_PORT = 8400
rows = Table("floor_rows", MetaData(), Column("id", String, primary_key=True), Column("body", String))


def create_app(engine: Engine) -> Flask:
    """Return an application of the two floors."""
    app = Flask("floors")

    @app.get("/floors/empty")
    def empty() -> Response:
        return Response("{}", mimetype="application/json")

    @app.get("/floors/row")
    def row() -> dict[str, str]:
        with engine.connect() as connection:
            found = connection.execute(select(rows).where(rows.c.id == "floor")).one()
        return {"id": found.id, "body": found.body}

    return app


def with_row(engine: Engine) -> None:
    """Put the row to read into the database."""
    with engine.begin() as connection:
        rows.metadata.create_all(connection)
        connection.execute(insert(rows).values(id="floor", body="x" * 200).on_conflict_do_nothing())


def served(make_app: Callable[[Engine], Flask]) -> None:
    """Serve an application on the monolith's server settings; the command line names the database and the state file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--database-url", required=True)
    parser.add_argument("--state", type=Path, required=True)
    asked = parser.parse_args()
    listener = listen("127.0.0.1", FIRST_PORT)
    known: dict[str, object] = {"url": f"http://127.0.0.1:{listener.getsockname()[1]}", "pid": os.getpid()}
    Server(
        make_app(connect(asked.database_url, pool_size=THREADS)),  # connects in the workers, with their first request
        listener,
        workers=WORKERS,
        threads=THREADS,
        log=asked.state.with_suffix(".log"),
        ready=lambda: _tell(asked.state, known),
    ).run()


def _tell(state: Path, known: dict[str, object]) -> None:
    state.write_text(json.dumps(known))


if __name__ == "__main__":
    served(create_app)
