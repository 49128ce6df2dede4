"""Views are counted in the process and kept in batches: a read costs no statement. Twin: microservices/posts/views.py."""

import logging
from collections import Counter
from datetime import datetime
from threading import Lock

from monolith.database import UnitOfWork
from monolith.trending.store import SqlTrends
from shared_domain.errors import Unavailable
from shared_domain.trending import Counts, View, window_of

FLUSH_SECONDS = 0.5
MAX_WAITING = 10_000  # pairs of window and post, some 2 MB

_log = logging.getLogger("monolith.trending")


class Views:
    """What this process has counted since it last kept something. Any thread may note, the background flushes."""

    def __init__(self, unit_of_work: UnitOfWork[SqlTrends], *, most: int = MAX_WAITING) -> None:
        self._unit_of_work = unit_of_work
        self._most = most
        self._lock = Lock()
        self._counts: Counter[tuple[datetime, str]] = Counter()
        self._dropped = 0

    def record(self, view: View) -> None:
        """Count the view. Drop and log it if the buffer is full, which happens while the database is unavailable."""
        self._add({(window_of(view.at), view.post_id): 1})

    def flush(self) -> None:
        """Keep what was counted. Raise Unavailable where the database is unavailable: then it is counted still.

        But where it goes away at the commit, nobody knows whether that came through: a view is lost rather than counted twice.
        """
        with self._lock:
            counts, self._counts = self._counts, Counter()
            dropped, self._dropped = self._dropped, 0
        if dropped:
            _log.warning("dropped %d views: the buffer was full", dropped)
        if not counts:
            return
        added = False
        try:
            with self._unit_of_work() as store:
                store.add(counts)
                added = True
        except Unavailable:
            if added:
                _log.warning("dropped %d views: the database went away at their commit", sum(counts.values()))
            else:
                self._add(counts)
            raise

    def _add(self, counts: Counts) -> None:
        with self._lock:
            for key, number in counts.items():
                if key in self._counts or len(self._counts) < self._most:
                    self._counts[key] += number
                else:
                    self._dropped += number
