"""Read the imports of one module, without running it. modules.py follows them."""

import ast
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

# The AWS runtime contains these, in releases that AWS chooses. tests/microservices/test_oldest_runtime.py loads old ones.
RUNTIME_LIBRARIES = frozenset({"boto3", "botocore", "s3transfer", "urllib3", "jmespath", "dateutil", "six"})
OURS = frozenset({"microservices", "shared_domain"})

# Imports in C code: parsing Python does not find them.
C_IMPORTS = {"_argon2_cffi_bindings._ffi": ("_cffi_backend",)}
IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError"})


@dataclass(frozen=True, slots=True)
class Import:
    """One import: the dotted name, and whether loading the importing module requires it."""

    name: str
    certain: bool


def imports(module: str, file: Path, exists: Callable[[str], bool]) -> tuple[Import, ...]:
    """Return the imports of the module, except those of the standard library and the runtime.

    `exists` returns whether a module exists: `from a import b` may mean the module a.b, or b in the module a.
    """
    if file.suffix != ".py":
        return tuple(Import(name, True) for name in C_IMPORTS.get(module, ()))
    reader = _Reader(module, is_package=file.name == "__init__.py", exists=exists)
    reader.visit(ast.parse(file.read_bytes()))
    return tuple(reader.imports)


def library(module: str) -> str:
    """Return the top-level name of a module."""
    return module.partition(".")[0]


class _Reader(ast.NodeVisitor):
    """Collect the imports of one module."""

    def __init__(self, module: str, *, is_package: bool, exists: Callable[[str], bool]) -> None:
        self.imports: list[Import] = []
        self._library = library(module)
        self._package = module if is_package else module.rpartition(".")[0]
        self._exists = exists
        self._certain = True
        self._for_another_python = False

    def generic_visit(self, node: ast.AST) -> None:
        """Visit nested statements only: no expression contains an import, and most of a module is expressions."""
        for statements in ("body", "handlers", "orelse", "finalbody", "cases"):
            self._visit_all(getattr(node, statements, ()))

    def visit_If(self, node: ast.If) -> None:
        test = ast.unparse(node.test)
        if "TYPE_CHECKING" in test:
            self._visit_all(node.orelse)
        elif "version_info" in test:
            self._for_another_python = True
            self._visit_all([*node.body, *node.orelse])
            self._for_another_python = False
        else:
            self._visit_uncertain([*node.body, *node.orelse])

    def visit_Try(self, node: ast.Try) -> None:
        caught = {name for each in node.handlers if each.type for name in re.findall(r"\w+", ast.unparse(each.type))}
        visit = self._visit_uncertain if caught & IMPORT_ERRORS else self._visit_all
        visit([*node.body, *node.handlers])
        self._visit_all([*node.orelse, *node.finalbody])

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._visit_uncertain(node.body)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815  the visitor's own naming

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._add(alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        parents = self._package.split(".")
        package = parents[: len(parents) - node.level + 1] if node.level else []
        origin = ".".join([*package, *([node.module] if node.module else [])])
        self._add(origin)
        for alias in node.names:
            if self._exists(f"{origin}.{alias.name}"):
                self._add(f"{origin}.{alias.name}")

    def _add(self, name: str) -> None:
        if library(name) in RUNTIME_LIBRARIES or library(name) in sys.stdlib_module_names:
            return
        if not self._for_another_python or self._exists(
            name
        ):  # a branch for another Python may import what this one lacks
            self.imports.append(Import(name, self._certain))

    def _visit_all(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)

    def _visit_uncertain(self, nodes: Iterable[ast.AST]) -> None:
        before, self._certain = self._certain, self._library in OURS
        self._visit_all(nodes)
        self._certain = before
