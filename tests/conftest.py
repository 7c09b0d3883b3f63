"""What all tests share: how many processes run them, and what these need not do again."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import certifi
import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Let the processes of a run share compiled modules where Python may write none.

    Containers and CI often set PYTHONDONTWRITEBYTECODE; each process that a test starts would
    compile the SDK and the frameworks anew, for seconds. They are kept in pytest's cache.
    """
    cache = getattr(config, "cache", None)  # which `-p no:cacheprovider` takes away
    if sys.dont_write_bytecode and cache is not None and os.access(config.rootpath, os.W_OK):
        os.environ["PYTHONPYCACHEPREFIX"] = str(cache.mkdir("bytecode"))
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Run a single file, or one test of it, in this process; let pytest-xdist count otherwise."""
    named = [argument.partition("::")[0] for argument in config.args]
    return 0 if len(set(named)) == 1 and Path(named[0]).is_file() else None


@pytest.fixture(scope="session", autouse=True)
def _one_root_certificate(tmp_path_factory):
    """Let clients read one root certificate: reading them all takes longer than most tests.

    The SDK's clients read them when they are made, also those that only talk to loopback.
    """
    end = "-----END CERTIFICATE-----\n"
    first, _, _ = Path(certifi.where()).read_text(encoding="utf-8").partition(end)
    path = tmp_path_factory.mktemp("certificates") / "one.pem"
    path.write_text(first + end, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(path))
        yield
