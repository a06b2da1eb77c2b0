"""Mail replies: in a conversation by mail, one mail carries the events of each turn.

A mail has the same texts as the chat. Buttons become numbered lines, and cards become rows; a
number sent back selects the button (see ``inbound_mail``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.code_delivery import SendOutcome
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.deliveries import Channel, Delivery, DeliveryState
from privacydesk.domain.events import Event, EventKind, Sender
from privacydesk.domain.ids import AttachmentId, ConversationId, DeliveryId
from privacydesk.domain.notices import MailAttachment, Mailer, OutgoingMail
from privacydesk.errors import UnavailableError
from privacydesk.ports import Catalog, Changes, Job, Locks, Reader, WorkingSet, Writer
from privacydesk.services.outbox import (
    close_row,
    is_out_of_time,
    postpone_job,
    require_claim,
    retry_at,
    submit_claimed,
)

_log = structlog.get_logger(__name__)

_MAX_EVENTS: Final = 200
_RETRY_PERIOD: Final = timedelta(days=3)
"""As long as for a notice. If it fails for good, staff still see the reply in the conversation."""


class MailReplies:
    """Sends the mail replies that this process has claimed in the outbox.

    Args:
        mailer: None without a mail server; then there are no conversations by mail either.
    """

    def __init__(
        self,
        *,
        mailer: Mailer | None,
        catalog: Catalog,
        reader: Reader,
        writer: Writer,
        clock: Clock,
    ) -> None:
        self._mailer = mailer
        self._catalog = catalog
        self._reader = reader
        self._writer = writer
        self._clock = clock

    async def deliver(self, row: Delivery) -> None:
        """Try once to send the reply of a claimed row, and record the result."""
        conversation = await self._reader.conversation(row.conversation_id)
        if conversation is None or conversation.mail is None or self._mailer is None:
            _log.error("letter_not_sent", reason="not_set_up")
            await self._finish(row, DeliveryState.FAILED)
            return
        mail = await self._compose(row, conversation)
        try:
            answer = await self._mailer.send(mail, key=_message_key(row))
        except UnavailableError as error:
            await self._schedule_retry(row, error)
            return
        if answer.outcome is SendOutcome.SENT:
            await self._finish(row, DeliveryState.DONE)
            return
        _log.warning("letter_refused", conversation=conversation.id.hex())
        await self._finish(row, DeliveryState.FAILED)

    async def _compose(self, row: Delivery, conversation: Conversation) -> OutgoingMail:
        payload, locale = row.payload, conversation.locale
        notes = [self._catalog.text(locale, key, {}) for key in payload.get("notes", ())]
        if notes:
            return _mail_of(conversation, notes, self._catalog)
        first, last = int(payload["first"]), int(payload["last"])
        count = min(last - first + 1, _MAX_EVENTS)
        events = await self._reader.events(conversation.id, after=first - 1, limit=count)
        mail = _mail_of(conversation, _paragraphs(events, locale, self._catalog), self._catalog)
        return replace(mail, attachments=await self._load_attachments(events))

    async def _load_attachments(self, events: Sequence[Event]) -> tuple[MailAttachment, ...]:
        """Return the pictures that agents attached to their messages."""
        attachments = []
        for event in events:
            files = event.data.get("files", ()) if event.sender is Sender.AGENT else ()
            for file in files:
                found = await self._reader.attachment(AttachmentId(bytes.fromhex(file["id"])))
                if found is not None:
                    attachments.append(MailAttachment(found.name, found.media_type, found.body))
        return tuple(attachments)

    async def _schedule_retry(self, row: Delivery, error: UnavailableError) -> None:
        now, reason = self._clock.now(), str(error.data.get("reason", ""))
        if is_out_of_time(row, now):
            _log.error("letter_not_sent", reason=reason)
            await self._finish(row, DeliveryState.FAILED)
            return
        due_at = retry_at(row, error.data.get("retry_after"), now)

        def decide(rows: WorkingSet) -> Changes:
            return Changes(
                deliveries=(require_claim(rows, row).after_attempt(now, reason, due_at),)
            )

        await submit_claimed(self._writer, row, postpone_job(row, decide))

    async def _finish(self, row: Delivery, state: DeliveryState) -> None:
        def decide(rows: WorkingSet) -> Changes:
            return Changes(deliveries=(close_row(require_claim(rows, row), state),))

        job_id = f"result:{row.id.hex()}"
        await submit_claimed(self._writer, row, Job(job_id, Locks(deliveries=(row.id,)), decide))


def mail_reply_row(
    conversation: ConversationId, row_id: DeliveryId, payload: Mapping[str, Any], now: datetime
) -> Delivery:
    """Return the outbox row of a mail reply.

    Args:
        conversation: the id of a conversation by mail.
        row_id: the id of the new row.
        payload: the offsets of the ``first`` and ``last`` event to send, or a list of text keys in
            ``notes``.
        now: the current time.
    """
    return Delivery(
        id=row_id,
        channel=Channel.MAIL_REPLY,
        action="letter",
        # The replies of a conversation are sent in the order in which they were written.
        lane=b"letter|" + conversation,
        conversation_id=conversation,
        due_at=now,
        created_at=now,
        payload=payload,
        give_up_at=now + _RETRY_PERIOD,
    )


def _message_key(row: Delivery) -> str:
    """Return the unique part of a mail's ``Message-ID``: its row's id and its last event's offset.

    When a user replies with a number, the offset tells whose buttons it selects from.
    """
    return f"{row.id.hex()}.{row.payload.get('last', 0)}"


def _paragraphs(events: Sequence[Event], locale: str, catalog: Catalog) -> list[str]:
    """Return events as paragraphs of a mail, without the user's own messages."""
    events = [event for event in events if event.sender is not Sender.USER]
    lines = [line for event in events for line in _lines(event, event.locale or locale, catalog)]
    if any(event.choices for event in events):
        lines.append(catalog.text(locale, "mail.choose", {}))
    return lines


def _mail_of(conversation: Conversation, lines: Sequence[str], catalog: Catalog) -> OutgoingMail:
    """Return a mail to the user of a conversation by mail."""
    thread, locale = conversation.mail, conversation.locale
    assert thread is not None
    subject = thread.subject or catalog.text(locale, "mail.subject", {})
    return OutgoingMail(
        to=thread.address,
        subject=f"Re: {subject}",
        lines=(*lines, catalog.text(locale, "mail.foot", {})),
        locale=locale.replace("_", "-"),
        in_reply_to=thread.root,
    )


def _lines(event: Event, locale: str, catalog: Catalog) -> Iterator[str]:
    if event.sender is Sender.AGENT and event.author:
        yield catalog.text(locale, "mail.agent", {"name": event.author})
    if event.text:
        yield event.text
    if event.kind is EventKind.DETAILS:
        yield "\n".join(f"{row['label']}: {row['value']}" for row in event.data.get("rows", ()))
    if event.choices:
        yield "\n".join(f"{n}. {choice.label}" for n, choice in enumerate(event.choices, 1))
