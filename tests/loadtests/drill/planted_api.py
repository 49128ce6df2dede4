"""A small API of posts, votes and orders with planted faults."""

import json
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from loadtests.calls.posts import POST_FIELDS

Json = dict[str, Any]
ORDER = {"status": "rejected", "reason": "post_not_found", "created_at": "2026-01-02T03:04:05.678Z"}


@dataclass(slots=True)
class Content:
    """What is stored, and the fault: which effect is wrong. refuse: the number of first writes that get 503."""

    fault: str = ""
    refuse: int = 0
    posts: dict[str, Json] = field(default_factory=dict)
    votes: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    orders: dict[str, Json] = field(default_factory=dict)
    lock: Any = field(default_factory=threading.Lock)

    def answer(self, method: str, path: str, token: str, key: str, body: Json) -> tuple[int, Json]:
        """Return the status and body of an answer."""
        with self.lock:
            if method != "GET" and self.posts and self.refuse:
                self.refuse -= 1
                return 503, {}
            match method, path.partition("?")[0].split("/")[1:]:
                case "POST", ["tokens"]:
                    body = {"access_token": body["username"]}
                case "POST", ["posts"]:
                    body = self._publish(body)
                case "GET", ["posts", id]:
                    score = sum(self.votes.values()) + (self.fault == "a lost vote")
                    return (200, {**self.posts[id], "score": score}) if id in self.posts else (404, {})
                case "PUT", ["posts", id, "vote"]:
                    self.votes[token] = body["value"]
                    return 200, {"post_id": id, **body}
                case "POST", ["orders"]:
                    body = self._place(key, body)
                case "GET", ["orders"]:
                    return 200, {"items": list(self.orders.values())[::-1], "next_cursor": None}
            return 201, body

    def _publish(self, body: Json) -> Json:
        post = {**dict.fromkeys(POST_FIELDS), "id": str(len(self.posts)), **body}
        if not self.posts or self.fault != "a lost post":
            self.posts[post["id"]] = post
        return post

    def _place(self, key: str, body: Json) -> Json:
        for _ in range(2 if self.fault == "a doubled order" else 1):
            order = {**ORDER, **body, "id": f"{len(self.orders):09}", "total_credits": 10}
            self.orders[order["id"]] = order
        return order


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    content: Content

    def do_GET(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "{}")
        token, key = self.headers.get("Authorization", "")[7:], self.headers.get("Idempotency-Key", "")
        status, answer = self.content.answer(self.command, self.path, token, key, body)
        content = json.dumps(answer).encode()
        self.send_response(status)
        if status == 503:
            self.send_header("Retry-After", "1")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_PUT = do_POST = do_GET  # noqa: N815 - the names that http.server looks for

    def log_message(self, *words: object) -> None:
        """Write no log."""


@contextmanager
def planted(content: Content) -> Iterator[str]:
    """Serve this content while the block lasts, and yield the URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Planted", (Handler,), {"content": content})) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
