"""Cache every function's zip until something in it changes.

A build takes seconds of CPU time, and every comparison and most tests start the services.
"""

import fcntl
import hashlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from microservices.deploy import packages
from microservices.deploy.imports import OURS
from microservices.deploy.modules import Places
from microservices.deploy.packages import PROJECT, Package

CACHE = PROJECT / ".run" / "zips"


def get_packages(folder: Path = CACHE) -> tuple[Package, ...]:
    """Return every function's zip for this interpreter. Build the zips, and remove older ones, if an input changed."""
    source = packages.local_source()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another process that starts now waits for the same zips
        out = folder / digest_of_inputs(source.places)
        if not out.exists():
            for older in folder.glob("*/"):
                shutil.rmtree(older)
            draft = folder / "draft"
            packages.build(draft, source)
            draft.rename(out)  # atomic, also if the build is killed
        return packages.list_packages(out)


def digest_of_inputs(places: Places) -> str:
    """Return a digest of our files, the libraries' versions and the interpreter."""
    digest = hashlib.sha256(sys.version.encode())
    for each in sorted(places.libraries.glob("*.dist-info")):
        digest.update(each.name.encode())
    for file in sorted(_own_files(places.project)):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(places.project)} {len(content)} ".encode() + content)
    return digest.hexdigest()[:16]


def _own_files(project: Path) -> Iterator[Path]:
    yield project / "docs" / "openapi.yaml"
    for name in OURS:
        yield from (file for file in (project / name).rglob("*") if file.is_file() and "__pycache__" not in file.parts)
