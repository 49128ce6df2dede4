"""The folder that the site is served from: a file for each of its files, replaced whole or not at all."""

import os
import stat
from pathlib import Path

from shared_domain.errors import NotFound
from shared_domain.site import is_name

_DRAFT = ".draft"  # no name that a file of the site can have


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
            # A link is not followed and a pipe does not block, should somebody put one there.
            opened = os.open(self._path / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            raise NotFound("there is no such file") from error
        with os.fdopen(opened, "rb") as file:
            if not stat.S_ISREG(os.fstat(opened).st_mode):
                raise NotFound("there is no such file")
            return file.read()

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
