"""The shapes and mixes of the open generator for Locust's closed users: of so many users, as many as the rate is of the highest."""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from loadtests import mixes
from loadtests.errors import UsageError
from loadtests.mixes import Mix
from loadtests.shapes import SHAPES, Shape, highest, length_s, of_times, rate_at, read_trace, shaped

DEFAULT_USERS = 10


def options(parser: Any) -> None:
    """Let a shape or a trace and a mix be chosen. The values stay words: Locust sends them to its workers and its web page."""
    parser.add_argument("--shape", choices=["", *SHAPES], default="", help="how the number of users runs up to --users")
    parser.add_argument(
        "--trace", type=_trace, default="", metavar="FILE", help="the same after recorded arrivals, a CSV"
    )
    parser.add_argument(
        "--mix", type=_mix, default="", metavar="NAME", help="of loadtests/mixes, or a file; without it everything"
    )


def mix_of(word: str) -> Mix:
    """Return the mix of a file, or that of a name. Raise UsageError."""
    return mixes.read(Path(word)) if Path(word).suffix == ".yaml" else mixes.named(word)


def weighted(classes: Iterable[Any], mix: Mix) -> list[Any]:
    """Return the classes whose journeys are in a mix, with its weights."""
    chosen = {one.journey.__name__: one for one in classes if hasattr(one, "journey")}
    for name, weight in mix.journeys.items():
        chosen[name].weight = weight
    return [chosen[name] for name in mix.journeys]


def users_at(asked: argparse.Namespace, at_s: float) -> int | None:
    """Return how many users there are at a moment, or None after the end; --run-time stretches a shape."""
    shape = _shape(asked)
    if at_s >= length_s(shape):
        return None
    return round((asked.num_users or DEFAULT_USERS) * rate_at(shape, at_s) / highest(shape))


def _shape(asked: argparse.Namespace) -> Shape:
    if asked.trace:
        return of_times(read_trace(Path(asked.trace)))
    return shaped(asked.shape, rate=1, seconds=asked.run_time)


def _trace(word: str) -> str:
    return _checked(word, read_trace, Path(word))


def _mix(word: str) -> str:
    return _checked(word, mix_of, word)


def _checked(word: str, read: Any, what: Any) -> str:
    try:
        if word:
            read(what)
    except UsageError as bad:
        raise argparse.ArgumentTypeError(str(bad)) from bad
    return word
