"""Arguments of the commands: types of arguments, and the options that several commands share."""

import argparse
import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from loadtests.errors import UsageError
from loadtests.files import read_text
from loadtests.load import LIVE
from loadtests.provenance import SCHEMA
from loadtests.results import SIDES
from loadtests.shapes import SHAPES, STEADY
from loadtests.systems import STACK

MAX_REPORT_BYTES, MAX_URL = 50_000_000, 2_000


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


def lacks_live_url(options: argparse.Namespace) -> bool:
    """Return whether the services' live feed is unknown: deployed services do not serve it below their base URL."""
    return "microservices" in deployed_urls(options) and "microservices" not in deployed_live_urls(options)


def require_live_url(scenarios: tuple[str, ...], options: argparse.Namespace) -> None:
    """Raise UsageError if the live scenario has no live feed, or a live feed has no system."""
    for side in {*deployed_live_urls(options)} - {*deployed_urls(options)}:
        raise UsageError(f"--{side}-live-url needs --{side}-url")
    if LIVE in scenarios and lacks_live_url(options):
        raise UsageError(f"the scenario {LIVE} needs --microservices-live-url: deployed services serve it elsewhere")


def add_results(parser: argparse.ArgumentParser) -> None:
    """Add the option for the folder of new reports."""
    parser.add_argument(
        "--results", type=folder, default=Path("results"), help="parent folder of new reports (results)"
    )


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
    """Return the path. Raise ArgumentTypeError if no file system can have it."""
    try:
        os.lstat(word)
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as wrong:  # such as a name that is too long, or a null character
        raise argparse.ArgumentTypeError(f"{word!r:.100} is not a path: {wrong}"[:300]) from wrong
    return Path(word)


def report_folder(word: str) -> Path:
    """Return the folder of a report, from its path or that of its report.json. Raise ArgumentTypeError if it has no report."""
    return read_report(word)[0]


def read_report(word: str) -> tuple[Path, Any, Any]:
    """Return the folder of a report and the contents of its report.json and series.json. Raise ArgumentTypeError."""
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
