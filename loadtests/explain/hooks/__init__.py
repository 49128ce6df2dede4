"""Hooks that `explain` puts around both systems from outside. Neither system imports them. See docs/decisions/0021.

The monolith starts inside them (monolith.py), the functions get them as a Lambda layer (handler.py).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

SPANS = "spans.jsonl"  # in the folder of each system, in the run directory


@contextmanager
def replace_attribute(owner: object, name: str, wrap: Callable[[Any], Any]) -> Iterator[None]:
    """Replace an attribute of a module or class by its wrapped form while the block lasts."""
    original = getattr(owner, name)
    setattr(owner, name, wrap(original))
    try:
        yield
    finally:
        setattr(owner, name, original)
