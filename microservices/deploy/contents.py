"""What goes into a function's zip: modules, the data files that they name, and the metadata that they ask for."""

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
from microservices.deploy.modules import Places, needed

CONTRACT = "microservices/platform/openapi.json"
CONTRACT_READER = "microservices.platform.handler"


@dataclass(frozen=True, slots=True)
class Source:
    """Where code comes from, and the interpreter that compiles it (None: not compiled)."""

    places: Places
    interpreter: str | None


def stage(handler: str, source: Source, tree: Path) -> set[str]:
    """Copy what the function needs below `tree`, and return the names of the copies."""
    names = set()
    places = source.places
    for module, file in needed(handler, places).items():
        place = places.project if library(module) in OURS else places.libraries
        beside = (
            *_data(module, file, places),
            *_metadata(module, file, places.libraries),
            *_linked(file, places.libraries),
        )
        for each in (file, *beside):
            names.add(_copy(each, str(each.relative_to(place)), tree))
    if handler == CONTRACT_READER:
        names.add(_write_contract(places.project, tree))
    return names


def distributions_of(libraries: set[str], folder: Path) -> set[str]:
    """Return the names of the distributions in the folder that install the libraries."""
    return {each.name for name in libraries for each in _by_library(folder).get(name, ())}


def _copy(file: Path, name: str, tree: Path) -> str:
    target = tree / name
    if not target.exists():  # another function needs it too
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    return name


def _write_contract(project: Path, tree: Path) -> str:
    """The contract is kept as YAML, with comments, and served as JSON."""
    contract = yaml.load((project / "docs/openapi.yaml").read_text(), Loader=yaml.CSafeLoader)
    (tree / CONTRACT).write_text(json.dumps(contract, ensure_ascii=False, separators=(",", ":")))
    return CONTRACT


@cache
def _data(module: str, file: Path, places: Places) -> tuple[Path, ...]:
    """Return the files beside one of our modules that it names in a string, such as the leaderboard's page.

    They are looked for once in the life of the places.
    """
    if library(module) not in OURS:
        return ()
    nodes = ast.walk(ast.parse(file.read_bytes()))
    strings = (node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
    named = [file.parent / name for name in strings if name.endswith((".html", ".json"))]
    return tuple(each for each in named if each.is_file())


def _metadata(module: str, file: Path, folder: Path) -> Iterator[Path]:
    """Yield the metadata of a library that asks for its own version."""
    if file.suffix == ".py" and library(module) not in OURS and b"importlib.metadata" in file.read_bytes():
        yield from _metadata_of(library(module), folder)


@cache
def _linked(file: Path, folder: Path) -> frozenset[Path]:
    """Return the shared libraries that a compiled module brings along and is linked to, and those that these are linked to.

    A binary names what it is linked to, so their names are looked for in its bytes: no reader of such files is needed.
    """
    if file.suffix != ".so" and ".so." not in file.name:
        return frozenset()
    binary = file.read_bytes()
    named = {each for each in folder.glob("*.libs/*") if each != file and each.name.encode() in binary}
    return frozenset(named.union(*(_linked(each, folder) for each in named)))


def _metadata_of(name: str, folder: Path) -> tuple[Path, ...]:
    found = _by_library(folder).get(name, ())
    return tuple(folder / file for each in found for file in each.files or () if file.name == "METADATA")


@cache
def _by_library(folder: Path) -> dict[str, list[Distribution]]:
    """Return the distributions in a folder by the top-level modules that each installs: reading their lists takes half a second."""
    known: dict[str, list[Distribution]] = {}
    for each in distributions(path=[str(folder)]):
        for name in {file.parts[0].partition(".")[0] for file in each.files or () if file.suffix in (".py", ".so")}:
            known.setdefault(name, []).append(each)
    return known
