"""Are both systems the same to a client? The same requests go to both, and their answers must not differ.

Ids, times, tokens and cursors differ by nature and are replaced before the comparison; everything else counts.
This stands beside the contract tests (contract_gate.py), which hold each side against the contract itself.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Any

import httpx

from loadtests.data.world import World
from loadtests.probes import Probe, Script, script

HEADERS = ("content-type", "www-authenticate", "location", "etag", "retry-after")
PRESENCE_ONLY = ("etag", "retry-after")
BY_NATURE = {"next_cursor": "<cursor>", "access_token": "<token>", "as_of": "<time>", "boosted_until": "<time>"}
EVENTUALLY_S, POLL_S = 10.0, 0.05


@dataclass(slots=True)
class Parity:
    """How many answers were compared, and which differed: one line each.

    rechecked_alone: how many contract checks came too late beside others and were checked again alone.
    """

    checks: int = 0
    failed: list[str] = field(default_factory=list)
    rechecked_alone: int = 0


def compare(clients: Mapping[str, httpx.Client], worlds: Mapping[str, World], *, alone: bool) -> Parity:
    """Walk the same script on both sides in step and compare each pair of answers.

    alone: the systems hold nothing but the seeded data, so that whole lists must be equal too.
    """
    parity = Parity()
    sides = {name: _Side(clients[name], script(worlds[name], alone=alone), worlds[name]) for name in clients}
    while sum(side.ask() for side in sides.values()) == len(sides):
        probe, deadline = next(iter(sides.values())).probe, monotonic() + EVENTUALLY_S
        while _differ(answers := {name: side.seen() for name, side in sides.items()}):
            if not probe.eventual or monotonic() > deadline:
                parity.failed.append(f"{probe.name}: {_difference(answers)}")
                break
            sleep(POLL_S)
            for side in sides.values():
                side.ask_again()
        parity.checks += 1
    return parity


class _Side:
    """One system under the script: asks the next probe, and shows its answer without what differs by nature."""

    probe: Probe

    def __init__(self, client: httpx.Client, script: Script, world: World) -> None:
        self._client = client
        self._script = script
        self._names = {post.id: f"<post {number}>" for number, post in enumerate(world.posts)}
        self._answer: httpx.Response | None = None

    def ask(self) -> bool:
        try:
            self.probe = next(self._script) if self._answer is None else self._script.send(self._answer)
        except StopIteration:
            return False
        until, deadline = self.probe.until, monotonic() + EVENTUALLY_S
        answer = self.ask_again()
        while not (until is None or until(answer) or monotonic() > deadline):
            sleep(POLL_S)
            answer = self.ask_again()
        return True

    def ask_again(self) -> httpx.Response:
        token = {"Authorization": f"Bearer {self.probe.token}"} if self.probe.token else {}
        content = self.probe.raw if self.probe.body is None else json.dumps(self.probe.body).encode()
        typed = {"Content-Type": "application/json"} if content is not None else {}
        headers = {**typed, **token, **self.probe.headers}
        self._answer = self._client.request(self.probe.method, self.probe.path, content=content, headers=headers)
        return self._answer

    def seen(self) -> dict[str, Any]:
        assert self._answer is not None  # noqa: S101 - asked before it is seen
        if self.probe.status_only:
            return {"status": self._answer.status_code}
        told = HEADERS if self._answer.content else HEADERS[1:]  # a gateway may name the type of nothing
        headers = {
            name: self._header(name, self._answer.headers[name]) for name in told if name in self._answer.headers
        }
        return {"status": self._answer.status_code, "headers": headers, "body": self._body(self._answer)}

    def _header(self, name: str, value: str) -> str:
        return "<present>" if name in PRESENCE_ONLY else self._text(value).replace(" ", "").lower()

    def _body(self, answer: httpx.Response) -> Any:
        kind = answer.headers.get("content-type", "")
        if kind.startswith("image/"):
            return {"bytes": hashlib.sha256(answer.content).hexdigest()}
        if "json" not in kind:
            return self._text(answer.text)
        try:
            return self._without(self._value(answer.json()))
        except ValueError:  # it says JSON and is none: a difference to report, not to fail at
            return self._text(answer.text)

    def _without(self, body: Any) -> Any:
        ignored = self.probe.ignoring
        return {name: member for name, member in body.items() if name not in ignored} if ignored else body

    def _value(self, value: Any, name: str = "") -> Any:
        if value is not None and (name in BY_NATURE or name.endswith("_at")):
            return BY_NATURE.get(name, "<time>")
        if isinstance(value, dict):
            return {key: self._value(member, key) for key, member in value.items()}
        if isinstance(value, list):
            return [self._value(member) for member in value]
        if isinstance(value, str):
            return self._names.setdefault(value, f"<id {len(self._names)}>") if name == "id" else self._text(value)
        return value

    def _text(self, text: str) -> str:
        named = re.sub(r"\b[0-9A-HJKMNP-TV-Z]{26}\b", lambda found: self._names.get(found[0], "<id>"), text)
        return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "<time>", named)


def _differ(answers: Mapping[str, Any]) -> bool:
    return len({json.dumps(answer, sort_keys=True) for answer in answers.values()}) > 1


def _difference(answers: Mapping[str, Any], place: str = "answer") -> str:
    """Return the first place where the answers differ, and what stands there on each side."""
    values = list(answers.values())
    keys: Any = ()
    if all(isinstance(value, dict) for value in values):
        keys = sorted(set().union(*values))
    elif all(isinstance(value, list) for value in values) and len({len(value) for value in values}) == 1:
        keys = range(len(values[0]))
    for key in keys:
        inner = {name: _member(value, key) for name, value in answers.items()}
        if len({json.dumps(value, sort_keys=True) for value in inner.values()}) > 1:
            return _difference(inner, f"{place}.{key}")
    return f"{place} is " + ", ".join(f"{json.dumps(value)[:200]} on {name}" for name, value in answers.items())


def _member(value: Any, key: Any) -> Any:
    return value.get(key, "<absent>") if isinstance(value, dict) else value[key]
