"""The monolith's image: built and pushed once, without its password in an argument or in a file that stays."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from loadtests.aws.image import Image
from loadtests.aws.target import Target
from loadtests.errors import RunError

MANIFEST = '{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json"}'
DOCKER = """#!/bin/sh
echo "$1 $DOCKER_CONFIG" >> {log}
[ "$1" = login ] && echo "$@" >> {log} && cat > {password} && cp {password} "$DOCKER_CONFIG/config.json"
exit {status}
"""


@pytest.fixture
def image(monkeypatch: pytest.MonkeyPatch) -> Iterator[Image]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "nobody")
    with mock_aws():
        yield Image(Target("eu-central-1"), "123456789012", "mine", "arm64")


def install_docker(folder: Path, monkeypatch: pytest.MonkeyPatch, *, status: int = 0) -> None:
    """Put a program `docker` into the path that logs its calls and reads the password."""
    program = folder / "docker"
    program.write_text(DOCKER.format(log=folder / "log", password=folder / "password", status=status))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_an_image_is_built_and_pushed_without_leaving_the_password(
    image: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_docker(tmp_path, monkeypatch)
    assert image.push() == "pushed"
    built, login, words, pushed = (tmp_path / "log").read_text().splitlines()
    folder = login.split()[1]
    assert (built, pushed) == ("build ", f"push {folder}")
    password = (tmp_path / "password").read_text()
    assert password not in words
    assert words == "login --username AWS --password-stdin 123456789012.dkr.ecr.eu-central-1.amazonaws.com"
    assert not Path(folder).exists()


def test_an_image_that_the_registry_has_is_not_built_again(
    image: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_docker(tmp_path, monkeypatch)
    image.push()
    image.target.client("ecr").put_image(repositoryName=image.repository, imageTag=image.tag, imageManifest=MANIFEST)
    (tmp_path / "log").unlink()
    assert image.push() == "unchanged"
    assert not (tmp_path / "log").exists()
    assert (image.delete(), image.delete()) == ("done", "absent")


@pytest.mark.parametrize(("status", "error"), [(7, "docker build ended with status 7"), (None, "docker is missing: ")])
def test_a_failing_docker_is_one_line(
    image: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int | None, error: str
) -> None:
    if status is None:
        monkeypatch.setenv("PATH", str(tmp_path))
    else:
        install_docker(tmp_path, monkeypatch, status=status)
    with pytest.raises(RunError, match=error):
        image.push()
