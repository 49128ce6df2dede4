"""The load generator in a process of its own, so that its CPU time is its own."""

import subprocess
import sys
from types import TracebackType
from typing import Self

import msgspec

from loadtests.errors import RunError
from loadtests.load import BlockResult, LoadPlan, Reply
from loadtests.processes import ROOT, environment


class LoadFailed(RunError):
    """The load process cannot offer a plan, or ended before it answered."""


class LoadProcess:
    """The load process, for the length of a `with` block. One process serves all blocks, so its start is paid once."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "loadtests.block_runner"],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._process.communicate()
        self._process.kill()
        self._process.communicate()

    def run(self, plan: LoadPlan) -> BlockResult:
        """Offer the load of one plan and return the result. Takes as long as the plan says.

        Raise LoadFailed if the process cannot offer it, or has ended.
        """
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: S101 - both are pipes
        try:
            self._process.stdin.write(msgspec.json.encode(plan) + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError as gone:
            raise LoadFailed("the load process ended") from gone
        return self._reply()

    def _reply(self) -> BlockResult:
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        line = self._process.stdout.readline()
        if not line:
            raise LoadFailed(f"the load process ended with {self._process.wait()}")
        reply = msgspec.json.decode(line, type=Reply)
        if reply.block is None:
            raise LoadFailed(reply.failed)
        return reply.block
