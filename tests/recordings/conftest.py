"""The recordings of the real API, one test parameter each.

A test that takes `stream`, `response` or `body` runs once for each recorded stream, recorded
response object, or other recorded JSON body. The recordings lie beside the repository.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

HERE = Path(__file__).parent
RECORDINGS = HERE.parents[2] / "shared" / "recordings"
ALONE = "test_recordings_are_at_hand"
"""The one test that is left, and skips, where the recordings are not."""

settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.load_profile("repeatable")


@dataclass(frozen=True)
class Recording:
    """One recorded body."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @cached_property
    def data(self) -> Any:
        """The JSON of a body."""
        return json.loads(self.path.read_text("utf-8"))

    @cached_property
    def events(self) -> list[dict[str, Any]]:
        """The events of a stream, as the dicts that were sent."""
        lines = self.path.read_text("utf-8").split("\n")
        return [json.loads(line[6:]) for line in lines if line.startswith("data: ")]

    @property
    def final(self) -> dict[str, Any]:
        """The response object of a stream's last event."""
        return self.events[-1]["response"]


def _bodies() -> list[Recording]:
    paths = sorted(RECORDINGS.glob("*.json"))
    return [Recording(path) for path in paths if not path.name.endswith(".meta.json")]


def _is_response(recording: Recording) -> bool:
    return isinstance(recording.data, dict) and recording.data.get("object") == "response"


def _parameters(name: str) -> list[Recording]:
    if name == "stream":
        return [Recording(path) for path in sorted(RECORDINGS.glob("*.sse"))]
    return [body for body in _bodies() if _is_response(body) == (name == "response")]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name in ("stream", "response", "body"):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, _parameters(name), ids=lambda recording: recording.name)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if RECORDINGS.is_dir():
        return
    idle = [item for item in items if HERE in item.path.parents and item.name != ALONE]
    items[:] = [item for item in items if item not in idle]
    config.hook.pytest_deselected(items=idle)


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of the recordings; without it, the test skips."""
    if not RECORDINGS.is_dir():
        pytest.skip("no recordings of the real API at ../shared/recordings")
    return RECORDINGS
