"""A local CodeCommit: a bare Git repository, and the three calls of the service that our function makes, on loopback.

It speaks the service's own protocol (JSON 1.1, the operation in X-Amz-Target), so that the function is the one that goes to AWS.
It asks nobody who he is: what it shows lies in a folder that the caller may read anyway.
"""

import json
import re
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from microservices.deploy.site_repository import REPOSITORY, SiteRepository
from shared_domain.site import MAX_FILE_BYTES

_PAGE = 100  # differences of one answer
_ID = re.compile(r"[0-9a-f]{40}")
_CHANGES = {"A": "A", "D": "D"}  # all else changed in place

Told = dict[str, Any]


class Refused(Exception):
    """The name of the error that the service answers."""


@contextmanager
def codecommit(repository: SiteRepository) -> Iterator[str]:
    """Serve the repository while the block lasts; yield the endpoint."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.calls = _Calls(repository)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Calls:
    """The service's operations, over one repository."""

    def __init__(self, repository: SiteRepository) -> None:
        self._repository = repository
        self._operations: dict[str, Callable[[Told], Told]] = {
            "GetBranch": self._branch,
            "GetDifferences": self._differences,
            "GetBlob": self._blob,
        }

    def answer(self, operation: str, asked: Told) -> Told:
        """Return what the service answers. Raise Refused with the name of its error."""
        if operation not in self._operations:
            raise Refused("InvalidAction")
        if asked.get("repositoryName") != REPOSITORY:
            raise Refused("RepositoryDoesNotExistException")
        return self._operations[operation](asked)

    def _branch(self, asked: Told) -> Told:
        commit = self._repository.head(asked["branchName"])
        if commit is None:
            raise Refused("BranchDoesNotExistException")
        return {"branch": {"branchName": asked["branchName"], "commitId": commit}}

    def _differences(self, asked: Told) -> Told:
        before, after = asked.get("beforeCommitSpecifier"), asked["afterCommitSpecifier"]
        if not all(
            _ID.fullmatch(each) and self._repository.kind(each) == "commit" for each in (before or after, after)
        ):
            raise Refused("CommitDoesNotExistException")
        start, most = int(asked.get("NextToken", "0")), asked.get("MaxResults", _PAGE)
        every = list(self._repository.differences(before, after))
        told: Told = {"differences": [_difference(*each) for each in every[start : start + most]]}
        return told | ({"NextToken": str(start + most)} if start + most < len(every) else {})

    def _blob(self, asked: Told) -> Told:
        blob = asked["blobId"]
        if not _ID.fullmatch(blob) or self._repository.kind(blob) != "blob":
            raise Refused("BlobIdDoesNotExistException")
        content = self._repository.content(blob)
        if len(content) > MAX_FILE_BYTES:
            raise Refused("FileTooLargeException")
        return {"content": b64encode(content).decode()}


def _difference(change: str, path: str, modes: tuple[str, str], blobs: tuple[str, str]) -> Told:
    sides = {
        name: {"blobId": blob, "path": path, "mode": mode}
        for name, mode, blob in zip(("beforeBlob", "afterBlob"), modes, blobs, strict=True)
        if mode != "000000"
    }
    return {"changeType": _CHANGES.get(change, "M"), **sides}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave together: apart, the body waits 40 ms for the head to be acknowledged

    def do_POST(self) -> None:
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            self._say(200, self.server.calls.answer(operation, asked))  # type: ignore[attr-defined]
        except Refused as refused:
            self._say(400, {"__type": str(refused), "message": str(refused)})

    def _say(self, status: int, told: Told) -> None:
        content = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing: the function logs what it asks."""
