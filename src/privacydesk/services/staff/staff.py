"""Wiring of the services for staff's work on tickets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from privacydesk.clock import Clock
from privacydesk.domain.ids import ConversationId
from privacydesk.domain.intents import RequestKind
from privacydesk.ports import Hashing, Minter, Store
from privacydesk.services.alarms import Alarms
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.holds import Holds
from privacydesk.services.making import Maker
from privacydesk.services.notices import Notices
from privacydesk.services.staff.access_to_files import AccessToFiles
from privacydesk.services.staff.acts import Acts
from privacydesk.services.staff.cases import Cases
from privacydesk.services.staff.decisions import Decisions
from privacydesk.services.staff.escalations import Escalations
from privacydesk.services.staff.evidence import EvidenceFiles
from privacydesk.services.staff.examinations import Examinations
from privacydesk.services.staff.handling import Handling
from privacydesk.services.staff.merges import Merges
from privacydesk.services.staff.restorations import Restorations
from privacydesk.services.staff.roster import Roster
from privacydesk.services.turns import Turns


@dataclass(frozen=True, slots=True)
class Staff:
    """The services for staff's work on tickets.

    Attributes:
        roster: who acts, and what their role permits.
        cases: finding tickets.
        evidence: listing and opening the evidence of tickets.
        handling: claiming, writing, asking, giving more time.
        examining: whether evidence shows who asks.
        deciding: granting and refusing.
        escalating: asking the supervisors, and their answer.
        merging: closing duplicates.
        files: access to a child's files.
        holds: legal holds.
        restoring: restoring suspended accounts.
    """

    roster: Roster
    cases: Cases
    evidence: EvidenceFiles
    handling: Handling
    examinations: Examinations
    decisions: Decisions
    escalations: Escalations
    merging: Merges
    files: AccessToFiles
    holds: Holds
    restorations: Restorations


def make_staff(
    *,
    turns: Turns,
    store: Store,
    maker: Maker,
    minter: Minter,
    hashing: Hashing,
    deadlines: Deadlines,
    notices: Notices,
    alarms: Alarms,
    clock: Clock,
    second_eyes: frozenset[RequestKind],
    changed: Callable[[ConversationId], None],
    separation: timedelta = timedelta(0),
) -> Staff:
    """Wire the services for staff's work."""
    reader = store.reader
    acts = Acts(
        turns=turns,
        writer=store.writer,
        reader=reader,
        minter=minter,
        notices=notices,
        clock=clock,
        changed=changed,
    )
    roster = Roster(store, clock, separation)
    cases = Cases(reader, deadlines)
    evidence = EvidenceFiles(reader, roster, cases, acts)
    return Staff(
        roster=roster,
        cases=cases,
        evidence=evidence,
        holds=Holds(roster, cases, acts),
        restorations=Restorations(roster, cases, acts, maker, clock),
        escalations=Escalations(roster, cases, acts, alarms, clock),
        files=AccessToFiles(roster, cases, acts, alarms, clock),
        merging=Merges(roster, cases, acts),
        handling=Handling(roster, cases, acts, deadlines),
        examinations=Examinations(
            roster=roster,
            cases=cases,
            evidence=evidence,
            acts=acts,
            maker=maker,
            hashing=hashing,
            deadlines=deadlines,
            second_eyes=second_eyes,
        ),
        decisions=Decisions(
            roster=roster,
            cases=cases,
            evidence=evidence,
            acts=acts,
            maker=maker,
            deadlines=deadlines,
            second_eyes=second_eyes,
        ),
    )
