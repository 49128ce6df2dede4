"""S3 gets exactly the files of the branch and only changed files are written, also after interruptions and overtaking."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from microservices.deploy.codecommit import codecommit
from microservices.deploy.site_repository import SiteRepository
from microservices.deploy.site_trigger import event_of, last_push
from shared_domain.site import MAX_FILE_BYTES
from tests.contract.aws_calls import watched_by
from tests.contract.cloud import STAGE, Cloud
from tests.contract.functions import Function, functions
from tests.contract.site_repository import REPOSITORY_ARN
from tests.git_clone import Clone, cloned
from tests.moto_aws import aws_in_process

NOWHERE = "http://127.0.0.1:1"
MOST_CALLS = 40
every_third_and_every_call = pytest.mark.parametrize(
    "step", [3, pytest.param(1, marks=pytest.mark.deep)], ids=["every third call", "every call"]
)


class Interrupted(Exception):
    """The function ended."""


class BeforeCall:
    """Run a function before the n-th call of AWS, counted from 1."""

    def __init__(self, place: int, do: Callable[[], None]) -> None:
        self._calls_before, self._do = place, do
        self.reached = False

    def before(self, operation: str) -> None:
        self._calls_before -= 1
        if self._calls_before == 0:
            self.reached = True
            self._do()

    def after(self, operation: str) -> None:
        """Do nothing after a call."""


@dataclass(frozen=True, slots=True)
class CallCounts:
    """Count the calls of each operation."""

    times: Counter[str] = field(default_factory=Counter)

    def before(self, operation: str) -> None:
        self.times[operation] += 1

    def after(self, operation: str) -> None:
        """Do nothing: the call is counted already."""


@dataclass(frozen=True, slots=True)
class Site:
    """The function that publishes, over moto, and a clone of its repository."""

    publisher: Function
    repository: SiteRepository
    clone: Clone
    s3: Any
    calls: CallCounts

    def push(self, **files: str | bytes | None) -> None:
        """Commit files, e.g. `a="…"` for `a.txt`, and push them."""
        self.clone.commit({f"{name}.txt": content for name, content in files.items()})
        self.clone.push("--force", "main")

    def publish(self) -> None:
        """Invoke the function with the event of a push."""
        self.publisher.invoke(last_push(self.repository, repository_arn=REPOSITORY_ARN))

    def shown(self) -> dict[str, bytes]:
        """Return the public files in S3."""
        bucket = f"{STAGE}-site-files-123456789012-us-east-1"
        objects = self.s3.list_objects_v2(Bucket=bucket, Prefix="site/").get("Contents", [])
        keys = [each["Key"] for each in objects]
        return {key.partition("/")[2]: self.s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}

    def pushed(self) -> dict[str, bytes]:
        """Return the files in the clone."""
        return {file.name: file.read_bytes() for file in self.clone.path.iterdir() if file.is_file()}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    repository = SiteRepository(tmp_path / "site.git")
    repository.prepare()
    with aws_in_process(), codecommit(repository) as endpoint, watched_by(calls := CallCounts()):
        cloud = Cloud(NOWHERE, codecommit=endpoint)
        publisher = next(each for each in functions(cloud).values() if each.name == f"{STAGE}-site-publisher")
        yield Site(publisher, repository, cloned(repository.path, tmp_path / "clone"), cloud.client("s3"), calls)


def test_the_first_push_publishes_all_files(site: Site) -> None:
    site.publish()
    assert site.shown() == site.pushed()
    assert "index.html" in site.shown()


def test_only_changed_files_are_written(site: Site) -> None:
    site.push(a="one", b="two", c="three")
    site.publish()
    site.push(a="another", b=None)
    site.calls.times.clear()
    site.publish()
    assert site.calls.times["codecommit.GetBlob"] == 1
    assert site.calls.times["s3.PutObject"] == 3  # the file, and the manifest before and after it
    assert site.calls.times["s3.DeleteObject"] == 1
    assert site.shown() == site.pushed()


def test_a_repeated_event_writes_nothing(site: Site) -> None:
    site.publish()
    site.calls.times.clear()
    site.publish()
    assert not {"s3.PutObject", "s3.DeleteObject", "codecommit.GetBlob"} & site.calls.times.keys()


@pytest.mark.slow
def test_a_site_of_many_files_is_published_whole(site: Site) -> None:
    site.push(**{f"file{count}": str(count) for count in range(120)})
    site.publish()
    assert site.shown() == site.pushed()


def test_a_file_that_becomes_too_large_is_removed_and_the_others_stay(site: Site) -> None:
    site.push(large="not yet", small="one")
    site.publish()
    site.push(large=b"x" * (MAX_FILE_BYTES + 1), small="another")
    site.publish()
    assert site.shown() == {name: content for name, content in site.pushed().items() if name != "large.txt"}
    site.push(large="again")
    site.publish()
    assert site.shown() == site.pushed()


@pytest.mark.slow
@every_third_and_every_call
@pytest.mark.parametrize("reverted", [False, True], ids=["the event is repeated", "the change is reverted"])
def test_the_next_publication_completes_one_that_was_interrupted_at_any_call(
    site: Site, reverted: bool, step: int
) -> None:
    def interrupt() -> None:
        raise Interrupted

    for place in range(1, MOST_CALLS, step):
        site.push(stays="same", a="old", b="to go", c=None)
        site.publish()
        site.push(a="new", b=None, c="comes")
        fault = BeforeCall(place, interrupt)
        with watched_by(fault), suppress(Interrupted):
            site.publish()
        if not fault.reached:
            break
        if reverted:
            site.push(a="old", b="to go", c=None)
        site.publisher.end()
        site.publish()
        assert site.shown() == site.pushed(), f"interrupted before call {place}"
    assert 10 < place < MOST_CALLS - step


@pytest.mark.slow
@every_third_and_every_call
def test_a_newer_push_wins_at_any_call_that_it_overtakes(site: Site, step: int) -> None:
    def overtake() -> None:
        site.push(a="newest", b="back again", c=None)
        site.publish()

    for place in range(1, MOST_CALLS, step):
        site.push(stays="same", a="old", b="to go", c=None)
        site.publish()
        site.push(a="new", b=None, c="comes")
        fault = BeforeCall(place, overtake)
        with watched_by(fault):
            site.publish()
        assert site.shown() == site.pushed(), f"overtaken before call {place}"
        if not fault.reached:
            break
    assert 10 < place < MOST_CALLS - step


def test_an_unavailable_repository_fails_the_event(tmp_path: Path) -> None:
    with aws_in_process():
        all_functions = functions(Cloud(NOWHERE, codecommit=NOWHERE)).values()
        publisher = next(each for each in all_functions if each.name == f"{STAGE}-site-publisher")
        with pytest.raises(EndpointConnectionError):
            publisher.invoke(event_of(["0 1 refs/heads/main"], repository_arn=REPOSITORY_ARN))
