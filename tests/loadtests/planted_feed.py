"""A small system whose live feed has planted faults, and live load on it."""

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from flask import Flask, request
from flask_sock import Sock
from simple_websocket import ConnectionClosed
from werkzeug.serving import make_server

from loadtests.data.world import Account, World
from loadtests.load import LIVE, BlockResult, LoadPlan
from loadtests.load_process import LoadProcess

AT = "2026-01-02T03:04:05.678Z"
Copies = Callable[[dict[str, Any], int], int]  # number of copies of a message for a subscriber; 1 is correct


@dataclass
class Feed:
    """The subscribers of each topic, and how often each gets a message."""

    copies: Copies
    subscribers: dict[str, list[tuple[int, Any]]] = field(default_factory=lambda: defaultdict(list))
    scores: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    numbers: Iterator[int] = field(default_factory=count)

    def publish(self, topic: str, message: dict[str, Any]) -> None:
        for number, socket in list(self.subscribers[topic]):
            for _ in range(self.copies(message, number) if socket.connected else 0):
                socket.send(json.dumps(message))


def application(feed: Feed) -> Flask:
    app = Flask("planted")

    @app.post("/posts")
    def publish() -> tuple[dict[str, Any], int]:
        post = {
            "id": f"P{next(feed.numbers)}", "author": "ada", "score": 0, "boosted_until": None, "created_at": AT,
            "updated_at": AT, **request.get_json(),
        }  # fmt: skip
        feed.publish("posts", {"type": "post.published", "post": {"id": post["id"]}})
        return post, 201

    @app.put("/posts/<post_id>/vote")
    def cast(post_id: str) -> dict[str, Any]:
        feed.scores[post_id] += 1
        feed.publish(f"post:{post_id}", {"type": "tally.changed", "post_id": post_id, "score": feed.scores[post_id]})
        return {"post_id": post_id, **request.get_json()}

    @Sock(app).route("/live")
    def live(socket: Any) -> None:
        number = next(feed.numbers)
        try:
            while True:
                topic = json.loads(socket.receive())["topic"]
                socket.send(json.dumps({"type": "subscribed", "topic": topic}))
                feed.subscribers[topic].append((number, socket))
        except ConnectionClosed:
            return

    return app


@contextmanager
def feeding(copies: Copies) -> Iterator[str]:
    """Serve while the block lasts. Yield the base URL."""
    server = make_server("127.0.0.1", 0, application(Feed(copies)), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def live_block(generator: LoadProcess, copies: Copies) -> BlockResult:
    """Return the result of one block of live load: 5 posts and 5 votes, 8 subscribers."""
    return live_blocks(generator, copies, blocks=1)[0]


def live_blocks(generator: LoadProcess, copies: Copies, *, blocks: int) -> list[BlockResult]:
    """Return the results of several blocks in a row."""
    world = World(tuple(Account(f"user_{number}", "token") for number in range(4)), ())
    with feeding(copies) as url:
        live_url = url.replace("http", "ws") + "/live"
        plan = LoadPlan(
            base_url=url, live_url=live_url, scenario=LIVE, subscribers=8, world=world, rate=10.0, duration_s=1.0,
            warm_up_s=0.0, seed="test", timeout_ms=1_000.0,
        )  # fmt: skip
        return [generator.run(plan) for _ in range(blocks)]
