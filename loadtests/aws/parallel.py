"""Run actions in parallel."""

from collections.abc import Callable, Iterator, Mapping
from queue import SimpleQueue
from threading import Thread

Actions = Mapping[str, Callable[[], str]]  # by their description. Each returns what it did


def run_parallel(actions: Actions) -> Iterator[str]:
    """Yield each action with its result when it ends. Raise the first error once all have ended.

    The threads are daemons, so Ctrl-C ends the command at once. AWS continues what they started, and the next run waits for it.
    """
    ended: SimpleQueue[tuple[str, str | Exception]] = SimpleQueue()

    def run(text: str, action: Callable[[], str]) -> None:
        try:
            ended.put((text, action()))
        except Exception as error:
            ended.put((text, error))

    for text, action in actions.items():
        Thread(target=run, args=(text, action), daemon=True).start()
    errors = []
    for _ in actions:
        text, result = ended.get()
        if isinstance(result, Exception):
            errors.append(result)
        else:
            yield f"{text}: {result}"
    if errors:
        raise errors[0]
