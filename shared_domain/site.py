"""Site: which files of its repository are served, and with which content type. Twins: monolith/site, microservices/site.

A site is flat: files in a subfolder of the repository are not served. Write access is the right to push to the repository.
"""

import re
from pathlib import PurePosixPath

BRANCH = "main"  # pushes to other branches publish nothing
MAX_FILE_BYTES = 6_000_000  # the limit of CodeCommit's GetBlob

# No dotfile, no folder, and no character that a URL or a header would escape.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_FILE_MODES = ("100644", "100755")  # Git's other modes are folders, links and submodules
_CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}


def is_name(name: str) -> bool:
    """Return whether a file of the site can have this name."""
    return _NAME.fullmatch(name) is not None


def is_served(path: str, *, mode: str) -> bool:
    """Return whether a path of the repository, with its Git mode, is a file of the site."""
    return mode in _FILE_MODES and is_name(path)


def content_type_of(name: str) -> str:
    """Return the content type of a file, application/octet-stream for an unknown extension."""
    return _CONTENT_TYPES.get(PurePosixPath(name).suffix.lower(), "application/octet-stream")
