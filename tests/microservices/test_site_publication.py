"""S3 ends with what the branch holds, written only where it changed, wherever a publication is cut off or overtaken."""

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


class Cut(Exception):
    """The function ends here."""


class At:
    """Does something just before one of the calls, the first being 1."""

    def __init__(self, place: int, do: Callable[[], None]) -> None:
        self._calls_before, self._do = place, do
        self.reached = False

    def before(self, operation: str) -> None:
        self._calls_before -= 1
        if self._calls_before == 0:
            self.reached = True
            self._do()

    def after(self, operation: str) -> None:
        """What comes after a call comes before the next one."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How often each operation was asked for."""

    times: Counter[str] = field(default_factory=Counter)

    def before(self, operation: str) -> None:
        self.times[operation] += 1

    def after(self, operation: str) -> None:
        """It is counted by now."""


@dataclass(frozen=True, slots=True)
class Site:
    """The function that publishes, over moto, and a clone of the repository that it reads."""

    publisher: Function
    repository: SiteRepository
    clone: Clone
    s3: Any
    asked: Asked

    def push(self, **files: str | bytes | None) -> None:
        """Commit files, e.g. `a="…"` for `a.txt`, and push them."""
        self.clone.commit({f"{name}.txt": content for name, content in files.items()})
        self.clone.push("--force", "main")

    def wake(self) -> None:
        """Invoke the function with the event of a push."""
        self.publisher.invoke(last_push(self.repository, repository_arn=REPOSITORY_ARN))

    def shown(self) -> dict[str, bytes]:
        """Return what lies in S3 for everybody to read."""
        bucket = f"{STAGE}-site-files-123456789012"
        found = self.s3.list_objects_v2(Bucket=bucket, Prefix="site/").get("Contents", [])
        keys = [each["Key"] for each in found]
        return {key.partition("/")[2]: self.s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}

    def pushed(self) -> dict[str, bytes]:
        """Return what lies in the clone."""
        return {file.name: file.read_bytes() for file in self.clone.path.iterdir() if file.is_file()}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    repository = SiteRepository(tmp_path / "site.git")
    repository.prepare()
    with aws_in_process(), codecommit(repository) as endpoint, watched_by(asked := Asked()):
        cloud = Cloud(NOWHERE, codecommit=endpoint)
        publisher = next(each for each in functions(cloud).values() if each.name == f"{STAGE}-site-publisher")
        yield Site(publisher, repository, cloned(repository.path, tmp_path / "clone"), cloud.client("s3"), asked)


def test_the_first_push_brings_everything(site: Site) -> None:
    site.wake()
    assert site.shown() == site.pushed()
    assert "index.html" in site.shown()


def test_only_what_changed_is_written(site: Site) -> None:
    site.push(a="one", b="two", c="three")
    site.wake()
    site.push(a="another", b=None)
    site.asked.times.clear()
    site.wake()
    assert site.asked.times["codecommit.GetBlob"] == 1
    assert site.asked.times["s3.PutObject"] == 3  # the file, and the note before and after it
    assert site.asked.times["s3.DeleteObject"] == 1
    assert site.shown() == site.pushed()


def test_an_event_that_comes_again_writes_nothing(site: Site) -> None:
    site.wake()
    site.asked.times.clear()
    site.wake()
    assert not {"s3.PutObject", "s3.DeleteObject", "codecommit.GetBlob"} & site.asked.times.keys()


@pytest.mark.slow
def test_a_site_of_many_files_arrives_whole(site: Site) -> None:
    site.push(**{f"file{count}": str(count) for count in range(120)})
    site.wake()
    assert site.shown() == site.pushed()


def test_a_file_that_grows_too_large_goes_and_the_rest_stays(site: Site) -> None:
    site.push(large="not yet", small="one")
    site.wake()
    site.push(large=b"x" * (MAX_FILE_BYTES + 1), small="another")
    site.wake()
    assert site.shown() == {name: content for name, content in site.pushed().items() if name != "large.txt"}
    site.push(large="again")
    site.wake()
    assert site.shown() == site.pushed()


@pytest.mark.slow
@pytest.mark.parametrize("taken_back", [False, True], ids=["the event comes again", "the change is taken back"])
def test_wherever_it_is_cut_off_the_next_one_makes_it_whole(site: Site, taken_back: bool) -> None:
    def cut() -> None:
        raise Cut

    for place in range(1, MOST_CALLS):
        site.push(stays="same", a="old", b="to go", c=None)
        site.wake()
        site.push(a="new", b=None, c="comes")
        at = At(place, cut)
        with watched_by(at), suppress(Cut):
            site.wake()
        if not at.reached:
            break
        if taken_back:
            site.push(a="old", b="to go", c=None)
        site.publisher.end()
        site.wake()
        assert site.shown() == site.pushed(), f"cut off before call {place}"
    assert 10 < place < MOST_CALLS - 1


@pytest.mark.slow
def test_whenever_a_newer_push_overtakes_an_older_one_the_newer_one_stays(site: Site) -> None:
    def overtake() -> None:
        site.push(a="newest", b="back again", c=None)
        site.wake()

    for place in range(1, MOST_CALLS):
        site.push(stays="same", a="old", b="to go", c=None)
        site.wake()
        site.push(a="new", b=None, c="comes")
        at = At(place, overtake)
        with watched_by(at):
            site.wake()
        assert site.shown() == site.pushed(), f"overtaken before call {place}"
        if not at.reached:
            break
    assert 10 < place < MOST_CALLS - 1


def test_a_repository_that_is_away_fails_the_event_so_that_it_comes_again(tmp_path: Path) -> None:
    with aws_in_process():
        known = functions(Cloud(NOWHERE, codecommit=NOWHERE)).values()
        publisher = next(each for each in known if each.name == f"{STAGE}-site-publisher")
        with pytest.raises(EndpointConnectionError):
            publisher.invoke(event_of(["0 1 refs/heads/main"], repository_arn=REPOSITORY_ARN))
