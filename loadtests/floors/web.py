"""An empty Flask route, and one row by its primary key, with the monolith's server settings and database server.

`python -m loadtests.floors.web --database-url URL --run-dir DIR` serves until SIGTERM.
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
    """Return the application with both floors."""
    app = Flask("floors")

    @app.get("/floors/empty")
    def empty() -> Response:
        return Response("{}", mimetype="application/json")

    @app.get("/floors/row")
    def row() -> dict[str, str]:
        with engine.connect() as connection:
            row = connection.execute(select(rows).where(rows.c.id == "floor")).one()
        return {"id": row.id, "body": row.body}

    return app


def insert_row(engine: Engine) -> None:
    """Insert the row that the floor reads."""
    with engine.begin() as connection:
        rows.metadata.create_all(connection)
        connection.execute(insert(rows).values(id="floor", body="x" * 200).on_conflict_do_nothing())


def serve(make_app: Callable[[Engine], Flask], name: str) -> None:
    """Serve an application with the monolith's server settings, and write its URL into `<run-dir>/<name>.json`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--database-url", required=True)
    parser.add_argument("--run-dir", type=Path, required=True)
    options = parser.parse_args()
    listener = listen("127.0.0.1", FIRST_PORT)
    state = json.dumps({"url": f"http://127.0.0.1:{listener.getsockname()[1]}", "pid": os.getpid()})
    Server(
        make_app(connect(options.database_url, pool_size=THREADS)),  # connects in the workers, at their first request
        listener,
        workers=WORKERS,
        threads=THREADS,
        log=options.run_dir / f"{name}.log",
        ready=lambda: (options.run_dir / f"{name}.json").write_text(state, encoding="utf-8"),
    ).run()


if __name__ == "__main__":
    serve(create_app, "loadtests.floors.web")
