"""Which modules a function needs. Three rules keep a zip small and still complete.

- What a module imports when it is loaded is needed; so is everything that our own code imports, wherever it stands.
- What a library imports inside its functions is taken along when it lies in that library and needs no other one
  (`event_handler` loads its own parts late); otherwise it serves an extra that nobody here uses.
- An import of another library that is guarded by `if` or `except ImportError`, or seen by type checkers only, is not
  needed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from microservices.deploy.imports import Import, imports, library


class MissingModule(Exception):
    """A module that is needed is in none of the places searched; the message names it."""


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Where modules are searched. Two are never equal: what was found in one is remembered as long as it is used."""

    project: Path
    libraries: Path


def needed(handler: str, places: Places) -> dict[str, Path]:
    """Return every module that the handler needs, with its file; raise MissingModule for one that is not there."""
    found = _loaded_with(handler, places, {})
    waiting = list(found)
    while waiting:
        for name in _late_parts(waiting.pop(), found, places):
            part = _loaded_with_no_other_library(name, places, found)
            found |= part
            waiting += part
    return found


def _loaded_with(name: str, places: Places, known: dict[str, Path]) -> dict[str, Path]:
    """Return the modules that loading this one loads, without those known."""
    found: dict[str, Path] = {}
    waiting = [name]
    while waiting:
        module = waiting.pop()
        file = _locate(module, places)
        if module in found or module in known or file is None:
            continue
        found[module] = file
        waiting += [module.rpartition(".")[0]] if "." in module else []
        waiting += [each.name for each in _imports(module, file, places) if each.certain]
    return found


def _loaded_with_no_other_library(name: str, places: Places, known: dict[str, Path]) -> dict[str, Path]:
    """Return the same, or nothing where it would take a library that is not known yet."""
    try:
        found = _loaded_with(name, places, known)
    except MissingModule:
        return {}
    return found if {library(each) for each in found} <= {library(each) for each in known} else {}


def _late_parts(module: str, found: dict[str, Path], places: Places) -> Iterator[str]:
    for each in _imports(module, found[module], places):
        if not each.certain and each.name not in found and library(each.name) == library(module):
            yield each.name


@cache
def _imports(module: str, file: Path, places: Places) -> tuple[Import, ...]:
    return imports(module, file, lambda name: _exists(name, places))


@cache
def _locate(module: str, places: Places) -> Path | None:
    """Return the module's file, or None for a folder without `__init__.py`; raise MissingModule if there is neither."""
    for place in (places.project, places.libraries):
        path = place.joinpath(*module.split("."))
        beside = _names(path.parent, places)
        if path.name in beside and "__init__.py" in _names(path, places):
            return path / "__init__.py"
        for name in (f"{path.name}.py", *_compiled(path.name, beside)):
            if name in beside:
                return path.with_name(name)
        if path.name in beside and path.is_dir():
            return None
    raise MissingModule(f"the module {module} is needed, and neither in {places.project} nor in {places.libraries}")


@cache
def _names(folder: Path, places: Places) -> frozenset[str]:
    """Return what is in a folder, nothing where there is no such folder: one listing costs as much as two look-ups."""
    return frozenset(each.name for each in folder.iterdir()) if folder.is_dir() else frozenset()


def _compiled(name: str, beside: Iterable[str]) -> list[str]:
    """Return the files of a compiled module."""
    return sorted(file for file in beside if file.startswith(f"{name}.") and file.endswith(".so"))


def _exists(module: str, places: Places) -> bool:
    try:
        _locate(module, places)
    except MissingModule:
        return False
    return True
