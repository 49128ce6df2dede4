"""The site's Git repository: bare, with the hook that publishes what is pushed. On the other side it is CodeCommit's."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shared_domain.site import BRANCH

_PROJECT = Path(__file__).parents[2]
_SECONDS = 30  # for any one command; a push waits for its hook
_NOBODYS_SETTINGS = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
_BEGAN = "2026-01-01T00:00:00Z"  # ever the same: the first commit is one on both sides, and one clone can push to both
_COMMITTER = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "site"), ("EMAIL", "site@localhost"), ("DATE", _BEGAN))
}

# Whoever pushes has another environment, with another Python and with Git's own variables in it: the hook sees none of it.
_HOOK = """#!/bin/sh
# Written by `python -m monolith` at each start: copies what was pushed to the folder that is served.
cd {project} && exec env -i PATH={path} {python} -m monolith.site.publication {repository} {folder}
"""


class GitRefused(RuntimeError):
    """Git cannot do what it was asked to; the message is one line."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What lies in the root of the branch: its path, the mode that Git gives it, the id of its content, its size in bytes."""

    path: str
    mode: str
    blob: str
    size: int


class SiteRepository:
    def __init__(self, path: Path) -> None:
        self._path = path

    def prepare(self, *, first: Path, folder: Path) -> None:
        """Make the repository, with the files of `first` in its first commit, unless it is there; see to its hook."""
        if not self._git("for-each-ref", f"refs/heads/{BRANCH}", check=False):
            self._git("init", "--quiet", "--bare", f"--initial-branch={BRANCH}")
            self._git("--work-tree", str(first), "add", "--all", ".")
            self._git("--work-tree", str(first), "commit", "--quiet", "--message", "The site as it comes")
        self._git("config", "core.hooksPath", str(self._path / "hooks"))  # whatever the pusher's own settings say
        self._write_hook(folder)

    def entries(self) -> Iterator[Entry]:
        """Yield what lies in the root of the branch."""
        for line in self._git("ls-tree", "-z", "--long", BRANCH).decode(errors="replace").split("\0")[:-1]:
            told, _, path = line.partition("\t")
            mode, kind, blob, size = told.split()
            yield Entry(path, mode, blob, int(size) if kind == "blob" else 0)

    def content(self, blob: str) -> bytes:
        """Return the content with that id."""
        return self._git("cat-file", "blob", blob)

    def _write_hook(self, folder: Path) -> None:
        said = {"project": _PROJECT, "path": os.environ.get("PATH", os.defpath), "python": sys.executable}
        words = said | {"repository": self._path, "folder": folder}
        hook = self._path / "hooks" / "post-receive"
        hook.parent.mkdir(exist_ok=True)  # a template of Git without hooks makes none
        draft = hook.with_suffix(".draft")
        draft.write_text(_HOOK.format(**{name: shlex.quote(str(word)) for name, word in words.items()}))
        draft.chmod(0o755)
        draft.replace(hook)

    def _git(self, *arguments: str, check: bool = True) -> bytes:
        """Return what the command says. Raise OSError where there is no Git, GitRefused with its reason where it fails."""
        environment = {"PATH": os.environ.get("PATH", os.defpath), **_NOBODYS_SETTINGS, **_COMMITTER}
        command = ["git", "--git-dir", str(self._path), *arguments]
        ran = subprocess.run(command, env=environment, check=False, capture_output=True, timeout=_SECONDS)
        if check and ran.returncode:
            raise GitRefused(f"git: {_last_line(ran.stderr)}")
        return ran.stdout


def _last_line(said: bytes) -> str:
    return (said.decode(errors="replace").strip().splitlines() or ["no reason given"])[-1]
