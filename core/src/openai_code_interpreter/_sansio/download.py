"""The course of one file's download: every decision that the sync and the async shell share.

A shell asks, reads and closes. Whether an answer is the file, whether a body was whole, whether it
is asked for again and what an error means is decided here, without input or output of its own.

A body whose length was announced is whole when so many bytes came; if none was announced, its size
is compared with the one that the API lists for the file. Where the API lists none (`bytes` is null
for some files) or does not answer, the body is taken as it is: it ended as HTTP says it should, and
refusing it would lose every file of such an API.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, urljoin, urlsplit

import openai
import tenacity

from openai_code_interpreter._sansio.api_errors import (
    MAX_ERROR_BYTES,
    error_message,
    failure,
    is_attachment,
    refusal,
)
from openai_code_interpreter._sansio.delivery import StagedFile
from openai_code_interpreter._sansio.plan import ArtifactTarget
from openai_code_interpreter.errors import (
    ArtifactError,
    ArtifactIncompleteError,
    ArtifactTransientError,
    ArtifactUnavailableError,
    ArtifactUnsafeError,
)

if TYPE_CHECKING:
    pass

__all__ = ["ATTEMPTS", "MAX_REDIRECTS", "READ_GAP", "RETRY_WAIT", "Download", "redirect_url"]

ATTEMPTS: Final = 3
"""How often a body is fetched that breaks; what the SDK repeats by itself comes on top."""

READ_GAP: Final = 60.0
"""The longest wait for the next bytes, in seconds."""

RETRY_WAIT: tenacity.wait.wait_base = tenacity.wait_random_exponential(multiplier=0.5, max=2)
"""The waits between the attempts, in seconds."""

_IDENTITY: Final = frozenset({"", "identity"})
_MOST_DIGITS: Final = 18


class Download:
    """What came of a download so far, and what is to be done next.

    Args:
        staged: Where the bytes go.
        max_bytes: The cap on the file.
        seconds: The time for all attempts together.
        announced: Called when the size is known, or known not to be announced.
        clock: What tells the time, in seconds.
    """

    def __init__(
        self,
        staged: StagedFile,
        *,
        max_bytes: int,
        seconds: float,
        announced: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._staged = staged
        self._target = staged.target
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._announced = announced
        self._clock = clock
        self._end = clock() + seconds
        self._attempt = 0
        self._redirects = 0
        self._whole = False
        self._first: ArtifactError | None = None
        self._head: bytearray | None = None
        self._url: str | None = None
        self.asks = True
        """Whether the content is to be asked for: at first, and after a redirect."""

    @property
    def at_hand(self) -> bool:
        """Whether the response itself brought the bytes, so that nothing is to be asked."""
        return self._target.data is not None

    @property
    def left(self) -> float:
        """How many seconds are left; never less than a millisecond."""
        return max(self._end - self._clock(), 0.001)

    def bring(self) -> None:
        """Take the bytes that the response itself brought."""
        data = self._target.data or b""
        self._staged.announce(len(data), max_bytes=self._max_bytes)
        self._announced()
        self._staged.write(data)
        self._staged.seal()

    def retrying(self) -> dict[str, Any]:
        """Return the options of tenacity's retrying: only a body that broke is asked for again."""
        return {
            "retry": tenacity.retry_if_exception_type(ArtifactIncompleteError),
            "stop": tenacity.stop_after_attempt(ATTEMPTS),
            "wait": RETRY_WAIT,
            "reraise": True,
        }

    def begin(self) -> None:
        """Begin an attempt, from byte zero.

        Raises:
            ArtifactUnavailableError: If the target names no container file.
            ArtifactTransientError: If the time is over.
            ArtifactStoreError: If the file was given up.
        """
        self._check_time()
        self._attempt += 1
        self._redirects = 0
        self._url = None
        self.asks = True
        self._staged.reset()

    def request(self, own_timeout: object) -> dict[str, Any]:
        """Return the arguments of the request for the content.

        Args:
            own_timeout: The client's own timeout, which holds where it is shorter.
        """
        return {
            **self.file(own_timeout),
            "extra_headers": {"Accept-Encoding": "identity"},
        }

    def file(self, own_timeout: object) -> dict[str, Any]:
        """Return the arguments of the request for what the API lists about the file."""
        target = self._target
        if not target.file_id or not target.container_id:
            msg = f"{target.filename!r} names no container file"
            raise ArtifactUnavailableError(msg, **target.where)
        return {
            "file_id": target.file_id,
            "container_id": target.container_id,
            "timeout": _timeout(own_timeout, min(READ_GAP, self.left)),
        }

    @contextmanager
    def asking(self) -> Iterator[str | None]:
        """Say what errors of a request for the content mean.

        Yields:
            The URL to ask, if a redirect led on; else None. It is one of the same origin.
        """
        self.asks = self._whole = False
        try:
            yield self._url
        except openai.APIStatusError as error:
            self._url = redirect_url(self._target, error, taken=self._redirects)
            if self._url is None:
                raise failure(self._target, error) from error
            self._redirects += 1
            self.asks = True
        except ArtifactError:
            raise
        except Exception as error:
            # What fails in closing neither hides an error nor spoils a body that had come.
            if self._first is not None:
                raise self._first from self._first.__cause__
            if not self._whole:
                raise failure(self._target, error) from error
        finally:
            self._first = None  # it holds the frames that hold this

    @contextmanager
    def reading(self, status: int, headers: Mapping[str, str]) -> Iterator[None]:
        """Look at an answer's head, and say what errors of its body mean.

        Raises:
            ArtifactUnsafeError: If the body is encoded: nothing is decompressed.
            ArtifactTooLargeError: If the announced size is over a cap.
        """
        try:
            self._look(status, headers)
            with self._naming_breaks():
                yield
        except ArtifactError as error:
            self._first = error
            raise
        self._whole = True

    def take(self, chunk: bytes) -> None:
        """Take the next piece of the body."""
        self._check_time()
        self._staged.write(chunk)
        if self._head is not None:
            self._head += chunk
            if len(self._head) > MAX_ERROR_BYTES:
                self._head = None

    @property
    def size_wanted(self) -> bool:
        """Whether the size that the API lists decides if the body is the file."""
        return self._staged.expected is None or self._message is not None

    @contextmanager
    def looking_up(self) -> Iterator[None]:
        """Pass over whatever goes wrong in asking what the API lists: the size is not known then.

        What comes of the time that it takes is seen at the next check.
        """
        with suppress(Exception):
            yield

    def end(self, listed: object) -> None:
        """Seal the file, if the body is it.

        Args:
            listed: The size in bytes that the API lists, if it was wanted and is known.

        Raises:
            ArtifactIncompleteError: If the size is another.
            ArtifactDownloadError: If the body is an error's.
        """
        staged, message = self._staged, self._message
        if message is not None and listed != staged.size:
            raise refusal(self._target, 200, message)
        if listed is None:
            listed = self._target.size  # what a listing said before
        if staged.expected is None and isinstance(listed, int):
            staged.expected = listed
        if staged.expected not in (None, staged.size):
            raise self._broken(None)
        staged.seal()

    def out_of_time(self) -> ArtifactTransientError:
        """Return the error that says that the time for the file is over."""
        staged = self._staged
        msg = (
            f"{self._name} did not come within {self._seconds:g} seconds ({staged.size} of "
            f"{_bytes(staged.expected)} came at attempt {self._attempt}); ask for it again later, "
            "or allow more time"
        )
        return ArtifactTransientError(msg, **self._target.where)

    @property
    def _name(self) -> str:
        return f"{self._target.filename!r} ({self._target.file_id})"

    @property
    def _message(self) -> str | None:
        return None if self._head is None else error_message(bytes(self._head))

    def _check_time(self) -> None:
        if self._clock() >= self._end:
            raise self.out_of_time()

    @contextmanager
    def _naming_breaks(self) -> Iterator[None]:
        try:
            yield
        except ArtifactError:
            raise
        except Exception as error:
            # The SDK lets a cut through as the HTTP library's own error, and the two libraries of
            # openai 2 and 3 have no common base for it. A wait that was cut to the time that was
            # left ends here, too.
            late = self._clock() >= self._end
            raise (self.out_of_time() if late else self._broken(error)) from error

    def _look(self, status: int, headers: Mapping[str, str]) -> None:
        if status != 200:
            raise refusal(self._target, status, "an answer of another kind than a file")
        self._refuse_encoded(headers)
        self._head = None if is_attachment(headers) else bytearray()
        self._staged.announce(_length(headers), max_bytes=self._max_bytes)
        self._announced()

    def _refuse_encoded(self, headers: Mapping[str, str]) -> None:
        encodings = headers.get("content-encoding", "").lower().split(",")
        if not {one.strip() for one in encodings} <= _IDENTITY:
            msg = (
                f"{self._name} came with Content-Encoding {','.join(encodings)[:40]!r} although it "
                "was asked for as it is, and nothing is decompressed; have the proxy between left "
                "out, or set to pass files unchanged"
            )
            raise ArtifactUnsafeError(msg, **self._target.where)

    def _broken(self, error: Exception | None) -> ArtifactIncompleteError:
        staged = self._staged
        reason = "" if error is None else f" ({type(error).__name__}: {error})"
        msg = (
            f"{self._name} was cut off: {staged.size} of {_bytes(staged.expected)} came{reason}, "
            f"at attempt {self._attempt} of {ATTEMPTS}; ask for it again later"
        )
        return ArtifactIncompleteError(
            msg, expected=staged.expected, received=staged.size, **self._target.where
        )


