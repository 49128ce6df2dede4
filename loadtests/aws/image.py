"""The monolith's image: built by Docker, and pushed to a registry of the account under the digest of its content."""

import hashlib
import os
import subprocess
import tempfile
from base64 import b64decode
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

from loadtests.aws.stacks import TAG
from loadtests.aws.target import Target
from loadtests.errors import RunError
from loadtests.processes import ROOT

CONTENT = ("Dockerfile", "docs/openapi.yaml", "monolith", "shared_domain")  # what the image is made of
ARCHITECTURE = "arm64"  # the default of the template
PLATFORM = {"arm64": "linux/arm64", "x86_64": "linux/amd64"}


@dataclass(frozen=True, slots=True)
class Image:
    """The image of a stage. architecture: as the template's parameter."""

    target: Target
    account: str
    stage: str
    architecture: str

    @property
    def repository(self) -> str:
        """Return the name of its repository."""
        return f"{self.stage}-monolith"

    @property
    def tag(self) -> str:
        """Return its tag, which changes with the content."""
        return f"{_digest()}-{self.architecture}"

    @property
    def address(self) -> str:
        """Return its full address."""
        return f"{self.account}.dkr.ecr.{self.target.region}.amazonaws.com/{self.repository}:{self.tag}"

    def push(self) -> str:
        """Build and push the image, unless the registry has it. Raise RunError without Docker, or if Docker fails.

        Docker reads the registry's password from its input, and stores it in a folder that is deleted.
        """
        ecr = self.target.client("ecr")
        with suppress(ecr.exceptions.RepositoryAlreadyExistsException):
            tags = [{"Key": TAG, "Value": self.stage}]
            ecr.create_repository(repositoryName=self.repository, imageTagMutability="IMMUTABLE", tags=tags)
        with suppress(ecr.exceptions.ImageNotFoundException):
            ecr.describe_images(repositoryName=self.repository, imageIds=[{"imageTag": self.tag}])
            return "unchanged"
        _docker(
            "build", "--platform", PLATFORM[self.architecture], "--target", "monolith", "--tag", self.address, str(ROOT)
        )
        authorization = ecr.get_authorization_token()["authorizationData"][0]
        user, _, password = b64decode(authorization["authorizationToken"]).decode().partition(":")
        with tempfile.TemporaryDirectory() as folder:
            registry = self.address.partition("/")[0]
            _docker("login", "--username", user, "--password-stdin", registry, folder=folder, stdin=password)
            _docker("push", "--quiet", self.address, folder=folder)
        return "pushed"

    def delete(self) -> str:
        """Delete the repository with all images."""
        ecr = self.target.client("ecr")
        try:
            ecr.delete_repository(repositoryName=self.repository, force=True)
        except ecr.exceptions.RepositoryNotFoundException:
            return "absent"
        return "done"


@cache
def _digest() -> str:
    digest = hashlib.sha256()
    for each in CONTENT:
        files = sorted((ROOT / each).rglob("*")) if (ROOT / each).is_dir() else [ROOT / each]
        for file in (one for one in files if one.is_file() and "__pycache__" not in one.parts):
            digest.update(f"{file.relative_to(ROOT)} ".encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def _docker(*words: str, folder: str = "", stdin: str = "") -> None:
    """Run Docker with its settings in the folder, or with those of the user."""
    own = {"DOCKER_CONFIG": folder} if folder else {}
    try:
        subprocess.run(
            ["docker", *words],
            input=stdin,
            encoding="utf-8",
            check=True,
            stdout=subprocess.DEVNULL,
            env={**os.environ, **own},
        )
    except FileNotFoundError:
        raise RunError("docker is missing: build the image elsewhere, and give --parameter Image=ADDRESS") from None
    except subprocess.CalledProcessError as error:
        raise RunError(f"docker {words[0]} ended with status {error.returncode}") from None
