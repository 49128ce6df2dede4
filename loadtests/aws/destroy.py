"""`aws destroy`: delete everything of a stage, in the reverse order of its deployment. A second run resumes an interrupted one."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any
from uuid import uuid4

from loadtests.aws import proof
from loadtests.aws.image import Image
from loadtests.aws.parallel import run_parallel
from loadtests.aws.stacks import BUDGET, MICROSERVICES, MONOLITH, Stack
from loadtests.aws.target import Target
from microservices.deploy.deployment import Deployment
from microservices.deploy.stacks import DeploymentFailed, Stacks

TRIES = 3  # of a stack: a function may write to a bucket between its emptying and its deletion


def destroy(
    target: Target, deployment: Deployment, order: Sequence[Sequence[Stack]], *, image: Image, snapshots: bool
) -> Iterator[str]:
    """Delete the stacks of all waves, the zips and images, and with the last stack the budget. Yield what was done.

    snapshots: make backups of tables and databases first.
    """
    for wave in reversed(order):
        names = [deployment.stack_name(one.name) for one in wave]
        yield from run_parallel(
            {f"delete {name}": partial(_delete_stack, target, deployment.stacks, name, snapshots) for name in names}
        )
    if any(one.side == MICROSERVICES for wave in order for one in wave):
        yield f"delete {deployment.bucket}: {_delete_bucket(target.client('s3'), deployment.bucket)}"
    if any(one.side == MONOLITH for wave in order for one in wave):
        yield f"delete {image.repository}: {image.delete()}"
    budget = deployment.stack_name(BUDGET)
    if all(f":stack/{budget}/" in one for one in proof.stacks(target, deployment.stage)):
        yield f"delete {budget}: {_delete_stack(target, deployment.stacks, budget, snapshots)}"


def _delete_stack(target: Target, stacks: Stacks, name: str, snapshots: bool) -> str:
    if (status := stacks.status(name)) is None:
        return "absent"
    if snapshots and not status.startswith("DELETE"):  # otherwise an interrupted run has made them
        _save(target, stacks, name)
    for attempt in range(1, TRIES + 1):
        for bucket in stacks.resources(name, "AWS::S3::Bucket"):
            _empty(target.client("s3"), bucket)
        try:
            stacks.delete(name)
            break
        except DeploymentFailed:
            if attempt == TRIES:
                raise
    return "done"


def _save(target: Target, stacks: Stacks, stack: str) -> None:
    """Make a backup of each table and a snapshot of each database of a stack. They are billed until someone deletes them."""
    for table in stacks.resources(stack, "AWS::DynamoDB::Table"):
        target.client("dynamodb").create_backup(TableName=table, BackupName=f"{table}-destroyed")
    for instance in stacks.resources(stack, "AWS::RDS::DBInstance"):
        # Unique: the snapshot of an earlier stage of this name stays.
        snapshot = f"{instance}-destroyed-{uuid4().hex[:8]}"
        rds = target.client("rds")
        rds.create_db_snapshot(DBInstanceIdentifier=instance, DBSnapshotIdentifier=snapshot)
        rds.get_waiter("db_snapshot_available").wait(DBSnapshotIdentifier=snapshot)


def _empty(s3: Any, bucket: str) -> None:
    """Delete every object of a bucket, with all versions."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        every = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if keys := [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in every]:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})


def _delete_bucket(s3: Any, bucket: str) -> str:
    try:
        _empty(s3, bucket)
        s3.delete_bucket(Bucket=bucket)
    except s3.exceptions.NoSuchBucket:
        return "absent"
    return "done"
