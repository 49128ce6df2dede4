"""Count views in memory and write them in batches, so that a read costs no statement. Twin: microservices/posts/views.py."""

import logging
from collections import Counter
from datetime import datetime
from threading import Lock

from monolith.database import UnitOfWork
from monolith.trending.store import SqlTrends
from shared_domain.errors import Unavailable
from shared_domain.trending import Counts, View, window_of

FLUSH_SECONDS = 0.5
MAX_ENTRIES = 10_000  # about 2 MB

_log = logging.getLogger("monolith.trending")


class Views:
    """The views that this process has counted since the last flush, by window and post. Safe between threads."""

    def __init__(self, unit_of_work: UnitOfWork[SqlTrends], *, max_entries: int = MAX_ENTRIES) -> None:
        self._unit_of_work = unit_of_work
        self._max_entries = max_entries
        self._lock = Lock()
        self._counts: Counter[tuple[datetime, str]] = Counter()
        self._dropped = 0

    def record(self, view: View) -> None:
        """Count the view. Drop and log it if the buffer is full, which happens while the database is unavailable."""
        self._add({(window_of(view.at), view.post_id): 1})

    def flush(self) -> None:
        """Write the counts. If the database is unavailable, keep them for the next flush and raise Unavailable.

        If the commit fails, its outcome is unknown. The counts are then dropped: losing a view is better than counting it twice.
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
                _log.warning(
                    "dropped %d views: the database became unavailable during the commit", sum(counts.values())
                )
            else:
                self._add(counts)
            raise

    def _add(self, counts: Counts) -> None:
        with self._lock:
            for key, count in counts.items():
                if key in self._counts or len(self._counts) < self._max_entries:
                    self._counts[key] += count
                else:
                    self._dropped += count
