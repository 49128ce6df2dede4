"""Progress in the terminal: one line a phase, with a bar of its steps."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from loadtests.journal import Journal


class ProgressDisplay:
    """Show phases on a console and append them to a journal. Without a terminal, print a line at each start and end."""

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
        """Show phases for the length of a block."""
        if not self.console.is_terminal:
            yield
            return
        with self._progress:
            yield

    @contextmanager
    def phase(self, name: str, steps: int = 1) -> Iterator[Callable[[], None]]:
        """Show one phase, and yield a function to call after each step."""
        task = self._progress.add_task(name, total=steps)
        if not self.console.is_terminal:
            self.console.print(f"… {name}")
        begin = monotonic()
        self.journal.append("phase", name=name, steps=steps)

        def done() -> None:
            self._progress.advance(task)
            self.journal.append("step")

        yield done
        self._progress.update(task, completed=steps)
        if not self.console.is_terminal:
            self.console.print(f"✓ {name}: {monotonic() - begin:.0f} s")
