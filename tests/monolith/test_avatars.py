"""A background task makes thumbnails: the newest upload wins, a crash loses no picture, and unusable pictures are parked."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, Engine, insert, select

from monolith.avatars.store import SqlAvatars
from monolith.avatars.thumbnails import create_task, to_job
from monolith.background import PeriodicTask
from monolith.database import UnitOfWork, connect, unit_of_work
from monolith.jobs import JOBS, MAX_ATTEMPTS, SqlJobs
from monolith.users.store import SqlUsers
from shared_domain.avatars import Upload
from shared_domain.users import User
from tests.contract.images import BLUE, GREEN, RED, near, noise, png

from .conftest import Databases

WORKERS = 4


@dataclass(frozen=True, slots=True)
class Stores:
    users: SqlUsers
    avatars: SqlAvatars
    jobs: SqlJobs


class Avatars:
    """The avatars module, with a background task that the test runs."""

    def __init__(self, engine: Engine) -> None:
        self.work: UnitOfWork[Stores] = unit_of_work(engine, _stores)
        self.make_thumbnails: PeriodicTask = create_task(self.work)
        self._engine = engine

    def upload(self, upload_id: str, picture: bytes, *, by: str = "ada") -> None:
        with self.work() as work:
            work.jobs.add(to_job(Upload(id=upload_id, username=by, picture=picture)))

    def thumbnail(self, username: str = "ada") -> bytes:
        with self.work() as work:
            return work.avatars.get(username)

    def queued(self) -> list[tuple[str, bytes, str | None]]:
        """Return the queue: id, picture, and the reason if the job is parked."""
        with self._engine.connect() as connection:
            return [
                tuple(row)
                for row in connection.execute(select(JOBS.c.id, JOBS.c.payload, JOBS.c.reason).order_by("id"))
            ]


def _stores(connection: Connection) -> Stores:
    return Stores(SqlUsers(connection), SqlAvatars(connection), SqlJobs(connection))


@pytest.fixture(scope="module")
def engine(databases: Databases) -> Iterator[Engine]:
    engine = connect(databases.create(template="postgres"), pool_size=2 * WORKERS)
    yield engine
    engine.dispose()


@pytest.fixture
def avatars(engine: Engine) -> Avatars:
    """The module with two users and an empty queue."""
    with engine.begin() as connection:
        connection.exec_driver_sql("TRUNCATE users, avatars, jobs")
    avatars = Avatars(engine)
    with avatars.work() as work:
        for name in ("ada", "bob"):
            work.users.add(_user(name))
    return avatars


def test_a_picture_is_deleted_once_its_thumbnail_is_stored(avatars: Avatars) -> None:
    avatars.upload("1", png(RED))
    avatars.upload("2", png(BLUE), by="bob")
    avatars.make_thumbnails()
    assert near(RED)(avatars.thumbnail())
    assert near(BLUE)(avatars.thumbnail("bob"))
    assert avatars.queued() == []


def test_the_newer_upload_wins_if_the_older_one_is_handled_later(avatars: Avatars) -> None:
    avatars.upload("2", png(GREEN))
    avatars.make_thumbnails()
    avatars.upload("1", png(RED))
    avatars.make_thumbnails()
    assert near(GREEN)(avatars.thumbnail())
    assert avatars.queued() == []


def test_concurrent_workers_make_each_thumbnail_once(avatars: Avatars) -> None:
    for n in range(3 * WORKERS):
        avatars.upload(f"{n:02}", png((n * 20, 0, 0)))
    with ThreadPoolExecutor(WORKERS) as workers:
        for future in [workers.submit(avatars.make_thumbnails) for _ in range(WORKERS)]:
            future.result()
    assert near(((3 * WORKERS - 1) * 20, 0, 0))(avatars.thumbnail())
    assert avatars.queued() == []


def test_an_undecodable_picture_is_parked_with_the_reason_and_without_its_bytes(avatars: Avatars) -> None:
    avatars.upload("1", noise()[:-500])
    avatars.upload("2", png(BLUE), by="bob")
    avatars.make_thumbnails()
    ((upload_id, picture, reason),) = avatars.queued()
    assert (upload_id, picture) == ("1", b"")
    assert reason is not None
    assert reason.startswith("cannot be decoded: ")
    assert near(BLUE)(avatars.thumbnail("bob"))


def test_a_locked_job_is_skipped_and_available_again_after_a_crash(avatars: Avatars) -> None:
    avatars.upload("1", png(RED))
    with pytest.raises(ConnectionAbortedError), avatars.work() as work:
        job_id = work.jobs.claim("avatar")
        assert job_id == "1"
        assert work.jobs.get_for_update(job_id)
        avatars.make_thumbnails()
        assert [upload_id for upload_id, _, _ in avatars.queued()] == ["1"]
        raise ConnectionAbortedError
    avatars.make_thumbnails()
    assert near(RED)(avatars.thumbnail())


def test_a_worker_waits_for_the_lock_of_a_job_that_it_claimed(avatars: Avatars) -> None:
    """Skipping the job would count an attempt that never began."""
    avatars.upload("1", png(RED))

    def lock_job() -> bool:
        with avatars.work() as work:
            return work.jobs.get_for_update("1") is not None

    with ThreadPoolExecutor(1) as another:
        with avatars.work() as work:
            assert work.jobs.claim("avatar") == "1"
            locked = another.submit(lock_job)
            assert not wait([locked], timeout=0.3).done
        assert locked.result()


def test_a_picture_that_always_crashes_its_process_is_parked_and_delays_no_other(avatars: Avatars) -> None:
    avatars.upload("1", png(RED))
    for _ in range(MAX_ATTEMPTS):
        with avatars.work() as work:  # the process crashes after this block
            assert work.jobs.claim("avatar") == "1"
    avatars.upload("2", png(BLUE), by="bob")
    avatars.make_thumbnails()
    assert near(BLUE)(avatars.thumbnail("bob"))
    assert avatars.queued() == [("1", b"", f"failed {MAX_ATTEMPTS} times")]


def test_a_thousand_failed_jobs_are_parked_in_one_run(avatars: Avatars, engine: Engine) -> None:
    failed = {"kind": "avatar", "subject": "ada", "payload": b"", "attempts": MAX_ATTEMPTS}
    with engine.begin() as connection:
        connection.execute(insert(JOBS), [{"id": f"{n:04}", **failed} for n in range(1_100)])
    avatars.make_thumbnails()
    assert {reason for _, _, reason in avatars.queued()} == {f"failed {MAX_ATTEMPTS} times"}


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
