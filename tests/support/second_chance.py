"""A second chance for tests with a browser: on a busy machine a page may be looked at before it is all there.

No other test has one: a call, a request or a key that is lost once in a hundred runs is a fault. Who needed it is told,
with what went wrong at first, and ten of them are too many for one run.
"""

import pytest

MOST = 10
"""Second chances in a run."""


class SecondChance:
    """A plugin: lets pytest-rerunfailures run a failed test with a browser once more, and shows the first failure."""

    def pytest_configure(self, config):
        config.option.max_suite_reruns = MOST

    def pytest_collection_modifyitems(self, items):
        for item in items:
            if "launch" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.flaky(reruns=1))

    def pytest_terminal_summary(self, terminalreporter):
        if not (again := terminalreporter.stats.get("rerun")):
            return
        terminalreporter.section("run once more, after this")
        for report in again:
            terminalreporter.write_line(f"{report.nodeid} ({report.when})", bold=True)
            terminalreporter.write_line(report.longreprtext)
