"""The house rules that a machine can hold."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(
    path for folder in ("core", "integrations") for path in (ROOT / folder).glob("**/src/**/*.py")
)
TESTS = sorted((ROOT / "tests").glob("**/*.py"))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring."""
    first = node.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    skipped = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
    return (node.end_lineno or 0) - node.lineno + 1 - skipped


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_a_module_is_one_idea_in_under_400_lines_with_functions_under_50(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < 400
    long = {node.name: body_lines(node) for node in functions(path) if body_lines(node) >= 50}
    assert not long


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_a_public_module_says_what_it_is_for_and_what_it_exports(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    if path.name == "worker.py":
        return  # a program of its own, run by the stand-in server
    exported = [
        node
        for node in tree.body
        if isinstance(node, ast.Assign) and "__all__" in ast.unparse(node)
    ]
    assert exported or path.name.startswith("_")


def test_no_package_under_tests_shadows_a_framework() -> None:
    assert not [name(path) for path in TESTS if path.name == "__init__.py"]


@pytest.mark.parametrize("path", TESTS, ids=name)
def test_every_test_asserts_something(path: Path) -> None:
    marks = re.compile(r"assert|raises|warns|match|check|expect|verify|pytest\.skip|fail\(")
    silent = [
        node.name
        for node in functions(path)
        if node.name.startswith("test") and not marks.search(ast.unparse(node))
    ]
    assert not silent


def test_every_dependency_has_a_floor() -> None:
    import tomllib

    for path in [
        ROOT / "pyproject.toml",
        *ROOT.glob("core/pyproject.toml"),
        *ROOT.glob("integrations/*/pyproject.toml"),
    ]:
        project = tomllib.loads(path.read_text(encoding="utf-8"))
        named = list(project["project"].get("dependencies", []))
        for extra in project["project"].get("optional-dependencies", {}).values():
            named += extra
        for group in project.get("dependency-groups", {}).values():
            named += group
        own = re.compile(
            r"^(openai-code-interpreter|langchain-openai-code|llama-index-llms-openai-code)"
        )
        without = [one for one in named if ">=" not in one and not own.match(one)]
        assert not without, path
