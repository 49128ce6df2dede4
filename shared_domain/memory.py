"""The stores in memory: the shortest implementation of the Protocols, and the reference for both sides in the contract tests."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from shared_domain.attempts import MAX_ATTEMPTS, Attempt, too_many_attempts
from shared_domain.errors import AlreadyTaken, Conflict, NotFound
from shared_domain.feedback import Feedback
from shared_domain.orders import Order
from shared_domain.posts import Filter, Post
from shared_domain.search import Match, match_order, weigh
from shared_domain.trending import Counts, Span, Trend, rank_by_views
from shared_domain.users import User, email_key
from shared_domain.votes import Vote


class MemoryUsers:
    def __init__(self) -> None:
        self._users: dict[str, User] = {}

    def add(self, user: User) -> None:
        if user.username in self._users:
            raise AlreadyTaken("the username is already taken")
        if email_key(user.email) in {email_key(other.email) for other in self._users.values()}:
            raise AlreadyTaken("the email is already taken")
        self._users[user.username] = user

    def find(self, username: str) -> User | None:
        return self._users.get(username)

    def get(self, username: str) -> User:
        if username not in self._users:
            raise NotFound("there is no such user")
        return self._users[username]

    def save(self, user: User, *, seen: User) -> None:
        if self._users.get(user.username) != seen:
            raise Conflict("the profile has changed since it was read")
        self._users[user.username] = user


class MemoryAttempts:
    def __init__(self) -> None:
        self._counters: Counter[tuple[str, str, datetime]] = Counter()

    def count(self, attempt: Attempt) -> None:
        if self._counters[_counter_key(attempt)] == MAX_ATTEMPTS:
            raise too_many_attempts(attempt)
        self._counters[_counter_key(attempt)] += 1

    def clear(self, attempt: Attempt) -> None:
        del self._counters[_counter_key(attempt)]


class MemoryPosts:
    def __init__(self) -> None:
        self._posts: dict[str, Post] = {}

    def add(self, post: Post) -> None:
        self._posts[post.id] = post

    def get(self, post_id: str) -> Post:
        if post_id not in self._posts:
            raise NotFound("there is no such post")
        return self._posts[post_id]

    def page(self, post_filter: Filter, *, before: str | None, limit: int) -> list[Post]:
        newest_first = sorted(self._posts.values(), key=lambda post: post.id, reverse=True)
        shown = (
            post for post in newest_first if _matches_filter(post, post_filter) and (before is None or post.id < before)
        )
        return [post for _, post in zip(range(limit), shown, strict=False)]

    def save(self, post: Post, *, seen: Post) -> None:
        self._require_unchanged(seen)
        self._posts[post.id] = post

    def remove(self, seen: Post) -> None:
        self._require_unchanged(seen)
        del self._posts[seen.id]

    def _require_unchanged(self, seen: Post) -> None:
        stored = self._posts.get(seen.id)
        if stored is None or (stored.title, stored.body, stored.tags) != (seen.title, seen.body, seen.tags):
            raise Conflict("the post has changed since it was read")


class MemoryVotes:
    def __init__(self) -> None:
        self._votes: dict[tuple[str, str], Vote] = {}

    def cast(self, vote: Vote) -> None:
        self._votes[vote.post_id, vote.voter] = vote

    def retract(self, post_id: str, voter: str) -> None:
        self._votes.pop((post_id, voter), None)

    def score(self, post_id: str) -> int:
        return sum(vote.value for vote in self._votes.values() if vote.post_id == post_id)


class MemoryIndex:
    def __init__(self) -> None:
        self._posts: dict[str, Post] = {}

    def put(self, post: Post) -> None:
        self._posts[post.id] = post

    def drop(self, post_id: str) -> None:
        self._posts.pop(post_id, None)

    def find(self, terms: Sequence[str], *, after: Match | None, limit: int) -> list[tuple[Post, Match]]:
        weighed = ((post.id, weigh(title=post.title, body=post.body)) for post in self._posts.values())
        matches = (
            Match(post_id=post_id, relevance=sum(weights[term] for term in terms))
            for post_id, weights in weighed
            if all(term in weights for term in terms)
        )
        ordered = sorted(matches, key=match_order, reverse=True)
        shown = [match for match in ordered if after is None or match_order(match) < match_order(after)]
        return [(self._posts[match.post_id], match) for match in shown[:limit]]


class MemoryAvatars:
    def __init__(self) -> None:
        self._thumbnails: dict[str, tuple[str, bytes]] = {}

    def show(self, username: str, thumbnail: bytes, *, upload: str) -> None:
        newest, _ = self._thumbnails.get(username, ("", b""))
        if upload > newest:
            self._thumbnails[username] = (upload, thumbnail)

    def get(self, username: str) -> bytes:
        if username not in self._thumbnails:
            raise NotFound("there is no such picture")
        return self._thumbnails[username][1]


class MemoryFeedback:
    def __init__(self) -> None:
        self._feedback: list[Feedback] = []

    def add(self, feedback: Feedback) -> None:
        self._feedback.append(feedback)

    def page(self, *, before: str | None, limit: int) -> list[Feedback]:
        newest_first = sorted(self._feedback, key=lambda each: each.id, reverse=True)
        return [each for each in newest_first if before is None or each.id < before][:limit]


class MemoryOrders:
    def __init__(self) -> None:
        self._orders: dict[str, Order] = {}
        self._ids: dict[tuple[str, str], str] = {}

    def add(self, order: Order, *, key: str) -> Order:
        earlier = self._ids.setdefault((order.buyer, key), order.id)
        return self._orders.setdefault(earlier, order)

    def get(self, order_id: str, *, buyer: str) -> Order:
        order = self._orders.get(order_id)
        if order is None or order.buyer != buyer:
            raise NotFound("there is no such order")
        return order

    def page(self, buyer: str, *, before: str | None, limit: int) -> list[Order]:
        newest_first = sorted(self._orders.values(), key=lambda order: order.id, reverse=True)
        return [each for each in newest_first if each.buyer == buyer and (before is None or each.id < before)][:limit]

    def save(self, order: Order, *, seen: Order) -> None:
        if self._orders[seen.id].stage != seen.stage:
            raise Conflict("the order has changed since it was read")
        self._orders[order.id] = order


class MemoryTrends:
    def __init__(self) -> None:
        self._views: Counter[tuple[datetime, str]] = Counter()

    def add(self, counts: Counts) -> None:
        self._views.update(counts)

    def most_viewed(self, span: Span, limit: int) -> list[Trend]:
        views: Counter[str] = Counter()
        for (window, post_id), number in self._views.items():
            if span.first <= window <= span.last:
                views[post_id] += number
        return rank_by_views(views, limit)


def _counter_key(attempt: Attempt) -> tuple[str, str, datetime]:
    return attempt.username, attempt.network, attempt.window_end


def _matches_filter(post: Post, post_filter: Filter) -> bool:
    return post_filter.author in (None, post.author) and (post_filter.tag is None or post_filter.tag in post.tags)
