"""What the workspace promises to whoever runs it: each environment holds what it is for."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
OWN = {
    tomllib.loads(path.read_text(encoding="utf-8"))["project"]["name"]: path.parent
    for path in [ROOT / "core" / "pyproject.toml", *ROOT.glob("integrations/*/pyproject.toml")]
}
EXAMPLES = sorted(path.name for path in (ROOT / "examples").glob("[!_]*.py"))


def head_of(path: Path) -> dict[str, Any]:
    """The metadata of a script (PEP 723)."""
    block = re.match(r"# /// script\n((?:#(?: .*)?\n)+?)# ///\n", path.read_text(encoding="utf-8"))
    assert block, f"{path.name} does not begin with its metadata"
    return tomllib.loads(re.sub(r"^# ?", "", block[1], flags=re.MULTILINE))


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


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_takes_the_projects_own_from_the_tree_and_all_else_with_a_floor(
    name: str,
) -> None:
    """Editable, so that a change of the tree is in the next run."""
    head = head_of(ROOT / "examples" / name)
    assert head["requires-python"] == ">=3.11"
    asked = {name_of(one): one for one in head["dependencies"]}
    sources = head["tool"]["uv"]["sources"]
    assert set(sources) == set(asked) & set(OWN)
    for own, source in sources.items():
        assert source["editable"] is True
        assert (ROOT / "examples" / source["path"]).resolve() == OWN[own]
    assert not [one for key, one in asked.items() if key not in OWN and ">=" not in one]
