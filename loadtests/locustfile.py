"""Locust users for either system: `locust -f loadtests/locustfile.py --host URL`. README.md shows how to use them.

Without `--rate` or `--trace` the users are closed: each waits for an answer before it goes on. With one of them, OpenLoad offers
the same journeys at open arrivals. Before a run the host gets some accounts and posts through its public API.
"""

import argparse
import logging
import signal
import sys
from dataclasses import replace
from itertools import count
from math import inf
from pathlib import Path
from random import Random
from time import time
from typing import Any

import gevent
from locust import FastHttpUser, LoadTestShape, between, events, task
from locust.env import Environment
from locust.exception import StopUser
from locust.runners import STATE_INIT, STATE_RUNNING, STATE_STOPPED, STATE_STOPPING, MasterRunner, WorkerRunner
from locust.util.timespan import parse_timespan

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # Locust adds this folder, not the one above it

from loadtests import mixes
from loadtests.calls import Outcome
from loadtests.data import seeding
from loadtests.errors import RunError, UsageError
from loadtests.histograms import decode, percentile_ms, percentiles
from loadtests.journeys import JOURNEYS, Journey
from loadtests.latencies import Latencies, publish
from loadtests.load import BlockResult, LoadPlan, void_reasons
from loadtests.mixes import Mix
from loadtests.open_load import OpenLoad, attach, send
from loadtests.settings import DURATION, RATE, number
from loadtests.shapes import SHAPES, STEADY, Shape, Stage, length_s, shape_of
from loadtests.traces import read_trace, trace_length_s

EVERYTHING = "everything"  # the mix without --mix
SIZE = seeding.Size(accounts=4, posts=20, votes=30)
IN_FLIGHT = 1_000  # open requests of all workers together; further arrivals are dropped
VOID, USAGE, SYSTEM_FAILED = 2, 3, 4
REPORTED_AFTER_S = 4.0  # workers report every 3 s
log = logging.getLogger("loadtests")
run_numbers = count(1)


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
def add_options(parser: Any) -> None:
    """Add the options. Values of files stay text, because Locust sends them to its workers and its web page."""
    parser.add_argument("--rate", type=RATE, help="open load: arrivals a second, the peak of --shape")
    parser.add_argument(
        "--trace", type=_trace, default="", metavar="FILE", help="open load: a CSV of offsets in seconds"
    )
    parser.add_argument("--shape", choices=["", *SHAPES], default="", help="open load: how the rate changes")
    parser.add_argument("--mix", type=_mix, default="", metavar="NAME", help="of loadtests/mixes, or a YAML file")
    ranges = {
        "--users": number(1, 100_000, int),
        "--spawn-rate": RATE,
        "--processes": number(-1, 64, int),
        "--run-time": _run_time,
    }
    for option, kind in ranges.items():  # Locust itself accepts any number
        parser._option_string_actions[option].type = kind


@events.init.add_listener  # type: ignore[untyped-decorator]
def prepare(environment: Environment, runner: Any, **_: object) -> None:
    """Choose the user classes and the shape of the options. Workers keep all classes, because the master chooses."""
    attach(environment)
    gevent.signal_handler(signal.SIGINT, interrupt, environment, gevent.getcurrent())
    options: Any = environment.parsed_options
    if isinstance(runner, WorkerRunner):
        events.quitting.add_listener(send_last_report)  # type: ignore[no-untyped-call]  # listeners run last to first
        return
    if options.rate or options.trace:
        environment.user_classes[:] = [OpenLoad]
        environment.shape_class = OpenArrivals()  # type: ignore[no-untyped-call]
        environment.shape_class.runner = runner
    else:
        environment.user_classes[:] = closed_users(environment.user_classes, options)


