"""Callers on a line without a carrier: each key is a turn of the service, and what is stored can be read."""

from sqlalchemy import select

from ivr.callflow import outputs as out
from ivr.callflow.inputs import Digits, NoInput, Recorded
from ivr.models import PatientRequest
from ivr.services.calls.turns import Arrival, note_status, start_call, take_turn

ARRIVAL = Arrival("CA1", "+16175550142", "+16175550100")

CALLBACK = "2 1 4 3 1 2"


class Caller:
    """One call, keyed token by token. Told of an open request, the caller wants a `new` one all the same."""

    def __init__(self, line, arrival=ARRIVAL, new=True):
        self.line, self.arrival, self.new = line, arrival, new
        self.answer = start_call(line, arrival)

    def __call__(self, tokens):
        for token in tokens.split():
            given = Recorded("RE1", 12, "#") if token == "r" else NoInput() if token == "s" else Digits(token)
            self.take(given)
            if self.new and "callback_new" in prompts(self.answer):
                self.take(Digits("2"))
        return self

    def take(self, given, number=None):
        turn = self.answer.turn + 1 if number is None else number
        self.answer = take_turn(self.line, self.arrival, turn, given)
        return self.answer

    def hang_up(self):
        note_status(self.line, self.arrival.sid, "completed", 42)


def stored(line):
    with line.database.read() as session:
        return list(session.scalars(select(PatientRequest).order_by(PatientRequest.id)))


def prompts(answer):
    speech = answer.outputs[-1].speech if isinstance(answer.outputs[-1], out.Gather) else ()
    return [part.prompt for part in speech if isinstance(part, out.Say)]


def keyed_call(line, sid, keys, number="+16175550142"):
    """One call of keys alone, to its end."""
    arrival = Arrival(sid, number, "+16175550100")
    start_call(line, arrival)
    for turn, key in enumerate(keys.split(), start=1):
        take_turn(line, arrival, turn, Digits(key))
    note_status(line, sid, "completed", 60)
