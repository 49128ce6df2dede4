"""Read the services' templates without deploying them: services, resources, functions and imports.

`parse` is the only reader of a template file. Every other module gets plain resources, without short forms and loops.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

SERVICES = Path(__file__).parents[1]
FOR_EACH = "Fn::ForEach::"


class _Loader(yaml.CSafeLoader):
    """YAML with CloudFormation's short forms: `!Ref x` is {"Ref": "x"}, `!Sub x` is {"Fn::Sub": "x"}."""


def _short_form(loader: _Loader, tag: str, node: yaml.Node) -> dict[str, Any]:
    name = tag if tag in ("Ref", "Condition") else f"Fn::{tag}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    raise yaml.constructor.ConstructorError(None, None, f"{tag} takes a string or a list", node.start_mark)


_Loader.add_multi_constructor("!", _short_form)


def services() -> tuple[str, ...]:
    """Return the names of the services that have a template, sorted."""
    return tuple(sorted(template.parent.name for template in SERVICES.glob("*/template.yaml")))


def path(service: str) -> Path:
    """Return the path of the service's template."""
    return SERVICES / service / "template.yaml"


@cache
def load(service: str) -> dict[str, Any]:
    """Return the service's template; callers must not change it."""
    return parse(path(service))


def parse(file: Path) -> dict[str, Any]:
    """Return a template in its full form: short forms and `Fn::ForEach` loops are expanded."""
    template: dict[str, Any] = yaml.load(file.read_text(encoding="utf-8"), _Loader)  # noqa: S506  a safe loader with tags
    return {**template, "Resources": _expand(template["Resources"], template.get("Mappings", {}))}


def _expand(resources: dict[str, Any], mappings: dict[str, Any]) -> dict[str, Any]:
    """Replace each loop by its resources, as AWS::LanguageExtensions does. A loop may contain loops."""
    plain = {name: each for name, each in resources.items() if not name.startswith(FOR_EACH)}
    for name, loop in resources.items():
        if name.startswith(FOR_EACH):
            identifier, collection, fragment = loop
            for item in collection:
                plain |= _expand(_Binding(identifier, item, mappings).fragment(fragment), mappings)
    return plain


@dataclass(frozen=True, slots=True)
class _Binding:
    """One iteration of a loop: its identifier, the item that replaces it, and the mappings to look it up in."""

    identifier: str
    item: str
    mappings: dict[str, Any]

    def fragment(self, fragment: dict[str, Any]) -> dict[str, Any]:
        """Return the resources and loops of a fragment with the item in them."""
        return {
            self.logical_id(key): self._loop(*each) if key.startswith(FOR_EACH) else self.value(each)
            for key, each in fragment.items()
        }

    def _loop(self, identifier: str, collection: list[str], fragment: dict[str, Any]) -> list[Any]:
        return [identifier, collection, self.fragment(fragment)]

    def logical_id(self, key: str) -> str:
        """Return the key with the item in it. `&{…}` drops the characters that a logical id cannot have."""
        alphanumeric = re.sub(r"[^0-9A-Za-z]", "", self.item)
        return self._bind(key).replace(f"&{{{self.identifier}}}", alphanumeric)

    def value(self, node: Any) -> Any:
        """Return the node with the item in it. Resolve the functions that depend on the item only."""
        if isinstance(node, list):
            return [self.value(each) for each in node]
        if isinstance(node, dict):
            return self._resolve({key: self.value(each) for key, each in node.items()})
        return node

    def _resolve(self, bound: dict[str, Any]) -> Any:
        """Return the result of a function of the loop's item, and every other node unchanged."""
        match bound:
            case {"Ref": self.identifier}:
                return self.item
            case {"Fn::Sub": [str(text), dict(variables)]}:
                return self._substitute(text, variables)
            case {"Fn::Sub": str(text)}:
                return self._substitute(text, {})
            case {"Fn::FindInMap": [name, first, second]}:
                return self.mappings[name][first][second]
            case {"Fn::GetAtt": [resource, attribute]}:
                return {"Fn::GetAtt": f"{resource}.{attribute}"}
        return bound

    def _substitute(self, text: str, variables: dict[str, Any]) -> Any:
        text = self._bind(text)
        for name, value in variables.items():
            text = text.replace(f"${{{name}}}", value)
        return {"Fn::Sub": text} if "${" in text else text

    def _bind(self, text: str) -> str:
        return text.replace(f"${{{self.identifier}}}", self.item)


def resources(service: str, kind: str) -> dict[str, dict[str, Any]]:
    """Return the properties of the service's resources of one type, by logical name."""
    every = load(service)["Resources"]
    return {name: each.get("Properties", {}) for name, each in every.items() if each["Type"] == kind}


def functions(service: str) -> dict[str, str]:
    """Return the service's functions: name without the stage → module of its handler."""
    properties = resources(service, "AWS::Serverless::Function").values()
    return {name_in_stage(each["FunctionName"]): each["Handler"].rpartition(".")[0] for each in properties}


def name_in_stage(value: dict[str, str]) -> str:
    """Return a name such as `!Sub ${Stage}-users` without the stage."""
    return value["Fn::Sub"].removeprefix("${Stage}-")


def imported_services(service: str) -> set[str]:
    """Return the services whose exports this service imports."""
    imported = set(_imports(load(service)["Resources"]))
    return {other for other in services() if other != service and imported & _exports(other)}


def _exports(service: str) -> set[str]:
    outputs = load(service).get("Outputs", {}).values()
    return {each["Export"]["Name"]["Fn::Sub"] for each in outputs if "Export" in each}


def _imports(node: Any) -> Iterator[str]:
    if isinstance(node, dict) and "Fn::ImportValue" in node:
        yield node["Fn::ImportValue"]["Fn::Sub"]
    elif isinstance(node, dict | list):
        for each in node.values() if isinstance(node, dict) else node:
            yield from _imports(each)
