"""What the workspace promises to whoever runs it: each environment holds what it is for."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OWN = {
    tomllib.loads(path.read_text(encoding="utf-8"))["project"]["name"]: path.parent
    for path in [ROOT / "core" / "pyproject.toml", *ROOT.glob("integrations/*/pyproject.toml")]
}


def name_of(requirement: str) -> str:
    return re.split(r"[\[<>=~! ]", requirement)[0]


def test_the_dev_group_holds_every_extra_of_every_distribution() -> None:
    """`uv run pytest` installs it by itself, so that no test skips for want of an extra."""
    root = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    held = {
        name_of(one): set(re.findall(r"[\w-]+", one.partition("[")[2].partition("]")[0]))
        for one in root["dependency-groups"]["dev"]
    }
    for name, folder in OWN.items():
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        assert held[name] == set(project.get("optional-dependencies", {}))
