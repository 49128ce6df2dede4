"""Serve a bare Git repository on loopback by the three operations of CodeCommit that the publisher calls.

The server speaks CodeCommit's protocol (JSON 1.1, operation in X-Amz-Target), so the function is the same as on AWS.
It has no authentication: it serves a folder that the local user can read.
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

_PAGE = 100  # differences per response
_ID = re.compile(r"[0-9a-f]{40}")
_CHANGES = {"A": "A", "D": "D"}  # every other change is a modification

Fields = dict[str, Any]  # of a request or a response


class ServiceError(Exception):
    """An error response. The message is CodeCommit's name of the error."""


@contextmanager
def codecommit(repository: SiteRepository) -> Iterator[str]:
    """Serve the repository while the block runs, and yield the endpoint."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.operations = _Operations(repository)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Operations:
    """The operations of CodeCommit on one repository."""

    def __init__(self, repository: SiteRepository) -> None:
        self._repository = repository
        self._operations: dict[str, Callable[[Fields], Fields]] = {
            "GetBranch": self._branch,
            "GetDifferences": self._differences,
            "GetBlob": self._blob,
        }

    def call(self, operation: str, request: Fields) -> Fields:
        """Return the response of an operation. Raise ServiceError as CodeCommit does."""
        if operation not in self._operations:
            raise ServiceError("InvalidAction")
        if request.get("repositoryName") != REPOSITORY:
            raise ServiceError("RepositoryDoesNotExistException")
        return self._operations[operation](request)

    def _branch(self, request: Fields) -> Fields:
        commit = self._repository.head(request["branchName"])
        if commit is None:
            raise ServiceError("BranchDoesNotExistException")
        return {"branch": {"branchName": request["branchName"], "commitId": commit}}

    def _differences(self, request: Fields) -> Fields:
        before, after = request.get("beforeCommitSpecifier"), request["afterCommitSpecifier"]
        if not all(
            _ID.fullmatch(each) and self._repository.kind(each) == "commit" for each in (before or after, after)
        ):
            raise ServiceError("CommitDoesNotExistException")
        start, size = int(request.get("NextToken", "0")), request.get("MaxResults", _PAGE)
        differences = list(self._repository.differences(before, after))
        response: Fields = {"differences": [_difference(*each) for each in differences[start : start + size]]}
        return response | ({"NextToken": str(start + size)} if start + size < len(differences) else {})

    def _blob(self, request: Fields) -> Fields:
        blob = request["blobId"]
        if not _ID.fullmatch(blob) or self._repository.kind(blob) != "blob":
            raise ServiceError("BlobIdDoesNotExistException")
        content = self._repository.content(blob)
        if len(content) > MAX_FILE_BYTES:
            raise ServiceError("FileTooLargeException")
        return {"content": b64encode(content).decode()}


def _difference(change: str, path: str, modes: tuple[str, str], blobs: tuple[str, str]) -> Fields:
    sides = {
        name: {"blobId": blob, "path": path, "mode": mode}
        for name, mode, blob in zip(("beforeBlob", "afterBlob"), modes, blobs, strict=True)
        if mode != "000000"
    }
    return {"changeType": _CHANGES.get(change, "M"), **sides}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # send headers and body together: separately, the body waits 40 ms for the acknowledgement

    def do_POST(self) -> None:
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            self._respond(200, self.server.operations.call(operation, request))  # type: ignore[attr-defined]
        except ServiceError as error:
            self._respond(400, {"__type": str(error), "message": str(error)})

    def _respond(self, status: int, fields: Fields) -> None:
        content = json.dumps(fields).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Log nothing: the function logs its calls."""
