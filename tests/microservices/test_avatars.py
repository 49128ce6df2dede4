"""Thumbnails made on a bucket's events: the newest upload wins, a crash loses nothing, an unusable picture is parked."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from moto.core.botocore_stubber import MockRawResponse

from tests.contract.aws_calls import answered_by, watched_by
from tests.contract.client import Person
from tests.contract.gateway import gateway_over_moto
from tests.contract.images import BLUE, GREEN, RED, near, noise, png
from tests.contract.resources import ACCOUNT, REGION

from .aws_events import Record, object_notifications
from .event_scenario import STAGE, EventScenario

BUCKET = f"{STAGE}-avatars-{ACCOUNT}-{REGION}"
MOST_CALLS = 8  # more than one invocation makes


class Interrupted(BaseException):
    """The process ended."""


@dataclass
class Interruption:
    """Interrupt a function before or after its n-th call."""

    place: int
    when: str
    happened: bool = False
    calls: int = 0

    def before(self, operation: str) -> None:
        self.calls += 1
        self._interrupt("before")

    def after(self, operation: str) -> None:
        self._interrupt("after")

    def _interrupt(self, when: str) -> None:
        if (self.calls, when) == (self.place, self.when) and not self.happened:
            self.happened = True
            raise Interrupted


@dataclass
class Overtaking:
    """Run a function before a call, once."""

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
def scenario() -> Iterator[EventScenario]:
    with gateway_over_moto() as gateway:
        yield EventScenario(gateway)


@pytest.fixture
def owner(scenario: EventScenario) -> Person:
    """Return a user without an avatar."""
    return scenario.api.join("face")


def upload(scenario: EventScenario, owner: Person, picture: bytes) -> Record:
    """Upload a picture; return the bucket's notification, which is not delivered yet."""
    before = originals(scenario, owner)
    assert scenario.api.upload_avatar(owner, picture).status_code == 202
    (record,) = object_notifications([key for key in originals(scenario, owner) if key not in before])
    return record


def originals(scenario: EventScenario, owner: Person) -> list[str]:
    return [key for key in scenario.keys(BUCKET) if key.startswith(f"originals/{owner.username}/")]


def make(scenario: EventScenario, *records: Record) -> None:
    scenario.invoke("avatars-thumbnails", list(records))


def shown(scenario: EventScenario, owner: Person) -> bytes:
    answer = scenario.api.read_avatar(owner.username)
    assert answer.status_code == 200
    content: bytes = answer.content
    return content


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (2, 0, 1), (1, 2, 2, 0, 1)])
def test_the_newest_upload_wins_for_any_order_of_events(
    scenario: EventScenario, owner: Person, order: tuple[int, ...]
) -> None:
    records = [upload(scenario, owner, png(colour)) for colour in (RED, GREEN, BLUE)]
    for place in order:
        make(scenario, records[place])
    assert near(BLUE)(shown(scenario, owner))
    assert originals(scenario, owner) == []


def test_a_thumbnail_that_is_overtaken_by_a_newer_one_is_not_shown(scenario: EventScenario, owner: Person) -> None:
    older, newer = (upload(scenario, owner, png(colour)) for colour in (RED, GREEN))
    overtaken = Overtaking("s3.PutObject", by=lambda: make(scenario, newer))
    with watched_by(overtaken):
        make(scenario, older)
    assert overtaken.done
    assert near(GREEN)(shown(scenario, owner))
    assert originals(scenario, owner) == []


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("place", range(1, MOST_CALLS))
def test_an_interrupted_function_loses_no_picture(
    scenario: EventScenario, owner: Person, place: int, when: str
) -> None:
    record = upload(scenario, owner, png(RED))
    interruption = Interruption(place, when)
    with watched_by(interruption):
        try:
            make(scenario, record)
        except Interrupted:
            make(scenario, record)  # Lambda retries
    assert near(RED)(shown(scenario, owner))
    assert originals(scenario, owner) == []
    assert interruption.happened or interruption.calls < place


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("place", range(1, MOST_CALLS))
def test_an_unusable_picture_is_parked_and_deleted_wherever_the_function_is_interrupted(
    scenario: EventScenario, owner: Person, place: int, when: str
) -> None:
    record = upload(scenario, owner, noise()[:-500])
    interruption = Interruption(place, when)
    with watched_by(interruption):
        try:
            make(scenario, record)
        except Interrupted:
            make(scenario, record)
    about = [each for each in scenario.parked("avatars-parking") if each["record"] == record]
    assert about
    assert all(each["reason"].startswith("cannot be decoded: ") for each in about)
    assert originals(scenario, owner) == []
    assert scenario.api.read_avatar(owner.username).status_code == 404


def test_an_event_fails_and_is_not_parked_while_the_bucket_is_unavailable(
    scenario: EventScenario, owner: Person
) -> None:
    record = upload(scenario, owner, png(RED))
    parked = len(scenario.parked("avatars-parking"))

    def unavailable(request: object) -> AWSResponse | None:
        return AWSResponse("", 503, {}, MockRawResponse("<Error><Code>SlowDown</Code></Error>"))

    with answered_by(unavailable), pytest.raises(ClientError):
        make(scenario, record)
    assert len(originals(scenario, owner)) == 1
    assert len(scenario.parked("avatars-parking")) == parked
    make(scenario, record)
    assert near(RED)(shown(scenario, owner))


def test_url_encoded_keys_are_decoded(scenario: EventScenario, owner: Person) -> None:
    record = upload(scenario, owner, png(RED))
    record["s3"]["object"]["key"] = record["s3"]["object"]["key"].replace("originals/f", "original%73/%66")
    strange = ["originals/some one+é/01", "originals/../thumbnails/ada.png", "thumbnails/ada.png", "originals/ada", "%"]
    make(scenario, *object_notifications(strange), record)
    assert near(RED)(shown(scenario, owner))
    assert [
        each for each in scenario.parked("avatars-parking") if each["record"] in object_notifications(strange)
    ] == []
