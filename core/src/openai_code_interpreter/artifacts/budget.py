"""How many bytes the files of one response may have together."""

from __future__ import annotations

import threading

from openai_code_interpreter.errors import ArtifactTooLargeError

__all__ = ["ResponseBudget"]


class ResponseBudget:
    """Counts the bytes of one response's files, which may be fetched at the same time.

    Any thread may use it. What a file has taken is its own until it is given back, which a file
    that fails does; a file that was delivered keeps it.

    Args:
        limit: The cap in bytes.

    Example:
        ```python
        budget = ResponseBudget(64 * 1024 * 1024)
        budget.take(len(chunk))  # raises when that is too much
        ```
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._taken = 0
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"ResponseBudget({self.limit}, taken={self._taken})"

    @property
    def taken(self) -> int:
        """How many bytes are taken."""
        return self._taken

    def take(self, size: int) -> None:
        """Take so many bytes.

        Raises:
            ArtifactTooLargeError: If not so many are left; none is taken then.
        """
        with self._lock:
            if self._taken + size > self.limit:
                raise self.too_large()
            self._taken += size

    def give_back(self, size: int) -> None:
        """Give back so many bytes that were taken before."""
        with self._lock:
            self._taken -= size

    def too_large(self) -> ArtifactTooLargeError:
        """Return the error that says that the cap is reached."""
        msg = (
            f"the files of this response have more than {self.limit} bytes together; raise "
            "max_response_bytes to take them"
        )
        return ArtifactTooLargeError(msg, limit=self.limit)
