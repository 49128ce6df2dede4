"""Unit 2: count the functions that one vote runs, and compare the student's list and units with them."""

import httpx

from microservices.deploy.wiring import wires
from tests.contract.functions import Function
from tests.contract.gateway import gateway_over_moto
from tests.loadtests.explain.hand_count import MONOLITH, SERVICES
from workshop.checking import ANSWERS, CheckFailed, read_answers, require_number
from workshop.checks.both_systems import sign_up

_TRIGGERS = ("authorizer", "route", "stream", "queue", "subscription", "object")
VOTE = "PUT /posts/{post_id}/vote"


def check() -> None:
    """Cast a vote on the functions over a simulated AWS. Raise CheckFailed for a wrong list or number."""
    answers = read_answers("functions", "write_units", "read_units", "monolith_round_trips")
    listed = answers["functions"]
    if not isinstance(listed, list):
        raise CheckFailed(f"{ANSWERS}: `functions` must be a list, one `- name` a line")
    ran = functions_of_a_vote()
    if surplus := [name for name in listed if name not in ran]:
        raise CheckFailed(
            f"A vote does not run {surplus[0]}. It runs {len(ran)} functions; your list has {len(listed)}."
        )
    if missing := [name for name in ran if name not in listed]:
        raise CheckFailed(
            f"A vote runs {len(ran)} functions; your list has {len(listed)}. Missing: {_hint(missing[0])}."
        )
    for name, unit in (("write_units", "write"), ("read_units", "read")):
        right = SERVICES[VOTE][unit]
        require_number(
            answers,
            name,
            low=right,
            high=right,
            why=f"Count the items of each call, the live feed's too: {unit}s of a transaction cost 2.",
        )
    trips = MONOLITH[VOTE]
    require_number(answers, "monolith_round_trips", low=trips, high=trips, why="Count BEGIN and COMMIT too.")


def functions_of_a_vote() -> list[str]:
    """Return the functions that a vote on an old post runs, in the order of their first run."""
    with gateway_over_moto() as gateway:
        client = httpx.Client(transport=gateway, base_url="http://microservices.test")
        headers = sign_up(client, "ada_lovelace")
        post = client.post("/posts", json={"title": "A title", "body": "A body"}, headers=headers).json()
        names = {each.name: name for name, each in gateway.functions.items()}
        runs: list[str] = []
        invoke = Function.invoke

        def recorded(self: Function, event: dict[str, object]) -> object:
            runs.append(names[self.name])
            return invoke(self, event)

        Function.invoke = recorded  # type: ignore[method-assign]
        try:
            client.put(f"/posts/{post['id']}/vote", json={"value": 1}, headers=headers).raise_for_status()
        finally:
            Function.invoke = invoke  # type: ignore[method-assign]
    return list(dict.fromkeys(runs))


def _hint(function: str) -> str:
    """Return what triggers a function, without its name."""
    sources = {
        f"the {wire.source.kind} {wire.source.name}"
        for wire in wires()
        if wire.target.name == function and wire.how in _TRIGGERS
    }
    return f"a function that {' or '.join(sorted(sources))} triggers"
