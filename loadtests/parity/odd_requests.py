"""Generate random unusual requests, send each to both systems and compare the answers.

Paths, methods, framings, headers, handshakes and frames are drawn beyond what the tests of either side list. No request changes
what a later one sees, so each is compared alone. A failure names its request.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random

from loadtests.data.world import World
from loadtests.parity.raw_http import BINARY, CLOSE, PING, PONG, TEXT, Raw, exchange, frame, react, shake_hands
from loadtests.results import Parity
from loadtests.systems import contract

METHODS = (
    "GET", "GET", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW", "PROPFIND", "GETS",
)  # fmt: skip
SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE", "BREW", "PROPFIND", "GETS")
CONTENT_TYPES = (
    "application/json", "application/json", "Application/JSON; charset=UTF-8", "application/json; charset=latin-1", "text/plain",
    "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "image/png", "image/gif", "", "*/*",
)  # fmt: skip
NAMES = (
    "01ARZ3NDEKTSV4RRFFQ69G5FAV", "me", "ada", "nobody_here", "%C3%A9", "a%20b",
    "%00", "%0A", "%25", "%2e%2e", "..", "%FF%FE", "~", "a;b=c",
    "'", "%22", "leaderboard.css", "index.html", "published.json", "x" * 300, "%F0%9F%8C%8D", "a%2Bb", "a+b", "@",
    "$default", "*", "\xe9",
)  # fmt: skip
BODIES = (
    b"", b"{}", b"[]", b"null", b"{", b'{"title": 1}', b'{"value": 2}', b'{"value": true}', b'{"username": "x", "password": 1}',
    b'{"lines": []}', b'{"message": ""}', b'\xff\xfe{}', b'{"bio": "\\u0000"}', b"[" * 5_000, b'{"a": NaN}', b"{}" * 2,
    b'{"title": "x", "z": 1}',
)  # fmt: skip
QUERIES = (
    "", "", "?", "?limit=0", "?limit=2", "?limit=%EF%BC%91", "?limit=1&limit=x", "?cursor=x", "?q=", "?q=amber", "?author=a&tag=b",
    "?q=" + "x" * 7_000, "?q=" + "x" * 11_000, "?tag=%00", "?author=%FF", "?&&=&", "?a=%", "?limit=1;tag=x",
)  # fmt: skip
HEADERS = (
    ("X-Forwarded-For", "192.0.2.1"), ("X-HTTP-Method-Override", "DELETE"), ("If-Match", '"x", *'), ("If-Match", "x"),
    ("Accept", "text/xml"), ("Accept-Encoding", "br"), ("Cookie", "a=b; c"), ("Idempotency-Key", ""),
    ("Idempotency-Key", "caf\xe9"), ("Origin", "null"), ("Sec-Purpose", "prefetch"), ("X-Long", "x" * 8_000),
    ("X-Long", "x" * 11_000), ("X-Long", "x" * 15_000), ("Referer", "\xe9"), ("TE", "trailers"),
    ("Content-Encoding", "gzip"), ("Forwarded", "for=_x;host=evil"), ("User-Agent", ""), ("Content-Type", "text/plain"),
    ("Content-Type", "application/json"), ("Authorization", "Bearer x"), ("If_Match", "x"), ("Idempotency_Key", "x"),
)  # fmt: skip
SUBSCRIBE = json.dumps({"action": "subscribe", "topic": "posts"})
MESSAGES = (
    "", "{}", "null", SUBSCRIBE, '{"action": "$disconnect"}', "[" * 800, "x" * 2_000,
    '{"action": "subscribe", "topic": "post:x"}',
)  # fmt: skip
SHAKE = {
    "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}  # fmt: skip
ODD_HANDSHAKES: tuple[dict[str, str | None], ...] = (
    {}, {"Upgrade": "WebSocket"}, {"Connection": "keep-alive, upgrade"}, {"Connection": "close"}, {"Upgrade": "irc"},
    {"Upgrade": None}, {"Connection": None}, {"Sec-WebSocket-Version": "12"}, {"Sec-WebSocket-Version": None},
    {"Sec-WebSocket-Key": None}, {"Sec-WebSocket-Protocol": "mqtt"}, {"Sec-WebSocket-Extensions": "x-unknown"},
    {"Origin": "https://evil.example"},
)  # fmt: skip
_LEAKS = re.compile(rb"Traceback|File \"|/tmp/|/srv/|arn:aws|\.py\b|-files|<html|psycopg|botocore", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Target:
    """A system: its base URL, its live feed, and the ids and the token that requests may use."""

    url: str
    live_url: str
    token: str
    post: str


@dataclass(frozen=True, slots=True)
class Question:
    """An odd request. name: of it in a failure. ask: send it to a system and return the answer in words."""

    name: str
    ask: Callable[[Target], str]

    def answer(self, target: Target, *, attempts: int = 2) -> str:
        """Return the answer. Ask again after a time-out: on a busy machine a function can start too slowly."""
        try:
            return self.ask(target)
        except TimeoutError:
            return self.answer(target, attempts=attempts - 1) if attempts > 1 else "no answer"
        except OSError as error:
            return type(error).__name__


def compare_odd_requests(targets: Mapping[str, Target], *, count: int, seed: int) -> Parity:
    """Send `count` random requests to each system. Return those that the systems answer differently."""
    draw, parity = Random(seed), Parity()
    for _ in range(count):
        question = _draw_question(draw, live=all(target.live_url for target in targets.values()))
        answers = {name: question.answer(target) for name, target in targets.items()}
        parity.checks += 1
        if len(set(answers.values())) > 1:
            parity.failed.append(
                f"{question.name}: " + ", ".join(f"{answer} on {name}" for name, answer in answers.items())
            )
    return parity


def targets_of(urls: Mapping[str, str], live_urls: Mapping[str, str], worlds: Mapping[str, World]) -> dict[str, Target]:
    """Return the systems that were seeded with these worlds."""
    return {
        name: Target(url, live_urls.get(name, ""), worlds[name].accounts[0].token, worlds[name].posts[0].id)
        for name, url in urls.items()
    }


def _http(raw: Raw) -> Question:
    """Return a request to the HTTP API. `{post}` and `{token}` are replaced by each system's own."""

    def ask(target: Target) -> str:
        """Return the status, and the type of a problem that the service itself answers."""
        headers = tuple((name, value.replace("{token}", target.token)) for name, value in raw.headers)
        own = replace(raw, target=raw.target.replace("{post}", target.post), headers=headers)
        status, body = exchange(target.url, own)
        if status >= 400 and (leak := _LEAKS.search(body)):
            return f"{status} with {leak[0]!r}"
        # A gateway may answer a 401, 404, 413, 429 or 431 in its own words.
        return f"{status} {_reason(body)}" if status in (409, 412, 415, 422) else str(status)

    shown = ", ".join(f"{name}: {value[:40]!r}" for name, value in raw.headers)
    framing = "chunked" if raw.chunked else f"HTTP/{raw.version}"
    body = f"{raw.body[:40]!r} {len(raw.body)} bytes"
    return Question(f"{raw.method} {raw.target[:80]} [{shown}] {body}, {framing}", ask)


