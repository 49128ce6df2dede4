"""Mixes of journeys, one YAML file each. The name of the file is the name of the mix.

`about` describes the mix in a sentence. `journeys` gives each journey (loadtests/journeys.py) its weight.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import msgspec
import yaml

from loadtests.errors import UsageError
from loadtests.journeys import JOURNEYS
from loadtests.load import LIVE

FOLDER = Path(__file__).parent
PLACE = re.compile(r" - at `\$\.?(.*?)`$")  # of the mistake, at the end of msgspec's message
UNKNOWN = re.compile(r"unknown field `(.*?)`")
Weight = Annotated[float, msgspec.Meta(gt=0, le=1_000_000)]
Weights: Any = msgspec.defstruct(
    "Weights", [(name, Weight | msgspec.UnsetType, msgspec.UNSET) for name in JOURNEYS], forbid_unknown_fields=True
)


class MixFile(msgspec.Struct, forbid_unknown_fields=True):
    """The content of a file."""

    about: Annotated[str, msgspec.Meta(min_length=1)]
    journeys: Weights


@dataclass(frozen=True, slots=True)
class Mix:
    """A mix. journeys: weight by name."""

    name: str
    about: str
    journeys: dict[str, float]


def names() -> list[str]:
    """Return the names of the mixes in this folder."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


@cache
def by_name(name: str) -> Mix:
    """Return a mix of this folder. Raise UsageError with file, line and mistake."""
    return read(FOLDER / f"{name}.yaml")


def read(path: Path) -> Mix:
    """Return the mix of a file. Raise UsageError with file, line and mistake."""
    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
        _require_unique_keys(path, root)
        content = msgspec.convert(yaml.load(text, Loader=yaml.CSafeLoader), MixFile)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not a text: {error}") from error
    except yaml.YAMLError as error:
        raise _wrong(path, getattr(error, "problem_mark", None), str(getattr(error, "problem", error))) from error
    except msgspec.ValidationError as error:
        raise _wrong(path, _mark(root, str(error)), str(error)) from error
    journeys = {name: weight for name, weight in msgspec.structs.asdict(content.journeys).items() if weight}
    if not journeys:
        raise UsageError(f"{path}:1: no journey; there are {', '.join(JOURNEYS)}")
    if path.stem == LIVE:
        raise UsageError(f"{path}:1: {LIVE} is a scenario of its own: choose another name for the file")
    return Mix(path.stem, content.about.strip(), journeys)


def _require_unique_keys(path: Path, root: yaml.Node | None) -> None:
    """Raise UsageError for a repeated key: YAML's loader would silently use the last one."""
    for mapping in _mappings(root):
        seen = set()
        for key, _ in mapping.value:
            if key.value in seen:
                raise _wrong(path, key.start_mark, f"{key.value} is there twice")
            seen.add(key.value)


def _mappings(node: yaml.Node | None) -> Iterator[yaml.MappingNode]:
    if isinstance(node, yaml.MappingNode):
        yield node
        for _, value in node.value:
            yield from _mappings(value)


def _mark(root: yaml.Node | None, message: str) -> yaml.Mark | None:
    """Return the place of a mistake that msgspec reports."""
    place, unknown = PLACE.search(message), UNKNOWN.search(message)
    keys = [*(place[1].split(".") if place else []), *([unknown[1]] if unknown else [])]
    node, mark = root, root.start_mark if root else None
    for name in filter(None, keys):
        entries = node.value if isinstance(node, yaml.MappingNode) else []
        for key, value in entries:
            if key.value == name:
                node, mark = value, key.start_mark
    return mark


def _wrong(path: Path, mark: yaml.Mark | None, mistake: str) -> UsageError:
    what = " ".join(PLACE.sub("", mistake).split())
    if unknown := UNKNOWN.search(mistake):
        what = f"unknown name {unknown[1]!r}; the journeys are {', '.join(JOURNEYS)}"
    return UsageError(f"{path}:{mark.line + 1 if mark else 1}: {what}")
