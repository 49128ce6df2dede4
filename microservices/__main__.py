"""`python -m microservices`: start a local AWS, build the packages, deploy the stacks, and run until a signal ends it."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from microservices.deploy.emulator import CannotStart
from microservices.deploy.local_aws import PORT, STATE, LocalAws, local_aws
from microservices.deploy.modules import MissingModule
from microservices.deploy.stacks import DeploymentFailed

LAST_PORT = 65_535


class _Stop(Exception):
    """The process received SIGTERM or SIGINT."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the system in the foreground. Return 0 after a signal; print one line to stderr and return 1 if it fails."""
    parser = _Parser(prog="python -m microservices", description="Run the services on a local AWS.")
    parser.add_argument(
        "--port", type=_port, default=PORT, help="port of the local AWS, or the next free one (%(default)s)"
    )
    parser.add_argument("--run-dir", type=Path, default=Path(".run"), help="folder for logs (%(default)s)")
    options = parser.parse_args(arguments)
    for kind in (signal.SIGTERM, signal.SIGINT):
        signal.signal(kind, _on_signal)
    try:
        administrators = os.environ.get("ADMINISTRATORS", "")
        with (
            local_aws(options.run_dir, options.port, administrators=administrators) as stack,
            _state_file(options.run_dir, stack),
        ):
            stack.emulator.process.wait()
    except _Stop:
        return 0
    except (CannotStart, DeploymentFailed, MissingModule) as problem:
        print("microservices:", *str(problem).splitlines(), file=sys.stderr)  # a path may contain line breaks
        return 1
    print(f"microservices: the local AWS ended by itself (log: {stack.emulator.log})", file=sys.stderr)
    return 1


class _Parser(argparse.ArgumentParser):
    """An argument parser whose usage errors are one line with exit status 3, as in the load tests."""

    def error(self, message: str) -> NoReturn:
        self.exit(3, f"{self.prog}: {' '.join(message.split())[:600]}\n")


def _port(word: str) -> int:
    number = int(word) if word.isdecimal() and len(word) < 10 else 0
    if not 0 < number <= LAST_PORT:
        raise argparse.ArgumentTypeError(f"{word[:40]} is not a port from 1 to {LAST_PORT}")
    return number


def _on_signal(_signal: int, _frame: FrameType | None) -> None:
    for kind in (signal.SIGTERM, signal.SIGINT):
        signal.signal(kind, signal.SIG_IGN)  # a second signal must not interrupt the shutdown
    raise _Stop


@contextmanager
def _state_file(run_dir: Path, stack: LocalAws) -> Iterator[None]:
    """Write the state file for the duration of the block. It is renamed into place, so that a reader never sees a partial file."""
    state = run_dir / STATE
    draft = state.with_suffix(".draft")
    draft.write_text(
        json.dumps(
            {"url": stack.url, "live_url": stack.live_url, "pid": os.getpid(), "endpoint": stack.emulator.endpoint}
        ),
        encoding="utf-8",
    )
    draft.replace(state)
    print(stack.url, flush=True)
    try:
        yield
    finally:
        state.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
