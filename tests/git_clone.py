"""Clone the site's repository, commit to it and push, with the machine's Git."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PUSH_SECONDS = 30
AUTHOR = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "c", "GIT_COMMITTER_EMAIL": "c@d"}


@dataclass(frozen=True, slots=True)
class Clone:
    """A clone in its own folder. `environment` is the environment of its Git commands."""

    path: Path
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))

    def commit(self, files: Mapping[str, str | bytes | None], *, amend: bool = False) -> None:
        """Commit new contents of files. None removes a file. `amend` replaces the last commit."""
        for name, content in files.items():
            file = self.path / name
            file.parent.mkdir(exist_ok=True)
            if content is None:
                file.unlink(missing_ok=True)
            else:
                file.write_bytes(content.encode() if isinstance(content, str) else content)
        self.keep(amend=amend)

    def keep(self, *, amend: bool = False) -> None:
        """Commit all changes in the folder."""
        self.git("add", "--all", ".")
        self.git("commit", "--quiet", "--allow-empty", "--message", "A change", *(["--amend"] if amend else []))

    def push(self, *arguments: str) -> str:
        """Push, by default the branch main, and return Git's messages."""
        return self.git("push", "origin", *(arguments or ("main",)))

    def git(self, *arguments: str) -> str:
        """Run a Git command, assert that it succeeds, and return its stderr."""
        ran = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env=self.environment | AUTHOR,
            check=False,
            capture_output=True,
            text=True,
            timeout=PUSH_SECONDS,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stderr


def cloned(repository: Path, to: Path) -> Clone:
    """Clone the repository into a new folder."""
    subprocess.run(["git", "clone", "--quiet", repository, to], check=True)
    return Clone(to)
