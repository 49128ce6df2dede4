"""The seeded data of one system: accounts with tokens, and posts."""

from dataclasses import dataclass
from random import Random
from typing import Any

# Words without digits, so that a number on the leaderboard's page can only be a score or a rank.
WORDS = (  # noqa: SIM905 - a list literal of them fills the page
    "amber anchor badge basin beacon birch bridge cabin candle canyon cedar chart cinder clover cobalt comet "
    "copper coral cotton crane crystal delta ember fabric falcon feather fern flint forest fossil garnet geyser "
    "glacier grain granite harbor hazel heron hollow indigo island ivory jasper juniper kernel lagoon lantern "
    "ledger linen lotus magnet maple marble meadow mirror mosaic nectar oasis ocean olive onyx orchid otter "
    "paddle pebble pepper pine planet prairie quarry quartz quilt rafter raven reef ribbon river saddle salmon "
    "sapphire shadow shell signal silver spruce summit thistle timber topaz tunnel valley velvet violet walnut "
    "willow winter zephyr "
).split()


@dataclass(frozen=True, slots=True)
class Account:
    """A user who can sign requests."""

    username: str
    token: str


@dataclass(frozen=True, slots=True)
class SeededPost:
    """A seeded post with the score of its seeded votes."""

    id: str
    author: str
    title: str
    score: int


@dataclass(frozen=True, slots=True)
class World:
    """The accounts and posts of one system. Vote storms vote for the first post, the hot one."""

    accounts: tuple[Account, ...]
    posts: tuple[SeededPost, ...]

    @property
    def hot(self) -> SeededPost:
        return self.posts[0]

    @property
    def viewed(self) -> SeededPost:
        """The post with the most views when the load starts. No journey reads it by its id."""
        return self.posts[1]


def post_form(number: int | str) -> dict[str, Any]:
    """Return the body of post `number`. It is the same on every system."""
    draw = Random(f"post {number}")
    title = " ".join(draw.sample(WORDS, 4)).capitalize()
    sentences = (" ".join(draw.choices(WORDS, k=draw.randint(5, 12))).capitalize() for _ in range(draw.randint(2, 6)))
    return {"title": title, "body": ". ".join(sentences) + ".", "tags": draw.sample(WORDS, draw.randint(0, 3))}
