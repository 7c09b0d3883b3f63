"""The memory benchmark measures, and says so when the goal is missed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "memory.py"

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(
        not Path("/proc/self/clear_refs").exists(), reason="the peak is Linux's to tell"
    ),
]


def run(*options):
    return subprocess.run(
        [sys.executable, str(BENCHMARK), *options],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ, "AWS_DEFAULT_REGION": "us-east-1"},
    )


@pytest.mark.parametrize(("store", "way"), [("directory", "async"), ("s3", "sync")])
def test_a_download_is_measured_and_keeps_the_goal(store, way):
    """One line for the store, with memory that a running client really holds."""
    done = run("--sizes", "1", "--stores", store, "--ways", way)
    assert done.returncode == 0, done.stderr
    found = re.search(rf"^{store} +{way} +1 +([\d.]+) +([\d.]+) MiB +[\d.]+$", done.stdout, re.M)
    assert found, done.stdout
    assert float(found[1]) > 20
    assert 0 <= float(found[2]) <= 16


def test_a_missed_goal_fails():
    """No store at all keeps a goal of nothing."""
    done = run("--sizes", "5", "--stores", "directory", "--ways", "sync", "--goal", "0")
    assert done.returncode == 1
    assert "over the goal" in done.stdout
