"""Progress at the terminal, all the way: one line a phase, with a bar where the number of steps is known."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from loadtests.watch.journal import Journal


class Shown:
    """Shows phases on a console and tells a journal; on what is no terminal, a line when one begins and one when it ends."""

    def __init__(self, console: Console, journal: Journal | None = None) -> None:
        self.console = console
        self.journal = journal or Journal()
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
        )

    @contextmanager
    def running(self) -> Iterator[None]:
        """Show phases while the block lasts."""
        with self._progress if self.console.is_terminal else _nothing():
            yield

    @contextmanager
    def phase(self, name: str, steps: int = 1) -> Iterator[Callable[[], None]]:
        """Show one phase; gives what to call after each of its steps."""
        task = self._progress.add_task(name, total=steps)
        if not self.console.is_terminal:
            self.console.print(f"… {name}")
        began = monotonic()
        self.journal.tell("phase", name=name, steps=steps)

        def done() -> None:
            self._progress.advance(task)
            self.journal.tell("step")

        yield done
        self._progress.update(task, completed=steps)
        if not self.console.is_terminal:
            self.console.print(f"✓ {name}: {monotonic() - began:.0f} s")


@contextmanager
def _nothing() -> Iterator[None]:
    yield
