"""The folder from which the site is served. Each file is replaced atomically. Twin: microservices/site/bucket.py."""

import errno
import os
import stat
from pathlib import Path

from shared_domain.errors import NotFound
from shared_domain.site import is_name

_DRAFT = ".draft"  # not a valid name for a file of the site
_NO_FILE = (errno.ENOENT, errno.EISDIR, errno.ELOOP)  # ELOOP: a symbolic link


class SiteFolder:
    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self) -> set[str]:
        """Return the names of the files in the folder."""
        return {file.name for file in self._path.iterdir() if is_name(file.name)}

    def read(self, name: str) -> bytes:
        """Return the content of a file. Raise NotFound if there is no regular file with this name."""
        if not is_name(name):
            raise NotFound("there is no such file")
        try:
            with open(self._path / name, "rb", opener=_open_regular) as file:
                if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    return file.read()
        except OSError as error:
            if error.errno not in _NO_FILE:
                raise
        raise NotFound("there is no such file")

    def write(self, name: str, content: bytes) -> bool:
        """Replace a file unless it already has this content. Return whether it was written."""
        if self._has(name, content):
            return False
        draft = self._path / _DRAFT
        draft.write_bytes(content)
        draft.replace(self._path / name)  # a concurrent reader gets the old file or the new one, never a part
        return True

    def remove(self, name: str) -> None:
        """Delete a file if it exists."""
        (self._path / name).unlink(missing_ok=True)

    def _has(self, name: str, content: bytes) -> bool:
        try:
            return self.read(name) == content
        except NotFound:
            return False


def _open_regular(path: str, flags: int) -> int:
    """Open a file without following a symbolic link and without blocking on a named pipe."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
