"""Settings of a run: profiles, the ranges of numbers on a command line, and the options that several commands share."""

import argparse
import atexit
import json
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from loadtests import mixes, processes
from loadtests.data.seeding import Size
from loadtests.errors import UsageError
from loadtests.files import read_text
from loadtests.load import LIVE, LoadPlan
from loadtests.mixes import Mix
from loadtests.provenance import SCHEMA
from loadtests.results import SIDES
from loadtests.shapes import SHAPES, STEADY, length_s, shape_of
from loadtests.systems import STACK, System


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Length and intensity of a comparison.

    rates: arrivals a second on each side, by scenario. block_s, warm_up_s: of one block. pairs: blocks of each
    side, alternating A B B A. freshness: trials of each kind and side. subscribers: of each side's live feed.
    """

    name: str
    rates: dict[str, float]
    block_s: float
    warm_up_s: float
    pairs: int
    freshness: int
    size: Size
    subscribers: int


MAX_REPORT_BYTES, MAX_URL = 50_000_000, 2_000
STAMP, OWNER = "????????-??????", "owner"  # of run directories: the time in their names, and the lock of their process
OTHER_RATE = 20.0  # of a mix that no profile has
RATES = {
    "browse": 30.0,
    "publish": 20.0,
    "vote-storm": 20.0,
    "checkout": 10.0,
    "live": 4.0,
}  # both sides sustain them on 2 cores
PROFILES = {
    "quick": Profile(
        name="quick", rates=RATES, block_s=0.6, warm_up_s=0.1, pairs=12, freshness=2, size=Size(8, 40, 100), subscribers=10
    ),
    "standard": Profile(
        name="standard", rates=RATES, block_s=1.0, warm_up_s=0.15, pairs=12, freshness=5, size=Size(10, 80, 200),
        subscribers=20,
    ),
    "full": Profile(
        name="full", rates=RATES, block_s=10, warm_up_s=2, pairs=12, freshness=30, size=Size(40, 1_000, 4_000),
        subscribers=50,
    ),
}  # fmt: skip


def number(low: float, high: float, kind: Callable[[str], float] = float) -> Callable[[str], Any]:
    """Return an argparse type: a number from `low` to `high`. kind: int for a whole number."""

    def parse(word: str) -> float:
        try:
            value = kind(word)
        except ValueError:  # also an integer of over 4,300 digits
            value = float("nan")
        if not low <= value <= high:
            name = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"{word[:40]} is not {name} from {low:,g} to {high:,g}")
        return value

    return parse


RATE = number(0.1, 10_000)  # arrivals a second
DURATION = number(0.1, 86_400)  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOptions:
    """How load is offered. mix: one from a file of the user."""

    shape: str = STEADY
    mix: Mix | None = None

    @property
    def scenarios(self) -> tuple[str, ...]:
        """All scenarios: every mix and the live feed."""
        return (*mixes.names(), *([self.mix.name] if self.mix else []), LIVE)

    def block_s(self, duration_s: float | None) -> float | None:
        """Return a block's length: the option's or the shape's. None for a steady rate without a duration."""
        return duration_s or (None if self.shape == STEADY else length_s(SHAPES[self.shape]))

    def apply(self, plan: LoadPlan) -> LoadPlan:
        """Return a steady plan with this shape and mix. A shape's highest rate is the plan's rate."""
        own = self.mix if self.mix and self.mix.name == plan.scenario else None
        plan = replace(plan, journeys=own.journeys) if own else plan
        if self.shape == STEADY:
            return plan
        return replace(plan, shape=shape_of(self.shape, rate=plan.rate, seconds=plan.duration_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """What one run does.

    sides: the compared systems, by side. deployed, deployed_live: base URLs and live feeds of systems that already run; the run
    neither starts nor stops them. An A/A run has one system on both sides, each with its own run directory.
    """

    profile: Profile
    scenarios: tuple[str, ...]
    sides: dict[str, System]
    run_dir: Path
    deployed: dict[str, str] = field(default_factory=dict)
    deployed_live: dict[str, str] = field(default_factory=dict)
    load: LoadOptions = field(default_factory=LoadOptions)

    @property
    def is_aa(self) -> bool:
        """Whether the run compares a system with itself."""
        return not set(self.sides) <= set(SIDES)

    @property
    def started(self) -> dict[str, System]:
        """The systems that this run starts, by side."""
        return {side: system for side, system in self.sides.items() if side not in self.deployed}

    def folder(self, side: str) -> Path:
        """Return the run directory of a side."""
        return self.run_dir / side if self.is_aa else self.run_dir

    def as_figures(self) -> dict[str, Any]:
        """Return the settings for the report."""
        profile = self.profile
        return {
            "shape": self.load.shape,
            "generator": "on the same machine, a process of its own",
            "rates": {name: profile.rates[name] for name in self.scenarios},
            "block_s": profile.block_s,
            "warm_up_s": profile.warm_up_s,
            "blocks_a_side": profile.pairs,
            "subscribers": profile.subscribers,
            "data": {"accounts": profile.size.accounts, "posts": profile.size.posts, "votes": profile.size.votes},
        }


def add_load_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the load."""
    parser.add_argument("--rate", type=RATE, help="arrivals a second on each side, instead of the profile's")
    parser.add_argument("--duration", type=DURATION, help="measured seconds of a block, instead of the profile's")
    parser.add_argument(
        "--shape", choices=SHAPES, default=STEADY, help="how the rate runs; --rate is its peak (steady)"
    )
    parser.add_argument("--mix", type=Path, metavar="FILE", help="your own mix of journeys, as in loadtests/mixes")


def add_urls(parser: argparse.ArgumentParser) -> None:
    """Add the options that `deployed_urls` and `deployed_live_urls` read."""
    for side in SIDES:
        parser.add_argument(
            f"--{side}-url",
            type=url("http", "https"),
            help="use this deployed system; it is neither started nor stopped",
        )
        parser.add_argument(
            f"--{side}-live-url", type=url("ws", "wss"), help="its live feed, if that is not below its base URL"
        )


def deployed_urls(options: argparse.Namespace) -> dict[str, str]:
    """Return the base URLs of deployed systems, by side."""
    return {side: own for side in SIDES if (own := getattr(options, f"{side}_url"))}


def deployed_live_urls(options: argparse.Namespace) -> dict[str, str]:
    """Return the live feeds of deployed systems, by side: those of the options, and of the systems that `make up` started."""
    started = {}
    with suppress(OSError, ValueError):
        started = json.loads((Path(".run") / STACK).read_text(encoding="utf-8"))
    feeds = {
        side: started[f"{side}-live"] for side, base in deployed_urls(options).items() if base == started.get(side)
    }
    return feeds | {side: own for side in SIDES if (own := getattr(options, f"{side}_live_url"))}


def require_base_urls(options: argparse.Namespace) -> None:
    """Raise UsageError for the live feed of a system that this run starts."""
    for side in {*deployed_live_urls(options)} - {*deployed_urls(options)}:
        raise UsageError(f"--{side}-live-url needs --{side}-url")


def lacks_live_url(options: argparse.Namespace) -> bool:
    """Return whether the services' live feed is unknown: deployed services do not serve it below their base URL."""
    return "microservices" in deployed_urls(options) and "microservices" not in deployed_live_urls(options)


def require_live_url(scenarios: tuple[str, ...], options: argparse.Namespace) -> None:
    """Raise UsageError if the live scenario has no live feed, or a live feed has no system."""
    require_base_urls(options)
    if LIVE in scenarios and lacks_live_url(options):
        raise UsageError(f"the scenario {LIVE} needs --microservices-live-url: deployed services serve it elsewhere")


def add_results(parser: argparse.ArgumentParser) -> None:
    """Add the option for the folder of new reports."""
    parser.add_argument(
        "--results", type=folder, default=Path("results"), help="parent folder of new reports (results)"
    )


def add_destination(parser: argparse.ArgumentParser) -> None:
    """Add the options that `destination` reads."""
    add_results(parser)
    parser.add_argument(
        "--into", type=extensible_report, metavar="RUN", help="add to this run's report instead: its folder"
    )


def destination(options: argparse.Namespace) -> Path:
    """Return the folder of the report that a command writes or adds to. A new one is removed again if it stays empty."""
    if own := getattr(options, "into", None):
        return Path(own)
    folder = _new_folder(options.results, "")
    atexit.register(_remove_empty, folder)
    return folder


def run_directory(command: str, parent: Path = Path(".run")) -> Path:
    """Create the run directory of this process. Remove those of ended runs, except the last one, whose logs may be of use."""
    with processes.locked(parent / "runs.lock"):
        ended = [folder for folder in parent.glob(f"*-{STAMP}*") if not _in_use(folder)]
        for folder in sorted(ended, key=lambda each: each.stat().st_mtime)[:-1]:
            shutil.rmtree(folder, ignore_errors=True)
        new = _new_folder(parent, f"{command}-")
        processes.lock_until_exit(new / OWNER)
    return new


def _in_use(folder: Path) -> bool:
    """Return whether the process of a run is alive, or a system that it started."""
    locks = (folder / OWNER, *folder.glob("*/supervisor"), *folder.glob("*/*/supervisor"))
    return any(map(processes.is_locked, locks))


def _new_folder(parent: Path, prefix: str) -> Path:
    """Create a folder with the time in its name, and a number if that exists: two runs may start in one second."""
    name = f"{prefix}{datetime.now():%Y%m%d-%H%M%S}"
    parent.mkdir(parents=True, exist_ok=True)
    for number in count(2):
        with suppress(FileExistsError):
            (parent / name).mkdir()
            break
        name = f"{name[: len(prefix) + 15]}-{number}"
    return parent / name


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def new_file(word: str) -> Path:
    """Return the path of a file to write. Raise ArgumentTypeError if it is a folder, or its folder is missing."""
    path = _path(word)
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise argparse.ArgumentTypeError(f"{word} is not a file in an existing folder")
    return path


def folder(word: str) -> Path:
    """Return the path of a folder, which may be missing. Raise ArgumentTypeError if it cannot be one."""
    path = _path(word)
    if not next(each for each in (path.absolute(), *path.absolute().parents) if each.exists()).is_dir():
        raise argparse.ArgumentTypeError(f"{word} is not a folder")
    return path


def url(*schemes: str) -> Callable[[str], str]:
    """Return an argparse type: an absolute URL with one of these schemes, without a slash at its end."""

    def parse(word: str) -> str:
        with suppress(ValueError):
            parts = urlsplit(word)
            plain = word.isascii() and word.isprintable() and " " not in word and len(word) <= MAX_URL
            if plain and parts.scheme in schemes and parts.hostname and parts.port != 0:
                return word.rstrip("/")
        raise argparse.ArgumentTypeError(f"{word!r:.100} is not a URL such as {schemes[0]}://127.0.0.1:8000")

    return parse


def _path(word: str) -> Path:
    """Return a path that the file system can have. Raise ArgumentTypeError."""
    try:
        os.lstat(word)
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as wrong:  # such as a name that is too long, or a null character
        raise argparse.ArgumentTypeError(f"{word!r:.100} is not a path: {wrong}"[:300]) from wrong
    return Path(word)


def report_folder(word: str) -> Path:
    """Return the folder of a report, from its path or that of its report.json. Raise ArgumentTypeError if it has no report."""
    return _report(word)[0]


def extensible_report(word: str) -> Path:
    """Return the folder of a report to which a chapter can be added. Raise ArgumentTypeError."""
    from loadtests.report.contents import contents  # noqa: PLC0415 - a second, which only these options need

    folder, report, series = _report(word)
    try:
        contents(report, series)
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as wrong:
        raise argparse.ArgumentTypeError(f"{folder} has a broken report: {wrong!r:.100}") from wrong
    return folder


def _report(word: str) -> tuple[Path, Any, Any]:
    path = _path(word)
    folder = path.parent if path.name == "report.json" else path
    try:
        report, series = (
            json.loads(read_text(folder / name, limit=MAX_REPORT_BYTES)) for name in ("report.json", "series.json")
        )
    except (UsageError, ValueError, RecursionError) as wrong:
        raise argparse.ArgumentTypeError(f"{word[:200]!r} has no report: {wrong}") from wrong
    if not (isinstance(report, dict) and isinstance(series, dict) and report.get("schema") == SCHEMA):
        raise argparse.ArgumentTypeError(f"{folder} has no report of schema {SCHEMA}")
    return folder, report, series
