"""The yardstick: a Flask view that checks the same signature and builds the same TwiML, and stores nothing.

It is written as the documentation of Twilio's library shows it, with the main menu's clips in a list.
"""

import os

from flask import Flask, Response, abort, request
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import Gather, VoiceResponse

BASE = os.environ["PUBLIC_BASE_URL"]
CLIPS = os.environ["BENCH_CLIPS"].split()

validator = RequestValidator(os.environ["TWILIO_AUTH_TOKEN"])
app = Flask(__name__)


@app.post("/voice/turn")
def turn():
    url = f"{BASE}{request.path}?{request.query_string.decode()}"
    if not validator.validate(url, request.form, request.headers.get("X-Twilio-Signature", "")):
        abort(403)
    response = VoiceResponse()
    gather = Gather(
        input="dtmf",
        action=f"{BASE}/voice/turn?n={int(request.args['n']) + 1}",
        method="POST",
        num_digits=1,
        timeout=10,
        finish_on_key="",
        action_on_empty_result=True,
    )
    for clip in CLIPS:
        gather.play(f"{BASE}/media/prompts/{clip}.wav")
    response.append(gather)
    return Response(str(response), mimetype="text/xml")
