"""The journal of a run: a file in its run directory with one JSON line an event. `watch` shows it."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import time
from typing import Any

import psutil

from loadtests.histograms import decode, percentile_ms, percentiles
from loadtests.results import Freshness, SideBlock

NAME = "progress.jsonl"


class Journal:
    """Append events to a file, if there is one. A full disk ends the journal, not the run."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file

    @contextmanager
    def running(self, **about: Any) -> Iterator[None]:
        """Append the start of a run, with its process, and its end."""
        self.append("began", pid=os.getpid(), born=psutil.Process().create_time(), **about)
        how = "complete"
        try:
            yield
        except BaseException as ended:
            how = f"ended by {ended}" if str(ended) else type(ended).__name__
            raise
        finally:
            self.append("ended", how=how)

    def append(self, kind: str, **more: Any) -> None:
        """Append one event with its time in seconds since 1970."""
        if self._file is None:
            return
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a") as file:
                file.write(json.dumps({"kind": kind, "time": round(time(), 3), **more}) + "\n")
        except OSError:
            self._file = None

    def block(self, scenario: str, measured: SideBlock, *, seconds: float) -> None:
        """Append the result of a block. seconds: its length."""
        block = measured.block
        messages = decode(block.live.from_answer) if block.live else None
        self.append(
            "block",
            scenario=scenario,
            side=measured.side,
            at_s=measured.at_s,
            offered=round(block.offered / seconds, 1),
            rate=round(block.succeeded / seconds, 1),
            **percentiles(decode(block.latencies), 50, 95, 99),
            errors=block.errors,
            refused=block.refused,
            dropped=block.dropped,
            generator=round(block.cpu, 3),
            message_ms=round(percentile_ms(messages, 50), 1) if messages else None,
        )

    def lags(self, side: str, freshness: Freshness) -> None:
        """Append the median lag of each kind on a side."""
        known = {kind: round(median(lag.lags_ms), 1) for kind, lag in freshness.lags.items() if lag.lags_ms}
        self.append("lags", side=side, lags_ms=known)
