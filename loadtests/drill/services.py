"""Faults of the services on the local AWS, injected from outside: signals, calls of AWS APIs, and hooks in a layer.

Each is a context manager: entering it injects the fault, leaving it ends the fault. Twin: monolith.py.
"""

import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep, time
from typing import Any

import psutil

from loadtests import systems
from loadtests.local_aws import STAGE, client, endpoint_in, put_in_front
from loadtests.resources import FUNCTIONS, function_of, roles
from microservices.deploy import templates
from microservices.deploy.deployment import Deployment
from microservices.deploy.local_aws import ARTIFACTS
from microservices.deploy.package_cache import get_packages
from microservices.replay import replay

HOOKS = Path(__file__).with_name("hooks.py")
REDELIVERED_S = "3"
POISON = 10
PARKED_WITHIN_S = 30.0
BUG = b"""

def analyse(text: str) -> list[str]:
    raise RuntimeError("the bug of a drill")
"""
Change = Callable[[str, bytes], bytes | None]
DENIED = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}


@dataclass(frozen=True, slots=True)
class Services:
    """The services of a run directory. by_hand: the repairs that a fault needed."""

    run_dir: Path
    by_hand: list[str] = field(default_factory=list)

    def client(self, service: str) -> Any:
        """Return a boto3 client of the local AWS."""
        return client(service, endpoint_in(self.run_dir))

    def processes(self, service: str) -> list[psutil.Process]:
        """Return the processes of a service's functions."""
        workers = roles(systems.MICROSERVICES, self.run_dir)[FUNCTIONS]
        return [each for each in workers if function_of(each).startswith(f"{STAGE}-{service}-")]

    def add_hooks(self) -> None:
        """Put hooks.py around every function. All functions are restarted."""
        put_in_front(
            "drill_hooks.lambda_handler", {"drill_hooks.py": HOOKS}, endpoint_in(self.run_dir),
            layer="drill-hooks", variables={"DRILL_FAULT": str(self._fault_file)},
        )  # fmt: skip

    def shorten_redelivery(self) -> None:
        """Let queues deliver a failed message again after seconds, not a minute, so that a drill ends in time."""
        sqs = self.client("sqs")
        for source in self.sources("sqs"):
            url = sqs.get_queue_url(QueueName=source["EventSourceArn"].rpartition(":")[2])["QueueUrl"]
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": REDELIVERED_S})

    @contextmanager
    def hooked(self, kind: str, service: str = "") -> Iterator[None]:
        """Let the hooks inject a fault for the length of a block."""
        self._fault_file.write_text(json.dumps([kind, service]), encoding="utf-8")
        try:
            yield
        finally:
            self._fault_file.unlink()

    def sources(self, kind: str) -> list[dict[str, str]]:
        """Return the event sources of all functions that are a `dynamodb` stream or an `sqs` queue."""
        mappings = self.client("lambda").list_event_source_mappings()["EventSourceMappings"]
        return [each for each in mappings if f":{kind}:" in each["EventSourceArn"]]

    def deploy(self, service: str, release: str, change: Change = lambda name, content: content) -> None:
        """Deploy a service's present code as a new release. change: returns the new content of a file, None removes it."""
        with TemporaryDirectory() as folder:
            packages = [
                replace(one, release=release, zip=_changed(one.zip, Path(folder) / one.zip.name, change))
                for one in get_packages()
                if one.service == service
            ]
            stack = self.client("cloudformation").describe_stacks(StackName=f"{STAGE}-{service}")["Stacks"][0]
            parameters = {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}
            deployment = Deployment(self, STAGE, ARTIFACTS, parameters)
            deployment.upload(packages)
            deployment.deploy_service(service, release)

    @property
    def _fault_file(self) -> Path:
        return self.run_dir.resolve() / "microservices" / "fault.json"


