"""Locust users for either system: `locust -f loadtests/locustfile.py --host URL`. README.md shows how to use them.

Without `--rate` and `--trace` the users are closed: each waits for an answer before it continues. With one of them, OpenLoad offers
the same journeys at open arrivals. Before a run the host gets some accounts and posts through its public API.
"""

import logging
import os
import signal
import sys
from dataclasses import replace
from itertools import count
from math import ceil, inf
from pathlib import Path
from random import Random
from time import perf_counter, time
from typing import Any

import gevent
from locust import FastHttpUser, LoadTestShape, between, events, task
from locust.env import Environment
from locust.exception import StopUser
from locust.runners import STATE_INIT, STATE_RUNNING, STATE_STOPPED, STATE_STOPPING, MasterRunner, WorkerRunner
from locust.stats import CSV_STATS_INTERVAL_SEC, StatsCSVFileWriter

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # Locust adds this folder, not the one above it

from loadtests.calls import Answer, Call, Outcome
from loadtests.data import seeding
from loadtests.errors import RunError, UsageError
from loadtests.histograms import decode, percentile_ms, percentiles
from loadtests.journeys import JOURNEYS, Journey, drive
from loadtests.latencies import Latencies, clear, publish
from loadtests.load import PER_CORE, VOID_ABOVE_CPU, BlockResult, LoadPlan, require_bounded, void_reasons
from loadtests.locust_options import USAGE, VOID, add_options, arrivals, base_url, check_users, mix_of
from loadtests.mixes import Mix
from loadtests.open_load import OpenLoad, attach, send
from loadtests.shapes import Shape, length_s

EVERYTHING = "everything"  # the mix without --mix
SIZE = seeding.Size(accounts=4, posts=20, votes=30)
IN_FLIGHT = 1_000  # open requests of all workers together; further arrivals are dropped
NO_REQUEST, SYSTEM_FAILED = 1, 4
REPORTED_AFTER_S = 4.0  # workers report every 3 s
LOST_SHOWN = 3  # lost workers that are named
MASTER_PID = os.getpid()  # of the process that forks the workers of --processes, after it has read this file
log = logging.getLogger("loadtests")
run_numbers = count(1)
events.init_command_line_parser.add_listener(add_options)  # type: ignore[no-untyped-call]


@events.init.add_listener  # type: ignore[untyped-decorator]
def prepare(environment: Environment, runner: Any, **_: object) -> None:
    """Register all user classes in every process. LoadShape chooses among them at the start of each run."""
    attach(environment)
    gevent.signal_handler(signal.SIGINT, interrupt, environment, gevent.getcurrent())
    options: Any = environment.parsed_options
    ours: set[Any] = {OpenLoad, *CLOSED_USERS.values()}
    if options.tags:  # journeys have no tags, so Locust would leave our users without a task
        environment.user_classes[:] = [each for each in environment.user_classes if each not in ours]
    else:
        environment.user_classes += ours - {*environment.user_classes}
    if isinstance(runner, WorkerRunner):
        events.quitting.add_listener(send_last_report)  # type: ignore[no-untyped-call]  # listeners run last to first
        if options.processes:
            gevent.spawn(end_with_master)
        return
    if isinstance(runner, MasterRunner) and options.expect_workers_max_wait and (options.headless or options.autostart):
        gevent.spawn_later(options.expect_workers_max_wait, report_missing_workers, runner, options.expect_workers)
    environment.shape_class = LoadShape(runner, environment.shape_class)


def report_missing_workers(runner: MasterRunner, expected: int) -> None:
    """Log how many workers have not connected in time. Locust then ends the master with status 1."""
    if runner.state == STATE_INIT and (connected := len(runner.clients.ready)) < expected:
        log.error("no load: %d of %d expected workers connected", connected, expected)


def end_with_master() -> None:
    """End this worker of --processes after its master, however that ended. Locust would let it run for another minute."""
    while os.getppid() == MASTER_PID:
        gevent.sleep(0.5)
    os._exit(USAGE)


