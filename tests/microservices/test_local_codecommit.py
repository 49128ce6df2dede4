"""The local CodeCommit answers a client of AWS as the service does, and its trigger never delays a push."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from microservices.deploy.codecommit import codecommit
from microservices.deploy.emulator import REGION, ROOT
from microservices.deploy.site_repository import REPOSITORY, SiteRepository
from shared_domain.site import MAX_FILE_BYTES
from tests.git_clone import Clone, cloned

MOST_SECONDS = 20.0  # for a push without a reachable service
PLACEHOLDER = "0" * 40


@pytest.fixture
def repository(tmp_path: Path) -> SiteRepository:
    made = SiteRepository(tmp_path / "site.git")
    made.prepare()
    return made


@pytest.fixture
def clone(repository: SiteRepository, tmp_path: Path) -> Clone:
    return cloned(repository.path, tmp_path / "clone")


@pytest.fixture
def client(repository: SiteRepository) -> Iterator[Any]:
    with codecommit(repository) as endpoint:
        yield boto3.Session(region_name=REGION, **ROOT).client("codecommit", endpoint_url=endpoint)


def _head(client: Any) -> str:
    return str(client.get_branch(repositoryName=REPOSITORY, branchName="main")["branch"]["commitId"])


def _differences(client: Any, **commits: str) -> set[tuple[str, str]]:
    pages = client.get_paginator("get_differences").paginate(repositoryName=REPOSITORY, **commits)
    return {
        (each["changeType"], (each.get("afterBlob") or each["beforeBlob"])["path"])
        for each in pages.search("differences")
    }


def test_codecommit_lists_the_files_of_a_commit_and_the_differences_of_two_commits(client: Any, clone: Clone) -> None:
    before = _head(client)
    clone.commit({"index.html": "changed", "site.css": None, "folder/new.txt": "x", '\u00fc "\n': "y"})
    clone.push()
    after = _head(client)
    assert ("A", "index.html") in _differences(client, afterCommitSpecifier=before)
    changed = {("M", "index.html"), ("D", "site.css"), ("A", "folder/new.txt"), ("A", '\u00fc "\n')}
    assert _differences(client, beforeCommitSpecifier=before, afterCommitSpecifier=after) == changed


def test_a_page_of_differences_is_followed_by_the_next_one(client: Any, clone: Clone) -> None:
    clone.commit({f"{count}.txt": str(count) for count in range(7)})
    clone.push()
    request = {"repositoryName": REPOSITORY, "afterCommitSpecifier": _head(client), "MaxResults": 4}
    first = client.get_differences(**request)
    second = client.get_differences(**request, NextToken=first["NextToken"])
    paths = [each["afterBlob"]["path"] for page in (first, second) for each in page["differences"]]
    assert (len(first["differences"]), len(paths), len(set(paths))) == (4, 8, 8)


def test_errors_have_the_codes_of_codecommit(client: Any, clone: Clone) -> None:
    clone.commit({"large.bin": b"x" * (MAX_FILE_BYTES + 1)})
    clone.push()
    commit, named = _head(client), {"repositoryName": REPOSITORY}
    blobs = client.get_differences(**named, afterCommitSpecifier=commit)["differences"]
    (large,) = (each["afterBlob"]["blobId"] for each in blobs if each["afterBlob"]["path"] == "large.bin")
    errors = {
        "BranchDoesNotExistException": lambda: client.get_branch(**named, branchName="nobodys"),
        "RepositoryDoesNotExistException": lambda: client.get_branch(repositoryName="nobodys", branchName="main"),
        "CommitDoesNotExistException": lambda: client.get_differences(**named, afterCommitSpecifier=PLACEHOLDER),
        "BlobIdDoesNotExistException": lambda: client.get_blob(**named, blobId=commit),
        "FileTooLargeException": lambda: client.get_blob(**named, blobId=large),
    }
    for code, call in errors.items():
        with pytest.raises(ClientError) as error:
            call()
        assert error.value.response["Error"]["Code"] == code


@pytest.mark.parametrize("argument", ["--upload-pack=touch pwned", "HEAD", "main", "../../etc/passwd", "x" * 40])
def test_a_malformed_id_never_reaches_git(client: Any, argument: str) -> None:
    for call in (
        lambda: client.get_blob(repositoryName=REPOSITORY, blobId=argument),
        lambda: client.get_differences(repositoryName=REPOSITORY, afterCommitSpecifier=argument),
    ):
        with pytest.raises(ClientError, match="DoesNotExist"):
            call()


def test_a_push_while_the_services_are_down_is_stored_and_the_user_sees_it(
    repository: SiteRepository, clone: Clone
) -> None:
    repository.connect(function="any", endpoint="http://127.0.0.1:1")
    clone.commit({"a.txt": "new"})
    assert "the push is stored and will be published at the next start of the services" in clone.push()
    assert repository.head("main") is not None


@pytest.mark.slow
def test_a_push_does_not_wait_for_services_that_hang(repository: SiteRepository, clone: Clone) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        repository.connect(function="any", endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}")
        clone.commit({"a.txt": "new"})
        began = time.monotonic()
        assert "the push is stored" in clone.push()
        assert time.monotonic() - began < MOST_SECONDS
