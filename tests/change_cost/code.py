"""Which functions' zips a change alters, and which of them use what it alters. Read from the code, without building a zip.

A zip has all modules of ours that its handler imports, directly or not, as microservices/deploy/modules.py finds them. A function
uses a changed definition (a function, a class, a constant) if a chain of names leads from its handler to it. Annotations do
not count as a use, except those of a class, which are its fields.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from microservices.deploy import templates
from microservices.deploy.contents import CONTRACT_READER
from microservices.deploy.imports import OURS

CONTRACT = "docs/openapi.yaml"
_DATA = (".html", ".json")  # files that a module names and its zip contains
_TEMPLATES: dict[str, dict[str, Any]] = {}
Place = tuple[str, str]  # a module and a name that it defines; "" stands for its other statements


@dataclass(frozen=True, slots=True)
class Definition:
    """A definition: its code without docstring, and the names that it uses, such as `Post` or `posts.compose`."""

    code: str
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Module:
    """What a module defines, and the origin of the names that it imports."""

    definitions: Mapping[str, Definition]
    imports: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Source:
    """A file of ours: its path in the repository, and its text."""

    path: str
    text: str


class Services:
    """The functions of the services in a copy of the repository."""

    def __init__(self, tree: Path) -> None:
        self._tree = tree
        files = [file for name in sorted(OURS) for file in sorted((tree / name).rglob("*.*")) if file.is_file()]
        paths = {file: str(file.relative_to(tree)) for file in files}
        self._sources = {
            paths[file].removesuffix(".py").removesuffix("/__init__").replace("/", "."): Source(
                paths[file], file.read_text()
            )
            for file in files
            if file.suffix == ".py"
        }
        self._data = [path for file, path in paths.items() if file.suffix in _DATA]

    @cached_property
    def handlers(self) -> dict[str, tuple[str, str]]:
        """Return service and handler module of each function, by its name."""
        found = {}
        for file in sorted((self._tree / "microservices").glob("*/template.yaml")):
            for resource in _template(file)["Resources"].values():
                if resource["Type"] == "AWS::Serverless::Function":
                    properties = resource["Properties"]
                    name = templates.name_in_stage(properties["FunctionName"])
                    found[name] = file.parent.name, properties["Handler"].rpartition(".")[0]
        return found

    @cache  # noqa: B019  an instance lives as long as a test
    def modules(self, function: str) -> dict[str, Source]:
        """Return the modules of ours in the function's zip."""
        found: dict[str, Source] = {}
        pending = [self.handlers[function][1]]
        while pending:
            name = pending.pop()
            if name in self._sources and name not in found:
                found[name] = self._sources[name]
                pending += [name.rpartition(".")[0], *_imported(found[name].text)]
        return found

    def files(self, function: str) -> set[str]:
        """Return the files that its zip is made of."""
        sources = self.modules(function).values()
        data = {path for path in self._data for source in sources if _names_file(source, path)}
        contract = {CONTRACT} if CONTRACT_READER in self.modules(function) else set()
        return {source.path for source in sources} | data | contract

    def libraries(self, function: str) -> set[str]:
        """Return the top-level names that its modules import."""
        return {name.partition(".")[0] for source in self.modules(function).values() for name in _imported(source.text)}

    def used(self, function: str) -> dict[Place, str]:
        """Return the code of each definition that a chain of names reaches from the handler."""
        modules = {name: _module(source.text) for name, source in self.modules(function).items()}
        handler = self.handlers[function][1]
        pending = [(handler, name) for name in modules[handler].definitions]
        seen: dict[Place, str] = {}
        while pending:
            module, name = place = pending.pop()
            definition = modules[module].definitions.get(name) if module in modules else None
            if definition is None or place in seen:
                continue
            seen[place] = definition.code
            pending.append((module, ""))
            pending += [_resolve(each, module, modules) for each in definition.names]
        return seen


def _names_file(source: Source, path: str) -> bool:
    """Return whether a module names a data file of its folder."""
    folder, _, name = path.rpartition("/")
    return source.path.rpartition("/")[0] == folder and name in source.text


def _resolve(name: str, module: str, modules: Mapping[str, Module]) -> Place:
    """Return where a name is defined: in its module, in the one it is imported from, or in a module by attribute."""
    first, _, attribute = name.partition(".")
    origin = modules[module].imports.get(first)
    if origin is None:
        return module, first
    if origin in modules:
        return origin, attribute
    owner, _, original = origin.rpartition(".")
    return owner, original


def _template(file: Path) -> dict[str, Any]:
    """Return a template. Equal ones of several copies are parsed once."""
    text = file.read_text()
    if text not in _TEMPLATES:
        _TEMPLATES[text] = templates.parse(file)
    return _TEMPLATES[text]


@cache
def _imported(source: str) -> tuple[str, ...]:
    return tuple(_imported_names(ast.parse(source)))


def _imported_names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def _module(source: str) -> Module:
    tree = ast.parse(source)
    imports = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            imports |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    parts: dict[str, list[ast.stmt]] = {}
    for statement in tree.body:
        for name in _defined(statement):
            parts.setdefault(name, []).append(statement)
    return Module({name: _definition(each) for name, each in parts.items()}, imports)


def _defined(statement: ast.stmt) -> list[str]:
    match statement:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            return [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)] or [""]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case ast.Import() | ast.ImportFrom():
            return []
    return [""]


def _definition(statements: list[ast.stmt]) -> Definition:
    code = [ast.dump(_without_docstrings(each)) for each in statements if not _is_text(each)]
    return Definition("\n".join(code), frozenset(name for each in statements for name in _names(each)))


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        yield f"{node.value.id}.{node.attr}"
    elif isinstance(node, ast.Name):
        yield node.id
    for field, value in ast.iter_fields(node):
        is_signature = field == "returns" or (field == "annotation" and isinstance(node, ast.arg))
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not is_signature:
                yield from _names(child)


def _without_docstrings(tree: ast.stmt) -> ast.stmt:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and body and _is_text(body[0]):
            node.body = body[1:]
    return tree


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