@contextmanager
def kill_functions(services: Services) -> Iterator[None]:
    """Kill every process of the votes service's functions (SIGKILL)."""
    for each in services.processes("votes"):
        with suppress(psutil.NoSuchProcess):
            each.kill()
    yield


@contextmanager
def hang_table(services: Services) -> Iterator[None]:
    """Let every call of the votes service to its table time out."""
    with services.hooked("hang", "votes"):
        yield


@contextmanager
def throttle_table(services: Services) -> Iterator[None]:
    """Throttle every call of the votes service to its table."""
    with services.hooked("throttle", "votes"):
        yield


@contextmanager
def deny_search(services: Services) -> Iterator[None]:
    """Deny everything to the role of the function that searches."""
    iam, functions = services.client("iam"), services.client("lambda")
    role = functions.get_function_configuration(FunctionName=f"{STAGE}-search-http")["Role"].rpartition("/")[2]
    iam.put_role_policy(RoleName=role, PolicyName="drill", PolicyDocument=json.dumps(DENIED))
    yield
    iam.delete_role_policy(RoleName=role, PolicyName="drill")
    services.by_hand.append("restore the permissions")


@contextmanager
def repeat_deliveries(services: Services) -> Iterator[None]:
    """Lose every batch of a stream or a queue at first, then deliver it twice."""
    with services.hooked("deliveries"):
        yield


@contextmanager
def poison_queue(services: Services) -> Iterator[None]:
    """Send ten messages that no code can read to the queue of scores."""
    sqs, name = services.client("sqs"), f"{STAGE}-posts-scores"
    queue, dead = (sqs.get_queue_url(QueueName=each)["QueueUrl"] for each in (name, f"{name}-dead-letters"))
    messages = [{"Id": str(number), "MessageBody": "poison"} for number in range(POISON)]
    sqs.send_message_batch(QueueUrl=queue, Entries=messages)
    yield
    deadline = monotonic() + PARKED_WITHIN_S
    while (parked := _count(sqs, dead)) < POISON and monotonic() < deadline:
        sleep(0.1)
    sqs.purge_queue(QueueUrl=dead)
    services.by_hand.append(f"look at {parked} dead letters and delete them")


@contextmanager
def cut_streams(services: Services) -> Iterator[None]:
    """Disable the event sources of all table streams."""
    functions, streams = services.client("lambda"), [each["UUID"] for each in services.sources("dynamodb")]
    for uuid in streams:
        functions.update_event_source_mapping(UUID=uuid, Enabled=False)
    yield
    for uuid in streams:
        functions.update_event_source_mapping(UUID=uuid, Enabled=True)


@contextmanager
def update_services(services: Services) -> Iterator[None]:
    """Deploy every service again, one after the other."""
    for service in templates.services():
        services.deploy(service, f"{service}-drill-{time():.0f}")
    yield


@contextmanager
def release_a_bug(services: Services) -> Iterator[None]:
    """Deploy a search service with a bug, then the former code, and replay what was parked."""
    services.deploy("search", "search-drill-bug", with_bug)
    yield
    services.deploy("search", "search-drill-former")
    replayed = replay(services.client("sqs"), services.client("lambda"), f"{STAGE}-search-parking")
    services.by_hand.append(f"deploy the former code; replay {replayed} parked records")


def with_bug(name: str, content: bytes) -> bytes | None:
    """Add a bug to the code of search. Compiled files of it are removed, because they win over their source."""
    if name.startswith("shared_domain/__pycache__/search."):
        return None
    return content + BUG if name == "shared_domain/search.py" else content


def _changed(old: Path, new: Path, change: Change) -> Path:
    with zipfile.ZipFile(old) as source, zipfile.ZipFile(new, "w") as target:
        for name in source.namelist():
            if (content := change(name, source.read(name))) is not None:
                target.writestr(name, content)
    return new


def _count(sqs: Any, queue: str) -> int:
    name = "ApproximateNumberOfMessages"
    return int(sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[name])["Attributes"][name])
