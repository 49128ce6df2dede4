"""Mixes of journeys, one YAML file each. The name of the file is the name of the mix.

`about` describes the mix in a sentence. `journeys` gives each journey (loadtests/journeys.py) its weight.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from loadtests.errors import UsageError
from loadtests.files import read_text
from loadtests.journeys import JOURNEYS
from loadtests.load import LIVE

FOLDER = Path(__file__).parent
MAX_WEIGHT = 1_000_000
MAX_BYTES, MAX_DEPTH = 100_000, 5


@dataclass(frozen=True, slots=True)
class Mix:
    """A mix. journeys: weight by name."""

    name: str
    about: str
    journeys: dict[str, float]


class MistakeInFile(Exception):
    """A mistake in a node of a YAML file."""

    def __init__(self, node: yaml.Node | yaml.Event | None, mistake: str) -> None:
        super().__init__(mistake)
        self.line = node.start_mark.line + 1 if node and node.start_mark else 1


def names() -> list[str]:
    """Return the names of the mixes in this folder."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


@cache
def by_name(name: str) -> Mix:
    """Return a mix of this folder. Raise UsageError with the file, the line and what is wrong."""
    return read(FOLDER / f"{name}.yaml")


def read(path: Path) -> Mix:
    """Return the mix of a file. Raise UsageError with the file, the line and what is wrong."""
    text = read_text(path, limit=MAX_BYTES)
    try:
        _require_flat(text)
        return _mix(path.stem, yaml.compose(text, Loader=yaml.CSafeLoader))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UsageError(f"{path}:{line}: {error.problem}") from error
    except (yaml.YAMLError, MistakeInFile) as error:
        raise UsageError(f"{path}:{getattr(error, 'line', 1)}: {' '.join(str(error).split())}") from error


def _mix(name: str, root: yaml.Node | None) -> Mix:
    if name == LIVE:
        raise MistakeInFile(root, f"{LIVE} is a scenario of its own: choose another name for the file")
    content = dict(_entries(root, ("about", "journeys")))
    about, journeys = content.get("about"), dict(_entries(content.get("journeys"), tuple(JOURNEYS)))
    if not isinstance(about, yaml.ScalarNode) or not about.value.strip():
        raise MistakeInFile(about or root, "about is not a text")
    if not journeys:
        raise MistakeInFile(root, f"no journey; there are {', '.join(JOURNEYS)}")
    return Mix(name, about.value.strip(), {journey: _weight(node) for journey, node in journeys.items()})


def _require_flat(text: str) -> None:
    """Raise MistakeInFile for deep nesting and for aliases, which may nest without end."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH or isinstance(event, yaml.AliasEvent):
            raise MistakeInFile(event, "not a mix: it has nested values or aliases")


def _entries(node: yaml.Node | None, known: tuple[str, ...]) -> Iterator[tuple[str, yaml.Node]]:
    """Yield the entries of a mapping. YAML's own loader would accept a name that is there twice."""
    if not isinstance(node, yaml.MappingNode):
        raise MistakeInFile(node, f"not a mapping of {', '.join(known)}")
    seen = set()
    for key, value in node.value:
        if key.value not in known:
            raise MistakeInFile(key, f"unknown name {key.value!r}; there are {', '.join(known)}")
        if key.value in seen:
            raise MistakeInFile(key, f"{key.value} is there twice")
        seen.add(key.value)
        yield key.value, value


def _weight(node: yaml.Node) -> float:
    try:
        weight = float(node.value)
    except (TypeError, ValueError):
        weight = 0.0
    if not 0 < weight <= MAX_WEIGHT:
        raise MistakeInFile(node, f"a weight is a number above 0, up to {MAX_WEIGHT:,}")
    return weight
