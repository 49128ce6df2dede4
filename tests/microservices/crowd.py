"""People who do things by chance, and keep what they were told is done. verdict.py says what must follow of it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from tests.contract.client import Api, Json, Person

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


class Crowd:
    """Does one thing after another through an API. The titles of its posts begin with a word that no other post has."""

    def __init__(self, api: Api, people: list[Person], chance: Random, *, word: str) -> None:
        self.people, self.word = people, word
        self.posts: dict[str, Written] = {}
        self.orders: dict[str, Person] = {}  # id → who placed it
        self.began = datetime.now(UTC) - timedelta(seconds=1)
        self._api, self._chance = api, chance

    def act(self) -> None:
        """Do something; at first there must be a post."""
        often = [self._cast] * 3 + [self._order] * 4
        seldom = [self._publish, self._revise, self._withdraw, self._retract]
        self._any(often + seldom if self.posts else [self._publish])()

    def _publish(self) -> None:
        author, title = self._any(self.people), f"{self.word} {len(self.posts)}"
        self.posts[self._api.published(author, title=title)["id"]] = Written(author, title)

    def _revise(self) -> None:
        for post_id in self._living():
            post = self.posts[post_id]
            post.title = f"{post.title} anew"
            assert self._api.revise_post(post.author, post_id, title=post.title).status_code == 200

    def _withdraw(self) -> None:
        for post_id in self._living():
            # A 404 where the first request was cut off after the post was gone.
            assert self._api.withdraw(self.posts[post_id].author, post_id).status_code in (204, 404)
            self.posts[post_id].lives = False

    def _cast(self) -> None:
        for post_id in self._living():
            voter, value = self._any(self.people), self._any([1, -1])
            assert self._api.cast(voter, post_id, value=value).status_code == 200
            self.posts[post_id].votes[voter.username] = value

    def _retract(self) -> None:
        for post_id in self._living():
            voter = self._any(self.people)
            assert self._api.retract(voter, post_id).status_code == 204
            self.posts[post_id].votes.pop(voter.username, None)

    def _order(self) -> None:
        """Order a boost of posts that live, are gone, or never were; now and then twice under one key."""
        buyer, key = self._any(self.people), f"{self.word} {len(self.orders)}"
        lines = [self._line() for _ in range(self._chance.randint(1, 2))]
        placed = self._api.place(buyer, *lines, key=key)
        assert placed.status_code in (200, 201), placed.text  # 200 where the first request was cut off, and sent again
        if self._chance.random() < 0.2:
            again = self._api.place(buyer, *lines, key=key)
            assert (again.status_code, again.json()["id"]) == (200, placed.json()["id"])
        self.orders[placed.json()["id"]] = buyer

    def _line(self) -> Json:
        post_id = self._any([*list(self.posts) * 3, NOWHERE])
        return {
            "sku": self._any(["boost-1d", "boost-1d", "boost-1d", "boost-7d"]),
            "post_id": post_id,
            "quantity": self._any([1, 4]),
        }

    def _living(self) -> list[str]:
        """Return one post that lives, if there is one."""
        living = [post_id for post_id, post in self.posts.items() if post.lives]
        return [self._any(living)] if living else []

    def _any(self, choices: list[Any]) -> Any:
        return self._chance.choice(choices)
