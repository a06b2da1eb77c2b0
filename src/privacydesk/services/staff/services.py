"""Wiring of the services for staff's work on tickets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from privacydesk.clock import Clock
from privacydesk.domain.account import AccountService
from privacydesk.domain.ids import ConversationId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.tasks import Team
from privacydesk.ports import Hashing, IdGenerator, Store
from privacydesk.services.account_requests import AccountRequests
from privacydesk.services.alarms import Alarms
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.holds import Holds
from privacydesk.services.notices import Notices
from privacydesk.services.row_builders import OutboxRowBuilder
from privacydesk.services.staff.account_data import AccountData
from privacydesk.services.staff.actions import StaffActions
from privacydesk.services.staff.bulk import BulkActions
from privacydesk.services.staff.decisions import Decisions
from privacydesk.services.staff.escalations import Escalations
from privacydesk.services.staff.evidence import EvidenceFiles
from privacydesk.services.staff.examinations import Examinations
from privacydesk.services.staff.file_access import FileAccess
from privacydesk.services.staff.handling import TicketHandling
from privacydesk.services.staff.merges import Merges
from privacydesk.services.staff.restorations import Restorations
from privacydesk.services.staff.roster import Roster
from privacydesk.services.staff.tasks import Tasks
from privacydesk.services.staff.ticket_lookup import TicketLookup
from privacydesk.services.turns import Turns


@dataclass(frozen=True, slots=True)
class StaffServices:
    """The services for staff's work on tickets.

    Attributes:
        roster: finds agents and checks their roles.
        tickets: finds tickets.
        evidence: lists and opens evidence.
        tasks: hands items to teams, and takes their answers.
        handling: assigns tickets, writes to requesters, extends deadlines.
        bulk: assigns several tickets, and asks several requesters.
        examinations: accepts and rejects evidence.
        decisions: grants and refuses requests.
        escalations: asks the supervisors, and answers.
        merges: closes duplicates.
        file_access: manages access to a child's files.
        account_data: counts what accounts hold.
        holds: sets and releases legal holds.
        account_requests: finds the requests about an account, and the holds among them.
        restorations: restores suspended accounts.
    """

    roster: Roster
    tickets: TicketLookup
    evidence: EvidenceFiles
    tasks: Tasks
    handling: TicketHandling
    bulk: BulkActions
    examinations: Examinations
    decisions: Decisions
    escalations: Escalations
    merges: Merges
    file_access: FileAccess
    account_data: AccountData
    holds: Holds
    account_requests: AccountRequests
    restorations: Restorations


def make_staff_services(
    *,
    turns: Turns,
    store: Store,
    row_builder: OutboxRowBuilder,
    minter: IdGenerator,
    hashing: Hashing,
    deadlines: Deadlines,
    notices: Notices,
    alarms: Alarms,
    clock: Clock,
    accounts: AccountService,
    second_eyes: frozenset[RequestKind],
    closing_faces: str,
    changed: Callable[[ConversationId], None],
    teams: Mapping[str, Team],
    separation: timedelta = timedelta(0),
) -> StaffServices:
    """Wire the services for staff's work on tickets.

    Args:
        turns: runs turns and commits them.
        store: the database.
        row_builder: builds outbox rows.
        minter: generates ids.
        hashing: hashes accounts.
        deadlines: computes deadlines.
        notices: builds the outbox rows of notices.
        alarms: raises alarms for supervisors and agents.
        clock: source of the current time.
        accounts: the account service.
        second_eyes: the request kinds whose decisions a second agent has to confirm.
        closing_faces: why pictures of faces may prove who closes an account; empty if they may not.
        teams: the operator's teams, by name.
        changed: called after a change without an event, so that open pages are updated.
        separation: see ``Reviewers``.
    """
    reader = store.reader
    roster = Roster(store, clock, separation)
    actions = StaffActions(
        turns=turns,
        writer=store.writer,
        reader=reader,
        minter=minter,
        notices=notices,
        reviewers=roster.reviewers,
        clock=clock,
        changed=changed,
    )
    account_requests = AccountRequests(reader, hashing)
    tickets = TicketLookup(reader, deadlines, account_requests)
    evidence = EvidenceFiles(reader, roster, tickets, actions)
    handling = TicketHandling(roster, tickets, actions, deadlines)
    return StaffServices(
        roster=roster,
        tickets=tickets,
        evidence=evidence,
        holds=Holds(roster, tickets, actions, account_requests),
        account_requests=account_requests,
        restorations=Restorations(roster, tickets, actions, row_builder, clock),
        escalations=Escalations(roster, tickets, actions, alarms, clock),
        file_access=FileAccess(roster, tickets, actions, alarms, clock),
        account_data=AccountData(
            accounts=accounts, roster=roster, tickets=tickets, actions=actions, minter=minter
        ),
        merges=Merges(roster, tickets, actions, deadlines),
        tasks=Tasks(
            roster=roster,
            tickets=tickets,
            reader=reader,
            actions=actions,
            holds=account_requests,
            deadlines=deadlines,
            alarms=alarms,
            clock=clock,
            teams=teams,
        ),
        handling=handling,
        bulk=BulkActions(roster, tickets, handling, reader),
        examinations=Examinations(
            roster=roster,
            tickets=tickets,
            evidence=evidence,
            actions=actions,
            row_builder=row_builder,
            account_requests=account_requests,
            deadlines=deadlines,
            second_eyes=second_eyes,
            closing_faces=closing_faces,
        ),
        decisions=Decisions(
            roster=roster,
            tickets=tickets,
            evidence=evidence,
            actions=actions,
            row_builder=row_builder,
            holds=account_requests,
            deadlines=deadlines,
            second_eyes=second_eyes,
            alarms=alarms,
            teams=teams,
        ),
    )