def interrupt(environment: Environment, main: Any) -> None:
    """Raise Ctrl-C in Locust's main greenlet: Python would raise it in any greenlet, and a user's prints a traceback.

    The workers of --processes get Ctrl-C too. Their last reports come first, because Locust waits only half a second for them.
    """
    latencies: Latencies = environment.latencies  # type: ignore[attr-defined]
    with gevent.Timeout(REPORTED_AFTER_S, False):
        while not latencies.complete:
            gevent.sleep(0.1)
    runner: Any = environment.runner
    waits = isinstance(runner, MasterRunner) and runner.state == STATE_INIT and runner.shape_greenlet is None
    if waits and not environment.web_ui:
        gevent.kill(main, SystemExit(128 + signal.SIGINT))  # Locust waits for workers and expects no KeyboardInterrupt
    # A master ends after its last worker.
    elif environment.web_ui or runner.state not in (STATE_STOPPING, STATE_STOPPED):
        gevent.kill(main, KeyboardInterrupt)


@events.test_stop.add_listener  # type: ignore[untyped-decorator]
def end_run(environment: Environment, **_: object) -> None:
    """Log the figures of a run that the web page has stopped, once its workers have reported."""
    if isinstance(environment.shape_class, LoadShape):
        environment.shape_class.end()
    if environment.web_ui:
        gevent.spawn_later(REPORTED_AFTER_S, log_figures, environment)


@events.quitting.add_listener  # type: ignore[untyped-decorator]
def set_exit_status(environment: Environment, **_: object) -> None:
    """Log the figures, and set the exit status of a run that is void or has sent nothing."""
    runner: Any = environment.runner
    if isinstance(runner, WorkerRunner):
        return
    if not isinstance(runner, MasterRunner):  # a master has quit already, to get the last reports
        runner.quit()
    if environment.parsed_options.csv_prefix:  # type: ignore[union-attr]
        gevent.sleep(CSV_STATS_INTERVAL_SEC)  # Locust writes the file at this interval, and not once more at the end
    if environment.web_ui or environment.process_exit_code is not None:
        return
    if not runner.stats.total.num_requests:
        log.error("no request was sent%s", _lost_workers(runner))
        environment.process_exit_code = NO_REQUEST
    elif log_figures(environment):
        environment.process_exit_code = VOID


def _lost_workers(runner: Any) -> str:
    """Return how many of a master's workers were lost, for the end of a message."""
    lost = len(runner.clients.missing) if isinstance(runner, MasterRunner) else 0
    return f": {lost} of {len(runner.clients)} workers were lost" if lost else ""


def write_csv(files: StatsCSVFileWriter, write: Any = StatsCSVFileWriter.stats_writer) -> None:
    """Write Locust's CSV files until they are closed. Locust closes them before it ends this greenlet, which then fails."""
    try:
        write(files)
    except ValueError:
        if not files.requests_csv_filehandle.closed:
            raise


StatsCSVFileWriter.stats_writer = write_csv  # type: ignore[assignment, method-assign]


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
    log.info("generator: %.0f %% of a core in the busiest process%s", 100 * block.cpu, _limit(block, latencies))
    for lost in block.lost_workers[:LOST_SHOWN]:
        log.warning("lost: %s", lost)
    if further := block.lost_workers[LOST_SHOWN:]:
        log.warning("lost: %d further workers, %d arrivals", len(further), sum(each.arrivals for each in further))
    reasons = list(void_reasons([block]))
    for reason in reasons:
        log.error("void: %s", reason)
    return bool(reasons)


def _limit(block: BlockResult, latencies: Latencies) -> str:
    """Return the rate at which this generator would be void, computed from the rate and the processor time of this run."""
    assert latencies.run is not None  # noqa: S101 - it is read after a run
    elapsed_s = min(latencies.run.plan.duration_s, perf_counter() - latencies.begin)
    if block.cpu < 0.01 or elapsed_s <= 0:
        return ""
    return f"; its limit is about {block.arrivals / elapsed_s * VOID_ABOVE_CPU / block.cpu:,.0f} requests a second"


