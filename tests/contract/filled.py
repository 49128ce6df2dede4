"""Make values for the tests of stores from the fields of a dataclass: a new field is set too, so a store that forgets it fails."""

from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from types import NoneType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints
from zlib import crc32

Value = TypeVar("Value")
_BEGIN = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)


def filled(kind: type[Value], *, variant: str = "one", **chosen: object) -> Value:
    """Return a value whose every field is set, optional ones and those with a default too. Only `chosen` fields have no new value.

    Fields of the same type differ from each other, and from those of another variant.
    """
    types = get_type_hints(kind)
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    return kind(**{name: chosen.get(name, _fill(types[name], f"{variant} {name}")) for name in names})


def _fill(kind: Any, name: str) -> Any:
    """Return a value of a field's type that is made from the name. Raise TypeError for a type that no field had before."""
    number = crc32(name.encode())
    if options := [each for each in get_args(kind) if each is not NoneType and NoneType in get_args(kind)]:
        return _fill(options[0], name)
    if get_origin(kind) is tuple:
        return tuple(_fill(get_args(kind)[0], f"{name} {place}") for place in "ba")
    if is_dataclass(kind):
        return filled(kind, variant=name)  # type: ignore[arg-type, type-var]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return list(kind)[number % len(kind)]
    makers = {
        str: lambda: f"{name} ünïcode \U0001f600",
        int: lambda: number % 1_000_000 + 1,
        bool: lambda: True,
        bytes: name.encode,
        datetime: lambda: _BEGIN + timedelta(milliseconds=number),
    }
    if kind not in makers:
        raise TypeError(f"no value for {name}: {kind}")
    return makers[kind]()
