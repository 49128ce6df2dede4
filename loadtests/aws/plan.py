"""`aws plan`: what a deployment creates, and which permissions, dollars and quotas it needs. No call to AWS is made."""

import argparse
from collections.abc import Iterator, Sequence

from loadtests.aws import estimate
from loadtests.aws.stacks import MONOLITH, TAG, Stack
from loadtests.forecast.parameters import REGIONS

_IAM_NAMES = {  # of services whose actions have another prefix than their types
    "ApiGatewayV2": "apigateway",
    "ApplicationAutoScaling": "application-autoscaling",
    "EFS": "elasticfilesystem",
    "ElasticLoadBalancingV2": "elasticloadbalancing",
}
OWN_ACTIONS = (  # of these commands themselves
    "budgets:ModifyBudget", "budgets:ViewBudget", "dynamodb:CreateBackup", "dynamodb:ListBackups", "iam:ListRoleTags",
    "iam:ListRoles", "iam:PassRole", "lambda:InvokeFunction", "rds:CreateDBSnapshot", "rds:DescribeDBSnapshots", "s3:CreateBucket",
    "s3:DeleteBucket", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:GetObject", "s3:ListBucket", "s3:ListBucketVersions",
    "s3:PutBucketPublicAccessBlock", "s3:PutBucketTagging", "s3:PutObject", "tag:GetResources",
)  # fmt: skip
OF_IMAGE = "ecr"  # the service of the monolith's image


def lines(order: Sequence[Sequence[Stack]], options: argparse.Namespace) -> Iterator[str]:
    """Yield the lines of the plan."""
    stacks = [one for wave in order for one in wave if not one.missing]
    yield f"stage {options.stage} in {options.region}; every resource has the tag {TAG}={options.stage}"
    yield ""
    for number, wave in enumerate(order, start=1):
        for one in wave:
            yield from _of_stack(number, one, options.stage)
    yield ""
    yield from _permissions(stacks)
    yield ""
    yield from _prices(stacks, options)
    yield ""
    yield from _quotas(stacks, options)


def _of_stack(wave: int, stack: Stack, stage: str) -> Iterator[str]:
    name = f"wave {wave}  {stage}-{stack.name}"
    if stack.missing:
        yield f"{name}: left out, because these parameters have no value: {', '.join(stack.missing)}"
        return
    created = stack.resources()
    yield f"{name} ({stack.side}): {created.total()} resources"
    yield "    " + ", ".join(f"{count} {kind.removeprefix('AWS::')}" for kind, count in sorted(created.items()))


def _permissions(stacks: Sequence[Stack]) -> Iterator[str]:
    names = {_iam_name(kind) for one in stacks for kind in one.resources()} | {"cloudformation"}
    names |= {OF_IMAGE} if any(one.side == MONOLITH for one in stacks) else set()
    yield "permissions: create, read, update, delete and tag in " + ", ".join(sorted(names))
    yield "    and for the commands themselves " + ", ".join(OWN_ACTIONS)


def _iam_name(kind: str) -> str:
    service = kind.split("::")[1]
    return _IAM_NAMES.get(service, service.lower())


def _prices(stacks: Sequence[Stack], options: argparse.Namespace) -> Iterator[str]:
    instead = "" if options.region in REGIONS else f", because {options.region} has no price file"
    region = REGIONS[0] if instead else options.region
    yield f"dollars an hour, at list prices of {region}{instead}; the counts are the reference run's, mix {estimate.MIX}"
    for one in estimate.prices(stacks, options.rate, options.region):
        yield (
            f"    {one.side} ({one.form}): {one.idle:.3f} idle, {one.at_rate:.3f} at {options.rate:g} requests a second"
        )


def _quotas(stacks: Sequence[Stack], options: argparse.Namespace) -> Iterator[str]:
    every = estimate.quotas(stacks, options.rate, options.region)
    close = [one for one in every if one.is_close]
    yield f"quotas: {len(every)} checked; request more of {len(close)} before a run at {options.rate:g} requests a second"
    for one in close:
        yield f"    {one.what}: {one.needed:,.1f} of {one.allowed:,.0f}"
