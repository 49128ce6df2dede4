"""Run the whole system on one machine: a local AWS with every service deployed from its template."""

import fcntl
import platform
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from microservices.deploy import balancer, package_cache, templates
from microservices.deploy.codecommit import codecommit
from microservices.deploy.deployment import Deployment
from microservices.deploy.emulator import CannotStart, Emulator, emulator
from microservices.deploy.packages import Package
from microservices.deploy.site_repository import GitError, SiteRepository
from microservices.deploy.site_trigger import last_push

PORT = 4566
STATE = "microservices.json"
STAGE = "reference"
ARTIFACTS = f"{STAGE}-artifacts"
HTTP_CONCURRENCY = 8  # of each HTTP function: the number of threads of the monolith's two workers


@dataclass(frozen=True, slots=True)
class LocalAws:
    """The deployed system: its URLs, its local AWS, its deployment, packages and site repository."""

    url: str
    live_url: str
    emulator: Emulator
    deployment: Deployment
    packages: tuple[Package, ...]
    site: SiteRepository


@contextmanager
def local_aws(run_dir: Path, port: int = PORT, *, administrators: str = "") -> Iterator[LocalAws]:
    """Deploy everything on a local AWS while the block runs, on the port or the next free one.

    `administrators` contains the usernames that may read feedback, separated by commas.

    Logs are written to `<run_dir>/microservices`; only one system at a time may use it. Raise CannotStart or
    DeploymentFailed, with a message of one line, if it does not start.
    """
    folder = run_dir.resolve() / "microservices"
    site = SiteRepository(folder / "site.git")
    with _only_one(folder), emulator(folder, port, or_next=True) as running, codecommit(site) as repositories:
        (run_dir / STATE).unlink(missing_ok=True)  # a killed system does not delete it
        packages = package_cache.get_packages()
        parameters = {"Administrators": administrators, "CodeCommitEndpoint": repositories}
        deployment = Deployment(running, STAGE, ARTIFACTS, parameters | _parameters(running))
        deployment.deploy(packages)
        _reserve_concurrency(deployment)
        balancer.register_targets(deployment)
        _call_first(deployment, site)
        url, live_url = deployment.outputs("platform")["ApiBase"], deployment.outputs("live")["LiveUrl"]
        yield LocalAws(url, live_url, running, deployment, packages, site)


def _parameters(running: Emulator) -> dict[str, str]:
    """Return the stack parameters that differ from AWS."""
    return {
        "LocalEndpoint": running.endpoint,
        **balancer.network(running),
        "Runtime": f"python{sys.version_info.major}.{sys.version_info.minor}",
        "Architecture": "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64",
        "ReservedConcurrency": str(HTTP_CONCURRENCY),
    }


def _call_first(deployment: Deployment, site: SiteRepository) -> None:
    """Invoke the functions that must run before the first request, in parallel."""
    with ThreadPoolExecutor() as calls:
        made = (
            calls.submit(deployment.invoke, "votes-projection", {"Records": []}),  # writes the empty leaderboard
            # starts one worker: else the local AWS would start one for each picture of the first burst
            calls.submit(deployment.invoke, "avatars-thumbnails", {"Records": []}),
            calls.submit(_publish_site, deployment, site),
        )
    for each in made:
        each.result()


def _publish_site(deployment: Deployment, site: SiteRepository) -> None:
    """Connect the repository's trigger, and publish the current content: S3 is empty at start."""
    try:
        site.prepare()
    except (OSError, GitError) as error:
        raise CannotStart(f"cannot create the site's repository: {error}") from error
    site.connect(function=f"{deployment.stage}-site-publisher", endpoint=deployment.parameters["LocalEndpoint"])
    deployment.invoke("site-publisher", last_push(site))


def _reserve_concurrency(deployment: Deployment) -> None:
    """Set the reserved concurrency: the local CloudFormation ignores `ReservedConcurrentExecutions`."""
    for service in templates.services():
        for function in templates.resources(service, "AWS::Serverless::Function").values():
            if "ReservedConcurrentExecutions" in function:
                name = f"{deployment.stage}-{templates.name_in_stage(function['FunctionName'])}"
                deployment.aws.client("lambda").put_function_concurrency(
                    FunctionName=name, ReservedConcurrentExecutions=HTTP_CONCURRENCY
                )


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the system releases it when the process ends
        except BlockingIOError:
            raise CannotStart(f"a local AWS is already running in {folder}") from None
        yield
