"""The two sides of a comparison while they run: up, alive, and what they have."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from loadtests import resources, systems
from loadtests.asking import RunSettings
from loadtests.client import CallFailed
from loadtests.live import subscriber as live
from loadtests.load_process import LoadFailed
from loadtests.progress import Shown
from loadtests.systems import SystemFailed


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where both sides answer: base URLs, and live feeds, which are empty where nobody said where one is."""

    urls: dict[str, str]
    live: dict[str, str]


@contextmanager
def both_up(asked: RunSettings, shown: Shown) -> Iterator[Addresses]:
    """Keep both sides up while the block lasts, those that are not given started for it; gives where they answer."""
    folders: dict[Path, list[str]] = {}
    for side in asked.started:
        folders.setdefault(asked.folder(side), []).append(side)
    found = dict(asked.given)
    with ExitStack() as stack:
        with shown.phase(f"start {' and '.join(asked.started) or 'nothing'}"):
            for folder, sides in folders.items():
                urls = stack.enter_context(systems.running(folder, [asked.sides[side] for side in sides]))
                found |= {side: urls[asked.sides[side].name] for side in sides}
        yield Addresses({side: found[side] for side in asked.sides}, _feeds(asked))


def _feeds(asked: RunSettings) -> dict[str, str]:
    """A deployed monolith serves its feed below its base URL; where that of deployed services is, somebody must say."""
    beside = {
        side: live.beside(url) for side, url in asked.given.items() if asked.sides[side].name == systems.MONOLITH.name
    }
    own = {side: systems.live_url(system, asked.folder(side)) for side, system in asked.started.items()}
    return {**dict.fromkeys(asked.sides, ""), **beside, **own, **asked.live_given}


@contextmanager
def told_of_the_dead(asked: RunSettings) -> Iterator[None]:
    """Say of a call that failed because its system is gone that the system is gone."""
    try:
        yield
    except (CallFailed, LoadFailed, SystemFailed, psutil.NoSuchProcess):
        all_alive(asked)
        raise
    except httpx.TransportError as gone:
        all_alive(asked)
        raise SystemFailed(f"a system stopped answering: {gone}") from gone


def all_alive(asked: RunSettings) -> None:
    """Raise SystemFailed if a system that this run started has ended."""
    for side, system in asked.started.items():
        if systems.running_url(system, asked.folder(side)) is None:
            raise SystemFailed(f"{side} ended in the middle of the run (log: {system.log(asked.folder(side))})")


def found_resources(asked: RunSettings) -> dict[str, resources.Resources]:
    """Return what each side has, as it is now."""
    return {
        side: resources.UNKNOWN if side in asked.given else resources.of_system(system, asked.folder(side))
        for side, system in asked.sides.items()
    }
