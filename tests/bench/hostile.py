"""100,000 hostile webhooks, signed as the carrier's own: how many are answered with a failure? None may be.

Run from the project's root: python tests/bench/hostile.py [--webhooks 100000] [--seed 1]
"""

import argparse
import random
import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import structlog
from key_press import settings

from ivr import create_app, create_line
from ivr.config import Config
from ivr.migrations import upgrade
from ivr.services.requests.exporting import export_requests
from ivr.simulator import TwimlError, parse, sign

PATHS = ["/voice/incoming", "/voice/turn", "/voice/status", "/voice/recording", "/voice/fallback", "/voice/desk/accept"]
FIELDS = [
    "CallSid", "From", "To", "Digits", "FinishedOnKey", "RecordingSid", "RecordingDuration", "RecordingStatus",
    "RecordingUrl", "DialCallStatus", "DialBridged", "CallStatus", "CallDuration", "ErrorCode", "msg", "SpeechResult",
]  # fmt: skip
ODD = [
    "", "\0", "\n", " ", "☎", "💥" * 20, "-1", "0", "1e309", "NaN", "None", "' OR 1=1 --", "<Response/>", "&lt;", "%00", "%n",
    "../../etc/passwd", "{{7*7}}", "${jndi:ldap://x}", "5" * 500, "9" * 5000, "CA" + "f" * 32, "RE" + "0" * 32, "completed",
    "busy", "hangup", "+16175550142", "anonymous", "+266696687", "sip:a@b", "1", "2", "#", "*", "6175550199", "٣",
    "\ud7ff", "\uffff", "a" * 20_000,
]  # fmt: skip
KNOWN = {"CallSid": ["CA1", "CA2", "CA3"], "Digits": list("0123456789*#"), "CallStatus": ["completed", "in-progress"]}


def form(chance):
    """A form with some sense and some nonsense in it."""
    fields = {"CallSid": chance.choice(KNOWN["CallSid"]), "From": "+16175550142", "To": "+16175550100"}
    for name in chance.sample(FIELDS, chance.randint(0, 6)):
        fields[name] = chance.choice(KNOWN.get(name, ODD) if chance.random() < 0.5 else ODD)
    for name in chance.sample(list(fields), chance.randint(0, 1)):
        del fields[name]
    if chance.random() < 0.05:
        fields[chance.choice(ODD) or "x"] = chance.choice(ODD)
    return fields


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--webhooks", type=int, default=100_000)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    failures = []
    structlog.configure(
        processors=[lambda _, __, entry: failures.append(entry) or str(entry)],
        logger_factory=structlog.ReturnLoggerFactory(),
    )
    chance, answers, broken, turns = random.Random(given.seed), Counter(), 0, {}
    with tempfile.TemporaryDirectory() as folder:
        config = Config.from_env(settings(folder))
        line = create_line(config)
        upgrade(line.database)
        client = create_app(config, line).test_client()
        started = time.monotonic()
        for number in range(given.webhooks):
            fields = {**form(chance), "AccountSid": config.twilio_account_sid}
            path = chance.choice(["/voice/turn", chance.choice(PATHS)])
            if path == "/voice/turn":
                due = turns.get(fields.get("CallSid"), 1)
                path += f"?n={chance.choice([due, due, due, chance.randint(-3, 60), chance.choice(['', 'x', '1.5', '9' * 40])])}"
            if number % 500 == 0:
                KNOWN["CallSid"] = [f"CA{number}{letter}" for letter in "abc"]
            signature = sign(config.twilio_auth_token, config.public_base_url + path, fields)
            answer = client.post(path, data=fields, headers={"X-Twilio-Signature": signature})
            answers[answer.status_code] += 1
            if found := re.search(r"/voice/turn\?n=(\d+)", answer.text):
                turns[fields.get("CallSid")] = int(found[1])
            if answer.mimetype == "text/xml":
                try:
                    parse(answer.data)
                except TwimlError as error:
                    broken += 1
                    print(path, fields, error)
        seconds = time.monotonic() - started
        kept = sum(1 for _ in export_requests(line.database))
    doors = [entry for entry in failures if entry["event"] == "voice_door_failed"]
    print(f"{given.webhooks:,} webhooks in {seconds:.0f} s: {dict(sorted(answers.items()))}, {len(doors)} failures inside the door, "
          f"{broken} broken documents, {kept} requests kept")  # fmt: skip
    for entry in doors[:5]:
        print(entry)
    sys.exit(1 if broken or doors or any(status >= 500 for status in answers) else 0)


if __name__ == "__main__":
    main()
