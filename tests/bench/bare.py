"""The yardstick: a Flask view that checks the same signature and builds the same TwiML, and stores nothing."""

import os

from flask import Flask, Response, abort, request
from itsdangerous import URLSafeTimedSerializer

from ivr.callflow.engine import advance, begin
from ivr.callflow.inputs import CallStarted, Digits
from ivr.callflow.tree import build
from ivr.config import PROMPTS, Config
from ivr.db import Database, Vault
from ivr.services.calls import Answer
from ivr.services.numbers import dialable
from ivr.services.prompts import Releases
from ivr.services.scripts import read_scripts
from ivr.voice.render import Addresses, Renderer
from ivr.voice.signature import SignatureCheck

config = Config.from_env(os.environ)
signature = SignatureCheck(config.twilio_auth_token, config.public_base_url)
signer = URLSafeTimedSerializer(config.secret_key)
scripts = read_scripts(PROMPTS, config.languages, config.clinic_name)
renderer = Renderer(Addresses(config.public_base_url, lambda *parts: signer.dumps(parts)), scripts)
release = Releases(Database(config.database_url, Vault(config.data_keys))).get(1)
tree = build(config.languages, dialable)
started = advance(tree, begin(tree), CallStarted("+16175550142"))
repeated = advance(tree, started.state, Digits("9"))

app = Flask(__name__)


@app.post("/voice/turn")
def turn():
    if not signature.passes(request):
        abort(403)
    answer = Answer(int(request.args["n"]), repeated.outputs, "en-US", 1, "+16175550100")
    return Response(renderer.document(answer, release), mimetype="text/xml")