def _bytes(size: int | None) -> str:
    return "an unknown number of bytes" if size is None else f"{size} bytes"


def _length(headers: Mapping[str, str]) -> int | None:
    """Return the size in bytes that an answer announces, or None if that is no number."""
    announced = headers.get("content-length", "").strip()
    sensible = announced.isascii() and announced.isdecimal() and len(announced) <= _MOST_DIGITS
    return int(announced) if sensible else None


def _timeout(own: object, longest: float) -> openai.Timeout:
    """Return the client's timeout with none of its parts longer than so many seconds."""

    def part(name: str) -> float:
        value = own if isinstance(own, int | float) else getattr(own, name, None)
        return min(value, longest) if isinstance(value, int | float) else longest

    return openai.Timeout(
        connect=part("connect"), read=part("read"), write=part("write"), pool=part("pool")
    )


MAX_REDIRECTS: Final = 3
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_PORTS: Final[Mapping[str, int]] = {"http": 80, "https": 443}


def redirect_url(target: ArtifactTarget, error: openai.APIStatusError, *, taken: int) -> str | None:
    """Return where a redirect leads, or None if the answer is none.

    Args:
        target: The file.
        error: What the SDK raised for the answer.
        taken: How many redirects were followed before it.

    Raises:
        ArtifactUnsafeError: If it leads to another origin, or is one too many. The message names
            the origin only: a query may hold a signature.
    """
    location = error.response.headers.get("location")
    if error.status_code not in _REDIRECTS or not location:
        return None
    name = f"{target.filename!r} ({target.file_id})"
    if taken >= MAX_REDIRECTS:
        msg = f"{name} was redirected more than {MAX_REDIRECTS} times; that is followed no further"
        raise ArtifactUnsafeError(msg, **target.where)
    asked = urlsplit(str(error.response.url))
    try:
        found = _parsed(urljoin(asked.geturl(), location), beside=asked)
        origin = _origin(found)
    except ValueError:
        msg = f"{name} was redirected to what is no plain URL; that is not followed"
        raise ArtifactUnsafeError(msg, **target.where) from None
    if origin != _origin(asked):
        msg = (
            f"{name} was redirected (status {error.status_code}) to another origin, "
            f"{_shown(origin)!r}, and no URL of a response is fetched; use a base URL that sends "
            "files itself"
        )
        raise ArtifactUnsafeError(msg, **target.where)
    # Its own host literally: whatever another parser makes of the rest, it stays there.
    return SplitResult(asked.scheme, asked.netloc, found.path, found.query, "").geturl()


def _parsed(url: str, *, beside: SplitResult) -> SplitResult:
    """Split a URL; one that parsers read in different ways is a ValueError."""
    parts = urlsplit(url)
    if "\\" in url or ("@" in parts.netloc and parts.netloc != beside.netloc):
        raise ValueError
    return parts


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    return url.scheme, url.hostname, url.port or _PORTS.get(url.scheme)


def _shown(origin: tuple[str, str | None, int | None]) -> str:
    scheme, host, port = origin
    return f"{scheme}://{host or ''}" + (f":{port}" if port else "")
