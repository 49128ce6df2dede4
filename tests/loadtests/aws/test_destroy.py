"""`aws destroy` and `aws proof` on an account in this process, with small stacks under the names of the services."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from moto import mock_aws

from loadtests.aws import proof
from loadtests.aws.destroy import destroy
from loadtests.aws.image import Image
from loadtests.aws.stacks import MICROSERVICES, MONOLITH, TAG, waves_of
from loadtests.aws.target import Target
from loadtests.results import SIDES
from microservices.deploy.deployment import Deployment

ACCOUNT, BUCKET = "123456789012", "mine-artifacts-123456789012-eu-central-1"
VERSIONED = {"BucketName": "mine-pictures", "VersioningConfiguration": {"Status": "Enabled"}}
KEY = {
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
}
STACKS: dict[str, dict[str, Any]] = {
    "budget": {"Type": "AWS::SQS::Queue"},
    "platform": {"Type": "AWS::SNS::Topic"},
    "monolith": {"Type": "AWS::SNS::Topic"},
    "votes": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": "mine-votes", "BillingMode": "PAY_PER_REQUEST", **KEY}},
    "avatars": {"Type": "AWS::S3::Bucket", "Properties": VERSIONED},
}  # fmt: skip
DATABASE = {
    "Type": "AWS::RDS::DBInstance",
    "Properties": {
        "DBInstanceIdentifier": "mine-monolith", "DBInstanceClass": "db.t4g.small", "Engine": "postgres", "AllocatedStorage": "20",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Account:
    """An account with the stacks above, and what the command takes."""

    target: Target
    deployment: Deployment

    def destroy(self, *sides: str, snapshots: bool = False) -> list[str]:
        image = Image(self.target, ACCOUNT, "mine", "arm64")
        return [*destroy(self.target, self.deployment, waves_of(sides or SIDES, {}), image=image, snapshots=snapshots)]

    def left(self) -> list[str]:
        return proof.left(self.target, "mine")


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "nobody")
    with mock_aws():
        target = Target("eu-central-1")
        deployment = Deployment(target, "mine", BUCKET, {}, {TAG: "mine"})
        deployment.create_bucket()
        deployment.upload(())
        for name, resource in STACKS.items():
            assert (
                deployment.stacks.deploy(f"mine-{name}", json.dumps({"Resources": {"It": resource}}), {}) == "created"
            )
        for content in (b"old", b"new"):
            target.client("s3").put_object(Bucket="mine-pictures", Key="picture", Body=content)
        target.client("s3").delete_object(Bucket="mine-pictures", Key="picture")
        yield Account(target, deployment)


def test_proof_lists_the_stacks_and_the_bucket_until_destroy_has_deleted_them(account: Account) -> None:
    listed = " ".join(account.left())
    assert all(f":stack/mine-{name}/" in listed for name in STACKS)
    assert f"arn:aws:s3:::{BUCKET}" in listed
    lines = account.destroy()
    done = [line.removeprefix("delete ").removesuffix(": done") for line in lines if line.endswith(": done")]
    assert {*done} == {*(f"mine-{name}" for name in STACKS), BUCKET}
    assert done.index("mine-votes") < done.index("mine-platform") < done.index(BUCKET) < done.index("mine-budget")
    assert account.left() == []
    assert account.target.client("s3").list_buckets()["Buckets"] == []
    assert all(line.endswith(": absent") for line in account.destroy())


def test_the_budget_stays_as_long_as_the_other_side(account: Account) -> None:
    assert not any("mine-budget" in line for line in account.destroy(MICROSERVICES))
    assert [arn.split("/")[1] for arn in account.left()] == ["mine-budget", "mine-monolith"]


@pytest.mark.deep
def test_backups_are_made_before_the_deletion_and_are_left(account: Account) -> None:
    account.destroy(snapshots=True)
    (backup,) = account.left()
    assert ":table/mine-votes/backup/" in backup


def test_a_stage_that_is_deployed_again_gets_another_snapshot(account: Account) -> None:
    for made in (1, 2):
        account.deployment.stacks.deploy("mine-monolith", json.dumps({"Resources": {"Database": DATABASE}}), {})
        assert "delete mine-monolith: done" in account.destroy(MONOLITH, snapshots=True)
        assert len(account.target.client("rds").describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]) == made
