"""What a function's package holds: counted, so it is the same wherever it is built for this Python."""

import zipfile
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

from microservices.deploy.imports import OURS


def manifest(package: Path) -> dict[str, Any]:
    """Return how many files and bytes a zip holds, its own bytes, and the packages of others in it with their versions."""
    with zipfile.ZipFile(package) as opened:
        members = opened.infolist()
    return {
        "files": len(members),
        "bytes": sum(each.file_size for each in members),
        "zip_bytes": package.stat().st_size,
        "libraries": {name: version(name) for name in sorted({*_distributions(each.filename for each in members)})},
        "origin": "measured",
    }


def _distributions(files: Iterator[str]) -> Iterator[str]:
    tops = {file.partition("/")[0].partition(".")[0] for file in files} - OURS
    return (name for top in tops for name in _installed().get(top, ()))


@cache
def _installed() -> dict[str, list[str]]:
    return dict(packages_distributions())
