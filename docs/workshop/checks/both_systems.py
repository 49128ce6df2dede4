"""Both systems in this process: the monolith over an embedded PostgreSQL, the functions over a simulated AWS."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.contract.gateway import gateway_over_moto
from tests.contract.systems import monolith_application
from tests.contract.wsgi import WsgiTransport

Clients = dict[str, httpx.Client]


@contextmanager
def both_systems() -> Iterator[Clients]:
    """Yield a client of each system by the side's name."""
    with (
        tempfile.TemporaryDirectory(prefix="ws") as folder,
        monolith_application(Path(folder)) as application,
        gateway_over_moto() as gateway,
    ):
        yield {
            "monolith": httpx.Client(transport=WsgiTransport(application), base_url="http://monolith.test"),
            "microservices": httpx.Client(transport=gateway, base_url="http://microservices.test"),
        }


def sign_up(client: httpx.Client, username: str) -> dict[str, str]:
    """Register a user and return the headers with the user's token."""
    password = f"password of {username}"
    form = {"username": username, "email": f"{username}@example.org", "password": password}
    client.post("/users", json=form).raise_for_status()
    signed_in = client.post("/tokens", json={"username": username, "password": password}).raise_for_status()
    return {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
