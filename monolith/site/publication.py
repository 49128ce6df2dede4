"""Publish the site: copy the files of its repository to the folder that is served. Twin: microservices/site/publication.py.

    python -m monolith.site.publication <repository> <folder>

Git runs this as the repository's post-receive hook (see repository.py), within the push. The monolith need not run.
"""

import fcntl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from monolith.site.folder import SiteFolder
from monolith.site.repository import Entry, GitError, SiteRepository
from shared_domain.site import BRANCH, MAX_FILE_BYTES, is_served

_FIRST = Path(__file__).parents[2] / "shared_domain" / "site"  # the initial content


def prepare_site(folder: Path) -> Path:
    """Create `folder`/site.git if needed, publish it to `folder`/site, and return that folder.

    Raise OSError, SubprocessError or GitError if Git is not installed or fails.
    """
    repository, served = SiteRepository(folder / "site.git"), folder / "site"
    with _lock(served):  # processes that share the folder may start at the same time
        repository.prepare(first=_FIRST, folder=served)
    publish(repository, served)
    return served


def publish(repository: SiteRepository, path: Path) -> str:
    """Make the folder equal to the branch. Return a summary in one line.

    A lock lets one push publish at a time. Each publishes the branch's current state, so the last one may have nothing to do.
    """
    with _lock(path):
        path.mkdir(exist_ok=True)
        return _synchronise(SiteFolder(path), repository)


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Hold the lock of a served folder while the block runs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f"{path.name}.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _synchronise(folder: SiteFolder, repository: SiteRepository) -> str:
    entries = list(repository.entries())
    files = [entry for entry in entries if _is_served(entry)]
    written = sum(folder.write(file.path, repository.content(file.blob)) for file in files)
    obsolete = folder.names() - {file.path for file in files}
    for name in obsolete:
        folder.remove(name)
    ignored = [ascii(entry.path) for entry in entries if entry not in files]
    summary = f"{written} files written, {len(obsolete)} removed"
    return f"{summary}; not served: {', '.join(ignored)}" if ignored else summary


def _is_served(entry: Entry) -> bool:
    return is_served(entry.path, mode=entry.mode) and entry.size <= MAX_FILE_BYTES


def main() -> None:
    """Publish if the branch was pushed, and print the result: Git shows it to the client that pushes."""
    pushed_refs = [line.split()[-1] for line in sys.stdin]
    if f"refs/heads/{BRANCH}" not in pushed_refs:
        return
    repository, folder = (Path(argument) for argument in sys.argv[1:])
    try:
        print(f"site: {publish(SiteRepository(repository), folder)}")
    except (OSError, subprocess.SubprocessError, GitError) as error:
        sys.exit(f"site: the push is stored but not published: {error}")


if __name__ == "__main__":
    main()
