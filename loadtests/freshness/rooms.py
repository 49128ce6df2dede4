"""From a post to search, from an order to its settlement, from an avatar to its thumbnail, from a view to trending."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import monotonic, perf_counter, sleep
from uuid import uuid4

import httpx

from loadtests import calls
from loadtests.calls import Answer
from loadtests.client import succeed
from loadtests.data import orders
from loadtests.data.pictures import colour, colour_of, picture
from loadtests.data.world import World
from loadtests.freshness.lags import POLL_S, Freshness, watch
from loadtests.freshness.live import Listener
from loadtests.live.deliveries import PUBLISHED
from loadtests.live.subscriber import Message

UNCHANGED_FOR_S = 2.0  # longer than either side keeps views to itself


def post(client: httpx.Client, world: World, number: int, *, found: Freshness, listener: Listener) -> None:
    """Publish a post about a word of its own, search for it, and listen for it."""
    word = "zq" + "".join(chr(ord("a") + int(digit)) for digit in f"{number}{int(monotonic() * 1000)}") + "o"
    form = {"title": f"About {word}", "body": "To be found.", "tags": []}
    listener.mark()
    made = succeed(client, calls.publish(form, world.accounts[0].token)).record()
    since = perf_counter()
    search = replace(calls.search(word), check=calls.unchecked)  # nothing found is no failure here

    def shows(answer: Answer) -> bool:
        return made["id"] in {item["post"]["id"] for item in answer.record()["items"]}

    def told(message: Message) -> bool:
        return message.get("type") == PUBLISHED and message["post"]["id"] == made["id"]

    with ThreadPoolExecutor(1) as hearing:
        heard = hearing.submit(listener.hear, told, since=since, lag=found.lags["post_to_live"])
        watch(client, search, shows, since=since, lag=found.lags["post_to_search"])
        heard.result()


def order(client: httpx.Client, world: World, number: int, found: Freshness) -> None:
    """Order the cheapest boost, each time by the next account, which has a reserve for it."""
    account = world.accounts[number % len(world.accounts)]
    lines = [orders.line(world.hot.id)]
    place = calls.place_order(lines, orders.FULFILLED, key=uuid4().hex, token=account.token)
    made = succeed(client, place).record()
    since = perf_counter()
    look = calls.read_order(made["id"], orders.FULFILLED, token=account.token)
    watch(client, look, lambda seen: orders.settled(seen.record()), since=since, lag=found.lags["order_to_settled"])


def avatar(client: httpx.Client, world: World, number: int, found: Freshness) -> None:
    """Put up a picture of another colour, and look for that colour."""
    account, name = world.accounts[number % len(world.accounts)], uuid4().hex
    succeed(client, calls.upload_avatar(picture(name), account.token))
    since = perf_counter()
    look = calls.read_avatar(account.username)
    watch(client, look, lambda a: colour_of(a.body) == colour(name), since=since, lag=found.lags["avatar_to_shown"])


def view(client: httpx.Client, world: World, _: int, found: Freshness) -> None:
    """Read the viewed post once more, and see when it is counted."""
    before = _counted(client, world)
    succeed(client, calls.read_post(world.viewed.id))
    since = perf_counter()
    listed = calls.trending(100)
    watch(client, listed, lambda a: _views(a, world) > before, since=since, lag=found.lags["view_to_trending"])


def await_counted(client: httpx.Client, world: World) -> None:
    """Wait until earlier views of the viewed post are counted: else one of them would be taken for a later one."""
    seen, since = _counted(client, world), monotonic()
    while monotonic() - since < UNCHANGED_FOR_S:
        if (now := _counted(client, world)) != seen:
            seen, since = now, monotonic()
        sleep(POLL_S)


def _counted(client: httpx.Client, world: World) -> int:
    return _views(succeed(client, calls.trending(100)), world)


def _views(answer: Answer, world: World) -> int:
    return {row["post_id"]: int(row["views"]) for row in answer.record()["items"]}.get(world.viewed.id, 0)
