"""Where a deployment goes: an AWS account, or a local AWS. All that differs between the two is here."""

import platform
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from microservices.deploy import package_cache, packages
from microservices.deploy.emulator import local_client
from microservices.deploy.packages import Package

_PATIENT = Config(
    retries={"mode": "standard", "total_max_attempts": 8}
)  # AWS throttles the calls that create resources
STACK_SECONDS = 3600.0  # of an operation on one stack: a database takes 15 minutes


@dataclass(frozen=True, slots=True)
class Target:
    """A region of the account of the environment, or a local AWS at an endpoint.

    The keys of the account stay in boto3's own chain: no option takes one, and none is printed. A local AWS gets fixed keys of its
    own, so the user's keys never go to it.
    """

    region: str
    endpoint: str | None = None
    clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """Return a boto3 client of the service. Threads can share it."""
        if service not in self.clients:
            self.clients[service] = (
                local_client(service, self.endpoint)
                if self.endpoint
                else boto3.Session(region_name=self.region).client(service, config=_PATIENT)
            )
        return self.clients[service]

    def account(self) -> str:
        """Return the id of the account."""
        return str(self.client("sts").get_caller_identity()["Account"])

    def parameters(self) -> Mapping[str, str]:
        """Return the stacks' parameters that differ from their defaults."""
        if not self.endpoint:
            return {}
        return {
            "LocalEndpoint": self.endpoint,
            "Runtime": f"python{sys.version_info.major}.{sys.version_info.minor}",
            "Architecture": "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64",
        }

    def packages(self) -> tuple[Package, ...]:
        """Return every function's zip, built for the interpreter and the processor of the functions."""
        if self.endpoint:
            return package_cache.get_packages()
        out = packages.PROJECT / ".run" / "aws"
        with tempfile.TemporaryDirectory() as folder:
            return packages.build(out, packages.aws_source(Path(folder)))
