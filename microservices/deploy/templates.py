"""What the services' templates say, read without deploying them: which services, which functions, who needs whom."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

SERVICES = Path(__file__).parents[1]


class _Loader(yaml.CSafeLoader):
    """YAML with CloudFormation's short forms: `!Ref x` is {"Ref": "x"}, `!Sub x` is {"Fn::Sub": "x"}."""


def _short_form(loader: _Loader, tag: str, node: yaml.Node) -> dict[str, Any]:
    name = tag if tag in ("Ref", "Condition") else f"Fn::{tag}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    raise yaml.constructor.ConstructorError(None, None, f"{tag} of what is neither a text nor a list", node.start_mark)


_Loader.add_multi_constructor("!", _short_form)


def services() -> tuple[str, ...]:
    """Return the names of the services that have a template."""
    return tuple(sorted(template.parent.name for template in SERVICES.glob("*/template.yaml")))


def path(service: str) -> Path:
    """Return where the service's template is."""
    return SERVICES / service / "template.yaml"


@cache
def load(service: str) -> dict[str, Any]:
    """Return the service's template; callers must not change it."""
    return parse(path(service))


def parse(file: Path) -> dict[str, Any]:
    """Return a template, with every short form written out."""
    template: dict[str, Any] = yaml.load(file.read_text(), _Loader)  # noqa: S506  a safe loader with tags
    return template


def resources(service: str, kind: str) -> dict[str, dict[str, Any]]:
    """Return the properties of the service's resources of one type, by logical name."""
    every = load(service)["Resources"]
    return {name: each.get("Properties", {}) for name, each in every.items() if each["Type"] == kind}


def functions(service: str) -> dict[str, str]:
    """Return the service's functions: name without the stage → module of its handler."""
    found = resources(service, "AWS::Serverless::Function").values()
    return {name_in_stage(each["FunctionName"]): each["Handler"].rpartition(".")[0] for each in found}


def name_in_stage(value: dict[str, str]) -> str:
    """Return what follows the stage in a name such as `!Sub ${Stage}-users`."""
    return value["Fn::Sub"].removeprefix("${Stage}-")


def needs(service: str) -> set[str]:
    """Return the services whose exports this service imports."""
    wanted = set(_imports(load(service)["Resources"]))
    return {other for other in services() if other != service and wanted & _exports(other)}


def _exports(service: str) -> set[str]:
    outputs = load(service).get("Outputs", {}).values()
    return {each["Export"]["Name"]["Fn::Sub"] for each in outputs if "Export" in each}


def _imports(node: Any) -> Iterator[str]:
    if isinstance(node, dict) and "Fn::ImportValue" in node:
        yield node["Fn::ImportValue"]["Fn::Sub"]
    elif isinstance(node, dict | list):
        for each in node.values() if isinstance(node, dict) else node:
            yield from _imports(each)
