"""The browser of the tests: one that does not answer any more ends no run."""

import time

import psutil

from tests.support.staff_pages import close_context


def test_a_browser_that_does_not_answer_is_killed_and_another_started(browsers, server):
    context = browsers.get().new_context()
    context.new_page().goto(f"{server}/console/sign-in")
    for process in psutil.Process().children(recursive=True):
        if "chrom" in process.name():
            process.suspend()
    began = time.monotonic()
    close_context(context, seconds=1.0)
    assert time.monotonic() - began >= 1.0, "it was asked to close"
    assert not context.browser.is_connected()
    page = browsers.get().new_page()
    page.goto(f"{server}/console/sign-in")
    assert page.get_by_label("Password").is_visible()
    page.close()
