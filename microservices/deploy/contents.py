"""Collect the content of a function's zip: modules, data files, package metadata and shared libraries."""

import ast
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, distributions
from pathlib import Path

import yaml

from microservices.deploy.imports import OURS, library
from microservices.deploy.modules import Places, find_modules

CONTRACT = "microservices/platform/openapi.json"
CONTRACT_READER = "microservices.platform.handler"


@dataclass(frozen=True, slots=True)
class Source:
    """The places to copy code from, and the interpreter that compiles it (None: do not compile)."""

    places: Places
    interpreter: str | None


def stage(handler: str, source: Source, tree: Path) -> set[str]:
    """Copy the handler and everything that it needs to `tree`. Return the names of the copies."""
    names = set()
    places = source.places
    for module, file in find_modules(handler, places).items():
        place = places.project if library(module) in OURS else places.libraries
        related = (
            *_data(module, file, places),
            *_metadata(module, file, places.libraries),
            *_linked_libraries(file, places.libraries),
        )
        for each in (file, *related):
            names.add(_copy(each, str(each.relative_to(place)), tree))
    if handler == CONTRACT_READER:
        names.add(_write_contract(places.project, tree))
    return names


def distributions_of(libraries: set[str], folder: Path) -> set[str]:
    """Return the names of the distributions in the folder that contain the libraries."""
    return {each.name for name in libraries for each in _by_library(folder).get(name, ())}


def _copy(file: Path, name: str, tree: Path) -> str:
    target = tree / name
    if not target.exists():  # another function may have copied it
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    return name


def _write_contract(project: Path, tree: Path) -> str:
    """Write the contract as JSON, and return its name. Its source is YAML with comments."""
    contract = yaml.load((project / "docs/openapi.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    (tree / CONTRACT).write_text(json.dumps(contract, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    return CONTRACT


@cache
def _data(module: str, file: Path, places: Places) -> tuple[Path, ...]:
    """Return the files in a module's folder that the module names in a string, such as the leaderboard's page."""
    if library(module) not in OURS:
        return ()
    nodes = ast.walk(ast.parse(file.read_bytes()))
    strings = (node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
    named = [file.parent / name for name in strings if name.endswith((".html", ".json"))]
    return tuple(each for each in named if each.is_file())


def _metadata(module: str, file: Path, folder: Path) -> Iterator[Path]:
    """Yield the metadata of a library that reads its own version at run time."""
    if file.suffix == ".py" and library(module) not in OURS and b"importlib.metadata" in file.read_bytes():
        yield from _metadata_of(library(module), folder)


@cache
def _linked_libraries(file: Path, folder: Path) -> frozenset[Path]:
    """Return the bundled shared libraries that a compiled module links to, directly or indirectly.

    A binary contains the names of the libraries that it links to, so search its bytes for them.
    """
    if file.suffix != ".so" and ".so." not in file.name:
        return frozenset()
    binary = file.read_bytes()
    named = {each for each in folder.glob("*.libs/*") if each != file and each.name.encode() in binary}
    return frozenset(named.union(*(_linked_libraries(each, folder) for each in named)))


def _metadata_of(name: str, folder: Path) -> tuple[Path, ...]:
    distributions = _by_library(folder).get(name, ())
    return tuple(folder / file for each in distributions for file in each.files or () if file.name == "METADATA")


@cache
def _by_library(folder: Path) -> dict[str, list[Distribution]]:
    """Return the distributions in a folder by top-level module. Reading their file lists takes half a second."""
    known: dict[str, list[Distribution]] = {}
    for each in distributions(path=[str(folder)]):
        for name in {file.parts[0].partition(".")[0] for file in each.files or () if file.suffix in (".py", ".so")}:
            known.setdefault(name, []).append(each)
    return known
