"""The store implementations. The same tests run on all of them.

| id | is |
|---|---|
| memory | the stores of shared_domain.memory |
| postgresql | the monolith's stores on an embedded PostgreSQL, one transaction per `with` |
| dynamodb-moto | the microservices' stores on moto in this process |
| dynamodb-ministack | the microservices' stores on the local AWS |
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, func, select

from microservices.avatars.store import S3Avatars
from microservices.feedback.store import DynamoFeedback
from microservices.orders.store import DynamoOrders
from microservices.post_item import post_item, post_key
from microservices.posts.store import DynamoPosts
from microservices.search import projection
from microservices.search.store import DynamoIndex
from microservices.search.writer import IndexWriter
from microservices.trending.store import DynamoTrends
from microservices.trending.windows import DynamoWindows
from microservices.users.attempts import DynamoAttempts
from microservices.users.store import DynamoUsers
from microservices.votes.store import DynamoVotes
from monolith.avatars.store import SqlAvatars
from monolith.feedback.store import SqlFeedback
from monolith.orders.store import SqlOrders
from monolith.posts.store import SqlPosts
from monolith.search.store import SqlIndex
from monolith.trending.store import SqlTrends
from monolith.users.attempts import SqlAttempts
from monolith.users.store import SqlUsers
from monolith.votes.store import VOTES, SqlVotes
from shared_domain.attempts import AttemptStore
from shared_domain.avatars import AvatarStore
from shared_domain.feedback import FeedbackStore
from shared_domain.memory import (
    MemoryAttempts,
    MemoryAvatars,
    MemoryFeedback,
    MemoryIndex,
    MemoryOrders,
    MemoryPosts,
    MemoryTrends,
    MemoryUsers,
    MemoryVotes,
)
from shared_domain.orders import OptimisticOrderStore, Order, OrderStore
from shared_domain.posts import OptimisticPostStore, Post, PostStore
from shared_domain.search import SearchIndex
from shared_domain.trending import Counts, TrendStore, View, window_of
from shared_domain.users import OptimisticUserStore, User, UserStore
from shared_domain.votes import VoteStore
from tests.dynamodb_table import make_table
from tests.view_records import deliver, view_record


class Stores(Protocol):
    """All stores of one implementation, and actions that the tests need."""

    @property
    def users(self) -> UserStore: ...
    @property
    def attempts(self) -> AttemptStore: ...
    @property
    def posts(self) -> PostStore: ...
    @property
    def votes(self) -> VoteStore: ...
    @property
    def index(self) -> SearchIndex[Post]: ...

    @property
    def avatars(self) -> AvatarStore: ...
    @property
    def feedback(self) -> FeedbackStore: ...
    @property
    def orders(self) -> OrderStore: ...

    def save_user(self, user: User, *, seen: User) -> None:
        """Change a user as a use case does: with a row lock, or on the condition that it is as seen."""

    def save_post(self, post: Post, *, seen: Post) -> None:
        """Change a post in the same way."""

    def remove_post(self, seen: Post) -> None:
        """Remove a post in the same way."""

    def save_order(self, order: Order, *, seen: Order) -> None:
        """Change an order in the same way."""

    def publish(self, post: Post) -> None:
        """Store a post and index it for search."""

    def withdraw(self, post: Post) -> None:
        """Remove a post from the store and the index."""

    def score(self, post_id: str) -> int:
        """Return the sum of the stored votes."""

    @property
    def trends(self) -> TrendStore: ...

    def count(self, *views: View) -> None:
        """Count the views."""


Open = Callable[[], AbstractContextManager[Stores]]


class WithoutLocks:
    """Changes in stores without locks: each write is conditional on what was read."""

    users: OptimisticUserStore
    posts: OptimisticPostStore
    orders: OptimisticOrderStore

    def save_user(self, user: User, *, seen: User) -> None:
        self.users.save(user, seen=seen)

    def save_post(self, post: Post, *, seen: Post) -> None:
        self.posts.save(post, seen=seen)

    def remove_post(self, seen: Post) -> None:
        self.posts.remove(seen)

    def save_order(self, order: Order, *, seen: Order) -> None:
        self.orders.save(order, seen=seen)


@dataclass
class InMemory(WithoutLocks):
    users: MemoryUsers
    attempts: MemoryAttempts
    posts: MemoryPosts
    votes: MemoryVotes
    index: MemoryIndex
    avatars: MemoryAvatars
    feedback: MemoryFeedback
    orders: MemoryOrders
    trends: MemoryTrends

    def publish(self, post: Post) -> None:
        self.posts.add(post)
        self.index.put(post)

    def withdraw(self, post: Post) -> None:
        self.remove_post(post)
        self.index.drop(post.id)

    def score(self, post_id: str) -> int:
        return self.votes.score(post_id)

    def count(self, *views: View) -> None:
        self.trends.add(_counts(views))


def in_memory() -> Open:
    stores = InMemory(
        users=MemoryUsers(),
        attempts=MemoryAttempts(),
        posts=MemoryPosts(),
        votes=MemoryVotes(),
        index=MemoryIndex(),
        avatars=MemoryAvatars(),
        feedback=MemoryFeedback(),
        orders=MemoryOrders(),
        trends=MemoryTrends(),
    )
    return lambda: nullcontext(stores)


class InPostgresql:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.users, self.posts = SqlUsers(connection), SqlPosts(connection)
        self.attempts = SqlAttempts(connection)
        self.votes, self.index = SqlVotes(connection), SqlIndex(connection)
        self.avatars, self.feedback = SqlAvatars(connection), SqlFeedback(connection)
        self.orders = SqlOrders(connection)
        self.trends = SqlTrends(connection)

    def save_user(self, user: User, *, seen: User) -> None:
        assert self.users.get_for_update(user.username) == seen
        self.users.save(user)

    def save_post(self, post: Post, *, seen: Post) -> None:
        assert self.posts.get_for_update(post.id) == seen
        self.posts.save(post)

    def remove_post(self, seen: Post) -> None:
        assert self.posts.get_for_update(seen.id) == seen
        self.posts.remove(seen)

    def save_order(self, order: Order, *, seen: Order) -> None:
        assert self.orders.get(order.id, buyer=order.buyer) == seen
        self.orders.save(order)

    def publish(self, post: Post) -> None:
        self.posts.add(post)
        self.index.put(post)

    def withdraw(self, post: Post) -> None:
        self.remove_post(post)

    def score(self, post_id: str) -> int:
        total = select(func.coalesce(func.sum(VOTES.c.value), 0)).where(VOTES.c.post_id == post_id)
        return int(self._connection.scalar(total) or 0)

    def count(self, *views: View) -> None:
        self.trends.add(_counts(views))


def in_postgresql(engine: Engine) -> Open:
    @contextmanager
    def begin() -> Iterator[Stores]:
        with engine.begin() as connection:
            yield InPostgresql(connection)

    return begin


class InDynamodb(WithoutLocks):
    def __init__(self, dynamodb: Any, table: str, s3: Any) -> None:
        self._dynamodb, self._table = dynamodb, table
        self._places, self._writer = count(1), IndexWriter(dynamodb, table)
        self.users, self.posts = DynamoUsers(dynamodb, table), DynamoPosts(dynamodb, table)
        self.attempts = DynamoAttempts(dynamodb, table)
        self.votes, self.index = DynamoVotes(dynamodb, table), DynamoIndex(dynamodb, table)
        self.avatars, self.feedback = S3Avatars(s3, table), DynamoFeedback(dynamodb, table)
        self.orders = DynamoOrders(dynamodb, table)
        self.trends, self._windows = DynamoTrends(dynamodb, table), DynamoWindows(dynamodb, table)

    def publish(self, post: Post) -> None:
        self.posts.add(post)
        self._deliver_change("INSERT", {"Keys": post_key(post.id), "NewImage": post_item(post)})

    def withdraw(self, post: Post) -> None:
        self.remove_post(post)
        self._deliver_change("REMOVE", {"Keys": post_key(post.id)})

    def score(self, post_id: str) -> int:
        votes = self._dynamodb.query(
            TableName=self._table,
            KeyConditionExpression="pk = :post AND begins_with(sk, :vote)",
            ExpressionAttributeValues={":post": {"S": f"post#{post_id}"}, ":vote": {"S": "vote#"}},
        )
        return sum(int(vote["value"]["N"]) for vote in votes["Items"])

    def count(self, *views: View) -> None:
        deliver(self._windows, [view_record(view, place=next(self._places)) for view in views])

    def _deliver_change(self, name: str, images: dict[str, Any]) -> None:
        """Deliver a record of the posts table's stream."""
        record = {"eventName": name, "dynamodb": {**images, "SequenceNumber": str(next(self._places))}}
        projection.apply_record(self._writer, record, entries={}, now=lambda: datetime.now(UTC))


def in_dynamodb(client: Callable[[str], Any], name: str) -> Open:
    """Return stores on a new table and a new bucket. The features share them, with different keys."""
    dynamodb, s3 = client("dynamodb"), client("s3")
    make_table(dynamodb, name)
    s3.create_bucket(Bucket=name)
    stores = InDynamodb(dynamodb, name, s3)
    return lambda: nullcontext(stores)


def _counts(views: Sequence[View]) -> Counts:
    """Return the number of views by window and post."""
    return Counter((window_of(view.at), view.post_id) for view in views)
