"""Progress in the terminal: one line a phase, with a bar of its steps."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class ProgressDisplay:
    """Show phases on a console. Without a terminal, print a line at each start and end."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )

    def running(self) -> Progress:
        """Return the context in which phases are shown."""
        return self._progress

    @contextmanager
    def phase(self, name: str, steps: int = 1) -> Iterator[Callable[[], None]]:
        """Show one phase, and yield a function to call after each step."""
        task = self._progress.add_task(name, total=steps)
        if not self.console.is_terminal:
            self.console.print(f"… {name}")
        begin = monotonic()
        yield lambda: self._progress.advance(task)
        self._progress.update(task, completed=steps)
        if not self.console.is_terminal:
            self.console.print(f"✓ {name}: {monotonic() - begin:.0f} s")
