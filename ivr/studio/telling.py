"""Doing what a form of the studio asks for, and telling on the next page what came of it."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from ivr.services.prompts.versions import VersionError


def done_and_told(work: Callable[[], str], page: str) -> ResponseReturnValue:
    """Do it, and lead to a page (its endpoint) with what came of it, or why nothing did."""
    try:
        flash(work(), "good")
    except VersionError as error:
        flash(str(error), "bad")
    return redirect(url_for(page))
