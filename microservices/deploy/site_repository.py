"""Manage the site's local repository: a bare Git repository with a hook in place of CodeCommit's trigger."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from shared_domain.site import BRANCH

REPOSITORY = "site"  # its name in CodeCommit
FIRST = Path(__file__).parents[2] / "shared_domain" / "site"  # the initial site

_PROJECT = Path(__file__).parents[2]
_TIMEOUT_S = 30  # of each command
_EMPTY_TREE = (
    "4b825dc642cb6eb9a060e54bf8d69288fbee4904"  # Git's id of a tree without files; it exists in every repository
)
_NO_SETTINGS = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
_FIRST_COMMIT_TIME = "2026-01-01T00:00:00Z"  # constant, so that both sides start from the same commit
_COMMITTER = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "site"), ("EMAIL", "site@localhost"), ("DATE", _FIRST_COMMIT_TIME))
}

# The environment of the client that pushes may have another Python and Git's own variables, so the hook clears it.
_HOOK = """#!/bin/sh
# Written by `python -m microservices` at each start. Invokes the function on a push, as CodeCommit does.
cd {project} && exec env -i PATH={path} {python} -m microservices.deploy.site_trigger {function} {endpoint}
"""

Difference = tuple[str, str, tuple[str, str], tuple[str, str]]


class GitError(RuntimeError):
    """A Git command failed. The message is one line."""


class SiteRepository:
    def __init__(self, path: Path) -> None:
        self.path = path

    def prepare(self) -> None:
        """Create the repository with the initial site as first commit, unless it exists."""
        if self.head(BRANCH) is None:
            self._git("init", "--quiet", "--bare", f"--initial-branch={BRANCH}")
            self._git("--work-tree", str(FIRST), "add", "--all", ".")
            self._git("--work-tree", str(FIRST), "commit", "--quiet", "--message", "Initial site")
        self._git("config", "core.hooksPath", str(self.path / "hooks"))  # overrides the user's settings

    def connect(self, *, function: str, endpoint: str) -> None:
        """Install the hook that invokes the function at the endpoint on every push."""
        fixed = {"project": _PROJECT, "path": os.environ.get("PATH", os.defpath), "python": sys.executable}
        words = fixed | {"function": function, "endpoint": endpoint}
        hook = self.path / "hooks" / "post-receive"
        hook.parent.mkdir(exist_ok=True)  # Git's template may have no hooks folder
        draft = hook.with_suffix(".draft")
        draft.write_bytes(os.fsencode(_HOOK.format(**{name: shlex.quote(str(word)) for name, word in words.items()})))
        draft.chmod(0o755)
        draft.replace(hook)

    def head(self, branch: str) -> str | None:
        """Return the head commit of a branch, or None if it does not exist."""
        return (
            self._git("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}", check=False).decode().strip() or None
        )

    def kind(self, object_id: str) -> str:
        """Return the type of an object: `commit`, `blob`, `tree`, `tag`, or nothing if it does not exist."""
        return self._git("cat-file", "-t", object_id, check=False).decode().strip()

    def content(self, blob: str) -> bytes:
        """Return the content of a blob."""
        return self._git("cat-file", "blob", blob)

    def differences(self, before: str | None, after: str) -> Iterator[Difference]:
        """Yield the differences of two commits, or all files of the second: change, path, modes, blob ids."""
        raw = self._git("diff-tree", "-r", "-z", "--no-renames", before or _EMPTY_TREE, after)
        parts = raw.decode(errors="replace").split("\0")[:-1]
        for head, path in zip(parts[::2], parts[1::2], strict=True):
            mode_before, mode_after, blob_before, blob_after, change = head.removeprefix(":").split()
            yield change, path, (mode_before, mode_after), (blob_before, blob_after)

    def _git(self, *arguments: str, check: bool = True) -> bytes:
        """Return the output of a command. Raise OSError without Git, and GitError if the command fails."""
        environment = {"PATH": os.environ.get("PATH", os.defpath), **_NO_SETTINGS, **_COMMITTER}
        command = ["git", "--git-dir", str(self.path), *arguments]
        result = subprocess.run(command, env=environment, check=False, capture_output=True, timeout=_TIMEOUT_S)
        if check and result.returncode:
            raise GitError(f"git: {_last_line(result.stderr)}")
        return result.stdout


def _last_line(output: bytes) -> str:
    return (output.decode(errors="replace").strip().splitlines() or ["no output"])[-1]