def interrupt(environment: Environment, main: Any) -> None:
    """Raise Ctrl-C in Locust's main greenlet: Python would raise it in any greenlet, and that of a user prints a traceback.

    The workers of --processes get Ctrl-C too. Their last reports come first, because Locust waits only half a second for them.
    """
    latencies: Latencies = environment.latencies  # type: ignore[attr-defined]
    with gevent.Timeout(REPORTED_AFTER_S, False):
        while not latencies.complete:
            gevent.sleep(0.1)
    runner: Any = environment.runner
    if environment.web_ui or runner.state not in (STATE_STOPPING, STATE_STOPPED):  # a master ends after its last worker
        gevent.kill(main, KeyboardInterrupt)


@events.test_start.add_listener  # type: ignore[untyped-decorator]
def seed(environment: Environment, **_: object) -> None:
    """Seed the host and publish the plan of the run. A failure stops the run."""
    if isinstance(environment.runner, WorkerRunner):
        return
    try:
        plan = _plan(environment)
        world = seeding.seed(plan.base_url, SIZE, run=f"{int(time() * 1000):x}"[-8:], done=list)
        publish(environment, replace(plan, world=world), next(run_numbers))
    except (RunError, UsageError) as failed:
        log.error("%s", failed)  # noqa: TRY400 - one line, no traceback
        environment.process_exit_code = USAGE if isinstance(failed, UsageError) else SYSTEM_FAILED
        runner: Any = environment.runner
        gevent.spawn_later(0.1, runner.stop if environment.web_ui else runner.quit)


@events.test_stop.add_listener  # type: ignore[untyped-decorator]
def log_later(environment: Environment, **_: object) -> None:
    """Log the figures of a run that the web page has stopped, once its workers have reported."""
    if environment.web_ui:
        gevent.spawn_later(REPORTED_AFTER_S, log_figures, environment)


@events.quitting.add_listener  # type: ignore[untyped-decorator]
def exit_void(environment: Environment, **_: object) -> None:
    """Log the figures of the run; its exit status is not 0 if it is void."""
    runner: Any = environment.runner
    if isinstance(runner, WorkerRunner):
        return
    if not isinstance(runner, MasterRunner):  # a master has quit already, to get the last reports
        runner.quit()
    if not environment.web_ui and log_figures(environment):
        environment.process_exit_code = VOID


def send_last_report(environment: Environment, **_: object) -> None:
    """Send a last report before Locust ends the worker. Without it, Ctrl-C would lose the counts of up to 3 s."""
    runner: Any = environment.runner
    runner.stop()
    runner._send_stats()


def log_figures(environment: Environment) -> bool:
    """Log the figures of open load that Locust's statistics do not show. Return whether the run is void."""
    latencies: Latencies = environment.latencies  # type: ignore[attr-defined]
    if not latencies.run or not latencies.run.plan.rate:
        return False
    block = latencies.result()
    log.info(
        "open load: %s arrivals, %s late, %s dropped; %s", block.arrivals, block.late, block.dropped, _times(block)
    )
    log.info("generator: %.0f %% of a core in the busiest process", 100 * block.cpu)
    for lost in block.lost_workers:
        log.warning("lost: %s", lost)
    reasons = list(void_reasons([block]))
    for reason in reasons:
        log.error("void: %s", reason)
    return bool(reasons)


def _times(block: BlockResult) -> str:
    """Return the percentiles that have enough values beyond them, and the range."""
    histogram = decode(block.latencies)
    shown = {name[:-3]: ms for name, ms in percentiles(histogram, 50, 95, 99).items() if ms is not None}
    shown |= {name: percentile_ms(histogram, share) for name, share in (("min", 0), ("max", 100))}
    return ", ".join(f"{name} {ms:.1f} ms" for name, ms in shown.items())


def closed_users(classes: list[Any], options: Any) -> list[Any]:
    """Return the closed users of a mix with its weights. Classes that the command line names stay as they are."""
    if options.user_classes and not options.mix:
        return classes
    mix = _mix_of(options.mix or EVERYTHING)
    for name, weight in mix.journeys.items():
        CLOSED_USERS[name].weight = weight
    return [CLOSED_USERS[name] for name in mix.journeys]


