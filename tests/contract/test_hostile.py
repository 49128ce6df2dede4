"""Hostile requests, sent byte by byte over a socket: both running systems refuse them with the same status."""

import json
import socket
from dataclasses import dataclass

import httpx
import pytest

from loadtests.parity.raw_http import receive_all

from .client import Api, Person
from .openapi import LEAKS

pytestmark = pytest.mark.live

WAIT_S = 15
POST = "/posts/01ARZ3NDEKTSV4RRFFQ69G5FAV"
PROFILE = ("PATCH", "/users/me")
LINE = {"sku": "boost-1d", "post_id": "nowhere", "quantity": 1}


@dataclass(frozen=True, slots=True)
class Hostile:
    """A raw request. `{token}` in a header is replaced by the sender's token."""

    method: str
    path: str
    headers: tuple[str, ...] = ()
    body: bytes = b""
    length: int | None = None  # a wrong Content-Length


def _json_request(method: str, path: str, body: object, *headers: str) -> Hostile:
    """Return a request with a JSON body and a token."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Hostile(method, path, ("Authorization: Bearer {token}", "Content-Type: application/json", *headers), content)


def _order(body: object, *headers: str) -> Hostile:
    """Return an order, with an idempotency key unless the headers have one."""
    return _json_request("POST", "/orders", body, *(headers or ("Idempotency-Key: hostile",)))


def _nested(depth: int) -> bytes:
    return b'{"bio": ' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"


SAME_STATUS = {
    "a double-encoded id": Hostile("GET", "/posts/%252e%252e%252fhealth"),
    "a NUL in an id": Hostile("GET", "/posts/a%00b"),
    "a NUL in a username": Hostile("GET", "/users/ada%00"),
    "an id of dots": Hostile("GET", "/posts/..."),
    "an id that is SQL": Hostile("GET", "/posts/'%20OR%20'1'='1"),
    "an id of 2,000 characters": Hostile("GET", "/posts/" + "A" * 2_000),
    "an emoji for a username": Hostile("GET", "/users/%F0%9F%8C%8D"),
    "a username that is no UTF-8": Hostile("GET", "/users/%FF%FE"),
    "a matrix parameter": Hostile("GET", "/users/ada;admin=1"),
    "a limit in full-width digits": Hostile("GET", "/posts?limit=%EF%BC%91"),
    "a limit with a sign": Hostile("GET", "/posts?limit=%2B5"),
    "200 combining characters": Hostile("GET", "/search?q=" + "%CC%81" * 200),
    "a term and 199 combining characters": Hostile("GET", "/search?q=a" + "%CC%81" * 199),
    "a ligature that NFKC makes long": Hostile("GET", "/search?q=" + "%EF%B7%BA" * 200),
    "a query of percent signs": Hostile("GET", "/search?q=%&limit=%"),
    "a query of ampersands": Hostile("GET", "/search?&&&=&q=needle&==&"),
    "500 parameters": Hostile("GET", "/posts?" + "&".join(f"a{n}={n}" for n in range(500))),
    "200 Korean syllables in pieces": Hostile("GET", "/search?limit=100&q=" + "%E1%84%92%E1%85%A1%E1%86%AB" * 200),
    "a header that hides another": Hostile(
        "PATCH", POST, ("Authorization: Bearer {token}", "Content-Type: application/json", 'If-Match: "a", "b'), b"{}"
    ),
    "an If-Match of commas": _json_request("PATCH", POST, {}, "If-Match: " + "," * 3_000),
    "an If-Match of quotes": _json_request("PATCH", POST, {}, "If-Match: " + '"' * 3_001),
    "an If-Match in latin-1": _json_request("PATCH", POST, {}, 'If-Match: "\xe9\xff"'),
    "a lower-case scheme": Hostile("GET", "/users/me", ("Authorization: bearer {token}",)),
    "a shouted scheme": Hostile("GET", "/users/me", ("Authorization: BEARER {token}",)),
    "two spaces before the token": Hostile("GET", "/users/me", ("Authorization: Bearer  {token}",)),
    "a token with a space in it": Hostile("GET", "/users/me", ("Authorization: Bearer a b",)),
    "a token in latin-1": Hostile("GET", "/users/me", ("Authorization: Bearer \xe9\xff",)),
    "a comma after the token": Hostile("GET", "/users/me", ("Authorization: Bearer {token},",)),
    "a method in a header": Hostile("GET", POST, ("X-HTTP-Method-Override: DELETE", "X-Method: DELETE")),
    "another host": Hostile("GET", "/health", ("X-Forwarded-Host: evil.example", "X-Forwarded-Proto: gopher")),
    "another path in a header": Hostile("GET", "/posts", ("X-Original-URL: /users/me", "X-Rewrite-URL: /users/me")),
    "a user in a header": Hostile("GET", "/users/me", ("X-Amzn-Oidc-Identity: ada", "X-User: ada", "Cookie: u=ada")),
    "__proto__": _json_request(*PROFILE, b'{"__proto__": {"credits": 1000}}'),
    "a constructor": _json_request(*PROFILE, b'{"constructor": {"prototype": {"credits": 1}}}'),
    "an integer of 401 digits": _json_request("PUT", f"{POST}/vote", b'{"value": 1' + b"0" * 400 + b"}"),
    "a float of 401 digits": _json_request("PUT", f"{POST}/vote", b'{"value": 1.' + b"0" * 400 + b"}"),
    "an exponent beyond all": _json_request("PUT", f"{POST}/vote", b'{"value": 1e400000}'),
    "nesting of 200": _json_request(*PROFILE, _nested(200)),
    "nesting of 10,000": _json_request(*PROFILE, _nested(10_000)),
    "a lone surrogate": _json_request(*PROFILE, rb'{"bio": "\ud800"}'),
    "a surrogate in a name": _json_request(*PROFILE, rb'{"\udfff": 1}'),
    "an escaped NUL": _json_request(*PROFILE, rb'{"bio": "\u0000"}'),
    "a byte order mark": _json_request(*PROFILE, b'\xef\xbb\xbf{"bio": "x"}'),
    "text from right to left": _json_request(*PROFILE, {"bio": "\u202e\u05d0\u0627\u2066"}),
    "an emoji to sign up with": _json_request(
        "POST", "/users", {"username": "🌍🌍🌍", "email": "a@b.c", "password": "long enough"}
    ),
    "full-width letters to sign up with": _json_request(
        "POST", "/users", {"username": "ａｄａ", "email": "a@b.c", "password": "long enough"}
    ),
    "a line feed after a username": _json_request(
        "POST", "/users", {"username": "ada\n", "email": "a@b.c", "password": "long enough"}
    ),
    "a header in an email": _json_request(
        "POST", "/users", {"username": "adaada", "email": "a@b.c\r\nBcc: x@y.z", "password": "long enough"}
    ),
    "a body for a GET": _json_request("GET", "/posts?limit=1", {"limit": 1000}),
    "a body for a DELETE": _json_request("DELETE", POST, {"force": True}),
    "charset=utf-7": Hostile(
        "PATCH", "/users/me", ("Authorization: Bearer {token}", "Content-Type: application/json; charset=utf-7"), b"{}"
    ),
    "multipart": Hostile(
        "PATCH",
        "/users/me",
        ("Authorization: Bearer {token}", "Content-Type: multipart/form-data; boundary=x"),
        b"--x--",
    ),
    "XML": Hostile(
        "PATCH", "/users/me", ("Authorization: Bearer {token}", "Content-Type: application/xml"), b"<!DOCTYPE a><a/>"
    ),
    "an order that is paid for already": _order({"lines": [LINE], "status": "fulfilled", "total_credits": 0}),
    "a line that says its price": _order({"lines": [{**LINE, "credits": 0}]}),
    "a quantity below zero": _order({"lines": [{**LINE, "quantity": -10}]}),
    "a quantity that is true": _order({"lines": [{**LINE, "quantity": True}]}),
    "10,000 lines": _order({"lines": [{}] * 10_000}),
    "a post that is SQL": _order({"lines": [{**LINE, "post_id": "' OR '1'='1"}]}),
    "a key that is absent": _json_request("POST", "/orders", {"lines": [LINE]}),
    "a key of 65 characters": _order({"lines": [LINE]}, "Idempotency-Key: " + "k" * 65),
    "a key in latin-1": _order({"lines": [LINE]}, "Idempotency-Key: caf\xe9"),
    "a key with a tab in it": _order({"lines": [LINE]}, "Idempotency-Key: a\tb"),
    "a key of white space": _order({"lines": [LINE]}, "Idempotency-Key:  \t "),
    "a key with white space around it": _order({"lines": [LINE]}, "Idempotency-Key: \t key of mine \t"),
    "two keys": _order({"lines": [LINE]}, "Idempotency-Key: one", "Idempotency-Key: two"),
    "an order's id that is SQL": Hostile("GET", "/orders/'%20OR%20'1'='1", ("Authorization: Bearer {token}",)),
    "a NUL in an order's id": Hostile("GET", "/orders/a%00b", ("Authorization: Bearer {token}",)),
    "gzip": _json_request(*PROFILE, b"\x1f\x8b\x08\x00", "Content-Encoding: gzip"),
}
INVALID_HTTP = {
    "a header of 16 KiB": Hostile("GET", "/health", ("X-Long: " + "a" * 16_384,)),
    "300 headers": Hostile("GET", "/health", tuple(f"X-{n}: {n}" for n in range(300))),
    "a path of 10,000 characters": Hostile("GET", "/posts/" + "A" * 10_000),
    "dots that climb": Hostile("GET", "/../../../../etc/passwd"),
    "encoded dots that climb": Hostile("GET", "/%2e%2e/%2e%2e/etc/passwd"),
    "backslashes that climb": Hostile("GET", "/..\\..\\etc\\passwd"),
    "a method of its own": Hostile("BREW", "/posts"),
    "TRACE": Hostile("TRACE", "/health"),
    "a body shorter than it says": Hostile(
        "PATCH", "/users/me", ("Authorization: Bearer {token}", "Content-Type: application/json"), b'{"bio"', length=20
    ),
    "a length below zero": Hostile("POST", "/tokens", ("Content-Type: application/json",), b"{}", length=-1),
    "two lengths": Hostile("POST", "/tokens", ("Content-Type: application/json", "Content-Length: 50"), b"{}"),
    "two content types": Hostile(
        "POST", "/tokens", ("Content-Type: application/json", "Content-Type: text/plain"), b"{}"
    ),
    "two tokens": Hostile("GET", "/users/me", ("Authorization: Bearer {token}", "Authorization: Bearer x")),
    "a header without a name": Hostile("GET", "/nowhere", (": value",)),
    "a folded header": Hostile("GET", "/nowhere", ("X-Folded: one", " two")),
}


@dataclass(frozen=True, slots=True)
class Target:
    """A running system: its address and a signed-in user."""

    url: httpx.URL
    person: Person

    def send(self, request: Hostile) -> tuple[int, str]:
        """Send the request. Return the status, 0 if the system closes the connection, and the whole answer."""
        with socket.create_connection((self.url.host, self.url.port), timeout=WAIT_S) as connection:
            connection.sendall(self._encode(request))
            connection.shutdown(socket.SHUT_WR)
            answer = receive_all(connection).decode("latin-1")
        return (int(answer.split(" ", 2)[1]) if answer else 0), answer

    def _encode(self, request: Hostile) -> bytes:
        length = len(request.body) if request.length is None else request.length
        lines = [f"{request.method} {self.url.path.rstrip('/')}{request.path} HTTP/1.1", f"Host: {self.url.host}"]
        lines += [header.replace("{token}", self.person.token) for header in request.headers]
        lines += [f"Content-Length: {length}"] * bool(request.body) + ["Connection: close", "", ""]
        return "\r\n".join(lines).encode("latin-1") + request.body


@pytest.fixture(scope="module")
def targets(live_monolith_api: Api, live_microservices_api: Api) -> tuple[Target, Target]:
    """Both running systems."""
    monolith, services = (
        Target(api.client.base_url, api.join("hostile")) for api in (live_monolith_api, live_microservices_api)
    )
    return monolith, services


@pytest.mark.parametrize("name", SAME_STATUS)
def test_both_systems_answer_a_hostile_request_with_the_same_status(targets: tuple[Target, Target], name: str) -> None:
    (left, text), (right, other) = (target.send(SAME_STATUS[name]) for target in targets)
    assert not LEAKS.search(text + other)
    assert left == right, text + other
    assert 200 <= left < 500, text


@pytest.mark.parametrize("name", INVALID_HTTP)
def test_an_invalid_http_message_breaks_neither_system(targets: tuple[Target, Target], name: str) -> None:
    for target in targets:
        status, text = target.send(INVALID_HTTP[name])
        assert status < 500, text
        assert not LEAKS.search(text)
        assert "root:" not in text
        assert target.send(Hostile("GET", "/health"))[0] == 200
