"""`aws deploy`: the steps of a deployment in their order. Each can be repeated, so a run that ended is resumed by another one."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from loadtests.aws.image import Image
from loadtests.aws.parallel import Actions
from loadtests.aws.stacks import MICROSERVICES, MONOLITH, Stack
from microservices.deploy.codecommit import codecommit
from microservices.deploy.deployment import PLATFORM, Deployment
from microservices.deploy.emulator import local_client
from microservices.deploy.packages import Package
from microservices.deploy.site_repository import REPOSITORY
from microservices.deploy.site_repository import SiteRepository as LocalRepository
from microservices.site.bucket import SiteBucket
from microservices.site.publication import publish_site
from microservices.site.repository import SiteRepository


@dataclass(frozen=True, slots=True)
class Steps:
    """What a deployment does. build: the zips of the functions. image: of the monolith, unless the user gives another one."""

    deployment: Deployment
    order: Sequence[Sequence[Stack]]
    build: Callable[[], tuple[Package, ...]]
    image: Image
    releases: dict[str, str] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Actions]:
        """Yield the actions of each step. A dry run prints the same ones."""
        stacks = [one for wave in self.order for one in wave]
        has_services = any(one.side == MICROSERVICES for one in stacks)
        builds: dict[str, Callable[[], str]] = {}
        if has_services:
            builds[f"build the zips and upload them to {self.deployment.bucket}"] = self._upload
        if any(one.side == MONOLITH for one in stacks) and "Image" not in self.deployment.parameters:
            builds[f"build the image and push it to {self.image.address}"] = self.image.push
        if builds:
            yield builds
        for wave in self.order:
            yield {f"deploy {self._describe(one)}": partial(self._deploy, one) for one in wave}
        if has_services:
            (platform,) = (one for one in stacks if one.name == PLATFORM)
            yield {f"limit the open routes, in {self.deployment.stack_name(PLATFORM)}": partial(self._deploy, platform)}
            yield {
                "write the empty leaderboard": self._write_leaderboard,
                "publish the initial site": self._publish_site,
            }

    def _describe(self, stack: Stack) -> str:
        given = {"Stage": self.deployment.stage, **stack.given}
        values = " ".join(f"{name}={value}" for name, value in given.items() if name in stack.declared)
        return f"{self.deployment.stack_name(stack.name)} with {values}"

    def _upload(self) -> str:
        packages = self.build()
        self.releases.update({each.service: each.release for each in packages})
        self.deployment.create_bucket()
        self.deployment.upload(packages)
        return f"{len(packages)} zips"

    def _deploy(self, stack: Stack) -> str:
        release = self.releases.get(stack.name, "")  # a stack without functions has none
        own = {"Release": release, "Image": self.image.address, **stack.given}
        return self.deployment.deploy_stack(stack.name, stack.template, **own)

    def _write_leaderboard(self) -> str:
        self.deployment.invoke("votes-projection", {"Records": []})
        return "done"

    def _publish_site(self) -> str:
        """Copy the initial site to S3, unless a push has published another one. Not every account can create a repository."""
        (name,) = self.deployment.stacks.resources(self.deployment.stack_name("site"), "AWS::S3::Bucket")
        bucket = SiteBucket(self.deployment.aws.client("s3"), name)
        published = bucket.read_manifest()
        if published and None not in published.values():  # None: the file of an interrupted run
            return "unchanged"
        with tempfile.TemporaryDirectory() as folder:
            repository = LocalRepository(Path(folder) / "site.git")
            repository.prepare()
            with codecommit(repository) as endpoint:
                return f"{publish_site(SiteRepository(local_client('codecommit', endpoint), REPOSITORY), bucket)} files"
