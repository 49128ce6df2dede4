"""Random histories: what people do while the storm blows, and what they were told is done. verdict.py says what must follow."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import httpx

from tests.contract.calls import watched_by
from tests.contract.client import Api, Person

from .storm import Storm
from .world import World

NOWHERE = "01M7X1YXN3SBB3DZEFS5FNXBMV"  # a post that nobody ever published


@dataclass
class Written:
    """A post as its author knows it."""

    author: Person
    title: str
    votes: dict[str, int] = field(default_factory=dict)
    lives: bool = True

    @property
    def score(self) -> int:
        return sum(self.votes.values())


@dataclass
class History:
    world: World
    chance: Random

    def __post_init__(self) -> None:
        self.world.begin_again()
        self.storm = Storm(self.world.gateway.wires, self.chance)
        self.api: Api = self.world.api(self._serve)
        self.posts: dict[str, Written] = {}
        self.orders: dict[str, Person] = {}  # id → who placed it
        self.began = datetime.now(UTC) - timedelta(seconds=1)

    def happen(self, length: int) -> None:
        """Let people publish a post and do so many things more while the storm blows, then let all arrive."""
        actions = [self.publish, self.revise, self.withdraw, self.retract, *[self.cast] * 4, *[self.order] * 3]
        with watched_by(self.storm):
            for action in [self.publish, *self.chance.choices(actions, k=length)]:
                action()
                for _ in range(self.chance.randrange(4)):
                    self.storm.blow()
            while self.storm.blow():
                pass

    def publish(self) -> None:
        author, title = self._any(self.world.people), f"Post {len(self.posts)}"
        self.posts[self.api.published(author, title=title)["id"]] = Written(author, title)

    def revise(self) -> None:
        for post_id in self._living():
            post = self.posts[post_id]
            post.title = f"{post.title} anew"
            assert self.api.revise_post(post.author, post_id, title=post.title).status_code == 200

    def withdraw(self) -> None:
        for post_id in self._living() if self.chance.random() < 0.5 else []:
            # A 404 where the first request was cut off after the post was gone.
            assert self.api.withdraw(self.posts[post_id].author, post_id).status_code in (204, 404)
            self.posts[post_id].lives = False

    def cast(self) -> None:
        for post_id in self._living():
            voter, value = self._any(self.world.people), self._any([1, -1])
            assert self.api.cast(voter, post_id, value=value).status_code == 200
            self.posts[post_id].votes[voter.username] = value

    def retract(self) -> None:
        for post_id in self._living():
            voter = self._any(self.world.people)
            assert self.api.retract(voter, post_id).status_code == 204
            self.posts[post_id].votes.pop(voter.username, None)

    def order(self) -> None:
        """Order a boost for posts that live, are gone, or never were; now and then twice under one key."""
        buyer, key = self._any(self.world.people), f"key {len(self.orders)}"
        lines = [self._line() for _ in range(self.chance.randint(1, 2))]
        placed = self.api.place(buyer, *lines, key=key)
        assert placed.status_code in (200, 201), placed.text
        if self.chance.random() < 0.2:
            again = self.api.place(buyer, *lines, key=key)
            assert (again.status_code, again.json()["id"]) == (200, placed.json()["id"])
        self.orders[placed.json()["id"]] = buyer

    def _line(self) -> dict[str, Any]:
        post_id = self._any([*self.posts, *self.posts, *self.posts, NOWHERE])
        return {
            "sku": self._any(["boost-1d", "boost-1d", "boost-7d"]),
            "post_id": post_id,
            "quantity": self._any([1, 2, 4]),
        }

    def _living(self) -> list[str]:
        """Return one post that lives, if there is one."""
        living = [post_id for post_id, post in self.posts.items() if post.lives]
        return [self.chance.choice(living)] if living else []

    def _any(self, choices: list[Any]) -> Any:
        return self.chance.choice(choices)

    def _serve(self, request: httpx.Request) -> httpx.Response:
        may_end = request.method != "GET" and request.url.path != "/posts"  # a client cannot send that again
        name = f"{request.method} /{request.url.path.split('/')[1]}"
        return self.storm.request(name, lambda: self.world.gateway.serve(request), may_end=may_end)
