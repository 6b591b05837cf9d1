"""The voice appointment line of a pain clinic. `create_app` is the only place where its parts are wired together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from flask import Flask
from itsdangerous import URLSafeTimedSerializer

from ivr import operations
from ivr.callflow.tree import build
from ivr.clients.twilio import TwilioRecordings
from ivr.config import PROMPTS, Config
from ivr.console import ADDRESS, create_console
from ivr.db import Database, Vault
from ivr.metrics import Metrics, metrics_folder
from ivr.services.breaker import Breaker
from ivr.services.calendar import Calendars, calendar_of
from ivr.services.line import Line
from ivr.services.numbers import dialable
from ivr.services.prompts import Releases, read_audio, read_current
from ivr.services.queue import job_states
from ivr.services.recordings import find_audio
from ivr.services.scripts import read_scripts
from ivr.studio import STUDIO, create_studio
from ivr.voice import media, views
from ivr.voice.outage import Outage
from ivr.voice.render import Addresses, Renderer
from ivr.voice.signature import SignatureCheck

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def create_line(config: Config) -> Line:
    """The line that the settings describe, for the web and for commands alike."""
    database = Database(config.database_url, Vault(config.data_keys))
    return Line(
        database=database,
        tree=build(config.languages, dialable),
        calendars=Calendars(database, calendar_of(config)),
        desk_numbers=config.desk_numbers,
        texts_reference=config.sms_reference,
        speaks=config.voice == "say",
        scripts=read_scripts(PROMPTS, config.languages, config.clinic_name),
    )


def create_app(config: Config, line: Line | None = None) -> Flask:
    """The web application of one deployment; tests pass a line with a clock or a database of their own."""
    app = Flask(__name__, static_folder=None)
    line = line or create_line(config)
    scripts = line.scripts
    signer = URLSafeTimedSerializer(config.secret_key, salt="utterance")
    recordings = TwilioRecordings(config.twilio_api_url, config.twilio_account_sid, config.twilio_auth_token)
    metrics = Metrics(metrics_folder())
    speaks = config.voice == "say"
    door = views.VoiceDoor(
        line=line,
        releases=Releases(line.database),
        renderer=Renderer(Addresses(config.public_base_url, _signed(signer)), scripts, speaks=speaks),
        outage=Outage(config.public_base_url, scripts[config.languages[0]], config.desk_numbers),
        signature=SignatureCheck(config.twilio_auth_token, config.public_base_url),
        breaker=Breaker(line.database.unavailable),
        metrics=metrics,
    )
    app.register_blueprint(views.create_blueprint(door))
    read_prompt = partial(read_audio, line.database)
    unplayable = partial(read_current, line.database, "message_unplayable")
    app.register_blueprint(media.create_blueprint(read_prompt, _message(line.database, recordings), unplayable, signer))
    app.register_blueprint(
        operations.create_blueprint(
            line, metrics, scripts, speaks=speaks, job_states=partial(job_states, line.database)
        )
    )
    console = create_console(config, line)
    console.register_blueprint(create_studio(line))
    app.extensions["console"] = console
    app.wsgi_app = _beside(app.wsgi_app, console)  # type: ignore[method-assign, assignment]
    return app


def _beside(calls: WSGIApplication, console: WSGIApplication) -> WSGIApplication:
    """Both applications as one; whatever the console does to its requests, calls never pass it."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        to_console = any(path == address or path.startswith(f"{address}/") for address in (ADDRESS, STUDIO))
        return console(environ, start_response) if to_console else calls(environ, start_response)

    return serve


def _message(database: Database, recordings: TwilioRecordings) -> Callable[[str], bytes | None]:
    """What a caller recorded: ours, or the carrier's while it is not ours yet."""
    return lambda recording_sid: find_audio(database, recording_sid) or recordings.fetch(recording_sid)


def _signed(signer: URLSafeTimedSerializer) -> Callable[[str, str], str]:
    return lambda recording_sid, language: str(signer.dumps([recording_sid, language]))
