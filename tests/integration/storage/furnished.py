"""A small desk's database with a row or two in every table that decides something."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from msgspec.structs import replace
from tests.integration.storage import desk
from tests.integration.storage.desk import NOW

from privacydesk.domain.agents import Agent, Role
from privacydesk.domain.api_tokens import ApiToken, Scope
from privacydesk.domain.app_tokens import Revocation
from privacydesk.domain.attachments import Attachment
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.events import Event, EventKind, Sender
from privacydesk.domain.ids import (
    AccessEntryId,
    ApiTokenId,
    AttachmentId,
    ChallengeId,
    EndpointId,
    IncidentId,
    LookupHash,
    PackageId,
    PostingId,
    SavedViewId,
    StaffSessionId,
)
from privacydesk.domain.inbox_views import InboxListing, InboxView
from privacydesk.domain.incidents import Audience, Incident
from privacydesk.domain.packages import PackagePart
from privacydesk.domain.policy_texts import PolicyText
from privacydesk.domain.saved_settings import SavedSetting
from privacydesk.domain.saved_views import SavedView
from privacydesk.domain.signin import AccessEntry, AccessKind, Credential, StaffSession, Stage
from privacydesk.domain.text_modules import TextModule
from privacydesk.domain.ticket import Outcome, Ticket, TicketState
from privacydesk.domain.verification_codes import Challenge
from privacydesk.domain.webhook_events import WebhookEventKind
from privacydesk.domain.webhooks import Endpoint, Posting, SigningSecret
from privacydesk.ports import AccessChanges, Changes, Committed, Job, Locks
from privacydesk.storage import tables
from privacydesk.storage.store import SqlStore

DAY = timedelta(days=1)
HOME = desk.conversation_id()
PERSON = LookupHash(b"p" * 32)
COOKIE = LookupHash(b"s" * 32)
COUNTED = LookupHash(b"n" * 32)
BEARER = LookupHash(b"b" * 32)
TARGET = ChallengeId(b"x" * 32)
PACKAGE = PackageId(b"a" * 16)
PICTURE = AttachmentId(b"f" * 16)
TOKEN = ApiTokenId(b"o" * 16)
VIEW = SavedViewId(b"l" * 16)
INCIDENT = IncidentId(b"n" * 16)
ENDPOINT = EndpointId(b"w" * 16)

MEI = Agent("mei", "Mei", Role.AGENT, NOW)
_PROGRAM = Agent("crm", "CRM", Role.INTEGRATION, NOW)
_TOLD = AuditEntry(NOW, "operator", "changed")

CLOSED = desk.ticket(7, state=TicketState.CLOSED, outcome=Outcome.REFUSED, closed_at=NOW, version=1)


def filed() -> Ticket:
    """Return the ticket as it was filed."""
    return desk.ticket(account_hash=PERSON, version=1, linked=desk.ticket_id(9))


async def furnish(store: SqlStore) -> None:
    """Fill an empty database."""
    await desk.begin(store, 1, desk.key(), account="u-1")
    await _talk(store)
    await _work(store)
    await _hire(store)
    await _close_another(store)
    await _join(store)


async def _talk(store: SqlStore) -> None:
    await store.writer.submit(desk.say("said-1"))
    picture = Attachment(PICTURE, HOME, 0, "a.png", "image/png", 3, "0" * 64, NOW, "mei", b"png")
    event = Event(3, NOW, Sender.AGENT, EventKind.TEXT, text="look", job_id="sent")

    def send(rows: object) -> Changes:
        before = rows.conversation  # type: ignore[attr-defined]
        return Changes(
            conversation=replace(before, version=3), events=(event,), attachments=(picture,)
        )

    await store.writer.submit(Job("sent", Locks(HOME), send))


async def _work(store: SqlStore) -> None:
    code = Challenge(TARGET, 1, b"c" * 32, NOW + DAY, 3, NOW)
    part = PackagePart(PACKAGE, 1, HOME, desk.ticket_id(), NOW + DAY, b"zip")
    await store.writer.submit(
        desk.leave(
            Changes(
                tickets=(filed(),),
                ticket_log=(desk.note(what="claim"),),
                challenges=(code,),
                deliveries=(desk.delivery(ticket_id=desk.ticket_id(), version=1),),
                evidence=(desk.evidence(ticket_id=desk.ticket_id()),),
                package_parts=(part,),
            ),
            Locks(HOME),
            "filed",
        )
    )


async def _hire(store: SqlStore) -> None:
    session = StaffSession(
        StaffSessionId(b"i" * 16), COOKIE, "mei", Stage.OPEN, NOW, NOW, NOW + DAY
    )
    hired = AccessEntry(AccessEntryId(b"l" * 16), NOW, AccessKind.AGENT_ADDED, "mei", by="boss")
    await store.access.commit(
        AccessChanges(
            new_agent=MEI,
            credential=Credential("mei", "argon2", NOW, NOW + DAY),
            new_session=session,
            log_entries=(hired,),
        )
    )
    await store.access.count_attempt(COUNTED, NOW)
    token = ApiToken(TOKEN, BEARER, "crm", frozenset({Scope.TICKETS_READ}), NOW, "boss", NOW + DAY)
    await store.api_token_store.add(token, _PROGRAM, _TOLD)
    await store.revocations.add(Revocation(PERSON, NOW), _TOLD)
    await store.text_module_store.save(TextModule("hello", {"en": "Hello"}, "mei", NOW, 1), _TOLD)
    view = SavedView(
        VIEW, "Deletions", "mei", False, InboxListing(InboxView.OPEN), "mei", NOW
    )  # fmt: skip
    await store.saved_view_store.save(view, _TOLD)
    incident = Incident(INCIDENT, "Leak", Audience.LIST, {}, "mei", NOW)
    await store.incidents.save(incident, _TOLD)
    text = PolicyText("privacy", "ab", b"{}", "text", NOW, "boss", 2)
    await store.policy_text_store.save(text, b"vectors", _TOLD)
    await store.saved_setting_store.add(SavedSetting("hours", 1, "[]", NOW, "boss"), _TOLD)


async def _join(store: SqlStore) -> None:
    await store.trail.seal()
    endpoint = Endpoint(
        ENDPOINT,
        "https://example.com/hook",
        "hook",
        frozenset({WebhookEventKind.TICKET_FILED}),
        (SigningSecret("whsec_x", None),),
        NOW,
    )
    await store.webhook_store.add(endpoint, _TOLD)
    posting = Posting(
        PostingId(b"q" * 16), b"v" * 16, ENDPOINT, WebhookEventKind.TICKET_FILED, b"z" * 32, 1,
        b"{}", NOW, NOW, NOW, number="PD-1", ticket=desk.ticket_id(),
    )  # fmt: skip
    await store.webhook_store.queue_test(posting, _TOLD)
    while (await store.event_log.state())[0]:
        await store.event_log.number_pending()
    await store.ticketing_link_store.join("crm", NOW)
    await store.ticketing_link_store.discover("crm", NOW)


async def _close_another(store: SqlStore) -> None:
    """Leave the receipt of a request, and nothing else of it: other tables keep their one row."""
    await store.writer.submit(desk.leave(Changes(tickets=(CLOSED,)), Locks(HOME), "closed"))
    assert await store.receipt_log.append("the app", lambda _: ()) == 1

    def forget(connection: sa.Connection) -> None:
        connection.execute(sa.delete(tables.ticket).where(tables.ticket.c.id == CLOSED.id))
        numbers = tables.ticket_number
        connection.execute(sa.delete(numbers).where(numbers.c.ticket_id == CLOSED.id))

    await store.writer.run(forget)


async def change_ticket(store: SqlStore, **changed: object) -> Committed:
    """Change the ticket, with an entry in its log."""

    def decide(rows: object) -> Changes:
        before = rows.tickets[desk.ticket_id()]  # type: ignore[attr-defined]
        return Changes(
            tickets=(replace(before, **changed),), ticket_log=(desk.note(what="changed"),)
        )

    return await store.writer.submit(
        Job("change", Locks(HOME, tickets=(desk.ticket_id(),)), decide)
    )
