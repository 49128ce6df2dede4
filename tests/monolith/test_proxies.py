"""The client's address is that of the connection, or the one that a trusted proxy appended."""

import httpx
import pytest

from monolith.app import create_app
from monolith.edge import client_address
from monolith.settings import Settings, trusted_proxies
from tests.contract.wsgi import WsgiTransport

PEER = "127.0.0.1"
CLAIMED, APPENDED = "192.0.2.66", "192.0.2.1"


@pytest.mark.parametrize(("proxies", "expected"), [(0, PEER), (1, APPENDED), (2, CLAIMED), (3, PEER)])
def test_only_as_many_proxies_are_trusted_as_the_setting_says(proxies: int, expected: str) -> None:
    app = create_app(Settings(database_url="postgresql://nowhere", token_secret="none", trusted_proxies=proxies))
    app.add_url_rule("/address", view_func=client_address)
    with httpx.Client(transport=WsgiTransport(app), base_url="http://monolith.test") as client:
        assert client.get("/address", headers={"X-Forwarded-For": f"{CLAIMED}, {APPENDED}"}).text == expected


@pytest.mark.parametrize("text", ["", "-1", "1.0", "ten", "10", "\u0663"])
def test_another_number_of_proxies_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(RuntimeError, match="TRUSTED_PROXIES must be a number from 0 to 9"):
        trusted_proxies({"TRUSTED_PROXIES": text})
