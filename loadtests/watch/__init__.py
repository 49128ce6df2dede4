"""`python -m loadtests watch`: a page on this machine that shows the comparison that is being made.

It follows what `compare` writes about itself, from another terminal, and waits for the next run when one ends. Ctrl-C ends it.
"""

import argparse
import signal
import sys
from pathlib import Path
from threading import Event, Thread

from rich.console import Console

from loadtests.watch.following import Story, follow, running, tell
from loadtests.watch.server import serving

PORT = 8800
USAGE = 3


def register(verb: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    verb.add_argument("--port", type=int, default=PORT, help=f"of the page ({PORT}; 0 takes a free one)")
    verb.add_argument("--runs", type=Path, default=Path(".run"), help="where the runs' directories are (.run)")
    verb.add_argument("--recorded", type=Path, metavar="FILE", help="show this recorded progress.jsonl instead")
    verb.set_defaults(command=run)


def run(asked: argparse.Namespace, console: Console) -> int:
    """Serve the page until Ctrl-C; return the exit status."""
    if asked.recorded and not asked.recorded.is_file():
        print(f"{asked.recorded}: no such file", file=sys.stderr)
        return USAGE
    story, stop = Story(), Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    try:
        with serving(story, asked.port) as url:
            _say(asked, url, console)
            _told(asked, story, stop).start()
            while not stop.wait(0.2):
                pass
    except (OSError, OverflowError) as taken:
        print(f"the page cannot be served on port {asked.port}: {taken}", file=sys.stderr)
        return USAGE
    console.print("stopped watching")
    return 0


def _say(asked: argparse.Namespace, url: str, console: Console) -> None:
    console.print(f"watch: {url} (Ctrl-C ends it)", highlight=False, soft_wrap=True)
    if not asked.recorded and not running(asked.runs):
        console.print("no comparison runs; the page shows the next one: python -m loadtests compare", highlight=False)


def _told(asked: argparse.Namespace, story: Story, stop: Event) -> Thread:
    if asked.recorded:
        return Thread(target=tell, args=(asked.recorded, story, stop), kwargs={"recorded": True}, daemon=True)
    return Thread(target=follow, args=(asked.runs, story, stop), daemon=True)
