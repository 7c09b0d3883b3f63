"""Who still uses which upload, so that none is deleted under somebody's request."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable

from openai_code_interpreter.inputs.mounting import Uploaded

__all__ = ["Lease", "Leases"]


class Lease:
    """The uploads that one request uses, from the moment it has them until it is over."""

    def __init__(self) -> None:
        self.ids: dict[str, bool] = {}
        """Each upload, and whether it was made for `files=` rather than handed in by its id."""


class Leases:
    """Counts the requests that use an upload. Safe between threads and event loops.

    An upload that is remembered may be on its way out: whoever is given it takes it first, and
    looks for another if it is too late.

    Args:
        is_ours: Whether an upload was made here and is not deleted yet.
        forget: Have nobody be given an upload any more.
    """

    def __init__(self, *, is_ours: Callable[[str], bool], forget: Callable[[str], None]) -> None:
        self._is_ours = is_ours
        self._forget = forget
        self._users: Counter[str] = Counter()
        self._leaving: set[str] = set()
        self._lock = threading.Lock()

    def take(self, file: Uploaded, lease: Lease) -> bool:
        """Whether a request has an upload from now on; False if it is being deleted."""
        with self._lock:
            is_late = file.file_id in self._leaving or not self._is_ours(file.file_id)
            if file.owned and is_late:
                return False
            if file.file_id not in lease.ids:
                self._users[file.file_id] += 1
            lease.ids[file.file_id] = file.owned or lease.ids.get(file.file_id, False)
            return True

    def end(self, lease: Lease, *, cleanup: bool) -> list[str]:
        """Say that a request is over; return the ids to be deleted now.

        Args:
            lease: What it used.
            cleanup: Whether the uploads are to be deleted that were made for it, or taken over.
        """
        with self._lock:
            ids, lease.ids = lease.ids, {}
            self._users.subtract(ids.keys())
            free = [file_id for file_id in ids if self._users[file_id] <= 0]
            for file_id in free:
                del self._users[file_id]
            if not cleanup:
                return []
            doomed = [file_id for file_id in free if ids[file_id] and self._is_ours(file_id)]
            self._leaving.update(doomed)
            for file_id in doomed:
                self._forget(file_id)
            return doomed

    def gone(self, ids: Iterable[str]) -> None:
        """Say that deleting these was tried; one that is still there may be used again."""
        with self._lock:
            self._leaving.difference_update(ids)
