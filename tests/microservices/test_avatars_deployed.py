"""The deployed function that makes thumbnails: it is triggered, parks what it cannot use, and loses no event."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.contract.client import Api, Json, Person
from tests.contract.images import BLUE, GREEN, PNG, RED, near, noise, png

from .deployed_stage import DeployedStage

pytestmark = pytest.mark.live


def test_an_upload_triggers_the_function_and_only_the_thumbnail_stays(stage: DeployedStage, api: Api) -> None:
    owner = api.join("face")
    for colour in (RED, GREEN):
        assert api.upload_avatar(owner, png(colour)).status_code == 202
        api.avatar_settles(owner.username, near(colour))
    api.eventually(lambda: _holds(stage, owner, [f"thumbnails/{owner.username}.png"]))


def test_a_foreign_object_with_an_encoded_key_is_ignored(stage: DeployedStage, api: Api) -> None:
    owner, odd = api.join("face"), "originals/some one+é/01"
    s3 = stage.stack.emulator.client("s3")
    s3.put_object(Bucket=_bucket(stage), Key=odd, Body=png())
    api.upload_avatar(owner, png(BLUE))
    api.avatar_settles(owner.username, near(BLUE))
    assert stage.messages("avatars-parking", "some") == []
    assert stage.messages("avatars-undelivered", "some") == []
    s3.delete_object(Bucket=_bucket(stage), Key=odd)


def test_a_picture_that_cannot_be_decoded_is_parked_without_its_bytes_and_deleted(
    stage: DeployedStage, api: Api
) -> None:
    owner = api.join("face")
    assert api.upload_avatar(owner, noise()[:-500], PNG).status_code == 202

    (message,) = _messages_about(stage, api, "avatars-parking", owner)
    parked = json.loads(message["Body"])
    assert parked["function"] == stage.name("avatars-thumbnails")
    assert parked["reason"].startswith("cannot be decoded: ")
    assert len(message["Body"]) < 2_000
    api.eventually(lambda: _holds(stage, owner, []))
    assert api.read_avatar(owner.username).status_code == 404


def test_an_undelivered_event_waits_in_a_queue_and_can_be_redelivered(stage: DeployedStage, api: Api) -> None:
    owner = api.join("face")
    with _without_access(stage):
        assert api.upload_avatar(owner, png(RED)).status_code == 202

        (message,) = _messages_about(stage, api, "avatars-undelivered", owner)
    assert api.read_avatar(owner.username).status_code == 404
    stage.invoke("avatars-thumbnails", json.loads(message["Body"])["requestPayload"])
    api.avatar_settles(owner.username, near(RED))


@contextmanager
def _without_access(stage: DeployedStage) -> Iterator[None]:
    """Configure a bucket and a queue that do not exist for the function, for the duration of the block."""
    lambdas, function = stage.stack.emulator.client("lambda"), stage.name("avatars-thumbnails")
    original = lambdas.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    broken = original | {"BUCKET": "no-such-bucket", "PARKING_QUEUE_URL": f"{stage.stack.emulator.endpoint}/none/none"}
    lambdas.update_function_configuration(FunctionName=function, Environment={"Variables": broken})
    try:
        yield
    finally:
        lambdas.update_function_configuration(FunctionName=function, Environment={"Variables": original})


def _messages_about(stage: DeployedStage, api: Api, queue: str, owner: Person) -> list[Json]:
    """Return a queue's messages about a user's pictures, once there are some."""

    def require_messages() -> list[Json]:
        messages = stage.messages(queue, owner.username)
        assert messages
        return messages

    return api.eventually(require_messages)


def _bucket(stage: DeployedStage) -> str:
    (name,) = (
        each["Name"]
        for each in stage.stack.emulator.client("s3").list_buckets()["Buckets"]
        if each["Name"].startswith(stage.name("avatars"))
    )
    return str(name)


def _holds(stage: DeployedStage, owner: Person, keys: list[str]) -> None:
    """Assert which objects of a user exist."""
    listed = stage.stack.emulator.client("s3").list_objects_v2(Bucket=_bucket(stage)).get("Contents", [])
    assert [each["Key"] for each in listed if owner.username in each["Key"]] == keys
