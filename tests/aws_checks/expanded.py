"""Write the templates as the linters read them: loops expanded, in JSON."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from microservices.deploy import templates

PROJECT = Path(__file__).parents[2]
FOLDERS = ("microservices", "monolith", "loadtests")


def files() -> list[Path]:
    """Return the CloudFormation templates of the project."""
    every = (file for folder in FOLDERS for file in (PROJECT / folder).rglob("*.yaml"))
    return sorted(file for file in every if file.read_text(encoding="utf-8").startswith("AWSTemplateFormatVersion"))


def write(folder: Path) -> None:
    """Write each template to the folder, under its path in the project."""
    for file in files():
        target = folder / file.relative_to(PROJECT).with_suffix(".json")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(_long_forms(templates.parse(file)), indent=1), encoding="utf-8")


def _long_forms(node: Any) -> Any:
    """Return the node with `Fn::GetAtt` as a list, which is its form in JSON, and without the transform of the loops."""
    if isinstance(node, list):
        return [_long_forms(each) for each in node if each != "AWS::LanguageExtensions"]
    if isinstance(node, dict):
        return dict(_long_form(key, value) for key, value in node.items())
    return node


def _long_form(key: str, value: Any) -> tuple[str, Any]:
    return key, value.split(".", 1) if key == "Fn::GetAtt" and isinstance(value, str) else _long_forms(value)


def resources(folder: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the template's path in the project, the logical id and the resource of each resource in the folder."""
    for file in sorted(folder.rglob("*.json")):
        name = str(file.relative_to(folder).with_suffix(".yaml"))
        for logical, resource in json.loads(file.read_text(encoding="utf-8"))["Resources"].items():
            yield name, logical, resource
