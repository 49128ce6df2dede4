"""The parity check: send the same requests to both systems and compare the answers.

Ids, times, tokens and cursors differ by nature and are replaced before the comparison. contract.py runs the contract tests on both.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from time import monotonic, sleep
from typing import Any

import httpx

from loadtests.data.world import World
from loadtests.parity.script import Check, Script, script
from loadtests.results import Parity

HEADERS = ("content-type", "www-authenticate", "location", "etag", "retry-after")
PRESENCE_ONLY = ("etag", "retry-after")
REPLACED = {"next_cursor": "<cursor>", "access_token": "<token>", "as_of": "<time>", "boosted_until": "<time>"}
EVENTUALLY_S, POLL_S = 10.0, 0.05


def compare_answers(clients: Mapping[str, httpx.Client], worlds: Mapping[str, World], *, alone: bool) -> Parity:
    """Run the same script on both sides in step and compare each pair of answers. alone: as in `script`."""
    parity = Parity()
    sides = {name: _Side(clients[name], script(worlds[name], alone=alone), worlds[name]) for name in clients}
    while sum(side.send_next() for side in sides.values()) == len(sides):
        check, deadline = next(iter(sides.values())).check, monotonic() + EVENTUALLY_S
        while _differ(answers := {name: side.comparable() for name, side in sides.items()}):
            if not check.eventual or monotonic() > deadline:
                parity.failed.append(f"{check.name}: {_first_difference(answers)}")
                break
            sleep(POLL_S)
            for side in sides.values():
                side.send()
        parity.checks += 1
    return parity


class _Side:
    """One system: sends the script's requests and returns comparable answers."""

    check: Check

    def __init__(self, client: httpx.Client, script: Script, world: World) -> None:
        self._client = client
        self._script = script
        self._ids = {post.id: f"<post {number}>" for number, post in enumerate(world.posts)}
        self._answer: httpx.Response | None = None

    def send_next(self) -> bool:
        """Send the next request, repeatedly if it is a check with `until`. Return False at the script's end."""
        try:
            self.check = next(self._script) if self._answer is None else self._script.send(self._answer)
        except StopIteration:
            return False
        until, deadline = self.check.until, monotonic() + EVENTUALLY_S
        answer = self.send()
        while not (until is None or until(answer) or monotonic() > deadline):
            sleep(POLL_S)
            answer = self.send()
        return True

    def send(self) -> httpx.Response:
        check = self.check
        token = {"Authorization": f"Bearer {check.token}"} if check.token else {}
        content = check.raw if check.body is None else json.dumps(check.body).encode()
        content_type = {"Content-Type": "application/json"} if content is not None else {}
        headers = {**content_type, **token, **check.headers}
        self._answer = self._client.request(check.method, check.path, content=content, headers=headers)
        return self._answer

    def comparable(self) -> dict[str, Any]:
        """Return the answer without what differs by nature."""
        assert self._answer is not None  # noqa: S101 - sent before
        if self.check.status_only:
            return {"status": self._answer.status_code}
        names = HEADERS if self._answer.content else HEADERS[1:]  # a gateway may add a type to an empty body
        sent = self._answer.headers
        headers = {name: self._header(name, sent[name]) for name in names if name in sent}
        return {"status": self._answer.status_code, "headers": headers, "body": self._body(self._answer)}

    def _header(self, name: str, value: str) -> str:
        return "<present>" if name in PRESENCE_ONLY else self._text(value).replace(" ", "").lower()

    def _body(self, answer: httpx.Response) -> Any:
        content_type = answer.headers.get("content-type", "")
        if content_type.startswith("image/"):
            return {"bytes": hashlib.sha256(answer.content).hexdigest()}
        if "json" not in content_type:
            return self._text(answer.text)
        try:
            body = self._value(answer.json())
        except ValueError:  # invalid JSON is a difference to report
            return self._text(answer.text)
        return {name: body[name] for name in body if name not in self.check.ignoring} if self.check.ignoring else body

    def _value(self, value: Any, name: str = "") -> Any:
        if value is not None and (name in REPLACED or name.endswith("_at")):
            return REPLACED.get(name, "<time>")
        if isinstance(value, dict):
            return {key: self._value(member, key) for key, member in value.items()}
        if isinstance(value, list):
            return [self._value(member) for member in value]
        if isinstance(value, str):
            return self._ids.setdefault(value, f"<id {len(self._ids)}>") if name == "id" else self._text(value)
        return value

    def _text(self, text: str) -> str:
        replaced = re.sub(r"\b[0-9A-HJKMNP-TV-Z]{26}\b", lambda match: self._ids.get(match[0], "<id>"), text)
        return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "<time>", replaced)


def _differ(answers: Mapping[str, Any]) -> bool:
    return len({json.dumps(answer, sort_keys=True) for answer in answers.values()}) > 1


def _first_difference(answers: Mapping[str, Any], place: str = "answer") -> str:
    """Return the first place where the answers differ, with each side's value."""
    values = list(answers.values())
    keys: Any = ()
    if all(isinstance(value, dict) for value in values):
        keys = sorted(set().union(*values))
    elif all(isinstance(value, list) for value in values) and len({len(value) for value in values}) == 1:
        keys = range(len(values[0]))
    for key in keys:
        inner = {name: _member(value, key) for name, value in answers.items()}
        if _differ(inner):
            return _first_difference(inner, f"{place}.{key}")
    return f"{place} is " + ", ".join(f"{json.dumps(value)[:200]} on {name}" for name, value in answers.items())


def _member(value: Any, key: Any) -> Any:
    return value.get(key, "<absent>") if isinstance(value, dict) else value[key]
