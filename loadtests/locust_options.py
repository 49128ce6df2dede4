"""The options that this project adds to Locust's, and the checks of Locust's own, which accept any number.

A wrong command line prints one line and exits with status 3. The web page can change some options, so each start checks
them again.
"""

from argparse import ArgumentTypeError
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from locust.env import Environment
from locust.util.timespan import parse_timespan

from loadtests import mixes
from loadtests.arguments import DURATION, RATE, number
from loadtests.errors import UsageError
from loadtests.files import read_trace, trace_length_s
from loadtests.mixes import Mix
from loadtests.open_load import OpenLoad
from loadtests.shapes import SHAPES, STEADY, Shape, Stage, shape_of

VOID, USAGE = 2, 3
WORKERS_WITHIN_S = 300  # a master waits so long for --expect-workers; Locust itself waits for ever
USERS, PORT = number(1, 100_000, int), number(0, 65_535, int)


def add_options(parser: Any) -> None:
    """Add the options. Options that name files stay text, because Locust sends them to its workers and its web page."""
    parser.add_argument("--rate", type=RATE, help="open load: arrivals a second, the peak of --shape")
    trace = _text(lambda word: read_trace(Path(word)))
    parser.add_argument(
        "--trace", type=trace, default="", metavar="FILE", help="open load: a CSV of offsets in seconds"
    )
    parser.add_argument("--shape", choices=["", *SHAPES], default="", help="open load: how the rate changes")
    parser.add_argument(
        "--mix", type=_text(mix_of), default="", metavar="NAME", help="of loadtests/mixes, or a YAML file"
    )
    ranges = {
        "--users": USERS, "--spawn-rate": RATE, "--processes": number(-1, 64, int), "--run-time": _run_time,
        "--expect-workers": number(1, 1_000, int), "--web-port": PORT, "--master-port": PORT, "--master-bind-port": PORT,
    }  # fmt: skip
    for option, kind in ranges.items():  # Locust itself accepts any number
        parser._option_string_actions[option].type = kind
    parser.set_defaults(expect_workers_max_wait=WORKERS_WITHIN_S)
    parse, leave = parser.parse_args, parser.exit
    parser.parse_args = lambda *words, **more: _require_consistent(parse(*words, **more), parser)
    # A wrong command line exits with status 3, as in the other commands: 2 means that a run is void.
    parser.exit = lambda status=0, message="": leave(
        USAGE if status == VOID else status, message and f"{' '.join(message.split())}\n"
    )


def _require_consistent(options: Any, parser: Any) -> Any:
    """Return the options. End with one line if some of them exclude each other."""
    opened, named = options.rate or options.trace, {*options.user_classes} - {OpenLoad.__name__}
    reasons = {
        "--class-picker is not supported: name the user classes on the command line": options.class_picker,
        "--rate and --trace exclude each other": options.rate and options.trace,
        "--trace has its own shape: leave --shape out": options.trace and options.shape,
        "--shape needs --rate: closed users have no rate": options.headless and options.shape and not opened,
        "name user classes or a --mix, not both": named and options.mix,
        "--tags and --exclude-tags choose tasks of users; open load has none": opened
        and (options.tags or options.exclude_tags),
    }
    for reason, holds in reasons.items():
        if holds:
            parser.error(reason)
    return options


def base_url(environment: Environment) -> str:
    """Return the host without a slash at its end, and let Locust use it like that. Raise UsageError if it is no URL."""
    url = (environment.host or "").rstrip("/")
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and not parts.query
    except ValueError:
        valid = False
    if not valid:
        raise UsageError(f"--host: {url or 'nothing'!r} is not a URL such as http://127.0.0.1:8000")
    environment.host = url
    return url


def arrivals(options: Any) -> tuple[float, Shape, tuple[float, ...]]:
    """Return rate, shape and trace. A steady rate without a run time has no end. Raise UsageError: the web page may change all."""
    if options.trace:
        times = read_trace(Path(options.trace))
        return len(times) / trace_length_s(times), (), times
    rate = _checked("rate", RATE, options.rate) if options.rate else 0.0
    if options.run_time:
        _checked("run time", DURATION, options.run_time)
    if options.shape not in ("", *SHAPES):
        raise UsageError(f"shape: {options.shape!r} is not one of {', '.join(SHAPES)}")
    if options.shape and not rate:
        raise UsageError("--shape needs --rate: closed users have no rate")
    if options.shape in ("", STEADY):
        return rate, (Stage(options.run_time or inf, rate, rate),), ()
    return rate, shape_of(options.shape, rate=rate, seconds=options.run_time), ()


def check_users(options: Any) -> None:
    _checked("users", USERS, options.num_users)
    _checked("spawn rate", RATE, options.spawn_rate)


def _checked(name: str, kind: Callable[[str], Any], value: object) -> Any:
    try:
        return kind(str(value))
    except ArgumentTypeError as error:
        raise UsageError(f"{name}: {error}") from error


def mix_of(word: str) -> Mix:
    """Return the mix of a name, or of a YAML file. Raise UsageError."""
    if Path(word).suffix == ".yaml":
        return mixes.read(Path(word))
    if word not in mixes.names():
        raise UsageError(f"there is no mix {word!r}; there are {', '.join(mixes.names())}")
    return mixes.by_name(word)


def _text(read: Callable[[str], object]) -> Callable[[str], str]:
    """Return an argparse type: the text itself, if it can be read."""

    def parse(word: str) -> str:
        try:
            if word:
                read(word)
        except UsageError as error:
            raise ArgumentTypeError(str(error)) from error
        return word

    return parse


def _run_time(word: str) -> int:
    try:
        seconds = parse_timespan(word)
    except ValueError as error:
        raise ArgumentTypeError(f"{word} is not a time such as 20, 20s, 3m or 1h20m") from error
    return int(DURATION(str(seconds)))
