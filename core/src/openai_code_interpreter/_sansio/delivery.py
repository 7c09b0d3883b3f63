"""The files of one response on their way: who is fetched, who is stored, what is told.

A file is fetched into staging first and gets its place in the store only when it is certain that no
file before it has the same bytes. So each file is delivered once, and always the same one of two
equal ones, whichever download is quicker: a file waits for those before it that may still turn out
to be its equal, and for nobody else.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

from openai_code_interpreter._sansio.options import DeliveryOptions
from openai_code_interpreter._sansio.plan import ArtifactTarget, FileKey
from openai_code_interpreter._sansio.results import Artifact, InlineReader, Reader
from openai_code_interpreter._sansio.wire import Wire
from openai_code_interpreter.errors import ArtifactError, ArtifactTooLargeError

__all__ = [
    "Commit",
    "Deliveries",
    "Fetch",
    "Job",
    "ListFiles",
    "Outcome",
    "StagedFile",
    "StagingArea",
]


class StagedFile(Protocol):
    """A file on its way into a store: whole in the end, or not there at all."""

    expected: int | None
    """The size in bytes that was announced, if one was."""

    @property
    def target(self) -> ArtifactTarget:
        """The file that this is to become."""

    @property
    def size(self) -> int:
        """How many bytes have come."""

    @property
    def sha256(self) -> str:
        """The hexadecimal digest of what has come."""

    def announce(self, size: int | None, *, max_bytes: int | None = None) -> None:
        """Take the size that was announced, before the first byte comes."""

    def write(self, chunk: bytes) -> None:
        """Take the next piece."""

    def reset(self) -> None:
        """Forget everything that was written, to be written again from byte zero."""

    def seal(self) -> None:
        """Say that all has come."""

    def commit(self) -> Artifact:
        """Give the file its name in the store."""

    def abort(self) -> None:
        """Leave nothing behind; does nothing once the file is in the store."""


class StagingArea(Protocol):
    """Where the files of one response are gathered before they get their place in a store."""

    def stage(self, target: ArtifactTarget) -> StagedFile:
        """Begin a file. Files of one response share its cap."""

    def read_later(self, target: ArtifactTarget) -> Reader | None:
        """Return the reader of a file that is fetched when it is read; None if nobody can."""


@dataclass(frozen=True, slots=True, eq=False)
class Fetch:
    """Bring a file's bytes to its place of staging."""

    staged: StagedFile


@dataclass(frozen=True, slots=True, eq=False)
class Commit:
    """Give a staged file its name in the store."""

    staged: StagedFile


@dataclass(frozen=True, slots=True, eq=False)
class ListFiles:
    """Ask a container for all its files."""

    container_id: str


Job: TypeAlias = Fetch | Commit | ListFiles

Outcome: TypeAlias = Artifact | ArtifactError | list[Wire] | None
"""What comes of a job: a `Commit` gives an artifact, `ListFiles` the file objects, `Fetch` nothing;
each of them perhaps an error."""


class _State(enum.Enum):
    FETCHING = enum.auto()
    STAGED = enum.auto()
    STORING = enum.auto()
    SETTLED = enum.auto()


@dataclass(slots=True, eq=False)
class _File:
    """One file and how far it is. In the end it is an artifact, an error, or another's double."""

    target: ArtifactTarget
    state: _State
    staged: StagedFile | None = None
    outcome: Artifact | ArtifactError | None = None
    double_of: _File | None = None
    told: bool = False

    def may_equal(self, other: _File) -> bool:
        """Whether this file, still on its way, may come to have the bytes of another."""
        if self.state is not _State.FETCHING or self.staged is None or other.staged is None:
            return False
        return self.staged.expected in (None, other.staged.size)


