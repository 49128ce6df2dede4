"""Every function's zip, built once and kept until something that goes into it changes.

A build takes some seconds of processor, and a comparison, an explanation, a workshop and most tests start the services.
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

KEPT = PROJECT / ".run" / "zips"


def built(folder: Path = KEPT) -> tuple[Package, ...]:
    """Return every function's zip for this interpreter, in a folder named for what goes into them; older ones are removed."""
    source = packages.here()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # who starts beside us waits for the same zips
        out = folder / inputs(source.places)
        if not out.exists():
            for older in folder.glob("*/"):
                shutil.rmtree(older)
            draft = folder / "draft"
            packages.build(draft, source)
            draft.rename(out)  # there whole or not at all, also where a build is killed
        return packages.found(out)


def inputs(places: Places) -> str:
    """Return a name for all that a zip is made of: our files as they are, libraries by their versions, and the interpreter."""
    digest = hashlib.sha256(sys.version.encode())
    for each in sorted(places.libraries.glob("*.dist-info")):
        digest.update(each.name.encode())
    for file in sorted(_own(places.project)):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(places.project)} {len(content)} ".encode() + content)
    return digest.hexdigest()[:16]


def _own(project: Path) -> Iterator[Path]:
    yield project / "docs" / "openapi.yaml"
    for name in OURS:
        yield from (file for file in (project / name).rglob("*") if file.is_file() and "__pycache__" not in file.parts)
