"""The behaviour of every store: memory, PostgreSQL and DynamoDB. Each use has its own transaction if the store has them."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from ulid import ULID

from monolith import embedded_postgres
from monolith.database import connect, migrate
from shared_domain import feedback, posts, search
from shared_domain.attempts import MAX_ATTEMPTS, Attempt
from shared_domain.contract.posts import PostChanges
from shared_domain.contract.users import ProfileChanges
from shared_domain.errors import AlreadyTaken, Conflict, NotFound, TooManyAttempts
from shared_domain.feedback import Feedback
from shared_domain.orders import Line, Order, Reason, Stage
from shared_domain.posts import Filter, Post
from shared_domain.search import Match
from shared_domain.trending import WINDOW, WINDOWS, Trend, View, last_hour
from shared_domain.users import STARTING_CREDITS, User
from shared_domain.votes import Vote
from tests.moto_aws import aws_in_process

from .filled import filled
from .stores import Open, in_dynamodb, in_memory, in_postgresql

BEGIN = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)
WITHOUT_LOCKS = [
    "memory",
    "dynamodb_moto",
    pytest.param("dynamodb_ministack", marks=[pytest.mark.live, pytest.mark.deep]),
]
IMPLEMENTATIONS = ["postgresql", *WITHOUT_LOCKS]


@pytest.fixture(params=IMPLEMENTATIONS)
def stores(request: pytest.FixtureRequest) -> Open:
    implementation: Open = request.getfixturevalue(request.param)
    return implementation


@pytest.fixture(params=WITHOUT_LOCKS)
def stores_without_locks(request: pytest.FixtureRequest) -> Open:
    """The stores whose writes are conditional. PostgreSQL's rows are locked instead: tests/monolith/test_locks.py."""
    implementation: Open = request.getfixturevalue(request.param)
    return implementation


@pytest.fixture
def memory() -> Open:
    return in_memory()


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with embedded_postgres.running(tmp_path_factory.mktemp("stores") / "postgres") as url:
        migrate(url)
        yield url


@pytest.fixture
def postgresql(database: str) -> Iterator[Open]:
    engine = connect(database, pool_size=1)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "TRUNCATE users, posts, votes, search_index, orders, feedback, views, sign_in_attempts CASCADE"
        )
    yield in_postgresql(engine)
    engine.dispose()


@pytest.fixture
def dynamodb_moto() -> Iterator[Open]:
    with aws_in_process():
        yield in_dynamodb(lambda service: boto3.client(service, region_name="us-east-1"), "stores")


@pytest.fixture
def dynamodb_ministack(request: pytest.FixtureRequest) -> Open:
    stack = request.getfixturevalue("local_aws_stack")
    return in_dynamodb(stack.emulator.client, f"stores-{os.urandom(4).hex()}")