def _handshake(raw: Raw, *, live: bool) -> Question:
    """Return a handshake with the live feed, or on a path of the HTTP API."""
    where = "live" if live else raw.target
    name = f"handshake {raw.method} {where} {dict(raw.headers)} HTTP/{raw.version}"
    return Question(name, lambda target: str(shake_hands(target.live_url if live else target.url, raw)))


def _frames(name: str, sent: bytes) -> Question:
    """Return odd frames on a connection of the live feed, and then a subscription."""
    handshake, frames = Raw("GET", "", tuple(SHAKE.items())), sent + frame(SUBSCRIBE.encode())

    def ask(target: Target) -> str:
        return " ".join(react(target.live_url, handshake, frames, name=_kind, last="subscribed"))

    return Question(f"frames: {name}", ask)


def _draw_question(draw: Random, *, live: bool) -> Question:
    kind = draw.random() if live else 1.0
    if kind < 0.06:
        return _draw_frames(draw)
    return _draw_handshake(draw) if kind < 0.14 else _http(_draw_request(draw))


def _draw_request(draw: Random) -> Raw:
    method = draw.choice(METHODS)
    path = _draw_path(draw, own=method in SAFE_METHODS or method in ("PATCH", "PUT"))
    headers = [("Content-Type", draw.choice(CONTENT_TYPES))] if draw.random() < 0.7 else []
    if draw.random() < 0.7:
        token = draw.choice(("Bearer {token}",) * 6 + ("Bearer x.y.z", "Basic eDp5", "bearer {token}", "Bearer"))
        headers.append(("Authorization", token))
    if draw.random() < 0.3:
        # S3 answers a conditional request for a file itself.
        headers.append(draw.choice([each for each in HEADERS if method != "GET" or not each[0].startswith("If-")]))
    body = b"" if method in SAFE_METHODS and draw.random() < 0.8 else _draw_body(draw)
    chunked = bool(body) and draw.random() < 0.4
    version = "1.0" if not chunked and draw.random() < 0.05 else "1.1"
    return Raw(method, path + draw.choice(QUERIES), tuple(headers), body, chunked=chunked, version=version)


