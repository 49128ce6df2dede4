"""What users do, as generators of calls: a journey yields a call and is sent its answer.

Both generators walk them: Locust's users in `locustfile.py`, one after the other, and the open arrivals in
`arrivals.py`, which start each call at its time.
"""

from collections.abc import Callable, Generator
from random import Random

from loadtests import calls
from loadtests.calls import Answer, Call
from loadtests.world import Account, World, written

Steps = Generator[Call, Answer, None]
Journey = Callable[[World, Random], Steps]


def reader(_: World, draw: Random) -> Steps:
    """Look at the newest posts, read one of them, look up its author, see who leads."""
    newest = (yield calls.list_posts()).record()["items"]
    post = draw.choice(newest)
    yield calls.read_post(post["id"], post["title"])
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


def _account(world: World, draw: Random) -> Account:
    return draw.choice(world.accounts)


# Each scenario is a mix of journeys; a journey is drawn by its weight.
SCENARIOS: dict[str, dict[Journey, int]] = {
    "browse": {reader: 2, searcher: 1},
    "publish": {writer: 2, reader: 1},
    "vote-storm": {hot_voter: 1},
}
