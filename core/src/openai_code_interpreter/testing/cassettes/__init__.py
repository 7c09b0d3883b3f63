"""Cassettes: recorded interactions that replay without a key, a network or a cent.

A cassette is a file of vcrpy, written so that it can be read in review and published: of the
headers only those that a replay needs, JSON indented, streams as literal text, files exact. Keys,
the ids of organizations, and what is random or encrypted are taken out of both sides, and a file
that would still hold a secret is not written. Its first lines say where it came from:

```yaml
# origin: stand-in
# scenario: demo-langchain
# recorded: 2026-11-22 with openai 3.54.0
```

Any vcrpy from 8.2 on loads the file; only writing needs this module. Below these lines openai 2
and 3 write the same, and so do two recordings of the same scenario of the stand-in server.

With pytest, mark a test with `@pytest.mark.code_interpreter_cassette`. Without, use `recording` and
`replaying`; one cassette at a time in a process, since vcrpy patches the transport's class. To
keep a set-up of pytest-recording of your own, use `vcr_config` and `configure`:

```python
@pytest.fixture(scope="session")
def vcr_config():
    return cassettes.vcr_config()


def pytest_recording_configure(config, vcr):
    cassettes.configure(vcr)
```
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

import vcr
from vcr.persisters.filesystem import CassetteNotFoundError
from vcr.serialize import deserialize

from openai_code_interpreter.testing.cassettes._filters import (
    MATCH_ON,
    clean_request,
    clean_response,
)
from openai_code_interpreter.testing.cassettes._misses import CassetteMiss, misses_at_once
from openai_code_interpreter.testing.cassettes._writer import (
    MAX_FILE_BYTES,
    CassetteError,
    CassetteLeakError,
    CassetteTooLargeError,
    CassetteWriter,
    header,
    save,
)

__all__ = [
    "CassetteError",
    "CassetteLeakError",
    "CassetteMiss",
    "CassetteTooLargeError",
    "CassetteWriter",
    "configure",
    "misses_at_once",
    "recording",
    "replaying",
    "vcr_config",
]

_SERIALIZER: Final = "yaml"
"""vcrpy's own name: pytest-recording makes the file's suffix of it."""


@contextmanager
def replaying(path: Path) -> Iterator[None]:
    """Answer every request from a cassette; one that it does not hold is a `CassetteMiss`.

    Args:
        path: The cassette.

    Raises:
        FileNotFoundError: If there is none.
    """
    if not path.is_file():
        msg = f"no cassette at {path}"
        raise FileNotFoundError(msg)
    with _vcr(CassetteWriter()).use_cassette(str(path), record_mode="none"), misses_at_once():
        yield


@contextmanager
def recording(
    path: Path,
    *,
    origin: Literal["live", "stand-in"],
    scenario: str,
    max_file_bytes: int = MAX_FILE_BYTES,
) -> Iterator[None]:
    """Send every request on its way and write what comes back to a new cassette.

    If the block raises, or the cassette is refused, an older one of that name stays as it is.

    Args:
        path: The cassette; an older one of that name is replaced.
        origin: Whether the other end is the real API or the stand-in server.
        scenario: What is played, in a word.
        max_file_bytes: The largest file that may be recorded.

    Raises:
        CassetteError: If the cassette would hold a secret, or too large a file.
    """
    writer = CassetteWriter(header(origin, scenario), max_file_bytes=max_file_bytes)
    tape = _vcr(writer)
    tape.register_persister(_Blank)
    with tape.use_cassette(str(path), record_mode="all") as cassette:
        try:
            yield
            # Here, not in vcrpy's own exit: an error there would leave the transport patched.
            save(path, {"requests": cassette.requests, "responses": cassette.responses}, writer)
        finally:
            cassette.dirty = False


def vcr_config(**overrides: Any) -> dict[str, Any]:
    """Return the settings of vcrpy that these cassettes need, for pytest-recording's fixture.

    Args:
        **overrides: Further settings, or others.

    Raises:
        ValueError: On a `record_mode`: pytest-recording prefers it to its own `--record-mode`, so
            that a test would go live where the command line forbids it.
    """
    if "record_mode" in overrides:
        msg = "leave record_mode to the command line: here it would beat --record-mode=none"
        raise ValueError(msg)
    return {
        "match_on": MATCH_ON,
        "before_record_request": clean_request,
        "before_record_response": clean_response,
        **overrides,
    }


def configure(tape: Any, writer: CassetteWriter | None = None) -> None:
    """Make a `vcr.VCR` write what this module writes, as UTF-8.

    Args:
        tape: The `vcr.VCR`, as pytest-recording hands it to `pytest_recording_configure`. Its
            persister goes on loading as it did.
        writer: The serializer, by default one without a header.
    """
    # vcrpy logs every request and response, headers included, before any filter sees them.
    logging.getLogger("vcr").setLevel(logging.WARNING)
    tape.register_serializer(_SERIALIZER, writer or CassetteWriter())
    tape.persister.save_cassette = save


def _vcr(writer: CassetteWriter) -> Any:
    tape = vcr.VCR(serializer=_SERIALIZER, **vcr_config())
    tape.register_persister(_Utf8Files())
    configure(tape, writer)
    return tape


class _Utf8Files:
    """Reads and writes cassettes as UTF-8; vcrpy's own way is the machine's encoding."""

    @staticmethod
    def load_cassette(path: str, serializer: CassetteWriter) -> Any:
        try:
            text = Path(path).read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise CassetteNotFoundError from error
        return deserialize(text, serializer)

    @staticmethod
    def save_cassette(path: str, cassette: Any, serializer: CassetteWriter) -> None:
        save(path, cassette, serializer)


class _Blank(_Utf8Files):
    """Begins without what was recorded before."""

    @staticmethod
    def load_cassette(path: str, serializer: CassetteWriter) -> Any:  # noqa: ARG004
        raise CassetteNotFoundError