def _draw_body(draw: Random) -> bytes:
    body = draw.choice(BODIES)
    return body.ljust(draw.choice((65_536, 65_537, 70_000, 200_000))) if draw.random() < 0.15 else body


def _draw_path(draw: Random, *, own: bool) -> str:
    """Return a path of the contract, often changed in one place. own: it may name the system's post."""
    template = draw.choice(sorted(contract()["paths"]))
    path = re.sub(r"\{\w+\}", lambda _: draw.choice((*NAMES, *["{post}"] * 12) if own else NAMES), template)
    return draw.choice(_CHANGES)(path, draw) if draw.random() < 0.5 else path


def _encode_one(path: str, draw: Random) -> str:
    """Percent-encode one character of a path without placeholders."""
    at = draw.randrange(1, len(path)) if len(path) > 1 else 0
    return path if "{" in path else f"{path[:at]}%{ord(path[at]):02X}{path[at + 1 :]}"


_CHANGES: tuple[Callable[[str, Random], str], ...] = (
    lambda path, draw: draw.choice(("/", "//", "///")) + path,
    lambda path, draw: (
        path + draw.choice(("/", "//", "/x", "/.", "/..", "%2F", "%20", ".json", ";x=1", "%0A", "%00", "~"))
    ),
    lambda path, draw: path[0] + path[1:].replace("/", draw.choice(("//", "/./", "%2F", "%2f")), 1),
    lambda path, draw: path if "{" in path else path.title(),
    _encode_one,
    _encode_one,
    lambda path, draw: draw.choice(("/nowhere", "/$default", "/api", "/_aws", "/.env", "")) + path,
    lambda path, draw: path if "{" in path else path[:-1] or "/",
)


def _draw_handshake(draw: Random) -> Question:
    live = draw.random() < 0.7
    headers = {**SHAKE, **draw.choice(ODD_HANDSHAKES), **draw.choice(({}, {}, *ODD_HANDSHAKES))}
    sent = tuple((name, value) for name, value in headers.items() if value is not None)
    target = "" if live else draw.choice(("/posts", "/health", "/nowhere", "/users/me", "/site/index.html"))
    method, version = draw.choice(("GET", "GET", "GET", "POST", "PUT")), draw.choice(("1.1",) * 5 + ("1.0",))
    return _handshake(Raw(method, target, sent, version=version), live=live)


def _draw_frames(draw: Random) -> Question:
    text = draw.choice(MESSAGES)
    payload = text.encode()
    kinds = {
        f"text {text[:30]!r}": frame(payload),
        # The local AWS hands a binary frame on as text, so only an invalid message is an error on both sides.
        "binary": frame(b"{}", BINARY),
        "binary, not UTF-8": frame(b"\xff\x00", BINARY),
        f"fragments of {text[:30]!r}": frame(payload[:1], TEXT, first_byte=0) + frame(payload[1:], 0),
        "ping between fragments": frame(b"{", TEXT, first_byte=0) + frame(b"x", PING) + frame(b"}", 0),
        "ping": frame(b"x" * draw.choice((0, 1, 125)), PING),
        "pong": frame(b"", PONG),
        "a continuation of nothing": frame(b"x", 0),
        "text, not UTF-8": frame(b"\xff\xfe"),
        "a reserved bit": frame(payload, first_byte=0xC0),
        "a reserved opcode": frame(b"x", draw.choice((3, 7, 11, 15))),
        "not masked": frame(payload or b"x", masked=False),
        "a long ping": frame(b"x" * 126, PING),
        "a fragmented ping": frame(b"x", PING, first_byte=0),
        "close": frame(draw.choice((b"", b"\x03\xe8", b"\x03\xe9bye", b"\x0f\xa0")), CLOSE),
        "a bad close": frame(draw.choice((b"\x03", b"\x00\x00", b"\x03\xed", b"\x03\xe8\xff")), CLOSE),
    }
    name = draw.choice(list(kinds))
    return _frames(name, kinds[name])


def _kind(message: bytes) -> str:
    return str(json.loads(message)["type"])


def _reason(body: bytes) -> str:
    """Return the problem's type and the field that it names."""
    try:
        problem = json.loads(body)
        return f"{problem['type']} {[error['field'] for error in problem.get('errors', [])]}"
    except (ValueError, KeyError, TypeError):
        return "no problem document"
