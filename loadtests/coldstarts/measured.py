"""Both systems up under watch on the same small data, then every cold start in turns, then the sizes of memory."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import time
from typing import Any

from loadtests import systems
from loadtests.client import opened
from loadtests.coldstarts import figures, monolith
from loadtests.coldstarts.deployed import Deployed
from loadtests.coldstarts.manifest import manifest
from loadtests.coldstarts.notes import Notes
from loadtests.coldstarts.shares import Shares
from loadtests.coldstarts.trials import Trial, Trials, in_turns
from loadtests.coldstarts.waking import Waker, kept_events
from loadtests.data import seeding
from loadtests.data.world import World
from loadtests.floors.measured import database_url
from loadtests.live.subscriber import subscribed
from loadtests.progress import Shown
from microservices.deploy import package_cache

MONOLITH = systems.MONOLITH.name
SIZE = seeding.Size(accounts=3, posts=5, votes=8)


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What the command line asks for: which functions, the monolith among them, how often, with or without the sizes of memory."""

    names: tuple[str, ...]
    times: int
    sweep: bool
    run_dir: Path

    @property
    def functions(self) -> list[str]:
        """The functions, without the monolith."""
        return [name for name in self.names if name != MONOLITH]


@dataclass(slots=True)
class Found:
    """What was measured so far. swept: a trial by function and size. known: of each function, what no trial tells."""

    asked: RunSettings
    trials: dict[str, list[Trial]] = field(default_factory=dict)
    swept: dict[str, dict[int, Trial]] = field(default_factory=dict)
    starts: list[monolith.Start] = field(default_factory=list)
    known: dict[str, dict[str, Any]] = field(default_factory=dict)

    def figures(self) -> dict[str, Any]:
        """Return the chapter of report.json."""
        return {
            "times": self.asked.times,
            "functions": {
                name: figures.function(trials, self.swept.get(name, {}), **self.known[name])
                for name, trials in self.trials.items()
            },
            "monolith": monolith.figures(self.starts) if self.starts else None,
            "complete": True,
            "origin": "emulated",
        }


@dataclass(frozen=True, slots=True)
class Watched:
    """Both systems, with what starts them cold."""

    deployed: Deployed
    waker: Waker
    trials: Trials
    starts: monolith.Starts


def measure(asked: RunSettings, found: Found, shown: Shown) -> None:
    """Fill in what is found. Raise SystemFailed, CallFailed or NotSubscribed if it cannot be measured."""
    with _up(asked, shown) as watched:
        zips = {each.function: each.zip for each in package_cache.get_packages()}  # those that were deployed
        found.known = {name: _known(name, watched, zips[name]) for name in asked.functions}
        with shown.phase("cold starts, in turns", asked.times * len(asked.names)) as done:
            for name in in_turns(asked.names, asked.times):
                if name == MONOLITH:
                    found.starts.append(watched.starts.once())
                else:
                    found.trials.setdefault(name, []).append(watched.trials.trial(name))
                done()
        if asked.sweep:
            _sweep(asked, found, watched, shown)


def _sweep(asked: RunSettings, found: Found, watched: Watched, shown: Shown) -> None:
    sizes = [size for size in figures.SIZES_MB if figures.share_of(size) < 1]
    with shown.phase("sizes of memory", len(sizes) * len(asked.functions)) as done:
        for number, name in enumerate(in_turns(asked.functions, len(sizes))):
            size = sizes[number // len(asked.functions)]
            if size >= figures.most_mb(found.trials[name]):
                held = watched.trials.trial(name, memory_mb=size, share=figures.share_of(size))
                found.swept.setdefault(name, {})[size] = held
            done()


@contextmanager
def _up(asked: RunSettings, shown: Shown) -> Iterator[Watched]:
    run_dir, notes, shares = asked.run_dir, Notes(asked.run_dir / "coldstarts"), Shares()
    with ExitStack() as stack:
        with shown.phase("start both systems"):
            urls = stack.enter_context(systems.running(run_dir, systems.BOTH))
        deployed = Deployed(urls[systems.MICROSERVICES.name], notes)
        for name in deployed.functions:
            deployed.renew(name, f"{name}-0", kept=True)
        live_url = systems.live_url(systems.MICROSERVICES, run_dir)
        stack.enter_context(subscribed(live_url, [["posts"]]))  # somebody who listens, to whom events are told
        world = _seeded(urls, shown)
        with shown.phase("an event for each function"):
            events = kept_events(deployed.functions, world, notes, run_dir=run_dir)
            deployed.silence()
        stack.enter_context(shares.kept())
        waker = Waker(deployed, stack.enter_context(opened(urls[systems.MICROSERVICES.name])), world, events=events)
        starts = monolith.Starts(run_dir / "cold", database_url(run_dir), notes)
        if MONOLITH in asked.names:
            starts.once()  # what it makes in a new folder is made
        yield Watched(deployed, waker, Trials(deployed, waker, notes, shares), starts)


def _seeded(urls: dict[str, str], shown: Shown) -> World:
    """Fill both sides alike; return the world of the services."""
    run, worlds = f"{int(time()):x}", {}
    for side, url in urls.items():
        with shown.phase(f"{side}: the same data", seeding.STEPS) as done:
            worlds[side] = seeding.seed(url, SIZE, run=run, done=done)
    return worlds[systems.MICROSERVICES.name]


def _known(name: str, watched: Watched, package: Path) -> dict[str, Any]:
    return {
        "memory_mb": watched.deployed.functions[name].memory_mb,
        "woken_by": watched.waker.by(name),
        "package": manifest(package),
    }
