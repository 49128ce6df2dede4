"""Find the modules that a function needs. Three rules keep a zip small and complete.

- An import at load time is needed. So is every import of our own code, also inside functions.
- An import inside a library's function is needed if it lies in that library and needs no other library:
  Powertools' `event_handler` loads its own parts late. Other late imports serve extras that this project does not use.
- An import of another library that is guarded by `if` or `except ImportError`, or for type checkers only, is not needed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from microservices.deploy.imports import Import, imports, library


class MissingModule(Exception):
    """A needed module is in none of the folders. The message names it."""


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """The folders to search. Two instances are never equal, so the caches below belong to one instance."""

    project: Path
    libraries: Path


def find_modules(handler: str, places: Places) -> dict[str, Path]:
    """Return every module that the handler needs, with its file. Raise MissingModule if one is missing."""
    modules = _loaded_with(handler, places, {})
    pending = list(modules)
    while pending:
        for name in _late_parts(pending.pop(), modules, places):
            part = _loaded_with_no_other_library(name, places, modules)
            modules |= part
            pending += part
    return modules


def _loaded_with(name: str, places: Places, known: dict[str, Path]) -> dict[str, Path]:
    """Return the modules that are loaded together with this one, except the known ones."""
    modules: dict[str, Path] = {}
    pending = [name]
    while pending:
        module = pending.pop()
        file = _locate(module, places)
        if module in modules or module in known or file is None:
            continue
        modules[module] = file
        pending += [module.rpartition(".")[0]] if "." in module else []
        pending += [each.name for each in _imports(module, file, places) if each.certain]
    return modules


def _loaded_with_no_other_library(name: str, places: Places, known: dict[str, Path]) -> dict[str, Path]:
    """Return the modules as `_loaded_with` does, or nothing if they need a library that is not known yet."""
    try:
        modules = _loaded_with(name, places, known)
    except MissingModule:
        return {}
    return modules if {library(each) for each in modules} <= {library(each) for each in known} else {}


def _late_parts(module: str, modules: dict[str, Path], places: Places) -> Iterator[str]:
    for each in _imports(module, modules[module], places):
        if not each.certain and each.name not in modules and library(each.name) == library(module):
            yield each.name


@cache
def _imports(module: str, file: Path, places: Places) -> tuple[Import, ...]:
    return imports(module, file, lambda name: _exists(name, places))


@cache
def _locate(module: str, places: Places) -> Path | None:
    """Return the module's file, or None for a folder without `__init__.py`. Raise MissingModule if there is neither."""
    for place in (places.project, places.libraries):
        path = place.joinpath(*module.split("."))
        siblings = _names(path.parent, places)
        if path.name in siblings and "__init__.py" in _names(path, places):
            return path / "__init__.py"
        for name in (f"{path.name}.py", *_compiled_files(path.name, siblings)):
            if name in siblings:
                return path.with_name(name)
        if path.name in siblings and path.is_dir():
            return None
    raise MissingModule(f"the module {module} is needed, but is neither in {places.project} nor in {places.libraries}")


@cache
def _names(folder: Path, places: Places) -> frozenset[str]:
    """Return the names in a folder, or nothing if it does not exist. One listing costs as much as two look-ups."""
    return frozenset(each.name for each in folder.iterdir()) if folder.is_dir() else frozenset()


def _compiled_files(name: str, siblings: Iterable[str]) -> list[str]:
    """Return the files of a compiled module."""
    return sorted(file for file in siblings if file.startswith(f"{name}.") and file.endswith(".so"))


def _exists(module: str, places: Places) -> bool:
    try:
        _locate(module, places)
    except MissingModule:
        return False
    return True
