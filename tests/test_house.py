"""The house rules that a machine can hold."""

from __future__ import annotations

import ast
import gc
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(
    path for folder in ("core", "integrations") for path in (ROOT / folder).glob("**/src/**/*.py")
)
TESTS = sorted((ROOT / "tests").glob("**/*.py"))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring."""
    first = node.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    skipped = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
    return (node.end_lineno or 0) - node.lineno + 1 - skipped


def trees(paths: list[Path]) -> Iterator[tuple[Path, ast.Module]]:
    for path in paths:
        yield path, parsed(path.read_text(encoding="utf-8"))


def parsed(source: str) -> ast.Module:
    """The tree of a source, read while nothing is collected.

    Python 3.11's `ast.parse` raises `SystemError: AST constructor recursion depth mismatch`
    when the collector runs a finalizer inside it (https://github.com/python/cpython/issues/106905).
    What earlier tests left behind must not decide this one.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(source)
    finally:
        if collects:
            gc.enable()


def exports(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.Assign) and "__all__" in ast.unparse(node) for node in tree.body
    )


def test_functions_have_under_50_lines() -> None:
    long = [
        f"{name(path)}: {node.name} has {body_lines(node)}"
        for path, tree in trees(SOURCES)
        for node in functions(tree)
        if body_lines(node) >= 50
    ]
    assert not long, "\n".join(long)


def test_modules_say_what_they_are_for_and_public_ones_what_they_export() -> None:
    silent = [name(path) for path, tree in trees(SOURCES) if not ast.get_docstring(tree)]
    assert not silent, "no docstring: " + ", ".join(silent)
    vague = [
        name(path)
        for path, tree in trees(SOURCES)
        if not exports(tree) and not path.name.startswith("_")
    ]
    assert not vague, "no __all__: " + ", ".join(vague)


def test_no_package_under_tests_shadows_a_framework() -> None:
    assert not [name(path) for path in TESTS if path.name == "__init__.py"]


def test_every_test_asserts_something() -> None:
    marks = re.compile(r"assert|raises|warns|match|check|expect|verify|pytest\.skip|fail\(")
    silent = [
        f"{name(path)}::{node.name}"
        for path, tree in trees(TESTS)
        for node in functions(tree)
        if node.name.startswith("test") and not marks.search(ast.unparse(node))
    ]
    assert not silent, "\n".join(silent)


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


def test_the_list_of_rooms_has_a_line_for_every_module_and_no_other() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    told = re.findall(r"^- `([\w/]+)`: ", text.partition("### The rooms")[2], re.MULTILINE)
    rooms = []
    for path in SOURCES:
        package = path.relative_to(ROOT).as_posix().partition("/src/")[2].removesuffix(".py")
        inside = re.sub(
            r"^(openai_code_interpreter(/_sansio|/_io|/history|/testing)?|"
            r"langchain_openai_code_interpreter|"
            r"llama_index/llms/openai_code_interpreter)/?",
            "",
            package,
        )
        rooms.append(inside.removesuffix("/__init__").removesuffix("__init__"))
    rooms.remove("pytest_openai_code_interpreter")  # a module of its own beside the package
    assert sorted(told) == sorted(room for room in rooms if room)
