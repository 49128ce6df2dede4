"""The folder that the site is served from: a file for each of its files, replaced whole or not at all."""

import errno
import os
import stat
from pathlib import Path

from shared_domain.errors import NotFound
from shared_domain.site import is_name

_DRAFT = ".draft"  # no name that a file of the site can have
_NO_FILE = (errno.ENOENT, errno.EISDIR, errno.ELOOP)  # the last one: it is a link


class SiteFolder:
    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self) -> set[str]:
        """Return the names of the files that are there."""
        return {file.name for file in self._path.iterdir() if is_name(file.name)}

    def read(self, name: str) -> bytes:
        """Return a file's content. Raise NotFound where there is none, or something that is no file."""
        if not is_name(name):
            raise NotFound("there is no such file")
        try:
            with open(self._path / name, "rb", opener=_carefully) as file:
                if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    return file.read()
        except OSError as error:
            if error.errno not in _NO_FILE:
                raise
        raise NotFound("there is no such file")

    def write(self, name: str, content: bytes) -> bool:
        """Replace a file, unless it holds just that; return whether it had to be written."""
        if self._holds(name, content):
            return False
        draft = self._path / _DRAFT
        draft.write_bytes(content)
        draft.replace(self._path / name)  # who reads meanwhile gets the old file or the new one, never half of one
        return True

    def remove(self, name: str) -> None:
        """Take a file away."""
        (self._path / name).unlink(missing_ok=True)

    def _holds(self, name: str, content: bytes) -> bool:
        try:
            return self.read(name) == content
        except NotFound:
            return False


def _carefully(path: str, flags: int) -> int:
    """Open a file, should somebody have put something else there: a link is not followed, and a pipe does not block."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