class OpenArrivals(LoadTestShape):
    """One OpenLoad user for each process, until all arrivals are over."""

    abstract = True  # else Locust would use it for every run
    use_common_options = True  # for --run-time
    users = 1

    def tick(self) -> tuple[int, float] | None:
        """Return the number of users and how many start a second; None at the end."""
        runner: Any = self.runner
        if runner.state == STATE_INIT:
            self.users = len(runner.clients.ready) if isinstance(runner, MasterRunner) else 1
        latencies: Latencies = runner.environment.latencies
        ended = runner.state == STATE_RUNNING and runner.user_count == 0 and latencies.complete
        return None if ended else (self.users, float(max(1, self.users)))


class ClosedUser(FastHttpUser):
    """Run one journey after the other. A journey ends at its first answer that is not a success."""

    abstract = True
    wait_time = between(0.2, 1.0)
    journey: Journey

    @task
    def run_journey(self) -> None:
        """Run the journey once."""
        run = self.environment.latencies.run
        if run is None:  # the host could not be seeded
            raise StopUser
        steps = type(self).journey(run.plan.world, Random())
        call = next(steps)
        while True:
            answer, outcome = send(self, call, context={})
            if outcome is not Outcome.SUCCESS:
                return
            try:
                call = steps.send(answer)
            except StopIteration:
                return
            gevent.sleep(call.after_s)


def closed_user(name: str, journey: Journey) -> type[ClosedUser]:
    """Return the user class of a journey: HotVoter for hot_voter."""
    content = {"journey": staticmethod(journey), "__doc__": journey.__doc__}
    return type(name.title().replace("_", ""), (ClosedUser,), content)


CLOSED_USERS = {name: closed_user(name, journey) for name, journey in JOURNEYS.items()}
globals().update(
    {user.__name__: user for user in CLOSED_USERS.values()}
)  # Locust looks for classes in a module's names


def _plan(environment: Environment) -> LoadPlan:
    """Return the plan of the options. For closed users only its world counts."""
    options: Any = environment.parsed_options
    rate, shape, trace = _arrivals(options)
    mix = _mix_of(options.mix or EVERYTHING)
    return LoadPlan(
        base_url=str(environment.host), rate=rate, shape=shape, trace=trace, warm_up_s=0, duration_s=length_s(shape),
        seed="locust", scenario=mix.name, journeys=mix.journeys, max_in_flight=IN_FLIGHT,
    )  # fmt: skip


def _arrivals(options: Any) -> tuple[float, Shape, tuple[float, ...]]:
    """Return rate, shape and trace. A steady rate without a run time has no end. Raise UsageError."""
    if options.trace:
        times = read_trace(Path(options.trace))
        return len(times) / trace_length_s(times), (), times
    try:
        rate = RATE(options.rate) if options.rate else 0.0  # the web page may have changed it
    except argparse.ArgumentTypeError as error:
        raise UsageError(f"rate: {error}") from error
    if options.shape not in ("", *SHAPES):
        raise UsageError(f"shape: {options.shape!r} is not one of {', '.join(SHAPES)}")
    if options.shape and not rate:
        raise UsageError("--shape needs --rate: closed users have no rate")
    if options.shape in ("", STEADY):
        return rate, (Stage(options.run_time or inf, rate, rate),), ()
    return rate, shape_of(options.shape, rate=rate, seconds=options.run_time), ()


def _mix_of(word: str) -> Mix:
    """Return the mix of a name, or of a YAML file. Raise UsageError."""
    if Path(word).suffix == ".yaml":
        return mixes.read(Path(word))
    if word not in mixes.names():
        raise UsageError(f"there is no mix {word!r}; there are {', '.join(mixes.names())}")
    return mixes.by_name(word)


def _trace(word: str) -> str:
    return _check(word, lambda: read_trace(Path(word)))


def _mix(word: str) -> str:
    return _check(word, lambda: _mix_of(word))


def _run_time(word: str) -> int:
    try:
        seconds = parse_timespan(word)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{word} is not a time such as 20, 20s, 3m or 1h20m") from error
    return int(DURATION(str(seconds)))


def _check(word: str, read: Any) -> str:
    try:
        if word:
            read()
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return word
