"""Write docs/change-cost.md, or make the patches of a change.

python -m tests.change_cost page
python -m tests.change_cost edit CHANGE FOLDER    copy the repository, apply what still applies; rejected parts are *.rej
python -m tests.change_cost save CHANGE FOLDER    write the differences of the copy as the patches of the change
"""

import argparse
from pathlib import Path

from tests.change_cost import changes
from tests.change_cost.changes import Change, copy_repository, run_git

CONTEXT = 1  # lines around an edit
# By the beginning of a path; the first that fits.
PART_OF = {
    "tests/monolith/": "monolith",
    "tests/microservices/": "microservices",
    "tests/": "tests",
    "loadtests/": "tests",
    "monolith/": "monolith",
    "microservices/": "microservices",
    "": "shared",
}


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.change_cost", description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(required=True, dest="command")
    commands.add_parser("page")
    for name in ("edit", "save"):
        command = commands.add_parser(name)
        command.add_argument("change")
        command.add_argument("folder", type=Path)
    options = parser.parse_args()
    if options.command == "page":
        from tests.change_cost import page  # noqa: PLC0415  slow, and `edit` works while a patch does not apply

        page.write()
    else:
        {"edit": edit, "save": save}[options.command](Change(options.change), options.folder.resolve())


def edit(change: Change, folder: Path) -> None:
    """Commit a copy of the repository in the folder, and apply the change as far as it applies."""
    copy_repository(folder)
    _git(folder, "init", "--quiet")
    _git(folder, "add", "--all", "--force")
    _git(folder, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--message", "before")
    for patch in change.patches().values():
        ran = run_git("apply", "--reject", str(patch), cwd=folder)
        print(ran.stderr if ran.returncode else f"{patch.name} applies")


def save(change: Change, folder: Path, into: Path = changes.FOLDER) -> None:
    """Write the patches of the change from the differences in the folder, below another one."""
    _git(folder, "add", "--all", "--intent-to-add")
    paths = _git(folder, "diff", "--name-only", "--no-renames").split()
    for part in changes.PARTS:
        target = into / change.name / f"{part}.patch"
        target.unlink(missing_ok=True)
        if own := [path for path in paths if _part(path) == part]:
            target.parent.mkdir(exist_ok=True)
            target.write_text(_git(folder, "diff", f"-U{CONTEXT}", "--no-renames", "--", *own))
            print(f"{target}: {len(own)} files")


def _part(path: str) -> str:
    return next(part for start, part in PART_OF.items() if path.startswith(start))


def _git(folder: Path, *words: str) -> str:
    ran = run_git(*words, cwd=folder)
    if ran.returncode:
        raise SystemExit(ran.stderr)
    return ran.stdout


if __name__ == "__main__":
    main()
