"""Sending of incident notices: lists the recipients, and adds the notice to each conversation.

    released ─► recipients listed, page by page ─► told, batch by batch ─► sent
                                                     └─ one job each: the event in the conversation,
                                                        the row of the message to a phone or
                                                        mailbox, the recipient's record

A round stops after a while and the next one goes on from what the records say, as after a restart.
The state is read before each batch, so that a pause takes effect at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import structlog
from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.ids import ConversationId, IncidentId, LookupHash
from privacydesk.domain.incidents import (
    Audience,
    Incident,
    IncidentState,
    Recipient,
    RecipientState,
    RecipientTold,
)
from privacydesk.domain.turn import DecisionKind, DecisionMessage
from privacydesk.errors import DeskError, StaleError, UnavailableError
from privacydesk.ports import Changes, PeriodicTasks, Store, WorkingSet
from privacydesk.services.decision import TurnInput
from privacydesk.services.incident_reads import IncidentReads
from privacydesk.services.leases import Lease
from privacydesk.services.notices import Notices
from privacydesk.services.staff.incidents import audit_entry_of
from privacydesk.services.turns import Turns

_log = structlog.get_logger(__name__)

_TASK: Final = "incidents"
_LEASE: Final = timedelta(minutes=1)
_LIST_PAGE: Final = 1_000
_BATCH: Final = 50
"""How many recipients are told at the same time; their jobs share commits."""

OpenConversation = Callable[[LookupHash, str, str], Awaitable[ConversationId]]
"""Returns the conversation of an account, by its hash; begins one in a language if there is none.
"""


class IncidentSending:
    """Tells the recipients of released notices.

    Args:
        store: stores incidents and recipients.
        tasks: the store of periodic tasks, through which only one process sends.
        turns: runs the turns that add the notice to conversations.
        notices: makes the outbox rows of messages to phones and mailboxes.
        open_conversation: finds or begins the conversation of an account.
        reads: told whether there is any notice to be read.
        clock: source of the current time.
    """

    def __init__(
        self,
        *,
        store: Store,
        tasks: PeriodicTasks,
        turns: Turns,
        notices: Notices,
        open_conversation: OpenConversation,
        reads: IncidentReads,
        clock: Clock,
    ) -> None:
        self._reader = store.reader
        self._tasks = tasks
        self._incidents = store.incidents
        self._turns = turns
        self._notices = notices
        self._open_conversation = open_conversation
        self._reads = reads
        self._clock = clock

    async def work(self) -> None:
        """Send what is released, unless another process does."""
        incidents = await self._incidents.all()
        self._reads.is_active = any(one.released_at is not None for one in incidents)
        if not any(one.state is IncidentState.SENDING for one in incidents):
            return
        lease = await Lease.claim(self._tasks, self._clock, _TASK, duration=_LEASE)
        if lease is None:
            return
        try:
            for incident in incidents:
                await self._send(incident.id, lease)
        finally:
            await lease.finish(self._clock.now())

    async def _send(self, incident_id: IncidentId, lease: Lease) -> None:
        while await lease.renew_if_needed():
            incident = await self._incidents.find(incident_id)
            if incident is None or incident.state is not IncidentState.SENDING:
                return
            batch = await self._incidents.waiting(incident.id, _BATCH)
            if batch:
                told = await asyncio.gather(*(self._tell(incident, one) for one in batch))
                if not any(told):
                    return  # the database is unavailable; the next round tries again
            elif not await self._list_more(incident):
                await self._finish(incident)
                return

    async def _list_more(self, incident: Incident) -> bool:
        if incident.audience is Audience.LIST or incident.released_at is None:
            return False
        added = await self._incidents.add_conversations(
            incident.id, incident.audience, incident.released_at, _LIST_PAGE
        )
        return added > 0

    async def _finish(self, incident: Incident) -> None:
        sent = replace(
            incident,
            state=IncidentState.SENT,
            sent_at=self._clock.now(),
            version=incident.version + 1,
        )
        entry = audit_entry_of(sent, "incident_sent", "notices", self._clock)
        try:
            await self._incidents.save(sent, entry)
        except StaleError:
            _log.info("incident_paused_at_its_end")

    async def _tell(self, incident: Incident, recipient: Recipient) -> bool:
        """Tell one recipient; return False if that has to be tried again."""
        try:
            await self._add_notice(incident, recipient)
        except UnavailableError:
            return False
        except DeskError as error:
            _log.warning("incident_recipient_failed", code=error.code.value)
            state = RecipientState.FAILED
            await self._incidents.settle(incident.id, recipient.key, state)
        return True

    async def _add_notice(self, incident: Incident, recipient: Recipient) -> None:
        conversation_id = recipient.conversation_id or await self._open_conversation(
            LookupHash(recipient.key), recipient.account, recipient.locale
        )
        contact = await self._contact(conversation_id)
        job_id, now = f"incident:{incident.id.hex()}", self._clock.now()

        def prepare(rows: WorkingSet) -> TurnInput:
            conversation = rows.conversation
            assert conversation is not None
            deliveries = self._notices.incident_row(incident, conversation, contact, now)
            told = RecipientTold(
                incident.id,
                recipient.key,
                conversation.id,
                now,
                conversation.version + 1,
                queued=bool(deliveries),
            )
            message = DecisionMessage(job_id, DecisionKind.INCIDENT, data={"texts": incident.texts})
            return TurnInput(message, Changes(deliveries=deliveries, incident_steps=(told,)))

        committed = await self._turns.run(conversation_id, job_id, prepare)
        if committed.duplicate:
            # Told before, under another key.
            await self._incidents.settle(incident.id, recipient.key, RecipientState.TOLD)

    async def _contact(self, conversation: ConversationId) -> str:
        """Return the contact verified for the newest request of a conversation; or empty."""
        tickets = await self._reader.tickets_in(conversation)
        return next((ticket.contact for ticket in tickets if ticket.contact), "")
