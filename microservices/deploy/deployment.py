"""Deploy each service as a CloudFormation stack, from the same templates on AWS and on a local AWS.

A stack that imports from others is deployed after them. Independent stacks are deployed in parallel.
"""

import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, Protocol

from microservices.deploy import templates
from microservices.deploy.packages import Package
from microservices.deploy.stacks import DeploymentFailed, Stacks

TABLE_SCALING = Path(__file__).with_name("table_scaling.yaml")  # nested by the services' stacks
FIRST_REGION = "us-east-1"  # S3 takes no location for it
PLATFORM = "platform"
OPEN_ROUTES_EXIST = "OpenRoutesExist"  # parameter of the platform: AWS refuses to limit a route that does not exist
WITH_OPEN_ROUTES = ("users", "feedback")


class Clients(Protocol):
    """Create boto3 clients, e.g. of the local AWS."""

    def client(self, service: str) -> Any:
        """Return a boto3 client of the service."""


def waves(services: Iterable[str]) -> list[tuple[str, ...]]:
    """Return the services in the order of their deployment. The stacks of one wave import only from earlier waves."""
    chosen = {*services}
    graph = TopologicalSorter({service: templates.imported_services(service) & chosen for service in sorted(chosen)})
    graph.prepare()
    order = []
    while graph.is_active():
        order.append(tuple(sorted(graph.get_ready())))
        graph.done(*order[-1])
    return order


@dataclass(frozen=True, slots=True)
class Deployment:
    """A stage of the system in an account: its name, the bucket of its zips, and the parameters of its stacks.

    tags: of all resources. stack_seconds: of an operation on one stack, at most.
    """

    aws: Clients
    stage: str
    bucket: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str] = field(default_factory=dict)
    stack_seconds: float = 120.0

    def deploy(self, packages: Iterable[Package]) -> None:
        """Create or update the stack of every service."""
        packages = tuple(packages)
        self.create_bucket()
        self.upload(packages)
        releases = dict.fromkeys(templates.services(), "") | {each.service: each.release for each in packages}
        with ThreadPoolExecutor() as pool:
            for independent in waves(templates.services()):
                list(pool.map(lambda service: self.deploy_service(service, releases[service]), independent))
        self.deploy_service(PLATFORM, releases[PLATFORM])  # again: now it can limit the open routes

    def create_bucket(self) -> None:
        """Create the private bucket of the zips, unless it exists."""
        s3 = self.aws.client("s3")
        region = s3.meta.region_name
        location = {} if region == FIRST_REGION else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
            s3.create_bucket(Bucket=self.bucket, **location)
        names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        s3.put_public_access_block(Bucket=self.bucket, PublicAccessBlockConfiguration=dict.fromkeys(names, True))
        if tags := [{"Key": key, "Value": value} for key, value in self.tags.items()]:
            s3.put_bucket_tagging(Bucket=self.bucket, Tagging={"TagSet": tags})

    def upload(self, packages: Iterable[Package]) -> None:
        """Upload the nested template, and the zips that the bucket does not have: a release never changes."""
        s3 = self.aws.client("s3")
        s3.put_object(Bucket=self.bucket, Key=TABLE_SCALING.name, Body=TABLE_SCALING.read_bytes())
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        there = {each["Key"] for page in pages for each in page.get("Contents", [])}
        for each in packages:
            if (key := f"{each.release}/{each.function}.zip") not in there:
                s3.put_object(Bucket=self.bucket, Key=key, Body=each.zip.read_bytes())

    def deploy_service(self, service: str, release: str, **parameters: str) -> str:
        """Create or update a service's stack with extra parameters. Return what was done, as Stacks.deploy does."""
        return self.deploy_stack(service, templates.path(service), Release=release, **parameters)

    def deploy_stack(self, name: str, template: Path, **parameters: str) -> str:
        """Create or update a stack from a template file, with those of the parameters that it declares."""
        every = {"Stage": self.stage, "ArtifactsBucket": self.bucket, **self.parameters, **parameters}
        declared = templates.parse(template)["Parameters"]
        if OPEN_ROUTES_EXIST in declared:
            every = {OPEN_ROUTES_EXIST: self._have_stacks(WITH_OPEN_ROUTES), **every}
        own = {key: value for key, value in every.items() if key in declared}
        return self.stacks.deploy(self.stack_name(name), template.read_text(encoding="utf-8"), own)

    def _have_stacks(self, services: Iterable[str]) -> str:
        """Return `true` if all the services are deployed, else `false`."""
        return "true" if all(self.stacks.is_serving(self.stack_name(service)) for service in services) else "false"

    def remove_service(self, service: str) -> None:
        """Delete a service's stack with all its resources."""
        self.stacks.delete(self.stack_name(service))

    def outputs(self, service: str) -> dict[str, str]:
        """Return the outputs of a service's stack."""
        return self.stacks.outputs(self.stack_name(service))

    @property
    def stacks(self) -> Stacks:
        """Return the account's stacks."""
        return Stacks(self.aws.client("cloudformation"), self.tags, self.stack_seconds)

    def stack_name(self, service: str) -> str:
        """Return the full name of a service's stack."""
        return f"{self.stage}-{service}"

    def invoke(self, function: str, event: object) -> object:
        """Invoke a function, named without the stage, and return its result. Raise DeploymentFailed if it fails."""
        name, payload = f"{self.stage}-{function}", json.dumps(event)
        response = self.aws.client("lambda").invoke(FunctionName=name, Payload=payload)
        body = json.load(response["Payload"])
        if "FunctionError" in response:
            raise DeploymentFailed(f"{name}: {body}")
        return body
