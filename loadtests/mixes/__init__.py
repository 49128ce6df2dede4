"""Mixes of work: which journeys are walked, and how often. One YAML file each; the file's name is the mix's.

`about` says in a sentence who does what, `journeys` gives each journey (loadtests/journeys.py) its weight: one is drawn so
many times of the sum of all. A file that is put into this folder can be asked for by its name, any other by its path.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import isfinite
from pathlib import Path

import yaml

from loadtests.errors import UsageError
from loadtests.journeys import JOURNEYS
from loadtests.load import LIVE

FOLDER = Path(__file__).parent
PARTS = ("about", "journeys")


@dataclass(frozen=True, slots=True)
class Mix:
    """What a file says. journeys: weight by name."""

    name: str
    about: str
    journeys: dict[str, float]


def names() -> list[str]:
    """Return the names of the mixes of the project."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


@cache
def named(name: str) -> Mix:
    """Return a mix of the project. Raise UsageError, which names file and line."""
    return read(FOLDER / f"{name}.yaml")


def read(path: Path) -> Mix:
    """Return the mix of a file. Raise UsageError, which names file and line."""
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except OSError as broken:
        raise UsageError(f"{path}: {broken.strerror}") from broken
    except UnicodeDecodeError as broken:
        raise UsageError(f"{path}: no text: {broken}") from broken
    except yaml.MarkedYAMLError as broken:
        line = broken.problem_mark.line + 1 if broken.problem_mark else 1
        raise UsageError(f"{path}:{line}: {broken.problem}") from broken
    except yaml.YAMLError as broken:
        raise UsageError(f"{path}: {' '.join(str(broken).split())}") from broken
    return _mix(path, node)


def _mix(path: Path, node: yaml.Node | None) -> Mix:
    found: dict[str, yaml.Node] = {}
    for key, value in _entries(path, node, f"wanted {' and '.join(PARTS)}"):
        if key.value not in PARTS or key.value in found:
            raise _wrong(path, key, f"{key.value!r} is not {' or '.join(PARTS)}, or is there twice")
        found[key.value] = value
    if missing := [part for part in PARTS if part not in found]:
        raise _wrong(path, node, f"{missing[0]} is missing")
    if path.stem == LIVE:
        raise _wrong(path, node, f"{LIVE} is a scenario of its own and no mix: call the file otherwise")
    about = found["about"]
    if not isinstance(about, yaml.ScalarNode) or not about.value.strip():
        raise _wrong(path, about, "about is no sentence")
    return Mix(path.stem, about.value.strip(), _weights(path, found["journeys"]))


def _weights(path: Path, node: yaml.Node) -> dict[str, float]:
    weights: dict[str, float] = {}
    for key, value in _entries(path, node, "journeys are no names with weights"):
        if key.value not in JOURNEYS:
            raise _wrong(path, key, f"no journey is called {key.value!r}; there are {', '.join(JOURNEYS)}")
        if key.value in weights:
            raise _wrong(path, key, f"{key.value} is there twice")
        weights[key.value] = _positive(path, key.value, value)
    return weights


def _positive(path: Path, name: str, node: yaml.Node) -> float:
    try:
        weight = float(node.value) if isinstance(node, yaml.ScalarNode) else 0.0
    except ValueError:
        weight = 0.0
    if not (isfinite(weight) and weight > 0):
        raise _wrong(path, node, f"the weight of {name} is no number above 0")
    return weight


def _entries(path: Path, node: yaml.Node | None, otherwise: str) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
    """Yield what a mapping holds. Raise UsageError if it is none, is empty, or has a key that is no word."""
    if not isinstance(node, yaml.MappingNode) or not node.value:
        raise _wrong(path, node, otherwise)
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise _wrong(path, key, otherwise)
        yield key, value


def _wrong(path: Path, node: yaml.Node | None, why: str) -> UsageError:
    return UsageError(f"{path}:{node.start_mark.line + 1 if node else 1}: {why}")
