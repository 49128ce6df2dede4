"""Build each function's zip: its handler and all modules that the handler imports.

    python -m microservices.deploy.packages            for this interpreter and its libraries
    python -m microservices.deploy.packages --for aws  for python3.13 on arm64

The same content gives the same bytes, so a service with unchanged code keeps its release.
"""

import argparse
import hashlib
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from microservices.deploy import archives, aws_libraries, templates
from microservices.deploy.contents import Source, distributions_of, stage
from microservices.deploy.imports import OURS, library
from microservices.deploy.modules import Places, find_modules

PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Package:
    """One function's zip. Its folder is the release, named after the content of all zips of the service."""

    service: str
    function: str
    release: str
    zip: Path


def local_source() -> Source:
    """Return the source for the local AWS: this interpreter and its libraries."""
    return Source(Places(PROJECT, Path(sysconfig.get_path("purelib"))), sys.executable)


def aws_source(folder: Path) -> Source:
    """Return the source for AWS. Install its libraries into the folder."""
    aws_libraries.install(needed_distributions(), lock=PROJECT / "requirements.lock", target=folder)
    return Source(Places(PROJECT, folder), aws_libraries.interpreter())


def needed_distributions() -> set[str]:
    """Return the names of the distributions that the zips contain."""
    places = local_source().places
    modules = {module for handler in handlers().values() for module in find_modules(handler, places)}
    return distributions_of({library(module) for module in modules} - OURS, places.libraries)


def handlers() -> dict[str, str]:
    """Return the handler module of every function of every service."""
    return {name: handler for service in templates.services() for name, handler in templates.functions(service).items()}


def build(out: Path, source: Source) -> tuple[Package, ...]:
    """Write every function's zip to `out/<release>/<function>.zip`. Replace the content of `out`."""
    shutil.rmtree(out, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        files = {function: stage(handler, source, tree) for function, handler in handlers().items()}
        if source.interpreter:
            archives.compile_tree(tree, source.interpreter)
        zips = {function: archives.zip_files(tree, names) for function, names in files.items()}
    for service in templates.services():
        _write(out, service, zips)
    return list_packages(out)


def list_packages(out: Path) -> tuple[Package, ...]:
    """Return the packages in a folder that `build` wrote."""
    services = {function: service for service in templates.services() for function in templates.functions(service)}
    return tuple(
        Package(services[each.stem], each.stem, each.parent.name, each) for each in sorted(out.glob("*/*.zip"))
    )


def _write(out: Path, service: str, zips: dict[str, bytes]) -> None:
    contents = {name: zips[name] for name in sorted(templates.functions(service))}
    release = f"{service}-{hashlib.sha256(b''.join(contents.values())).hexdigest()[:12]}"
    (out / release).mkdir(parents=True)
    for name, content in contents.items():
        (out / release / f"{name}.zip").write_bytes(content)


def main(arguments: Sequence[str] | None = None) -> None:
    """Build the zips, and print one line for each."""
    parser = argparse.ArgumentParser(
        prog="python -m microservices.deploy.packages", description="Build every function's zip."
    )
    parser.add_argument("--for", dest="target", choices=["local", "aws"], default="local")
    parser.add_argument("--out", type=Path, default=PROJECT / ".run" / "packages")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        source = aws_source(Path(folder)) if options.target == "aws" else local_source()
        for package in build(options.out, source):
            print(f"{package.zip}  {package.zip.stat().st_size / 1000:.0f} kB")
    if source.interpreter is None:
        print(
            f"{aws_libraries.PYTHON} not found: the modules are not compiled, and cold starts are longer",
            file=sys.stderr,
        )


if __name__ == "__main__":
    main()
