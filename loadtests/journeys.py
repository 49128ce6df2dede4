"""What users do, as generators of calls: a journey yields a call and is sent its answer.

Both generators walk them: Locust's users in `locustfile.py`, one after the other, and the open arrivals in
`arrivals.py`, which start each call at its time. How often each is walked, a mix says (`mixes/`).
"""

from collections.abc import Callable, Generator
from random import Random

from loadtests import calls
from loadtests.calls import Answer, Call
from loadtests.data import orders
from loadtests.data.pictures import picture
from loadtests.data.world import Account, World, written

Steps = Generator[Call, Answer, None]
Journey = Callable[[World, Random], Steps]
# Between placing an order and each look at it: 5 s in all, the contract's "eventually".
LOOKS_AFTER_S = (0.5, 0.5, 1.0, 1.5, 1.5)


def reader(_: World, draw: Random) -> Steps:
    """Look at the newest posts, read one of them, look up its author, see who leads."""
    newest = (yield calls.list_posts()).record()["items"]
    post = draw.choice(newest)
    yield calls.read_post(post["id"])  # under which title, a writer may have changed since it was listed
    yield calls.read_user(post["author"])
    yield draw.choice((calls.leaderboard, calls.leaderboard_page))()


def searcher(world: World, draw: Random) -> Steps:
    """Search for one or two words of a post that is there."""
    words = draw.choice(world.posts).title.lower().split()
    yield calls.search(" ".join(draw.sample(words, draw.choice((1, 2)))))


def writer(world: World, draw: Random) -> Steps:
    """Publish a post, read it back, give it another title."""
    account = draw.choice(world.accounts)
    form = written(f"of a writer {draw.random()}")
    post = (yield calls.publish(form, account.token)).record()
    yield calls.read_post(post["id"], form["title"])
    yield calls.revise(post["id"], f"{form['title']} again", account.token)


def voter(world: World, draw: Random) -> Steps:
    """Vote for any post, then look at it."""
    post = draw.choice(world.posts)
    yield calls.cast(post.id, draw.choice((1, -1)), _account(world, draw).token)
    yield calls.read_post(post.id)


def hot_voter(world: World, draw: Random) -> Steps:
    """Vote for the one post that everybody votes for, twice of three times followed by a look at it or the board."""
    yield calls.cast(world.hot.id, draw.choice((1, 1, -1)), _account(world, draw).token)
    yield calls.cast(world.hot.id, 1, _account(world, draw).token)
    yield draw.choice((calls.read_post(world.hot.id), calls.leaderboard()))


def visitor(_: World, draw: Random) -> Steps:
    """See what is trending, read one of it, leave a word."""
    seen = (yield calls.trending()).record()["items"]
    yield calls.read_post(draw.choice(seen)["post_id"])
    yield calls.leave_feedback(written(f"of a visitor {draw.random()}")["body"], draw.choice((None, "me@example.com")))


def sitter(world: World, draw: Random) -> Steps:
    """Put up another picture of oneself, then look at somebody's."""
    yield calls.upload_avatar(picture(draw.random()), _account(world, draw).token)
    yield calls.read_avatar(_account(world, draw).username)


def buyer(world: World, draw: Random) -> Steps:
    """Count one's credits, order what they allow or what must be refused, look after the order until it is settled as it must."""
    account = _account(world, draw)
    credits = (yield calls.read_me(account.username, account.token)).record()["credits"]
    known = (yield calls.own_orders(account.token)).record()["items"]
    credits -= sum(order["total_credits"] for order in known if not orders.settled(order))
    lines = orders.random_lines(draw.choice(world.posts).id, draw, credits=credits)
    wanted, key = orders.outcome_of(lines), f"{draw.getrandbits(128):032x}"
    order = (yield calls.place_order(lines, wanted, key=key, token=account.token)).record()
    for number, after_s in enumerate(LOOKS_AFTER_S, start=1):
        last = number == len(LOOKS_AFTER_S)
        look = calls.read_order(order["id"], wanted, token=account.token, after_s=after_s, settled_by_now=last)
        if orders.settled((yield look).record()):
            break
    yield calls.own_orders(account.token, holding=order["id"])


def _account(world: World, draw: Random) -> Account:
    return draw.choice(world.accounts)


# By name, as the mixes have them (loadtests/mixes).
JOURNEYS: dict[str, Journey] = {
    journey.__name__: journey for journey in (reader, searcher, writer, voter, hot_voter, visitor, sitter, buyer)
}
