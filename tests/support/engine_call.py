"""A telephone line reduced to its engine: inputs in, spoken prompts out."""

from dataclasses import replace
from datetime import date

from ivr.callflow import events as ev
from ivr.callflow import outputs as out
from ivr.callflow.engine import advance, begin
from ivr.callflow.facts import RequestFacts
from ivr.callflow.inputs import CallStarted, DialEnded, Digits, Found, HungUp, NoInput, Recorded, RequestSaved
from ivr.callflow.tree import build

TODAY = date(2026, 11, 23)
CALLER = "+16175550142"
TOKENS = {
    "s": NoInput(),
    "h": HungUp(),
    "#": Digits("", "#"),
    "r": Recorded("RE1", 12),
    "talked": DialEnded(True),
    "busy": DialEnded(False),
}


def valid(digits):
    """Ten digits as E.164, by the plainest rule there is."""
    return f"+1{digits}" if len(digits) == 10 and digits[0] in "23456789" and digits[3] in "23456789" else None


def answered(tree, turn, find):
    """The turn after everything it asks on its way was answered; `find` gives the `Found` for a turn that asks."""
    while turn.events and isinstance(turn.events[-1], ev.Asked):
        after = advance(tree, turn.state, find(turn))
        turn = replace(after, outputs=(*turn.outputs, *after.outputs), events=(*turn.events, *after.events))
    return turn


class EngineCall:
    """Drives the engine the way the services do: what is confirmed is saved at once, what is asked is answered.

    `requests` are the saved ones, each with the answers that were added to it.
    `records` answers questions by name: a finding, or a finding and facts, or several that are used up in turn. Nobody
    has an open request unless it says so. `closure` is what is to be said of a closed day.
    """

    def __init__(self, caller=CALLER, desk=(), languages=("en-US",), records=None, is_open=False, closure=()):
        self.is_open, self.closure = is_open, closure
        self.records = records or {}
        self.asked = []
        self.tree = build(languages, valid)
        self.desk = desk
        self.events = []
        self.requests = []
        self.turn = None
        self._take(begin(self.tree), CallStarted(caller))

    def __call__(self, tokens):
        for token in tokens.split():
            self.take(TOKENS.get(token) or Digits(token))
        return self

    def take(self, given, state=None):
        """One input, in the state where the call is unless another is given."""
        self._take(state or self.turn.state, given)

    def _take(self, state, given):
        turn = advance(self.tree, state.at(TODAY, self.desk, self.closure, self.is_open), given)
        self.events += turn.events
        for event in turn.events:
            if isinstance(event, ev.RequestConfirmed):
                self.requests.append(event.draft)
                turn = advance(self.tree, turn.state, RequestSaved("123455", None, len(self.requests)))
                self.events += turn.events
            if isinstance(event, ev.AnswersGiven):
                assert self.requests[event.request_id - 1] == event.before
                self.requests[event.request_id - 1] = event.draft
        known = len(turn.events)
        self.turn = answered(self.tree, turn, self._answer)
        self.events += self.turn.events[known:]

    def _answer(self, turn):
        question = turn.events[-1].question
        self.asked.append((question, turn.state))
        return self._found(question)

    def _found(self, question):
        usual = {"urgent_help": "open", "standing": "open", "texting": "skip"}
        answer = self.records.get(question, usual.get(question, "none"))
        if isinstance(answer, list):
            answer = answer.pop(0)
        return Found(answer, RequestFacts()) if isinstance(answer, str) else Found(*answer)

    @property
    def node(self):
        return self.turn.state.node

    @property
    def draft(self):
        return self.turn.state.draft

    @property
    def prompts(self):
        return spoken_prompts(self.turn.outputs)


def spoken_prompts(outputs):
    """All prompts in a row of outputs, in order."""
    found = []
    for output in outputs:
        if isinstance(output, out.Gather | out.Skippable):
            found += spoken_prompts(output.speech)
        elif isinstance(output, out.Say):
            found.append(output.prompt)
        elif isinstance(output, out.PlayMessage):
            found.append(f"message {output.recording_id} to {output.staff_id}")
    return found
