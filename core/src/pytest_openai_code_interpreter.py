"""A pytest plugin: one mark that replays, or records, what a test says to the OpenAI API.

```python
@pytest.mark.code_interpreter_cassette
def test_my_chain(): ...
```

The mark is that of pytest-recording (`vcr`) with the settings of
`openai_code_interpreter.testing.cassettes`; the cassette lies beside the test's module, in
`cassettes/<module>/<test>.yaml`. Without further options a test replays it. With
`--record-mode=rewrite` and a key it is recorded; a test that fails writes none.

pytest imports this module in every run of everyone who has the package, so nothing but pytest is
imported here until a test bears the mark.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from typing import Any

import pytest

__all__ = ["MARK"]

MARK = "code_interpreter_cassette"

_OPTION = "--code-interpreter-strict-cassettes"
_SETTING = "code_interpreter_strict_cassettes"
_KEY = "OPENAI_API_KEY"
_RECORD = "OPENAI_API_KEY=… pytest --record-mode=rewrite"

# pytest-recording's hook is not told for which test it is called.
_running = pytest.StashKey[pytest.Item]()
_failed = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the strict mode."""
    words = "fail a replayed test that leaves interactions of its cassette unplayed"
    group = parser.getgroup("openai-code-interpreter")
    group.addoption(_OPTION, action="store_true", default=False, help=words)
    parser.addini(_SETTING, words, type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark."""
    config.addinivalue_line(
        "markers",
        f"{MARK}(max_file_bytes=…, **vcr_options): replay what the test says to the OpenAI API "
        "from a cassette, or record it (--record-mode=rewrite)",
    )


def pytest_itemcollected(item: pytest.Item) -> None:
    """Turn the mark into pytest-recording's."""
    mark = item.get_closest_marker(MARK)
    if mark is None:
        return
    plugins = item.config.pluginmanager
    if not any(plugins.hasplugin(name) for name in ("recording", "pytest_recording.plugin")):
        msg = (
            f"@pytest.mark.{MARK} needs pytest-recording: "
            "pip install 'openai-code-interpreter[testing]'"
        )
        raise pytest.UsageError(msg)
    from openai_code_interpreter.testing.cassettes import vcr_config  # noqa: PLC0415

    options = {key: value for key, value in mark.kwargs.items() if key != "max_file_bytes"}
    try:
        settings = vcr_config(**options)
    except ValueError as error:
        msg = f"{item.nodeid}: @pytest.mark.{MARK}: {error}"
        raise pytest.UsageError(msg) from error
    item.add_marker(pytest.mark.vcr(*mark.args, **settings), append=False)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Keep the test for the hook below."""
    item.config.stash[_running] = item


@pytest.hookimpl(optionalhook=True)  # else nobody could run pytest without pytest-recording
def pytest_recording_configure(config: pytest.Config, vcr: Any) -> None:
    """Write the cassettes of marked tests, and of no others, in this package's way."""
    item = config.stash.get(_running, None)
    mark = item.get_closest_marker(MARK) if item is not None else None
    if item is None or mark is None:
        return
    from openai_code_interpreter.testing import cassettes  # noqa: PLC0415

    limit = {key: value for key, value in mark.kwargs.items() if key == "max_file_bytes"}
    cassettes.configure(vcr, cassettes.CassetteWriter(scenario=item.name, **limit))


@pytest.fixture(autouse=True)
def _code_interpreter_cassette(request: pytest.FixtureRequest) -> Iterator[None]:
    """Around a marked test: misses that are errors at once, and a cassette only of a success."""
    if request.node.get_closest_marker(MARK) is None:
        yield
        return
    from openai_code_interpreter.testing.cassettes import misses_at_once  # noqa: PLC0415

    cassette = request.getfixturevalue("vcr")
    with misses_at_once(_command(request.node.nodeid)), pytest.MonkeyPatch.context() as patch:
        if cassette is not None and cassette.write_protected and not os.environ.get(_KEY):
            patch.setenv(_KEY, "replayed, so no key is needed")  # the SDK wants some key
        yield
    if cassette is None:  # --disable-recording
        return
    try:
        failed = request.node.stash.get(_failed, True)
        if cassette.dirty and not failed:
            _save(cassette)
        elif not failed and _is_strict(request.config) and not cassette.all_played:
            left = len(cassette) - len(cassette.play_counts)
            pytest.fail(
                f"{left} of {len(cassette)} interactions of {cassette._path} were not played; "  # noqa: SLF001
                f"if they are not needed any more: {_command(request.node.nodeid)}",
                pytrace=False,
            )
    finally:
        # Saved here or not at all. vcrpy would do it on its way out, a failed test's as well, and
        # an error there would leave its patches in place for the tests that follow.
        cassette.dirty = False


def _save(cassette: Any) -> None:
    from openai_code_interpreter.testing.cassettes import CassetteError  # noqa: PLC0415

    try:
        cassette._save()  # noqa: SLF001 - vcrpy offers no other way to save before it leaves
    except CassetteError as error:
        pytest.fail(str(error), pytrace=False)


def _is_strict(config: pytest.Config) -> bool:
    return bool(config.getoption(_OPTION) or config.getini(_SETTING))


def _command(nodeid: str) -> str:
    return f"{_RECORD} '{nodeid}'"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note how a marked test ended, and whether for a miss."""
    report = yield
    if item.get_closest_marker(MARK) is None or call.when != "call":
        return report
    item.stash[_failed] = not report.passed
    error = call.excinfo.value if call.excinfo is not None else None
    miss = _miss_behind(error)
    if report.failed and miss is not None:
        report.sections.append(("cassette miss", str(miss)))
    return report


def _miss_behind(error: BaseException | None) -> BaseException | None:
    """The miss among an error and its causes: it has what no other error has."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if hasattr(error, "cassette") and hasattr(error, "failed_request"):
            return error
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return None


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Name the tests whose cassettes lack an answer, and the way to record them."""
    missed = [
        report.nodeid
        for report in terminalreporter.stats.get("failed", [])
        if any(title == "cassette miss" for title, _ in report.sections)
    ]
    if not missed:
        return
    terminalreporter.section("cassette misses")
    for nodeid in missed:
        terminalreporter.write_line(f"re-record: {_command(nodeid)}")
    terminalreporter.write_line("Then read the difference before you commit it.")
