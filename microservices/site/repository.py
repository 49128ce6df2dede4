"""Read the site's repository from CodeCommit. The monolith reads a folder: monolith/site/repository.py."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from shared_domain.site import BRANCH, is_served

_NO_BRANCH = "BranchDoesNotExistException"
_TOO_LARGE = "FileTooLargeException"


class SiteRepository:
    def __init__(self, codecommit: Any, name: str) -> None:
        self._codecommit = codecommit
        self._name = name

    def head(self) -> str | None:
        """Return the newest commit of the branch, None if there is no such branch."""
        try:
            branch = self._codecommit.get_branch(repositoryName=self._name, branchName=BRANCH)["branch"]
        except ClientError as error:
            if error.response["Error"]["Code"] == _NO_BRANCH:
                return None
            raise
        return str(branch["commitId"])

    def files(self, commit: str) -> dict[str, str]:
        """Return the files of a commit: name → id of the content."""
        pages = self._codecommit.get_paginator("get_differences")
        # Without a second commit to compare with, every file of the commit is a difference.
        differences = pages.paginate(repositoryName=self._name, afterCommitSpecifier=commit).search("differences")
        return {
            blob["path"]: blob["blobId"] for blob in (each["afterBlob"] for each in differences) if _is_served(blob)
        }

    def content(self, blob: str) -> bytes | None:
        """Return the content with that id, None if it is larger than CodeCommit returns."""
        try:
            content: bytes = self._codecommit.get_blob(repositoryName=self._name, blobId=blob)["content"]
        except ClientError as error:
            if error.response["Error"]["Code"] == _TOO_LARGE:
                return None
            raise
        return content


def _is_served(blob: Mapping[str, str]) -> bool:
    return is_served(blob["path"], mode=blob["mode"])