def user(name: str = "ada", **changes: object) -> User:
    plain = User(
        id=new_id(0),
        username=name,
        email=f"{name}@example.org",
        display_name=name,
        bio="",
        credits=STARTING_CREDITS,
        password_hash="hash",
        created_at=BEGIN,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def order(age: int = 0, *, buyer: str = "ada") -> Order:
    """Return an order. A higher age is older."""
    return Order(
        id=new_id(age),
        buyer=buyer,
        stage=Stage.PLACED,
        reason=None,
        lines=(
            Line(sku="boost-7d", post_id="nöwhere \U0001f600", quantity=2),
            Line(sku="boost-1d", post_id="a", quantity=1),
        ),
        total_credits=110,
        created_at=BEGIN - timedelta(milliseconds=age),
    )


def feedback_of(age: int, **changes: object) -> Feedback:
    """Return feedback. A higher age is older."""
    now = BEGIN - timedelta(milliseconds=age)
    return replace(feedback.compose(id=new_id(age), message="Well done", now=now), **changes)  # type: ignore[arg-type]


def post(
    age: int = 0, *, author: str = "ada", title: str = "Title", body: str = "Body", tags: tuple[str, ...] = ()
) -> Post:
    """Return a post. A higher age is older."""
    now = BEGIN - timedelta(milliseconds=age)
    return posts.compose(id=new_id(age), author=author, title=title, body=body, tags=tags, now=now)


def new_id(age: int) -> str:
    return str(ULID.from_timestamp(round(BEGIN.timestamp() * 1000) - age))


def test_a_stored_user_is_returned_unchanged(stores: Open) -> None:
    ada = filled(User, username="ada")
    with stores() as opened:
        opened.users.add(ada)
    with stores() as opened:
        assert opened.users.get("ada") == ada
        assert opened.users.find("ada") == ada


def test_an_unknown_user_is_not_found(stores: Open) -> None:
    with stores() as opened:
        assert opened.users.find("nobody") is None
        with pytest.raises(NotFound):
            opened.users.get("nobody")


def test_a_taken_username_is_refused(stores: Open) -> None:
    with stores() as opened:
        opened.users.add(user())
    with pytest.raises(AlreadyTaken), stores() as opened:
        opened.users.add(user(email="other@example.org"))


def test_a_taken_email_is_refused_in_any_case_and_stores_nothing(stores: Open) -> None:
    with stores() as opened:
        opened.users.add(user(email="Straße@example.org"))
    with pytest.raises(AlreadyTaken), stores() as opened:
        opened.users.add(user("bob", email="STRASSE@EXAMPLE.ORG"))
    with stores() as opened:
        assert opened.users.find("bob") is None


def test_a_profile_is_saved_with_an_empty_bio(stores: Open) -> None:
    ada = user(bio="something")
    with stores() as opened:
        opened.users.add(ada)
    with stores() as opened:
        opened.save_user(replace(ada, bio=""), seen=ada)
    with stores() as opened:
        assert opened.users.get("ada").bio == ""


@pytest.mark.parametrize("field", ProfileChanges.__struct_fields__)
def test_each_field_of_a_profile_that_a_user_can_change_is_saved(stores: Open, field: str) -> None:
    ada = filled(User, username="ada")
    revised = replace(ada, **{field: getattr(filled(User, variant="two"), field)})
    with stores() as opened:
        opened.users.add(ada)
    with stores() as opened:
        opened.save_user(revised, seen=ada)
    with stores() as opened:
        assert opened.users.get("ada") == revised


def test_a_profile_that_changed_since_it_was_read_is_a_conflict(stores_without_locks: Open) -> None:
    ada = user()
    with stores_without_locks() as opened:
        opened.users.add(ada)
        opened.save_user(replace(ada, bio="first"), seen=ada)
    with pytest.raises(Conflict), stores_without_locks() as opened:
        opened.save_user(replace(ada, bio="second"), seen=ada)


def test_attempts_are_refused_beyond_the_limit_of_their_username_network_and_window(stores: Open) -> None:
    guess = Attempt(username="ada", network="192.0.2.1", at=BEGIN)
    for _ in range(MAX_ATTEMPTS):
        with stores() as opened:
            opened.attempts.count(guess)
    for _ in range(2):
        with pytest.raises(TooManyAttempts) as refused, stores() as opened:
            opened.attempts.count(guess)
    assert refused.value.retry_after == 55  # until 03:05
    others = replace(guess, username="bob"), replace(guess, network="192.0.2.2"), replace(guess, at=guess.window_end)
    for other in others:
        with stores() as opened:
            opened.attempts.count(other)


def test_cleared_attempts_count_no_longer(stores: Open) -> None:
    guess = Attempt(username="ada", network="192.0.2.1", at=BEGIN)
    for _ in range(2):
        for _ in range(MAX_ATTEMPTS):
            with stores() as opened:
                opened.attempts.count(guess)
        with stores() as opened:
            opened.attempts.clear(guess)


def test_a_stored_post_is_returned_unchanged(stores: Open) -> None:
    written, bare = filled(Post, id=new_id(0)), post(1)
    with stores() as opened:
        opened.publish(written)
        opened.publish(bare)
    with stores() as opened:
        assert opened.posts.get(written.id) == written
        assert opened.posts.page(Filter(), before=None, limit=2) == [written, bare]
        assert opened.posts.page(Filter(author=written.author), before=None, limit=2) == [written]
        assert opened.posts.page(Filter(tag=written.tags[0]), before=None, limit=2) == [written]
        assert [each for each, _ in opened.index.find(search.analyse(written.title), after=None, limit=2)] == [written]


@pytest.mark.parametrize("field", PostChanges.__struct_fields__)
def test_each_field_of_a_post_that_its_author_can_change_is_saved(stores: Open, field: str) -> None:
    seen, other = filled(Post, id=new_id(0)), filled(Post, variant="two")
    revised = replace(seen, updated_at=other.updated_at, **{field: getattr(other, field)})
    with stores() as opened:
        opened.posts.add(seen)
    with stores() as opened:
        opened.save_post(revised, seen=seen)
    with stores() as opened:
        assert opened.posts.get(seen.id) == revised


def test_an_unknown_post_is_not_found(stores: Open) -> None:
    with stores() as opened, pytest.raises(NotFound):
        opened.posts.get(new_id(0))


def test_a_list_is_sorted_from_the_newest_to_the_oldest_across_pages(stores: Open) -> None:
    written = [post(age) for age in (30, 10, 20, 0, 0)]
    with stores() as opened:
        for each in written:
            opened.posts.add(each)
    newest_first = sorted((each.id for each in written), reverse=True)
    with stores() as opened:
        first = opened.posts.page(Filter(), before=None, limit=3)
        rest = opened.posts.page(Filter(), before=first[-1].id, limit=3)
    assert [each.id for each in first + rest] == newest_first


@pytest.mark.parametrize(
    ("chosen", "ages"), [(Filter(author="bob"), [5]), (Filter(tag="x"), [5, 9]), (Filter(tag=""), [])]
)
def test_a_list_can_be_filtered_by_author_or_tag(stores: Open, chosen: Filter, ages: list[int]) -> None:
    written = {5: post(5, author="bob", tags=("x", "y")), 9: post(9, tags=("x",)), 1: post(1)}
    with stores() as opened:
        for each in written.values():
            opened.posts.add(each)
    with stores() as opened:
        assert opened.posts.page(chosen, before=None, limit=10) == [written[age] for age in ages]


def test_a_page_may_have_more_posts_than_one_batch_read(stores: Open) -> None:
    with stores() as opened:
        for age in range(103):
            opened.posts.add(post(age))
    with stores() as opened:
        assert len(opened.posts.page(Filter(), before=None, limit=101)) == 101


def test_a_saved_post_moves_between_the_lists_of_its_tags(stores: Open) -> None:
    seen = post(tags=("old", "both"))
    revised = replace(seen, title="New", tags=("both", "new"))
    with stores() as opened:
        opened.posts.add(seen)
    with stores() as opened:
        opened.save_post(revised, seen=seen)
    with stores() as opened:
        listed = {tag: opened.posts.page(Filter(tag=tag), before=None, limit=5) for tag in ("old", "both", "new")}
    assert listed == {"old": [], "both": [revised], "new": [revised]}


def test_a_post_that_changed_since_it_was_read_is_a_conflict(stores_without_locks: Open) -> None:
    seen = post()
    with stores_without_locks() as opened:
        opened.posts.add(seen)
        opened.save_post(replace(seen, title="First"), seen=seen)
    with pytest.raises(Conflict), stores_without_locks() as opened:
        opened.save_post(replace(seen, title="Second"), seen=seen)
    with pytest.raises(Conflict), stores_without_locks() as opened:
        opened.remove_post(seen)


def test_a_post_that_is_gone_is_a_conflict(stores_without_locks: Open) -> None:
    gone = post()
    with stores_without_locks() as opened:
        opened.posts.add(gone)
        opened.remove_post(gone)
    with pytest.raises(Conflict), stores_without_locks() as opened:
        opened.remove_post(gone)
    with pytest.raises(Conflict), stores_without_locks() as opened:
        opened.save_post(replace(gone, title="Back"), seen=gone)


def test_a_removed_post_is_in_no_list_and_is_not_found(stores: Open) -> None:
    gone = post(tags=("x",))
    with stores() as opened:
        opened.posts.add(gone)
    with stores() as opened:
        opened.remove_post(gone)
    with stores() as opened:
        assert opened.posts.page(Filter(), before=None, limit=5) == []
        assert opened.posts.page(Filter(tag="x"), before=None, limit=5) == []
        assert opened.posts.page(Filter(author="ada"), before=None, limit=5) == []
        with pytest.raises(NotFound):
            opened.posts.get(gone.id)


def test_a_voters_last_vote_counts(stores: Open) -> None:
    liked = post()
    with stores() as opened:
        opened.posts.add(liked)
    for voter, value in [("ada", 1), ("bob", 1), ("bob", 1), ("ada", -1)]:
        with stores() as opened:
            opened.votes.cast(Vote(post_id=liked.id, voter=voter, value=value))
    with stores() as opened:
        assert opened.score(liked.id) == 0


def test_a_retracted_vote_does_not_count_and_may_be_retracted_again(stores: Open) -> None:
    liked = post()
    with stores() as opened:
        opened.posts.add(liked)
        opened.votes.cast(Vote(post_id=liked.id, voter="ada", value=1))
    for _ in range(2):
        with stores() as opened:
            opened.votes.retract(liked.id, "ada")
    with stores() as opened:
        assert opened.score(liked.id) == 0


def test_feedback_is_returned_unchanged_from_the_newest_to_the_oldest(stores: Open) -> None:
    sent = [feedback_of(30), feedback_of(10), feedback_of(20), filled(Feedback, id=new_id(10))]
    with stores() as opened:
        for each in sent:
            opened.feedback.add(each)
    newest_first = sorted(sent, key=lambda each: each.id, reverse=True)
    with stores() as opened:
        first = opened.feedback.page(before=None, limit=3)
        rest = opened.feedback.page(before=first[-1].id, limit=3)
    assert first + rest == newest_first


def test_a_stored_order_is_returned_unchanged_to_its_buyer_only(stores: Open) -> None:
    placed = filled(Order, id=new_id(0), buyer="ada")
    with stores() as opened:
        assert opened.orders.add(placed, key="k") == placed
    with stores() as opened:
        assert opened.orders.get(placed.id, buyer="ada") == placed
    for order_id, buyer in ((placed.id, "bob"), (new_id(1), "ada")):
        with stores() as opened, pytest.raises(NotFound):
            opened.orders.get(order_id, buyer=buyer)


def test_a_used_key_returns_its_order_and_stores_no_other(stores: Open) -> None:
    first, again = order(5), order()
    with stores() as opened:
        opened.orders.add(first, key="k")
        opened.save_order(replace(first, stage=Stage.PAID), seen=first)
    with stores() as opened:
        assert opened.orders.add(again, key="k") == replace(first, stage=Stage.PAID)
    with stores() as opened:
        assert opened.orders.page("ada", before=None, limit=5) == [replace(first, stage=Stage.PAID)]


@pytest.mark.parametrize("key", ["K", "k ", "k#", "#k", "key", "~" * 64])
def test_a_key_belongs_to_one_buyer_and_is_compared_exactly(stores: Open, key: str) -> None:
    placed = {("ada", "k"): order(2), ("ada", key): order(1), ("bob", "k"): order(0, buyer="bob")}
    with stores() as opened:
        for (_, used), each in placed.items():
            assert opened.orders.add(each, key=used) == each
    with stores() as opened:
        for (_, used), each in placed.items():
            assert opened.orders.add(order(buyer=each.buyer), key=used) == each


def test_orders_of_a_buyer_are_sorted_from_the_newest_across_pages(stores: Open) -> None:
    placed = [order(age) for age in (30, 10, 20, 0, 0)]
    with stores() as opened:
        for each in [*placed, order(15, buyer="bob")]:
            opened.orders.add(each, key=each.id)
    newest_first = sorted(placed, key=lambda each: each.id, reverse=True)
    with stores() as opened:
        first = opened.orders.page("ada", before=None, limit=3)
        rest = opened.orders.page("ada", before=first[-1].id, limit=3)
        assert opened.orders.page("cyd", before=None, limit=3) == []
    assert first + rest == newest_first


def test_an_order_that_changed_since_it_was_read_is_a_conflict(stores_without_locks: Open) -> None:
    seen = order()
    rejected = replace(seen, stage=Stage.REJECTED, reason=Reason.POST_NOT_FOUND)
    with stores_without_locks() as opened:
        opened.orders.add(seen, key="k")
    with stores_without_locks() as opened:
        opened.save_order(rejected, seen=seen)
    with pytest.raises(Conflict), stores_without_locks() as opened:
        opened.save_order(replace(seen, stage=Stage.PAID), seen=seen)
    with stores_without_locks() as opened:
        assert opened.orders.get(seen.id, buyer="ada") == rejected


@pytest.mark.parametrize("uploads", [(2, 1, 0), (0, 1, 2), (0, 2, 1)])
def test_the_thumbnail_of_the_newest_upload_is_shown_in_any_order_of_work(
    stores: Open, uploads: tuple[int, ...]
) -> None:
    with stores() as opened:
        opened.users.add(user())
        opened.users.add(user("bob"))
    for age in uploads:
        with stores() as opened:
            opened.avatars.show("ada", f"thumbnail of age {age}".encode(), upload=new_id(age))
    with stores() as opened:
        assert opened.avatars.get("ada") == b"thumbnail of age 0"
        with pytest.raises(NotFound):
            opened.avatars.get("bob")


def test_search_sorts_by_relevance_then_by_the_newest(stores: Open) -> None:
    plain, titled, newer = post(30, body="a cat"), post(20, title="Cats", body="cat"), post(10, body="cats")
    with stores() as opened:
        for each in (plain, titled, newer, post(0, body="dog")):
            opened.publish(each)
    with stores() as opened:
        matches = opened.index.find(["cat"], after=None, limit=5)
    assert [(each, match.relevance) for each, match in matches] == [(titled, 4), (newer, 1), (plain, 1)]


def test_search_continues_after_a_match(stores: Open) -> None:
    written = [post(age, body="cat") for age in (3, 2, 1)]
    with stores() as opened:
        for each in written:
            opened.publish(each)
    with stores() as opened:
        matches = opened.index.find(["cat"], after=Match(post_id=written[2].id, relevance=1), limit=1)
    assert [each for each, _ in matches] == [written[1]]


def test_every_term_must_match(stores: Open) -> None:
    both = post(2, body="cat dog")
    with stores() as opened:
        opened.publish(both)
        opened.publish(post(1, body="cat"))
    with stores() as opened:
        assert [each for each, _ in opened.index.find(["cat", "dog"], after=None, limit=5)] == [both]
        assert opened.index.find(["cat", "bird"], after=None, limit=5) == []


def test_a_withdrawn_post_is_not_found_by_search(stores: Open) -> None:
    gone = post(body="cat")
    with stores() as opened:
        opened.publish(gone)
    with stores() as opened:
        opened.withdraw(gone)
    with stores() as opened:
        assert opened.index.find(["cat"], after=None, limit=5) == []


@pytest.mark.parametrize("word", ["x" * 9000, "ﷺ" * 200, "it's", "a:b", "%", "sha256"])
def test_a_hostile_word_is_indexed_and_found(stores: Open, word: str) -> None:
    hostile = post(body=f"word {word}")
    with stores() as opened:
        opened.publish(hostile)
    with stores() as opened:
        assert [each for each, _ in opened.index.find(search.analyse(hostile.body), after=None, limit=5)] == [hostile]


def test_the_most_viewed_posts_come_first_then_the_older(stores: Open) -> None:
    oldest, older, newer = (new_id(age) for age in (3, 2, 1))
    with stores() as opened:
        opened.count(*(View(post_id=post_id, at=BEGIN) for post_id in (newer, older, newer, oldest, older)))
        opened.count(View(post_id=oldest, at=BEGIN - WINDOW))
        opened.count(View(post_id=oldest, at=BEGIN))
    with stores() as opened:
        trends = opened.trends.most_viewed(last_hour(BEGIN), 5)
        assert trends == [Trend(post_id=oldest, views=3), Trend(post_id=older, views=2), Trend(post_id=newer, views=2)]
        assert opened.trends.most_viewed(last_hour(BEGIN), 1) == trends[:1]


def test_a_view_counts_in_sixty_windows_and_expires_without_new_views(stores: Open) -> None:
    viewed = View(post_id=new_id(0), at=BEGIN)
    with stores() as opened:
        opened.count(viewed)
    counted = [Trend(post_id=viewed.post_id, views=1)]
    for windows, expected in [(-1, []), (0, counted), (WINDOWS - 1, counted), (WINDOWS, [])]:
        with stores() as opened:
            assert opened.trends.most_viewed(last_hour(BEGIN + windows * WINDOW), 5) == expected


def test_there_are_no_trends_without_views(stores: Open) -> None:
    with stores() as opened:
        assert opened.trends.most_viewed(last_hour(BEGIN), 5) == []
