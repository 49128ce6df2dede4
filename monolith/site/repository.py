"""The site's bare Git repository, with a hook that publishes each push. The services use CodeCommit."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shared_domain.site import BRANCH

_PROJECT = Path(__file__).parents[2]
_TIMEOUT_SECONDS = 30  # for each Git command; a push waits for its hook
_NO_USER_CONFIG = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
_FIRST_COMMIT_DATE = (
    "2026-01-01T00:00:00Z"  # fixed, so that both sides have the same first commit and one clone can push to both
)
_COMMITTER = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "site"), ("EMAIL", "site@localhost"), ("DATE", _FIRST_COMMIT_DATE))
}

# The environment of the client that pushes may have another Python and Git's own variables, so the hook clears it.
_HOOK = """#!/bin/sh
# Written by `python -m monolith` at each start: copies the branch to the folder that is served.
cd {project} && exec env -i PATH={path} {python} -m monolith.site.publication {repository} {folder}
"""


class GitError(RuntimeError):
    """A Git command failed. The message is one line."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry in the root of the branch: path, Git's mode, id of the content, and size in bytes (0 for a folder)."""

    path: str
    mode: str
    blob: str
    size: int


class SiteRepository:
    def __init__(self, path: Path) -> None:
        self._path = path

    def prepare(self, *, first: Path, folder: Path) -> None:
        """Create the repository with the files of `first` in its first commit, unless it exists. Write its hook."""
        if not self._git("for-each-ref", f"refs/heads/{BRANCH}", check=False):
            self._git("init", "--quiet", "--bare", f"--initial-branch={BRANCH}")
            self._git("--work-tree", str(first), "add", "--all", ".")
            self._git("--work-tree", str(first), "commit", "--quiet", "--message", "Initial site")
        self._git(
            "config", "core.hooksPath", str(self._path / "hooks")
        )  # overrides the configuration of the client that pushes
        self._write_hook(folder)

    def entries(self) -> Iterator[Entry]:
        """Yield the entries in the root of the branch."""
        for line in self._git("ls-tree", "-z", "--long", BRANCH).decode(errors="replace").split("\0")[:-1]:
            details, _, path = line.partition("\t")
            mode, kind, blob, size = details.split()
            yield Entry(path, mode, blob, int(size) if kind == "blob" else 0)

    def content(self, blob: str) -> bytes:
        """Return the content with this id."""
        return self._git("cat-file", "blob", blob)

    def _write_hook(self, folder: Path) -> None:
        values = {"project": _PROJECT, "path": os.environ.get("PATH", os.defpath), "python": sys.executable}
        values |= {"repository": self._path, "folder": folder}
        hook = self._path / "hooks" / "post-receive"
        hook.parent.mkdir(exist_ok=True)  # Git creates it only if its template has hooks
        draft = hook.with_suffix(".draft")
        draft.write_bytes(
            os.fsencode(_HOOK.format(**{name: shlex.quote(str(value)) for name, value in values.items()}))
        )
        draft.chmod(0o755)
        draft.replace(hook)

    def _git(self, *arguments: str, check: bool = True) -> bytes:
        """Return the output of a command. Raise OSError if Git is not installed, GitError with the reason if the command fails."""
        environment = {"PATH": os.environ.get("PATH", os.defpath), **_NO_USER_CONFIG, **_COMMITTER}
        command = ["git", "--git-dir", str(self._path), *arguments]
        result = subprocess.run(command, env=environment, check=False, capture_output=True, timeout=_TIMEOUT_SECONDS)
        if check and result.returncode:
            raise GitError(f"git: {_last_line(result.stderr)}")
        return result.stdout


def _last_line(output: bytes) -> str:
    return (output.decode(errors="replace").strip().splitlines() or ["no reason given"])[-1]
