"""A bare Flask application to compare the monolith with: one file, the ORM, no rules, no token, no contract.

It is written as in a tutorial, with the monolith's server settings, database server and a table like the monolith's.
`python -m tests.bench.bare_app --database-url URL --state FILE` serves until SIGTERM.
"""

from datetime import UTC, datetime
from typing import Any

from flask import Flask, jsonify, request
from sqlalchemy import ARRAY, Engine, Text, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from ulid import ULID

from loadtests.floors.web import serve
from monolith.posts.store import POSTS
from monolith.search.store import SEARCH_INDEX

PAGE = 20
SEARCH = text(
    f"SELECT p.id, p.author, p.title, p.body, p.tags, p.score, p.created_at, p.updated_at FROM {SEARCH_INDEX.name} s "  # noqa: S608 - two table names
    f"JOIN {POSTS.name} p ON p.id = s.post_id WHERE s.weights ?& :terms "
    "ORDER BY (s.weights->>:first)::int + (s.weights->>:second)::int DESC, s.post_id DESC LIMIT :limit"
)


class Base(DeclarativeBase):
    """The declarative base of SQLAlchemy's ORM."""


class Post(Base):
    """A post with the monolith's columns."""

    __tablename__ = "bare_posts"
    id: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    author: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text))
    score: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


COLUMNS = [column.name for column in Post.__table__.columns]


def create_app(engine: Engine) -> Flask:
    """Return the application."""
    app = Flask("bare")

    @app.get("/posts/<post_id>")
    def read_post(post_id: str) -> Any:
        with Session(engine) as session:
            return jsonify(to_json(session.get_one(Post, post_id)))

    @app.get("/posts")
    def list_posts() -> Any:
        with Session(engine) as session:
            posts = session.query(Post).order_by(Post.id.desc()).limit(PAGE).all()
            return jsonify(items=[to_json(post) for post in posts])

    @app.post("/posts")
    def publish() -> Any:
        now = datetime.now(UTC)
        with Session(engine) as session:
            post = Post(
                id=str(ULID()), author="somebody", created_at=now, updated_at=now, score=0, **request.get_json()
            )
            session.add(post)
            session.commit()
            return jsonify(to_json(post)), 201

    @app.get("/search")
    def search() -> Any:
        terms = request.args["q"].split()
        with engine.connect() as connection:
            parameters = {"terms": terms, "first": terms[0], "second": terms[1], "limit": PAGE}
            rows = connection.execute(SEARCH, parameters).mappings().all()
        return jsonify(items=[{**row, **_times(row)} for row in rows])

    return app


def to_json(post: Post) -> dict[str, Any]:
    """Return a post as JSON."""
    row = {name: getattr(post, name) for name in COLUMNS}
    return {**row, **_times(row)}


def _times(row: Any) -> dict[str, str]:
    return {name: row[name].isoformat() for name in ("created_at", "updated_at")}


def with_posts(engine: Engine) -> None:
    """Copy the monolith's posts into the bare table."""
    names = ", ".join(COLUMNS)
    with engine.begin() as connection:
        Base.metadata.create_all(connection)
        connection.execute(text(f"INSERT INTO bare_posts ({names}) SELECT {names} FROM {POSTS.name}"))  # noqa: S608


if __name__ == "__main__":
    serve(create_app, "tests.bench.bare_app")
