"""Users that act at random, and a record of what the API confirmed. invariants.py checks what must follow from it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from tests.contract.client import Api, Json, Person

UNKNOWN_POST = "01M7X1YXN3SBB3DZEFS5FNXBMV"  # the id of no post


@dataclass
class WrittenPost:
    """A post as the API confirmed it to its author and its voters."""

    author: Person
    title: str
    votes: dict[str, int] = field(default_factory=dict)
    exists: bool = True

    @property
    def score(self) -> int:
        return sum(self.votes.values())


class RandomUsers:
    """Perform one random action after another through an API. The titles of its posts begin with a unique word."""

    def __init__(self, api: Api, people: list[Person], chance: Random, *, word: str) -> None:
        self.people, self.word = people, word
        self.posts: dict[str, WrittenPost] = {}
        self.orders: dict[str, Person] = {}  # id → buyer
        self.began = datetime.now(UTC) - timedelta(seconds=1)
        self._api, self._chance = api, chance

    def act(self) -> None:
        """Perform a random action. The first one publishes a post."""
        often = [self._cast] * 3 + [self._order] * 4
        seldom = [self._publish, self._revise, self._withdraw, self._retract]
        self._choose(often + seldom if self.posts else [self._publish])()

    def _publish(self) -> None:
        author, title = self._choose(self.people), f"{self.word} {len(self.posts)}"
        self.posts[self._api.published(author, title=title)["id"]] = WrittenPost(author, title)

    def _revise(self) -> None:
        for post_id in self._one_existing():
            post = self.posts[post_id]
            post.title = f"{post.title} anew"
            assert self._api.revise_post(post.author, post_id, title=post.title).status_code == 200

    def _withdraw(self) -> None:
        for post_id in self._one_existing():
            # 404 if the first request was interrupted after the post was deleted.
            assert self._api.withdraw(self.posts[post_id].author, post_id).status_code in (204, 404)
            self.posts[post_id].exists = False

    def _cast(self) -> None:
        for post_id in self._one_existing():
            voter, value = self._choose(self.people), self._choose([1, -1])
            assert self._api.cast(voter, post_id, value=value).status_code == 200
            self.posts[post_id].votes[voter.username] = value

    def _retract(self) -> None:
        for post_id in self._one_existing():
            voter = self._choose(self.people)
            assert self._api.retract(voter, post_id).status_code == 204
            self.posts[post_id].votes.pop(voter.username, None)

    def _order(self) -> None:
        """Order boosts of posts that exist, were withdrawn, or never existed; sometimes twice with one key."""
        buyer, key = self._choose(self.people), f"{self.word} {len(self.orders)}"
        lines = [self._line() for _ in range(self._chance.randint(1, 2))]
        placed = self._api.place(buyer, *lines, key=key)
        assert placed.status_code in (200, 201), placed.text  # 200 if the first request was interrupted and retried
        if self._chance.random() < 0.2:
            again = self._api.place(buyer, *lines, key=key)
            assert (again.status_code, again.json()["id"]) == (200, placed.json()["id"])
        self.orders[placed.json()["id"]] = buyer

    def _line(self) -> Json:
        post_id = self._choose([*list(self.posts) * 3, UNKNOWN_POST])
        return {
            "sku": self._choose(["boost-1d", "boost-1d", "boost-1d", "boost-7d"]),
            "post_id": post_id,
            "quantity": self._choose([1, 4]),
        }

    def _one_existing(self) -> list[str]:
        """Return the id of one post that exists, or nothing if there is none."""
        existing = [post_id for post_id, post in self.posts.items() if post.exists]
        return [self._choose(existing)] if existing else []

    def _choose(self, choices: list[Any]) -> Any:
        return self._chance.choice(choices)
