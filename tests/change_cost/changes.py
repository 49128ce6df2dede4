"""The changes: a folder each, with its sentence, its contract tests and its patches. Apply them to a copy of the repository.

    tests/change_cost/<change>/change.yaml         what changes, and the tests that prove it on both sides
                               shared.patch        the shared rules and the contract
                               monolith.patch      that side, with its own tests
                               microservices.patch
                               tests.patch         contract tests

A patch has one line of context, so that it survives most changes of the code around it. Generated pages are in no patch.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import yaml

PROJECT = Path(__file__).parents[2]
FOLDER = Path(__file__).parent
PARTS = ("shared", "monolith", "microservices", "tests")
# In the order of the page.
NAMES = ("field", "rule", "feature", "rename", "migration", "reader", "limit", "index", "library", "removal")
_LEFT_OUT = ("docs/reference/", "docs/report.png", "tests/change_cost/")
_VERSIONS = Path("monolith/migrations/versions")
_REVISION = re.compile(r'^revision = "(.*)"$', re.MULTILINE)
_PARENT = re.compile(r'^down_revision = "(.*)"$', re.MULTILINE)


class PatchDoesNotApply(Exception):
    """The code under a patch has changed. The message says how to make the patch anew."""

    def __init__(self, patch: Path, reason: str) -> None:
        name = patch.parent.name
        super().__init__(
            f"{patch.relative_to(PROJECT)} no longer applies: {reason.strip()}\n"
            f"Run `python -m tests.change_cost edit {name} FOLDER`, make the change that is missing there, "
            f"and `python -m tests.change_cost save {name} FOLDER`."
        )


@dataclass(frozen=True, slots=True)
class Edit:
    """What a patch does to one file."""

    path: str
    added: int
    removed: int


@dataclass(frozen=True)
class Change:
    """A change of both sides."""

    name: str

    @cached_property
    def about(self) -> dict[str, str]:
        """Return the content of change.yaml."""
        content: dict[str, str] = yaml.safe_load((FOLDER / self.name / "change.yaml").read_text())
        return content

    @property
    def tests(self) -> list[str]:
        """Return the ids of the contract tests that prove the change."""
        return self.about["tests"].split()

    def patches(self) -> dict[str, Path]:
        """Return its patches by part."""
        files = {part: FOLDER / self.name / f"{part}.patch" for part in PARTS}
        return {part: file for part, file in files.items() if file.exists()}

    @cache  # noqa: B019  equal changes share it
    def edits(self, part: str) -> list[Edit]:
        """Return the edits of a part's patch, or none."""
        patch = self.patches().get(part)
        lines = _git("apply", "--numstat", str(patch), cwd=PROJECT).splitlines() if patch else []
        columns = (line.split("\t") for line in lines)
        return [Edit(path, int(added), int(removed)) for added, removed, path in columns]


def changes() -> tuple[Change, ...]:
    """Return all changes."""
    return tuple(map(Change, NAMES))


def copy_repository(target: Path) -> Path:
    """Copy the repository's files, also those that are not committed, to a new folder. Return the folder.

    The bytecode is copied too, and the files keep their times, so that Python compiles only what a patch changes.
    """
    for name in _git("ls-files", "--cached", "--others", "--exclude-standard", cwd=PROJECT).splitlines():
        source = PROJECT / name
        if source.is_file() and not name.startswith(_LEFT_OUT):
            for file in (source, *source.parent.glob(f"__pycache__/{source.stem}.*.pyc")):
                copied = target / file.relative_to(PROJECT)
                copied.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(file, copied)
    return target


def link_copy(source: Path, target: Path) -> Path:
    """Copy a folder with hard links. This is safe: git replaces a file that it patches."""
    return Path(shutil.copytree(source, target, copy_function=os.link))


def apply(chosen: Iterable[Change], tree: Path) -> None:
    """Apply the patches of the changes to a copy. Raise PatchDoesNotApply for the first that does not fit."""
    before = {file.name for file in (tree / _VERSIONS).glob("*.py")}
    for change in chosen:
        for patch in change.patches().values():
            ran = run_git("apply", str(patch), cwd=tree)
            if ran.returncode:
                raise PatchDoesNotApply(patch, ran.stderr)
    _chain_migrations(tree / _VERSIONS, before)


def _chain_migrations(versions: Path, before: set[str]) -> None:
    """Give several new migrations an order: in its patch, each follows the newest one of the repository."""
    new = sorted(file for file in versions.glob("*.py") if file.name not in before)
    head = _head(versions, before)
    for file in new if len(new) > 1 else []:
        text = _REVISION.sub(f'revision = "{file.stem}"', file.read_text())
        file.write_text(_PARENT.sub(f'down_revision = "{head}"', text))
        head = file.stem


def _head(versions: Path, names: set[str]) -> str:
    """Return the revision that no other one follows."""
    texts = [(versions / name).read_text() for name in names]
    revisions = {one for text in texts for one in _REVISION.findall(text)}
    (head,) = revisions - {one for text in texts for one in _PARENT.findall(text)}
    return head


def run_git(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run git in a folder, in the repository of that folder if it has one, and never in one around it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment["GIT_CEILING_DIRECTORIES"] = str(cwd.parent)
    return subprocess.run(["git", *words], cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def _git(*words: str, cwd: Path) -> str:
    ran = run_git(*words, cwd=cwd)
    if ran.returncode:
        raise RuntimeError(ran.stderr.strip())
    return ran.stdout
