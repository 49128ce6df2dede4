"""Which modules a function needs: found by reading imports, never by running them.

Three rules keep a zip small and still complete.
- What a module imports when it is loaded is needed; so is everything that our own code imports, wherever it stands.
- What a library imports inside its functions is taken along when it lies in that library and needs no other one
  (`event_handler` loads its own parts late); otherwise it serves an extra that nobody here uses.
- An import of another library that is guarded by `if` or `except ImportError`, or seen by type checkers only, is not
  needed.
"""

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# The AWS runtime brings these.
PROVIDED = frozenset({"boto3", "botocore", "s3transfer", "urllib3", "jmespath", "dateutil", "six"})
OURS = frozenset({"microservices", "shared_domain"})

IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError"})

# Imports that are made in C, where no reader of Python sees them.
HIDDEN = {"_argon2_cffi_bindings._ffi": ("_cffi_backend",)}


class MissingModule(Exception):
    """A module imports another that is in none of the places searched."""


@dataclass(frozen=True, slots=True)
class Import:
    """One import of a module: its dotted name, and whether the module cannot be loaded without it."""

    name: str
    certain: bool


def needed(handler: str, places: tuple[Path, ...]) -> dict[str, Path]:
    """Return every module that the handler needs, with its file; raise MissingModule for one that is not there."""
    found = _loaded_with(handler, places, {})
    waiting = list(found)
    while waiting:
        for name in _late_parts(waiting.pop(), found, places):
            part = _loaded_with_no_other_library(name, places, found)
            found |= part
            waiting += part
    return found


def _loaded_with(name: str, places: tuple[Path, ...], known: dict[str, Path]) -> dict[str, Path]:
    """Return the modules that loading this one loads, without those known."""
    found: dict[str, Path] = {}
    waiting = [name]
    while waiting:
        module = waiting.pop()
        file = locate(module, places)
        if module in found or module in known or file is None:
            continue
        found[module] = file
        waiting += [module.rpartition(".")[0]] if "." in module else []
        waiting += [each.name for each in imports(module, file, places) if each.certain]
    return found


def _loaded_with_no_other_library(name: str, places: tuple[Path, ...], known: dict[str, Path]) -> dict[str, Path]:
    """Return the same, or nothing where it would take a library that is not known yet."""
    try:
        found = _loaded_with(name, places, known)
    except MissingModule:
        return {}
    return found if {library(each) for each in found} <= {library(each) for each in known} else {}


def _late_parts(module: str, found: dict[str, Path], places: tuple[Path, ...]) -> Iterator[str]:
    for each in imports(module, found[module], places):
        if not each.certain and each.name not in found and library(each.name) == library(module):
            yield each.name


@cache
def imports(module: str, file: Path, places: tuple[Path, ...]) -> tuple[Import, ...]:
    """Return what the module imports, as far as it is neither the standard library's nor the runtime's."""
    if file.suffix != ".py":
        return tuple(Import(name, True) for name in HIDDEN.get(module, ()))
    reader = _Reader(module, is_package=file.name == "__init__.py", places=places)
    reader.visit(ast.parse(file.read_bytes()))
    return tuple(reader.found)


@cache
def locate(module: str, places: tuple[Path, ...]) -> Path | None:
    """Return the module's file, or None for a folder without `__init__.py`; raise MissingModule if there is neither."""
    for place in places:
        path = place.joinpath(*module.split("."))
        compiled = sorted(path.parent.glob(f"{path.name}.*.so"))
        for file in (path / "__init__.py", path.with_name(f"{path.name}.py"), *compiled):
            if file.is_file():
                return file
        if path.is_dir():
            return None
    raise MissingModule(module)


def _exists(module: str, places: tuple[Path, ...]) -> bool:
    try:
        locate(module, places)
    except MissingModule:
        return False
    return True


def library(module: str) -> str:
    return module.partition(".")[0]


class _Reader(ast.NodeVisitor):
    """Collects the imports of one module."""

    def __init__(self, module: str, *, is_package: bool, places: tuple[Path, ...]) -> None:
        self.found: list[Import] = []
        self._library = library(module)
        self._package = module if is_package else module.rpartition(".")[0]
        self._places = places
        self._certain = True
        self._in_branch = False

    def visit_If(self, node: ast.If) -> None:
        test = ast.unparse(node.test)
        if "TYPE_CHECKING" in test:
            self._visit_all(node.orelse)
        elif "version_info" in test:
            self._in_branch = True  # of a branch for another Python only what is installed counts
            self._visit_all([*node.body, *node.orelse])
            self._in_branch = False
        else:
            self._uncertain([*node.body, *node.orelse])

    def visit_Try(self, node: ast.Try) -> None:
        guarded = any(IMPORT_ERRORS & {*ast.unparse(each.type).split()} for each in node.handlers if each.type)
        (self._uncertain if guarded else self._visit_all)([*node.body, *node.handlers])
        self._visit_all([*node.orelse, *node.finalbody])

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._uncertain(node.body)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815  the visitor's own naming

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._add(alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        parents = self._package.split(".")
        package = parents[: len(parents) - node.level + 1] if node.level else []
        base = ".".join([*package, *([node.module] if node.module else [])])
        self._add(base)
        for alias in node.names:
            if _exists(f"{base}.{alias.name}", self._places):
                self._add(f"{base}.{alias.name}")

    def _add(self, name: str) -> None:
        root = library(name)
        if root in PROVIDED or root in sys.stdlib_module_names:
            return
        if not self._in_branch or _exists(name, self._places):
            self.found.append(Import(name, self._certain))

    def _visit_all(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)

    def _uncertain(self, nodes: Iterable[ast.AST]) -> None:
        before, self._certain = self._certain, self._library in OURS
        self._visit_all(nodes)
        self._certain = before