class Deliveries:
    """All files of one response, in the order in which they became known.

    Args:
        options: What the caller wants.
        staging: Where they are gathered.
    """

    def __init__(self, options: DeliveryOptions, staging: StagingArea) -> None:
        self._options = options
        self._staging = staging
        self._files: list[_File] = []
        self._known: set[FileKey] = set()
        self._names: set[str] = set()
        self._jobs: list[Job] = []
        self._at_work: dict[StagedFile, _File] = {}
        self.held = False
        """Whether to store and tell nothing now: a text is still naming its files."""

    @property
    def busy(self) -> bool:
        """Whether anything is still to be done or told."""
        return any(not file.told for file in self._files)

    @property
    def artifacts(self) -> list[Artifact]:
        """The files that were told, in order."""
        return [
            file.outcome for file in self._files if file.told and isinstance(file.outcome, Artifact)
        ]

    @property
    def failures(self) -> list[ArtifactError]:
        """The errors that were told, in order."""
        return [
            file.outcome
            for file in self._files
            if file.told and isinstance(file.outcome, ArtifactError)
        ]

    @property
    def undecided(self) -> set[FileKey]:
        """The files of which it is not known yet where they lie."""
        return {file.target.key for file in self._files if not file.told}

    def located(self) -> Iterator[tuple[ArtifactTarget, str | None]]:
        """Yield each settled file and where it lies; the double of another lies where that does."""
        for file in self._files:
            outcome = (file.double_of or file).outcome
            if file.told:
                yield file.target, outcome.location if isinstance(outcome, Artifact) else None

    def add(self, target: ArtifactTarget) -> None:
        """Take a file that became known; one that is known already is passed over."""
        if target.file_id is not None:
            if target.key in self._known:
                return
            self._known.add(target.key)
        if len(self._files) >= self._options.max_files:
            limit = self._options.max_files
            msg = f"{target.filename!r} is beyond the cap of {limit} files; raise max_files"
            error = ArtifactTooLargeError(msg, limit=limit, **target.where)
            self._files.append(_File(target, _State.SETTLED, outcome=error))
            return
        target = target.distinct(self._names)
        mode = self._options.fetch
        if mode == "none" or (target.data is None and (mode == "lazy" or not target.eager)):
            self._files.append(_File(target, _State.SETTLED, outcome=self._unfetched(target)))
            return
        staged = self._staging.stage(target)
        file = _File(target, _State.FETCHING, staged=staged)
        self._files.append(file)
        self._at_work[staged] = file
        self._jobs.append(Fetch(staged))

    def fail(self, error: ArtifactError) -> None:
        """Take a file, or a whole listing, of which only an error is known."""
        target = ArtifactTarget(filename=error.filename or "")
        self._files.append(_File(target, _State.SETTLED, outcome=error))

    def jobs(self) -> list[Job]:
        """Return the jobs that are due, each once."""
        self._decide()
        due, self._jobs = self._jobs, []
        return due

    def settle(self, job: Fetch | Commit, outcome: Outcome) -> None:
        """Take what came of a job."""
        file = self._at_work[job.staged]
        if isinstance(outcome, Artifact | ArtifactError):
            job.staged.abort()  # does nothing to a file that was stored
            file.state, file.outcome = _State.SETTLED, outcome
        else:
            file.state = _State.STAGED
        self._decide()

    def tell(
        self, describe: Callable[[Sequence[Artifact]], list[Artifact]]
    ) -> list[Artifact | ArtifactError]:
        """Return what was settled since the last time.

        Args:
            describe: Adds to artifacts what the response says of them.
        """
        if self.held:
            return []
        news = [file for file in self._files if file.state is _State.SETTLED and not file.told]
        ready = [file for file in news if isinstance(file.outcome, Artifact)]
        artifacts = [file.outcome for file in ready if isinstance(file.outcome, Artifact)]
        for file, artifact in zip(ready, describe(artifacts) if artifacts else (), strict=True):
            file.outcome = artifact
        for file in news:
            file.told = True
        return [file.outcome for file in news if file.outcome is not None]

    def abandon(self) -> None:
        """Give up whatever is not stored yet; nothing of it stays behind."""
        self._jobs.clear()
        for staged, file in self._at_work.items():
            if file.state is not _State.SETTLED:
                staged.abort()

    def _decide(self) -> None:
        """Store the staged files that can be no other's double, and drop those that are."""
        if self.held:
            return
        for place, file in enumerate(self._files):
            if file.state is not _State.STAGED or file.staged is None:
                continue
            same = self._stored_with(file.staged.sha256)
            if same is not None:
                file.staged.abort()
                file.state, file.double_of = _State.SETTLED, same
            elif not any(other.may_equal(file) for other in self._files[:place]):
                file.state = _State.STORING
                self._jobs.append(Commit(file.staged))

    def _stored_with(self, sha256: str) -> _File | None:
        for file in self._files:
            stored = file.state is _State.STORING or isinstance(file.outcome, Artifact)
            if stored and file.staged is not None and file.staged.sha256 == sha256:
                return file
        return None

    def _unfetched(self, target: ArtifactTarget) -> Artifact:
        artifact = target.unfetched()
        if target.data is not None:
            return replace(artifact, reader=InlineReader(target.data))
        if self._options.fetch == "none":
            return artifact
        return replace(artifact, reader=self._staging.read_later(target))