def report_size(runner: Any, rate: float) -> None:
    """Log whether a master has enough workers for a rate."""
    if not rate or not isinstance(runner, MasterRunner):
        return
    workers, needed = len(runner.clients.ready), ceil(rate / PER_CORE)
    show = log.warning if workers < needed else log.info
    show("generator: %d workers; %g requests a second need about %d, one core for %d", workers, rate, needed, PER_CORE)


def _times(block: BlockResult) -> str:
    """Return the percentiles that have enough values beyond them, and the range."""
    histogram = decode(block.latencies)
    shown = {name[:-3]: ms for name, ms in percentiles(histogram, 50, 95, 99).items() if ms is not None}
    shown |= {name: percentile_ms(histogram, share) for name, share in (("min", 0), ("max", 100))}
    return ", ".join(f"{name} {ms:.1f} ms" for name, ms in shown.items())


class LoadShape(LoadTestShape):
    """Choose the users of each run by its options, which the web page may have changed, seed the host, and end the run in time.

    own: a shape of another locustfile, which decides how many users run.
    """

    abstract = True  # else Locust would use it in place of a shape of another locustfile
    use_common_options = True
    runner: Any

    def __init__(self, runner: Any, own: LoadTestShape | None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.runner, self._own = runner, own
        self._classes: list[Any] | None = None  # of the current run
        self._opened, self._began_s = False, 0.0

    def tick(self) -> tuple[int, float, list[Any] | None] | None:
        """Return the number of users, how many start a second, and their classes; None at the end."""
        environment = self.runner.environment
        if self._classes is None and not self._begin(environment):
            return None
        if self._opened:
            return self._open_tick(environment.latencies)
        if self._own:
            counts = self._own.tick()
            return counts and (counts[0], counts[1], (*counts, self._classes)[2])
        return self._closed_tick(environment.parsed_options)

    def end(self) -> None:
        """Forget the run, so that the next one reads its own options."""
        self._classes = None

    def _begin(self, environment: Environment) -> bool:
        """Choose the users and seed the host. The run time counts from here. Return whether the run can start."""
        clear(environment)
        try:
            classes, plan = choose(environment, own_shape=self._own is not None)
            if plan:
                world = seeding.seed(plan.base_url, SIZE, run=f"{int(time() * 1000):x}"[-8:], done=list)
                publish(environment, replace(plan, world=world), next(run_numbers))
                report_size(self.runner, plan.rate)
        except (RunError, UsageError) as failed:
            log.error("%s", failed)  # noqa: TRY400 - one line, no traceback
            environment.process_exit_code = USAGE if isinstance(failed, UsageError) else SYSTEM_FAILED
            return False
        self._classes, self._opened, self._began_s = classes, classes == [OpenLoad], perf_counter()
        if self._own:
            self._own.reset_time()  # type: ignore[no-untyped-call]
        return True

    def _closed_tick(self, options: Any) -> tuple[int, float, list[Any] | None] | None:
        """Start the users of one second at a time: Locust does not end a run while it starts users."""
        elapsed_s, rate = perf_counter() - self._began_s, float(options.spawn_rate)
        if options.run_time and elapsed_s >= options.run_time:
            return None
        return min(options.num_users, ceil(rate * (elapsed_s + 1))), rate, self._classes

    def _open_tick(self, latencies: Latencies) -> tuple[int, float, list[Any] | None] | None:
        """Return one OpenLoad user for each process, until all arrivals are over."""
        users = len(latencies.members) if isinstance(self.runner, MasterRunner) else 1
        ended = self.runner.state == STATE_RUNNING and self.runner.user_count == 0 and latencies.complete
        return None if ended else (users, float(max(1, users)), self._classes)


def choose(environment: Environment, *, own_shape: bool = False) -> tuple[list[Any], LoadPlan | None]:
    """Return the user classes of a run, and its plan if they need seeded data. Raise UsageError."""
    options: Any = environment.parsed_options
    classes: list[Any] = environment.user_classes
    named = [each for each in classes if each.__name__ in options.user_classes]
    ours = [each for each in named if each in CLOSED_USERS.values()]
    environment._filter_tasks_by_tags()  # Locust would do it after this choice, and start users without a task
    own = [
        each
        for each in (named if options.user_classes else classes)
        if each not in (OpenLoad, *CLOSED_USERS.values()) and (each.tasks or not (options.tags or options.exclude_tags))
    ]
    rate, shape, trace = arrivals(options)
    mix = mix_of(options.mix or EVERYTHING)
    if rate:
        if own or own_shape:
            what = f"the user class {own[0].__name__}" if own else "a shape of your own"
            raise UsageError(f"--rate and --trace offer the journeys and cannot run {what}")
        weights = {each.name: float(each.weight) for each in ours} or mix.journeys
        return [OpenLoad], _plan(environment, weights, rate=rate, shape=shape, trace=trace)
    if not own_shape:
        check_users(options)
    if not options.user_classes and not options.tags:
        ours = _closed_users(mix, options)
    if not ours + own:
        raise UsageError(
            "no user class has a task to run: OpenLoad needs --rate or --trace, and the journeys have no tags"
        )
    return ours + own, _plan(environment, mix.journeys) if ours else None


def _closed_users(mix: Mix, options: Any) -> list[Any]:
    """Return the closed users of a mix with its weights, except those that other options of Locust have set."""
    configured = {each.get("user_class_name") for group in options.config_users or () for each in group}
    for name, weight in mix.journeys.items():
        if not options.equal_weights and CLOSED_USERS[name].__name__ not in configured:
            CLOSED_USERS[name].weight = weight  # Locust accepts fractions
    return [CLOSED_USERS[name] for name in mix.journeys]


def _plan(
    environment: Environment, journeys: dict[str, float], *, rate: float = 0, shape: Shape = (), trace: tuple[float, ...] = ()
) -> LoadPlan:  # fmt: skip
    """Return the plan of a run. Closed users use only its seeded data."""
    plan = LoadPlan(
        base_url=base_url(environment), rate=rate, shape=shape, trace=trace, warm_up_s=0, duration_s=length_s(shape),
        seed="locust", journeys=journeys, max_in_flight=IN_FLIGHT,
    )  # fmt: skip
    if plan.duration_s < inf:
        require_bounded(rate, plan.duration_s)
    return plan


class ClosedUser(FastHttpUser):
    """Run one journey after the other. A journey ends at its first answer that is not a success."""

    abstract = True
    wait_time = between(0.2, 1.0)
    name: str  # of the journey
    journey: Journey

    @task
    def run_journey(self) -> None:
        """Run the journey once."""
        run = self.environment.latencies.run
        if run is None:  # the host could not be seeded
            raise StopUser
        drive(type(self).journey(run.plan.world, Random()), self._send)

    def _send(self, call: Call) -> Answer | None:
        """Send a call after its pause. Return its answer, None if it is not a success."""
        gevent.sleep(call.after_s)
        answer, outcome = send(self, call, context={})
        return answer if outcome is Outcome.SUCCESS else None


def closed_user(name: str, journey: Journey) -> type[ClosedUser]:
    """Return the user class of a journey: HotVoter for hot_voter."""
    content = {"name": name, "journey": staticmethod(journey), "__doc__": journey.__doc__}
    return type(name.title().replace("_", ""), (ClosedUser,), content)


CLOSED_USERS = {name: closed_user(name, journey) for name, journey in JOURNEYS.items()}
globals().update({user.__name__: user for user in CLOSED_USERS.values()})  # where Locust looks for classes
