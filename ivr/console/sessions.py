"""Sessions in the browser: one a device, which begins, is kept alive, and ends, by itself or when its owner wants it.

A page that asks again by itself sends the header `X-Background`: it then does not keep a session alive, and gets 401
when it is over. While somebody is on the telephone with a patient their session is held, an hour at most.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from flask import Flask, after_this_request, flash, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_security.tf_plugin import tf_clean_session
from flask_security.utils import logout_user

from ivr.console.security import Account, read_device, set_device, source, surroundings
from ivr.models import StaffDevice
from ivr.services.accounts import devices, signing_in
from ivr.services.accounts.attempts import Origin
from ivr.services.audit import Actor
from ivr.services.requests.case import LONGEST_TALK, minutes

HALF = timedelta(minutes=10)
"""How long half a sign-in lasts, from the password to the code."""

LONGEST = timedelta(hours=12)
"""How long a session lasts in all, however busy its owner is."""

SEEN_EVERY, LAST_SEEN_EVERY = timedelta(minutes=1), timedelta(minutes=5)
"""How exactly a session, and the account, know when they were last used: less often is fewer writes."""

SESSION = "session_secret"
"""Where the cookie has the secret of the device's session."""

BACKGROUND = "X-Background"


def begin(app: Flask, user: Account, **_: Any) -> None:
    """Begin a session in this browser, which is known from now on."""
    line = surroundings().line
    device = read_device() or devices.new_device()
    here = Origin(source(), device)
    session[SESSION] = signing_in.note_sign_in(line.database, Actor.of(user, source()), user.id, here, line.clock())
    after_this_request(partial(set_device, device=device))


def check() -> None:
    """End a session that was idle or lasted too long, unless a call holds it; note that the others were used."""
    now = surroundings().line.clock()
    if "tf_user_id" in session and now - _moment("began", now) > HALF:
        tf_clean_session()
    if not current_user.is_authenticated:
        return
    device = devices.find(surroundings().line.database, current_user.id, session.get(SESSION, ""))
    if device is None:
        _forget()
        return
    if ends_at(device) < now:
        idle = surroundings().line.idle.session
        was_idle = now - device.seen_at > idle
        _end(f"after {minutes(idle)} without activity" if was_idle else "after 12 hours", now)
        return
    g.session_device = device
    if BACKGROUND not in request.headers:
        _keep_seen(device, now)


def ends_at(device: StaffDevice) -> datetime:
    """When a session ends by itself, if nothing is done in it until then."""
    seen_last = min(device.seen_at + surroundings().line.idle.session, device.started_at + LONGEST)
    return max(seen_last, device.held_until or seen_last)


def seconds_left() -> int:
    """In how many seconds the session of this browser ends by itself; 0 when it has none."""
    device: StaffDevice | None = g.get("session_device")
    return max(int((ends_at(device) - surroundings().line.clock()).total_seconds()), 0) if device else 0


def hold_for_talk() -> None:
    """Whoever asks begins to call a patient: the session of this browser lasts until the longest talk is over."""
    line = surroundings().line
    devices.hold(line.database, current_user.id, session.get(SESSION, ""), line.clock() + LONGEST_TALK)


def sign_out() -> ResponseReturnValue:
    """End the session of this device, when its owner asks for it by the button; those of others go on."""
    tf_clean_session()
    if current_user.is_authenticated:
        _end("", surroundings().line.clock())
    return redirect(url_for("security.login"))


def sign_out_everywhere() -> None:
    """End the sessions of all devices of whoever asks, this one included."""
    line = surroundings().line
    who = Actor.of(current_user, source())
    signing_in.end_all_sessions(line.database, who, current_user.id, line.clock())
    _forget()
    flash("You are signed out on all devices.", "good")


def _end(why: str, now: datetime) -> None:
    """Of this device alone; those of others go on."""
    line = surroundings().line
    who = Actor.of(current_user, source())
    with suppress(*line.database.unavailable):
        signing_in.end_session(line.database, who, current_user.id, session.get(SESSION, ""), now, why)
    _forget()
    if why:
        flash(f"You were signed out {why}. Please sign in again.", "warn")


def _forget() -> None:
    """Whoever asks is signed out; nothing is changed but the cookie."""
    session.pop(SESSION, None)
    logout_user()


def _moment(name: str, now: datetime) -> datetime:
    return datetime.fromtimestamp(session.get(name, 0), now.tzinfo)


def _keep_seen(device: StaffDevice, now: datetime) -> None:
    if now - device.seen_at < SEEN_EVERY:
        return
    database, last = surroundings().line.database, current_user.last_seen_at
    with suppress(*database.unavailable):
        devices.note_seen(database, device, now, with_account=last is None or now - last >= LAST_SEEN_EVERY)
        device.seen_at = now
