"""`aws proof`: list what is left of a stage. AWS may list a deleted resource by its tag for some hours."""

from collections.abc import Iterator

from loadtests.aws.stacks import TAG
from loadtests.aws.target import Target
from microservices.deploy.emulator import REGION


def left(target: Target, stage: str) -> list[str]:
    """Return every stack, resource, role and backup of the stage."""
    return sorted({*stacks(target, stage), *_tagged(target, stage), *_roles(target, stage), *_backups(target, stage)})


def stacks(target: Target, stage: str) -> Iterator[str]:
    """Yield the ids of the stacks with the tag."""
    pages = target.client("cloudformation").get_paginator("describe_stacks").paginate()
    for each in (each for page in pages for each in page["Stacks"]):
        if {"Key": TAG, "Value": stage} in each.get("Tags", []):
            yield each["StackId"]


def _tagged(target: Target, stage: str) -> Iterator[str]:
    """Yield the resources with the tag, those without a region included, which AWS lists in one region only."""
    for region in {target.region, REGION}:
        tagging = Target(region, target.endpoint).client("resourcegroupstaggingapi")
        pages = tagging.get_paginator("get_resources").paginate(TagFilters=[{"Key": TAG, "Values": [stage]}])
        yield from (each["ResourceARN"] for page in pages for each in page["ResourceTagMappingList"])


def _roles(target: Target, stage: str) -> Iterator[str]:
    """Yield the roles: the tagging API does not list them. CloudFormation names each after its stack."""
    iam = target.client("iam")
    for each in (each for page in iam.get_paginator("list_roles").paginate() for each in page["Roles"]):
        if each["RoleName"].startswith(f"{stage}-"):
            tags = iam.list_role_tags(RoleName=each["RoleName"])["Tags"]
            if {"Key": TAG, "Value": stage} in tags:
                yield each["Arn"]


def _backups(target: Target, stage: str) -> Iterator[str]:
    """Yield the backups of tables, which have no tags."""
    pages = target.client("dynamodb").get_paginator("list_backups").paginate(BackupType="USER")
    for each in (each for page in pages for each in page["BackupSummaries"]):
        if each["TableName"].startswith(f"{stage}-"):
            yield each["BackupArn"]
