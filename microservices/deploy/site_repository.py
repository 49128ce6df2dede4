"""The site's repository on one machine: bare, with a hook in the place of CodeCommit's trigger. Not shipped; AWS has its own."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from shared_domain.site import BRANCH

REPOSITORY = "site"  # its name in CodeCommit
FIRST = Path(__file__).parents[2] / "site"  # the site as it comes

_PROJECT = Path(__file__).parents[2]
_SECONDS = 30  # for any one command
_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"  # Git knows it without having it
_NOBODYS_SETTINGS = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
_BEGAN = "2026-01-01T00:00:00Z"  # ever the same: the first commit is one on both sides, and one clone can push to both
_COMMITTER = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "site"), ("EMAIL", "site@localhost"), ("DATE", _BEGAN))
}

# Whoever pushes has another environment, with another Python and with Git's own variables in it: the hook sees none of it.
_HOOK = """#!/bin/sh
# Written by `python -m microservices` at each start: tells the function of what was pushed, as CodeCommit does.
cd {project} && exec env -i PATH={path} {python} -m microservices.deploy.site_trigger {function} {endpoint}
"""

Difference = tuple[str, str, tuple[str, str], tuple[str, str]]


class GitRefused(RuntimeError):
    """Git cannot do what it was asked to; the message is one line."""


class SiteRepository:
    def __init__(self, path: Path) -> None:
        self.path = path

    def prepare(self) -> None:
        """Make the repository, with the site as it comes in its first commit, unless it is there."""
        if self.head(BRANCH) is None:
            self._git("init", "--quiet", "--bare", f"--initial-branch={BRANCH}")
            self._git("--work-tree", str(FIRST), "add", "--all", ".")
            self._git("--work-tree", str(FIRST), "commit", "--quiet", "--message", "Initial site")
        self._git("config", "core.hooksPath", str(self.path / "hooks"))  # whatever the pusher's own settings say

    def connect(self, *, function: str, endpoint: str) -> None:
        """Let every push wake the function at the endpoint."""
        said = {"project": _PROJECT, "path": os.environ.get("PATH", os.defpath), "python": sys.executable}
        words = said | {"function": function, "endpoint": endpoint}
        hook = self.path / "hooks" / "post-receive"
        hook.parent.mkdir(exist_ok=True)  # a template of Git without hooks makes none
        draft = hook.with_suffix(".draft")
        draft.write_text(_HOOK.format(**{name: shlex.quote(str(word)) for name, word in words.items()}))
        draft.chmod(0o755)
        draft.replace(hook)

    def head(self, branch: str) -> str | None:
        """Return the commit that a branch stands at, None where there is no such branch."""
        return (
            self._git("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}", check=False).decode().strip() or None
        )

    def kind(self, thing: str) -> str:
        """Return what has this id: `commit`, `blob`, `tree` or `tag`; nothing where nothing has."""
        return self._git("cat-file", "-t", thing, check=False).decode().strip()

    def content(self, blob: str) -> bytes:
        """Return the content with that id."""
        return self._git("cat-file", "blob", blob)

    def differences(self, before: str | None, after: str) -> Iterator[Difference]:
        """Yield what two commits differ in, or all of the second: kind of change, path, both modes, both contents' ids."""
        raw = self._git("diff-tree", "-r", "-z", "--no-renames", before or _EMPTY_TREE, after)
        parts = raw.decode(errors="replace").split("\0")[:-1]
        for told, path in zip(parts[::2], parts[1::2], strict=True):
            mode_before, mode_after, blob_before, blob_after, change = told.removeprefix(":").split()
            yield change, path, (mode_before, mode_after), (blob_before, blob_after)

    def _git(self, *arguments: str, check: bool = True) -> bytes:
        """Return what the command says. Raise OSError where there is no Git, GitRefused with its reason where it fails."""
        environment = {"PATH": os.environ.get("PATH", os.defpath), **_NOBODYS_SETTINGS, **_COMMITTER}
        command = ["git", "--git-dir", str(self.path), *arguments]
        ran = subprocess.run(command, env=environment, check=False, capture_output=True, timeout=_SECONDS)
        if check and ran.returncode:
            raise GitRefused(f"git: {_last_line(ran.stderr)}")
        return ran.stdout


def _last_line(said: bytes) -> str:
    return (said.decode(errors="replace").strip().splitlines() or ["no reason given"])[-1]
