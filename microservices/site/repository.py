"""The site's repository as CodeCommit tells of it. The monolith's is a folder: monolith/site/repository.py."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from shared_domain.site import BRANCH, is_served

_NOTHING_PUSHED = "BranchDoesNotExistException"
_TOO_LARGE = "FileTooLargeException"


class SiteRepository:
    def __init__(self, codecommit: Any, name: str) -> None:
        self._codecommit = codecommit
        self._name = name

    def head(self) -> str | None:
        """Return the commit that the branch stands at, None where there is no such branch."""
        try:
            branch = self._codecommit.get_branch(repositoryName=self._name, branchName=BRANCH)["branch"]
        except ClientError as error:
            if error.response["Error"]["Code"] == _NOTHING_PUSHED:
                return None
            raise
        return str(branch["commitId"])

    def files(self, commit: str) -> dict[str, str]:
        """Return the site of a commit: the name of each file, and the id of its content."""
        pages = self._codecommit.get_paginator("get_differences")
        # Compared with nothing, all that a commit holds is a difference.
        differences = pages.paginate(repositoryName=self._name, afterCommitSpecifier=commit).search("differences")
        return {blob["path"]: blob["blobId"] for blob in (each["afterBlob"] for each in differences) if _is_ours(blob)}

    def content(self, blob: str) -> bytes | None:
        """Return the content with that id, None for one that is larger than CodeCommit hands out."""
        try:
            content: bytes = self._codecommit.get_blob(repositoryName=self._name, blobId=blob)["content"]
        except ClientError as error:
            if error.response["Error"]["Code"] == _TOO_LARGE:
                return None
            raise
        return content


def _is_ours(blob: Mapping[str, str]) -> bool:
    return is_served(blob["path"], mode=blob["mode"])
