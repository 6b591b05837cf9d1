"""The voice appointment line of a pain clinic. `create_app` is the only place where its parts are wired together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from flask import Flask, Response, redirect

from ivr import operations
from ivr.callflow.check import missing
from ivr.callflow.tree import build
from ivr.clients.twilio import TwilioRecordings
from ivr.config import PROMPTS, Config
from ivr.console import ADDRESS, create_console
from ivr.db import Database, Vault
from ivr.echo import Echo
from ivr.metrics import Metrics, Uncounted, metrics_folder
from ivr.phone import pages as phone_pages
from ivr.proxies import leads_here
from ivr.public import ADDRESSES as PATIENTS_PAGES
from ivr.public import create_public
from ivr.services.calendar import Calendars, calendar_of
from ivr.services.jobs import job_states
from ivr.services.line import IdleLimits, Line, OnCall
from ivr.services.numbers import dialable
from ivr.services.prompts.releases import EarlierAudio, Releases, read_audio, read_current
from ivr.services.recordings.listening import listen_by_phone
from ivr.services.recordings.recordings import find_audio
from ivr.services.scripts import LiveScripts, Script, read_scripts
from ivr.services.texts.words import Texting, read_texts
from ivr.studio import STUDIO, create_studio
from ivr.voice import bridge, media, texts, views, watching
from ivr.voice.breaker import Breaker
from ivr.voice.outage import Outage
from ivr.voice.render import Addresses, Renderer
from ivr.voice.signature import SignatureCheck

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Doors(StrEnum):
    """What a server lets in, by the name of its application in `wsgi.py`."""

    APP = "app"
    """Everything: calls and pages in one process, for a small clinic."""

    VOICE = "voice"
    """The carrier alone: calls, and the clips they play."""

    WEB = "web"
    """The pages: the staff's and the patients'."""


def create_line(config: Config) -> Line:
    """The line that the settings describe, for the web and for commands alike."""
    database = Database(config.database_url, Vault(config.data_keys))
    calendars = Calendars(database, calendar_of(config))
    languages = complete_languages(read_scripts(PROMPTS, config.languages, config.clinic_name))

    @lru_cache(maxsize=4)
    def scripts_of(clinic: str) -> Mapping[str, Script]:
        scripts = read_scripts(PROMPTS, config.languages, clinic)
        return scripts if languages == config.languages else {**scripts, **read_scripts(PROMPTS, languages, clinic)}

    return Line(
        database=database,
        tree=build(languages, dialable),
        calendars=calendars,
        desk_numbers=config.desk_numbers,
        on_call=OnCall(config.on_call_numbers, config.on_call_hours),
        texts=_texting(config, languages) if config.texts else None,
        clinic_number=config.clinic_number,
        staff_number=config.staff_number,
        idle=IdleLimits(timedelta(minutes=config.session_idle_minutes), timedelta(minutes=config.claim_idle_minutes)),
        speaks=config.voice == "say",
        scripts=LiveScripts(scripts_of(config.clinic_name), lambda: scripts_of(calendars.current().clinic)),
    )


def _texting(config: Config, languages: tuple[str, ...]) -> Texting:
    """How the line texts patients."""
    return Texting(
        config.text_name, config.sms_from, config.patient_url or config.staff_url, read_texts(PROMPTS, languages)
    )


def complete_languages(scripts: Mapping[str, Script]) -> tuple[str, ...]:
    """The languages that can say everything a caller may need to hear; the default one is always among them.

    One that cannot is not offered to callers; `doctor` and `/readyz` name what it lacks.
    """
    default, *others = scripts
    tree = build(tuple(scripts), dialable)
    complete = [language for language in others if not missing(tree, language, scripts[language].has)]
    return (default, *complete)


def create_app(
    config: Config, line: Line | None = None, metrics: Metrics | None = None, doors: Doors = Doors.APP
) -> Flask:
    """The web application of one deployment; tests pass a line with a clock or a database of their own.

    Each of `doors` answers what platforms ask; the pages' application has the calls inside, for its telephone.
    """
    app = Flask(__name__, static_folder=None)
    line = line or create_line(config)
    shipped = line.scripts.at_start if isinstance(line.scripts, LiveScripts) else line.scripts
    scripts = LiveScripts({one: shipped[one] for one in line.tree.languages}, lambda: line.scripts)
    signers = media.Signers.of(config.secret_key)
    recordings = TwilioRecordings(config.twilio_api_url, config.twilio_account_sid, config.twilio_auth_token)
    metrics = metrics or Metrics(metrics_folder())
    speaks = config.voice == "say"
    door = views.VoiceDoor(
        line=line,
        releases=Releases(line.database),
        renderer=Renderer(
            Addresses(config.public_base_url, signers.sign_recording, signers.sign_message),
            scripts,
            speaks=speaks,
            missing=watching.MissingPrompts(metrics, EarlierAudio(line.database).find),
        ),
        outage=Outage(config.public_base_url, shipped[config.languages[0]], config.desk_numbers),
        signature=SignatureCheck(config.twilio_account_sid, config.twilio_auth_token, config.public_base_url),
        breaker=Breaker(line.database.unavailable),
        metrics=metrics,
    )
    app.register_blueprint(views.create_blueprint(door))
    app.register_blueprint(bridge.create_blueprint(door))
    app.register_blueprint(texts.create_blueprint(door))
    read_prompt = partial(read_audio, line.database)
    unplayable = partial(read_current, line.database, "message_unplayable")
    own = _message(line.database, recordings)
    app.register_blueprint(media.create_blueprint(read_prompt, own, unplayable, _patients_message(line), signers))
    app.register_blueprint(
        operations.create_blueprint(
            line,
            metrics,
            scripts.at_start,
            speaks=speaks,
            job_states=partial(job_states, line.database),
            is_resting=lambda: door.breaker.is_open,
            off_air=[language for language in config.languages if language not in line.tree.languages],
        )
    )
    app.extensions["metrics"] = metrics
    _tell_to_use_https(app, config)
    served: WSGIApplication = app.wsgi_app
    if doors is not Doors.VOICE:
        console = create_console(config, line)
        console.register_blueprint(create_studio(line))
        phone_pages.add_phone(console, line, config, app.wsgi_app, partial(_rehearsed, line.clock))
        app.extensions["console"] = console
        public = create_public(config, line)
        app.extensions["public"] = public
        app.add_url_rule("/", "start", partial(redirect, _start(config)))
        served = _beside(_beside(app.wsgi_app, STAFF_PAGES, console), PATIENTS_PAGES, public)
        _tell_to_use_https(console, config)
        _tell_to_use_https(public, config)
    served = Echo(served, config.twilio_auth_token, config.public_base_url, config.trusted_proxies)
    app.wsgi_app = _without(CLOSED[doors], served)  # type: ignore[assignment]
    return app


CALLS, STAFF_PAGES = ("/voice", "/media"), (ADDRESS, STUDIO, phone_pages.ADDRESS)
CLOSED = {Doors.APP: (), Doors.VOICE: (*STAFF_PAGES, *PATIENTS_PAGES), Doors.WEB: CALLS}
"""The rooms that each server does not have; everything in them is at another address there."""


def _start(config: Config) -> str:
    """Where whoever asks for the bare host is sent: in the demo to its telephone, else to the pages for patients."""
    if config.demo:
        return phone_pages.ADDRESS
    return PATIENTS_PAGES[0] if config.online_requests else f"{ADDRESS}/"


def _tell_to_use_https(app: Flask, config: Config) -> None:
    """Let browsers ask by https alone, for a year; a name of this machine serves other programs too."""
    if not config.is_https or leads_here(config.public_base_url):
        return

    @app.after_request
    def add_header(response: Response) -> Response:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
        return response


def _rehearsed(clock: Callable[[], datetime], config: Config) -> tuple[Line, WSGIApplication]:
    """A line to rehearse on, and the application that answers its calls and counts none."""
    line = replace(create_line(config), clock=clock)
    return line, create_app(config, line, Uncounted()).wsgi_app


def _beside(calls: WSGIApplication, rooms: tuple[str, ...], pages: WSGIApplication) -> WSGIApplication:
    """Both applications as one, the pages in their rooms alone; whatever they do to requests, calls never pass it."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        to_pages = _is_in(rooms, environ.get("PATH_INFO", ""))
        return pages(environ, start_response) if to_pages else calls(environ, start_response)

    return serve


def _without(closed: tuple[str, ...], served: WSGIApplication) -> WSGIApplication:
    """An application without some of its rooms: 404 says that they are served elsewhere."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not _is_in(closed, environ.get("PATH_INFO", "")):
            return served(environ, start_response)
        start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", str(len(ELSEWHERE)))])
        return [ELSEWHERE]

    return serve if closed else served


ELSEWHERE = b"This server does not serve this address: see ivr/docs/going-live.md.\n"


def _is_in(rooms: tuple[str, ...], path: str) -> bool:
    return any(path == room or path.startswith(f"{room}/") for room in rooms)


def _message(database: Database, recordings: TwilioRecordings) -> Callable[[str], bytes | None]:
    """What a caller recorded: ours, or the carrier's while it is not ours yet."""
    return lambda recording_sid: find_audio(database, recording_sid) or recordings.fetch(recording_sid)


def _patients_message(line: Line) -> Callable[[int, int], bytes | None]:
    """A patient's message for a member of the staff on the telephone, both by id; each time is audited."""
    return lambda recording_id, staff_id: listen_by_phone(line.database, recording_id, staff_id, line.clock())
