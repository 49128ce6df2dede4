"""Find the code of a function that can run, without running it.

Loading a module runs its top level. A name reaches the function or class that it names. An attribute reaches the methods with its
name of every instantiated class, because types are not known, except for `self` and for modules. So the result may contain
code that cannot run, but it never lacks code that can.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

Code = list[ast.AST]
Function = ast.FunctionDef | ast.AsyncFunctionDef
PLAIN_BASES = {"Protocol", "Exception", "NamedTuple", "StrEnum", "Enum"}  # they do not call our methods


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece of code that runs as a whole: its module, its class and its nodes."""

    module: str
    owner: str | None
    nodes: Code


@dataclass(slots=True)
class Names:
    """The names that a module defines and imports."""

    functions: dict[str, Function] = field(default_factory=dict)
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)
    imported: dict[str, tuple[str, str]] = field(default_factory=dict)


def reachable(files: Mapping[str, Path], handler: str) -> list[Unit]:
    """Return all code that can run when the modules are loaded and the handler, such as `a.module.function`, is called."""
    reader = _Reader({name: ast.parse(file.read_bytes()) for name, file in files.items()})
    return reader.run(handler)


class _Reader:
    def __init__(self, trees: Mapping[str, ast.Module]) -> None:
        self._names = {module: _names(tree, trees) for module, tree in trees.items()}
        self._pending = [Unit(module, None, list(_top_level(tree))) for module, tree in trees.items()]
        self._seen: set[int] = set()
        self._instantiated: dict[str, list[tuple[str, Function]]] = {}  # method name → methods of instantiated classes
        self._attributes: set[str] = set()  # attributes of objects of unknown type

    def run(self, handler: str) -> list[Unit]:
        module, _, function = handler.rpartition(".")
        self._reach(module, function)
        done = []
        while self._pending:
            unit = self._pending.pop()
            done.append(unit)
            for node in unit.nodes:
                self._follow(node, unit)
        return done

    def _follow(self, node: ast.AST, unit: Unit) -> None:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            self._reach(unit.module, node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            self._attribute(node, node.value.id, unit)
        elif isinstance(node, ast.Attribute):
            self._reach_attribute(node.attr)

    def _attribute(self, node: ast.Attribute, before: str, unit: Unit) -> None:
        module = self._names[unit.module].modules.get(before)
        if module is not None:
            self._reach(module, node.attr)
        elif before in ("self", "cls") and unit.owner is not None:
            self._reach_method(unit.module, unit.owner, node.attr)
        else:
            self._reach_attribute(node.attr)

    def _reach(self, module: str, name: str) -> None:
        """Reach the function or class of this name, if it is ours."""
        names = self._names.get(module)
        if names is None:
            return
        if name in names.functions:
            self._add(module, None, names.functions[name])
        elif name in names.classes:
            self._instantiate(module, names.classes[name])
        elif name in names.imported:
            self._reach(*names.imported[name])

    def _reach_method(self, module: str, owner: str, name: str) -> None:
        for holder, kind in self._lineage(module, owner):
            for method in _methods(kind):
                if method.name == name:
                    self._add(holder, kind.name, method)

    def _instantiate(self, module: str, kind: ast.ClassDef) -> None:
        if id(kind) in self._seen:
            return
        self._seen.add(id(kind))
        for holder, each in self._lineage(module, kind.name):
            for method in _methods(each):
                self._instantiated.setdefault(method.name, []).append((f"{holder}:{each.name}", method))
                if (
                    method.name in self._attributes
                    or method.name.startswith("__")
                    or self._is_called_from_outside(holder, each)
                ):
                    self._add(holder, each.name, method)

    def _reach_attribute(self, name: str) -> None:
        self._attributes.add(name)
        for place, method in self._instantiated.get(name, ()):
            module, _, owner = place.partition(":")
            self._add(module, owner, method)

    def _add(self, module: str, owner: str | None, function: Function) -> None:
        if id(function) not in self._seen:
            self._seen.add(id(function))
            self._pending.append(Unit(module, owner, list(_without_annotations(function))))

    def _lineage(self, module: str, name: str) -> Iterator[tuple[str, ast.ClassDef]]:
        """Yield the class and its bases in our code, each with its module."""
        names = self._names.get(module, Names())
        if name in names.imported:
            yield from self._lineage(*names.imported[name])
        elif name in names.classes:
            kind = names.classes[name]
            yield module, kind
            for base in kind.bases:
                yield from self._lineage(module, ast.unparse(base).partition("[")[0])

    def _is_called_from_outside(self, module: str, kind: ast.ClassDef) -> bool:
        """Return whether a base is a class of a library, which may call any method."""
        bases = {ast.unparse(base).partition("[")[0] for base in kind.bases}
        return any(base not in PLAIN_BASES and not list(self._lineage(module, base)) for base in bases)


def _names(tree: ast.Module, ours: Iterable[str]) -> Names:
    names = Names()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                _import(names, f"{node.module}.{alias.name}", alias.asname or alias.name, set(ours))
        elif isinstance(node, ast.Import):
            names.modules |= {alias.asname or alias.name: alias.name for alias in node.names}
    for statement in tree.body:
        if isinstance(statement, Function):
            names.functions[statement.name] = statement
        elif isinstance(statement, ast.ClassDef):
            names.classes[statement.name] = statement
    return names


def _import(names: Names, origin: str, name: str, ours: set[str]) -> None:
    if origin in ours:
        names.modules[name] = origin
    else:
        module, _, original = origin.rpartition(".")
        names.imported[name] = (module, original)


def _methods(kind: ast.ClassDef) -> Iterator[Function]:
    return (each for each in kind.body if isinstance(each, Function))


def _top_level(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that loading runs: everything except the bodies of functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            for part in (*child.decorator_list, *child.args.defaults, *filter(None, child.args.kw_defaults)):
                yield from _without_annotations(part)
        elif isinstance(child, ast.ClassDef):
            yield from _top_level(child)
        else:
            yield from _without_annotations(child)


def _without_annotations(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the node and its descendants, except annotations, which create no object."""
    yield node
    for name, value in ast.iter_fields(node):
        if name not in ("annotation", "returns"):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from _without_annotations(child)
