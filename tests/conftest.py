"""What all tests share: how many processes run them."""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Run a single file, or one test of it, in this process; let pytest-xdist count otherwise."""
    named = [argument.partition("::")[0] for argument in config.args]
    return 0 if len(set(named)) == 1 and Path(named[0]).is_file() else None
