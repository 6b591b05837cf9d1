"""The three telephones of a call that is bridged, and the staff who may ask for one."""

from dataclasses import dataclass

from sqlalchemy import select

from ivr.models import BridgeCall, EntryKind, PatientRequest, RequestEntry, Role
from ivr.services.accounts import staff
from ivr.services.audit import COMMAND, Actor
from ivr.services.requests import bridging
from ivr.simulator import Answers, Carrier, Exchange, Faults, FixedDesk, WsgiTransport
from tests.support.jobs import run_jobs
from tests.support.settings import ACCOUNT_SID, AUTH_TOKEN, BASE_URL

CLINIC, NURSE, PATIENT = "+16175550100", "+16175550177", "+16175550142"


def somebody(line, number, phone=NURSE, role=Role.STAFF):
    details = staff.AccountDetails(f"nurse{number}@example.org", f"Nurse {number}", role, f"{number}{number}", phone)
    member = staff.create(line.database, COMMAND, details, line.clock())
    return Actor.of(member, "192.0.2.7")


@dataclass
class Office:
    """A line with one request, a nurse who may call, and a carrier that places calls."""

    line: object
    tasks: object
    api: object
    nurse: Actor
    app: object

    def begin(self, who=None):
        return bridging.begin(self.line, 1, who or self.nurse, self.line.clock())

    def carry_out(self, nurse=None, patient=None, faults=None, others=None, **carrier):
        """Run the jobs with telephones that behave so; the transcript of the last call, if one was placed.

        `others` are further telephones by number.
        """
        phones = FixedDesk(
            numbers={
                NURSE: nurse or Answers(after=3),
                PATIENT: patient or Answers(after=2, talks=60),
                **(others or {}),
            }
        )
        placed = Carrier(
            BASE_URL, ACCOUNT_SID, AUTH_TOKEN, transport=WsgiTransport(self.app), faults=faults or Faults(), **carrier
        )
        exchange = Exchange(placed, phones, self.api.store.calls)
        self.api.places_calls_with(exchange)
        while run_jobs(self.tasks):
            exchange.wait()
        assert not exchange.errors
        return exchange.held[-1] if exchange.held else None

    def row(self):
        with self.line.database.read() as session:
            return session.scalars(select(BridgeCall).order_by(BridgeCall.id.desc())).first()

    def request(self):
        with self.line.database.read() as session:
            return session.get(PatientRequest, 1)

    def kinds(self):
        with self.line.database.read() as session:
            kinds = select(RequestEntry.kind).where(RequestEntry.kind != EntryKind.ANSWER_ADDED)
            return list(session.scalars(kinds.order_by(RequestEntry.id)))
