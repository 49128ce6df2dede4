"""Site: which files of its repository are served, and as what. Twins: monolith/site, microservices/site.

A site is flat: what lies in a folder of the repository is not served. Only who may push to the repository writes it.
"""

import re
from pathlib import PurePosixPath

BRANCH = "main"  # what is pushed to another branch is nobody's business here
MAX_FILE_BYTES = 6_000_000  # bytes, the most that CodeCommit hands out

# No dotfile, no folder, nothing that a URL or a header would change.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_FILES = ("100644", "100755")  # Git's modes of a file; the others are links and other repositories
_KINDS = {
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
    """Tell whether a file of the site can have this name."""
    return _NAME.fullmatch(name) is not None


def is_served(path: str, *, mode: str) -> bool:
    """Tell whether a path of the repository, with the mode that Git gives it, is a file of the site."""
    return mode in _FILES and is_name(path)


def kind_of(name: str) -> str:
    """Return the content type of a file; what is not known is bytes to download."""
    return _KINDS.get(PurePosixPath(name).suffix.lower(), "application/octet-stream")
