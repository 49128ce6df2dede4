"""What is pushed to the site's repository is copied, within the push, to the folder that is served.

    python -m monolith.site.publication <repository> <folder>

Git runs this as the repository's post-receive hook (see repository.py), whether or not the monolith runs. Its counterpart is
a function that a push wakes: microservices/site/publication.py.
"""

import fcntl
import subprocess
import sys
from pathlib import Path

from monolith.site.folder import SiteFolder
from monolith.site.repository import Entry, GitRefused, SiteRepository
from shared_domain.site import BRANCH, MAX_FILE_BYTES, is_served

_FIRST = Path(__file__).parents[2] / "site"  # the site as it comes


def kept_site(folder: Path) -> Path:
    """Return the folder to serve, below `folder`, with all that was pushed so far to the repository beside it.

    Raise OSError, SubprocessError or GitRefused where there is no Git, or it fails.
    """
    repository, served = SiteRepository(folder / "site.git"), folder / "site"
    repository.prepare(first=_FIRST, folder=served)
    publish(repository, served)
    return served


def publish(repository: SiteRepository, path: Path) -> str:
    """Make the folder hold what the branch holds; return in a line what that took.

    One push at a time publishes, and each what the branch holds by then: the last to come finds nothing to do.
    """
    path.mkdir(parents=True, exist_ok=True)
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _bring(SiteFolder(path), repository)


def _bring(folder: SiteFolder, repository: SiteRepository) -> str:
    entries = list(repository.entries())
    wanted = [each for each in entries if _is_wanted(each)]
    written = sum(folder.write(each.path, repository.content(each.blob)) for each in wanted)
    gone = folder.names() - {each.path for each in wanted}
    for name in gone:
        folder.remove(name)
    left_out = [ascii(each.path) for each in entries if each not in wanted]
    said = f"{written} files written, {len(gone)} removed"
    return f"{said}; not served: {', '.join(left_out)}" if left_out else said


def _is_wanted(entry: Entry) -> bool:
    return is_served(entry.path, mode=entry.mode) and entry.size <= MAX_FILE_BYTES


def main() -> None:
    """Publish if the branch is among what was pushed; tell the pusher what became of it."""
    pushed = [line.split()[-1] for line in sys.stdin]
    if f"refs/heads/{BRANCH}" not in pushed:
        return
    repository, folder = (Path(argument) for argument in sys.argv[1:])
    try:
        print(f"site: {publish(SiteRepository(repository), folder)}")
    except (OSError, subprocess.SubprocessError, GitRefused) as error:
        sys.exit(f"site: your push is kept, but not published: {error}")


if __name__ == "__main__":
    main()
