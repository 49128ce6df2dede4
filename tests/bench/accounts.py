"""The account, post and order that the bench uses on one side."""

from dataclasses import dataclass, replace
from itertools import count
from time import monotonic, sleep, time
from uuid import uuid4

from loadtests import calls
from loadtests.client import CallFailed, open_client, send, succeed
from loadtests.data import orders
from loadtests.data.pictures import picture
from loadtests.data.seeding import PASSWORD
from tests.bench.operations import OWN

SHOWN_WITHIN_S = 20.0
POLL_S = 0.1
_numbers = count()


@dataclass(frozen=True, slots=True)
class Account:
    """An account with its token, its post, and its order if it has one."""

    username: str
    token: str
    post_id: str
    order_id: str = ""


def register_with_post(url: str) -> Account:
    """Register and sign in a new user, and publish a post. Raise CallFailed."""
    username = f"bench_{int(time()):x}_{next(_numbers)}"
    with open_client(url) as api:
        succeed(api, calls.sign_up(username, PASSWORD))
        token = succeed(api, calls.sign_in(username, PASSWORD)).record()["access_token"]
        return Account(username, token, succeed(api, calls.publish({**OWN, "tags": []}, token)).record()["id"])


def add_order_and_avatar(url: str, account: Account) -> Account:
    """Place an order and upload an avatar, and wait for its thumbnail. Raise CallFailed."""
    lines, deadline = [orders.line(account.post_id)], monotonic() + SHOWN_WITHIN_S
    with open_client(url) as api:
        place = calls.place_order(lines, orders.FULFILLED, key=uuid4().hex, token=account.token)
        order = succeed(api, place).record()
        succeed(api, calls.upload_avatar(picture("bench"), account.token))
        while send(api, calls.read_avatar(account.username)).status != 200:
            if monotonic() > deadline:
                raise CallFailed(f"{url} shows no avatar within {SHOWN_WITHIN_S:.0f} s")
            sleep(POLL_S)
    return replace(account, order_id=order["id"])
