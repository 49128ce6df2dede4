"""A student's copy of the code for one unit: make it, put the fault in, check it, reset it. The clone itself never changes."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from workshop.units import CLONE, FOLDER, Unit

# What no exercise needs, and the solutions.
_LEFT_OUT = ("docs/workshop/", "docs/decisions/", "docs/report.png", "tests/change_cost/", "tests/browser/")
_LINKS = (".venv", ".venv-aws")  # linked: a copy of them would take a minute and 700 MB
_AUTHOR = ("-c", "user.name=workshop", "-c", "user.email=workshop@localhost", "-c", "commit.gpgsign=false")
_SURPLUS_S = 180  # on top of the limit that a test holds a check to: a laptop may be slow or busy
_TRACEBACK_LINES = 12


class CopyError(Exception):
    """The copy is missing, exists already, or a patch does not apply. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a check: whether it passed, and what it printed."""

    passed: bool
    text: str


@dataclass(frozen=True, slots=True)
class Copy:
    """The copy of one student for one unit."""

    unit: Unit
    folder: Path

    def make(self) -> None:
        """Copy the code, put in the fault and commit it, so that `git diff` shows only the student's work."""
        if self.folder.exists():
            raise CopyError(f"unit {self.unit.number} is in {self.folder} already; `reset` begins it again")
        draft = self.folder.with_name(f"{self.folder.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        for name in _files():
            target = draft / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CLONE / name, target)
        for name in _LINKS:
            if (CLONE / name).exists():
                (draft / name).symlink_to(CLONE / name)
        apply(self.unit.fault, draft)
        _commit(draft)
        draft.rename(self.folder)  # a copy is complete or absent

    def reset(self) -> None:
        """Make the copy again, as it was handed out."""
        self.require()
        shutil.rmtree(self.folder)
        self.make()

    def check(self) -> Outcome:
        """Run the check of the unit on the copy."""
        self.require()
        command = [sys.executable, "-m", "workshop.checking", self.unit.name]
        try:
            ran = subprocess.run(
                command, cwd=self.folder, env=_environment(), capture_output=True, text=True, check=False,
                timeout=self.unit.check_s + _SURPLUS_S,
            )  # fmt: skip
        except subprocess.TimeoutExpired as expired:
            return Outcome(False, f"The check did not end within {expired.timeout:.0f} s: does your code wait or loop?")
        if ran.returncode in (0, 1) and ran.stdout:
            return Outcome(ran.returncode == 0, ran.stdout.rstrip())
        lines = (ran.stderr or ran.stdout).rstrip().splitlines()[-_TRACEBACK_LINES:]
        return Outcome(False, "\n".join(["The code of the copy raised an error:", *lines]))

    def changed(self) -> float:
        """Return the newest modification time of the copy's own files."""
        self.require()
        files = (file for file in self.folder.rglob("*") if ".git" not in file.parts and file.suffix in _WATCHED)
        return max(map(_modified, files), default=0.0)

    def require(self) -> None:
        """Raise CopyError if the unit was not started."""
        if not self.folder.exists():
            raise CopyError(f"unit {self.unit.number} is not started: `start {self.unit.number}`")


_WATCHED = (".py", ".yaml", ".md")


def _modified(file: Path) -> float:
    """Return when a file was modified, 0 if it is gone: editors save through temporary files, and lock by broken links."""
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def apply(patch: Path, folder: Path) -> None:
    """Apply a patch to a copy. Raise CopyError if it does not fit."""
    ran = _git("apply", str(patch), cwd=folder)
    if ran.returncode:
        raise CopyError(f"{patch.relative_to(CLONE)} does not apply: {ran.stderr.strip()}")


def _files() -> list[str]:
    """Return the clone's files that a copy has, also those that are not committed."""
    listed = _git("ls-files", "--cached", "--others", "--exclude-standard", cwd=CLONE)
    if listed.returncode:
        raise CopyError(f"{CLONE} is no clone: {listed.stderr.strip()}")
    names = set(listed.stdout.splitlines())
    return sorted(name for name in names if not name.startswith(_LEFT_OUT) and (CLONE / name).is_file())


def _commit(folder: Path) -> None:
    _git("init", "--quiet", cwd=folder)
    (folder / ".git" / "info").mkdir(exist_ok=True)
    (folder / ".git" / "info" / "exclude").write_text("".join(f"/{name}\n" for name in _LINKS))
    _git("add", "--all", cwd=folder)
    ran = _git(*_AUTHOR, "commit", "--quiet", "--no-verify", "--message", "As handed out", cwd=folder)
    if ran.returncode:
        raise CopyError(f"git commit: {ran.stderr.strip()}")


def _git(*words: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    """Run git in a folder, never in a repository around it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment["GIT_CEILING_DIRECTORIES"] = str(cwd.parent)
    return subprocess.run(["git", *words], cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def _environment() -> dict[str, str]:
    """Return the environment of a check: its own package comes from the clone, all other code from the copy."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "AWS_", "PG"))}
    return inherited | {"PYTHONPATH": str(FOLDER.parent), "PYTHONUTF8": "1"}
