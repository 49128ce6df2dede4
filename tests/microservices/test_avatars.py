"""Thumbnails that a bucket's events wake: the newest stays, a crash loses nothing, and what cannot be made is parked."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from moto.core.botocore_stubber import MockRawResponse

from tests.contract.aws_calls import answered_by, watched_by
from tests.contract.client import Api, Json, Person
from tests.contract.gateway import gateway_over_moto
from tests.contract.images import BLUE, GREEN, PNG, RED, near, noise, png
from tests.contract.resources import ACCOUNT

from .aws_events import Record, objects
from .aws_world import STAGE, AwsWorld
from .parked import Service

BUCKET = f"{STAGE}-avatars-{ACCOUNT}"
MOST_CALLS = 8  # of one invocation, and more than it makes


class Ended(BaseException):
    """The process is gone."""


@dataclass
class Cut:
    """Ends a function before or after its n-th call."""

    place: int
    when: str
    met: bool = False
    calls: int = 0

    def before(self, operation: str) -> None:
        self.calls += 1
        self._end("before")

    def after(self, operation: str) -> None:
        self._end("after")

    def _end(self, when: str) -> None:
        if (self.calls, when) == (self.place, self.when) and not self.met:
            self.met = True
            raise Ended


@dataclass
class Overtaken:
    """Lets something else happen before a call, once."""

    operation: str
    by: Callable[[], object]
    done: list[str] = field(default_factory=list)

    def before(self, operation: str) -> None:
        if operation == self.operation and not self.done:
            self.done.append(operation)
            self.by()

    def after(self, operation: str) -> None:
        pass


@pytest.fixture(scope="module")
def world() -> Iterator[AwsWorld]:
    with gateway_over_moto() as gateway:
        yield AwsWorld(gateway)


@pytest.fixture
def owner(world: AwsWorld) -> Person:
    """Somebody without an avatar."""
    return world.api.join("face")


def handed_in(world: AwsWorld, owner: Person, picture: bytes) -> Record:
    """Upload a picture; return what the bucket tells of it, which nobody has been told yet."""
    before = originals(world, owner)
    assert world.api.upload_avatar(owner, picture).status_code == 202
    (record,) = objects([key for key in originals(world, owner) if key not in before])
    return record


def originals(world: AwsWorld, owner: Person) -> list[str]:
    return [key for key in world.keys(BUCKET) if key.startswith(f"originals/{owner.username}/")]


def make(world: AwsWorld, *records: Record) -> None:
    world.invoke("avatars-thumbnails", list(records))


def shown(world: AwsWorld, owner: Person) -> bytes:
    answer = world.api.read_avatar(owner.username)
    assert answer.status_code == 200
    content: bytes = answer.content
    return content


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (2, 0, 1), (1, 2, 2, 0, 1)])
def test_the_newest_upload_wins_in_whatever_order_its_events_come(
    world: AwsWorld, owner: Person, order: tuple[int, ...]
) -> None:
    records = [handed_in(world, owner, png(colour)) for colour in (RED, GREEN, BLUE)]
    for place in order:
        make(world, records[place])
    assert near(BLUE)(shown(world, owner))
    assert originals(world, owner) == []


def test_a_thumbnail_that_is_overtaken_while_it_is_shown_gives_way(world: AwsWorld, owner: Person) -> None:
    older, newer = (handed_in(world, owner, png(colour)) for colour in (RED, GREEN))
    overtaken = Overtaken("s3.PutObject", by=lambda: make(world, newer))
    with watched_by(overtaken):
        make(world, older)
    assert overtaken.done
    assert near(GREEN)(shown(world, owner))
    assert originals(world, owner) == []


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("place", range(1, MOST_CALLS))
def test_a_function_that_is_cut_off_loses_no_picture(world: AwsWorld, owner: Person, place: int, when: str) -> None:
    record = handed_in(world, owner, png(RED))
    cut = Cut(place, when)
    with watched_by(cut):
        try:
            make(world, record)
        except Ended:
            make(world, record)  # Lambda comes again
    assert near(RED)(shown(world, owner))
    assert originals(world, owner) == []
    assert cut.met or cut.calls < place


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("place", range(1, MOST_CALLS))
def test_a_picture_without_use_is_parked_with_its_reason_and_not_kept_wherever_the_function_is_cut_off(
    world: AwsWorld, owner: Person, place: int, when: str
) -> None:
    record = handed_in(world, owner, noise()[:-500])
    cut = Cut(place, when)
    with watched_by(cut):
        try:
            make(world, record)
        except Ended:
            make(world, record)
    about = [each for each in world.parked("avatars-parking") if each["record"] == record]
    assert about
    assert all(each["reason"].startswith("cannot be decoded: ") for each in about)
    assert originals(world, owner) == []
    assert world.api.read_avatar(owner.username).status_code == 404


def test_a_bucket_that_is_away_has_the_event_come_again(world: AwsWorld, owner: Person) -> None:
    record = handed_in(world, owner, png(RED))
    parked = len(world.parked("avatars-parking"))

    def away(request: object) -> AWSResponse | None:
        return AWSResponse("", 503, {}, MockRawResponse("<Error><Code>SlowDown</Code></Error>"))

    with answered_by(away), pytest.raises(ClientError):
        make(world, record)
    assert len(originals(world, owner)) == 1
    assert len(world.parked("avatars-parking")) == parked
    make(world, record)
    assert near(RED)(shown(world, owner))


def test_keys_are_read_as_s3_encodes_them(world: AwsWorld, owner: Person) -> None:
    record = handed_in(world, owner, png(RED))
    record["s3"]["object"]["key"] = record["s3"]["object"]["key"].replace("originals/f", "original%73/%66")
    strange = ["originals/some one+é/01", "originals/../thumbnails/ada.png", "thumbnails/ada.png", "originals/ada", "%"]
    make(world, *objects(strange), record)
    assert near(RED)(shown(world, owner))
    assert [each for each in world.parked("avatars-parking") if each["record"] in objects(strange)] == []


@pytest.mark.live
def test_an_upload_wakes_the_function_by_the_bucket_which_then_holds_the_thumbnail_alone(
    service: Service, api: Api
) -> None:
    owner = api.join("face")
    for colour in (RED, GREEN):
        assert api.upload_avatar(owner, png(colour)).status_code == 202
        api.avatar_settles(owner.username, near(colour))
    api.eventually(lambda: _holds(service, owner, [f"thumbnails/{owner.username}.png"]))


@pytest.mark.live
def test_a_key_that_s3_encodes_reaches_the_function_and_is_passed_over(service: Service, api: Api) -> None:
    owner, odd = api.join("face"), "originals/some one+é/01"
    s3 = service.stack.emulator.client("s3")
    s3.put_object(Bucket=_bucket(service), Key=odd, Body=png())
    api.upload_avatar(owner, png(BLUE))
    api.avatar_settles(owner.username, near(BLUE))
    assert service.waiting("avatars-parking", "some") == []
    assert service.waiting("avatars-undelivered", "some") == []
    s3.delete_object(Bucket=_bucket(service), Key=odd)


@pytest.mark.live
def test_a_picture_that_cannot_be_decoded_is_parked_in_words_and_nothing_is_kept(service: Service, api: Api) -> None:
    owner = api.join("face")
    assert api.upload_avatar(owner, noise()[:-500], PNG).status_code == 202

    (message,) = _told_of(service, api, "avatars-parking", owner)
    told = json.loads(message["Body"])
    assert told["function"] == service.name("avatars-thumbnails")
    assert told["reason"].startswith("cannot be decoded: ")
    assert len(message["Body"]) < 2_000
    api.eventually(lambda: _holds(service, owner, []))
    assert api.read_avatar(owner.username).status_code == 404


@pytest.mark.live
def test_what_the_function_cannot_do_at_the_moment_waits_in_a_queue_and_is_done_when_it_is_given_back(
    service: Service, api: Api
) -> None:
    owner = api.join("face")
    with _put_away(service):
        assert api.upload_avatar(owner, png(RED)).status_code == 202

        (message,) = _told_of(service, api, "avatars-undelivered", owner)
    assert api.read_avatar(owner.username).status_code == 404
    service.invoke("avatars-thumbnails", json.loads(message["Body"])["requestPayload"])
    api.avatar_settles(owner.username, near(RED))


@contextmanager
def _put_away(service: Service) -> Iterator[None]:
    """Take the function's queue of parked records and its bucket from it, for as long as the block lasts."""
    lambdas, function = service.stack.emulator.client("lambda"), service.name("avatars-thumbnails")
    kept = lambdas.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    lost = kept | {"BUCKET": "no-such-bucket", "PARKING_QUEUE_URL": f"{service.stack.emulator.endpoint}/none/none"}
    lambdas.update_function_configuration(FunctionName=function, Environment={"Variables": lost})
    try:
        yield
    finally:
        lambdas.update_function_configuration(FunctionName=function, Environment={"Variables": kept})


def _told_of(service: Service, api: Api, queue: str, owner: Person) -> list[Json]:
    """Return what a queue says about somebody's pictures, once it does."""

    def there() -> list[Json]:
        messages = service.waiting(queue, owner.username)
        assert messages
        return messages

    return api.eventually(there)


def _bucket(service: Service) -> str:
    (name,) = (
        each["Name"]
        for each in service.stack.emulator.client("s3").list_buckets()["Buckets"]
        if each["Name"].startswith(service.name("avatars"))
    )
    return str(name)


def _holds(service: Service, owner: Person, keys: list[str]) -> None:
    """Assert which objects there are of somebody."""
    listed = service.stack.emulator.client("s3").list_objects_v2(Bucket=_bucket(service)).get("Contents", [])
    assert [each["Key"] for each in listed if owner.username in each["Key"]] == keys
