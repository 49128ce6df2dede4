"""One cold start and some warm calls after it, of a function; and many of them, all functions in turns."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from time import monotonic, perf_counter, sleep

from loadtests.coldstarts.deployed import Deployed
from loadtests.coldstarts.notes import Note, Notes, Process
from loadtests.coldstarts.shares import Shares
from loadtests.coldstarts.waking import Waker
from loadtests.systems import SystemFailed

WARM_CALLS = 5
DONE_WITHIN_S = 40.0
POLL_S = 0.002
TRIES = 4  # a function that its own trigger wakes at the wrong moment is started once more


@dataclass(frozen=True, slots=True)
class Trial:
    """A process from its start on: until it was ready, its first call, later calls, and what who asked waited for each."""

    pid: int
    start: Note
    first: Note
    warm: tuple[Note, ...]
    waited_ms: float
    warm_waited_ms: tuple[float, ...]

    @property
    def init_ms(self) -> float:
        """From the start of Python until the handler could be called."""
        return self.start.interpreter_ms + self.start.wall_ms


class Disturbed(Exception):
    """Somebody else woke the function too, so the first call was not ours."""


class Trials:
    """Makes trials, one at a time. Each process carries a mark that was never given before: so it was really new."""

    def __init__(self, deployed: Deployed, waker: Waker, notes: Notes, shares: Shares) -> None:
        self._deployed, self._waker, self._notes, self._shares = deployed, waker, notes, shares
        self._made = 0

    def trial(self, name: str, *, memory_mb: int | None = None, share: float | None = None) -> Trial:
        """Start a function anew and call it. share: of a processor, which its calls are held to.

        Raise SystemFailed or CallFailed if it does not do what it is asked, or is never left alone.
        """
        for _ in range(TRIES):
            self._made += 1
            mark = f"{name}-{self._made}"
            self._waker.prepare(name)
            self._deployed.renew(name, mark, memory_mb=memory_mb, held=share is not None)
            try:
                return self._observed(name, mark, share)
            except Disturbed:
                continue
            finally:
                self._release(mark)
        raise SystemFailed(f"{name} was woken by others each time that it was to start for us")

    def _observed(self, name: str, mark: str, share: float | None) -> Trial:
        waited = [self._waited_ms(name) if share is None else self._held_from_its_start(name, mark, share)]
        process = self._alone(mark, calls=1)
        for number in range(WARM_CALLS):
            waited.append(self._waited_ms(name))
            process = self._alone(mark, calls=2 + number)
        if process.start is None:
            raise SystemFailed(f"{name} did not tell when it was ready")
        first, *warm = process.calls
        return Trial(process.pid, process.start, first, tuple(warm), waited[0], tuple(waited[1:]))

    def _waited_ms(self, name: str) -> float:
        began = perf_counter()
        self._waker.wake(name)
        return (perf_counter() - began) * 1000

    def _held_from_its_start(self, name: str, mark: str, share: float) -> float:
        """Wake the function, which stops itself when it is ready, and let it go on with its share; and so whoever else is woken."""
        with ThreadPoolExecutor(1) as waking:
            waited = waking.submit(self._waited_ms, name)
            try:
                self._hold(mark, share, waited)
            except BaseException:  # also Ctrl-C: who is not let go on would not answer, and be waited for
                while not waited.done():
                    self._release(mark)
                    sleep(POLL_S)
                raise
            return waited.result()

    def _hold(self, mark: str, share: float, waited: Future[float]) -> None:
        """Hold the processes of the mark, until who waits has an answer, and one at least."""
        held, deadline = set[int](), monotonic() + DONE_WITHIN_S
        while not (waited.done() and (held or waited.exception())):
            if monotonic() > deadline:
                raise SystemFailed(f"{mark.rpartition('-')[0]} did not start and answer in {DONE_WITHIN_S:.0f} s")
            for process in self._notes.of(mark):
                if process.start and process.pid not in held:
                    self._shares.hold(process.pid, share)
                    held.add(process.pid)
            sleep(POLL_S)

    def _release(self, mark: str) -> None:
        for process in self._notes.of(mark):
            self._shares.release(process.pid)

    def _alone(self, mark: str, *, calls: int) -> Process:
        """Return the only process of the mark once it has told of so many calls. Raise Disturbed if there is more of either."""
        found = self._awaited(mark, lambda found: sum(len(process.calls) for process in found) >= calls)
        if len(found) != 1 or len(found[0].calls) != calls:
            raise Disturbed
        return found[0]

    def _awaited(self, mark: str, enough: Callable[[list[Process]], bool]) -> list[Process]:
        deadline = monotonic() + DONE_WITHIN_S
        while not (found := self._notes.of(mark)) or not enough(found):
            if monotonic() > deadline:
                raise SystemFailed(f"{mark.rpartition('-')[0]} did not start and answer in {DONE_WITHIN_S:.0f} s")
            sleep(POLL_S)
        return found


def in_turns(names: Iterable[str], rounds: int) -> Iterator[str]:
    """Yield the names so many times: A B C C B A …, so that whatever the machine does hits all of them."""
    order = list(names)
    for number in range(rounds):
        yield from order[:: -1 if number % 2 else 1]
