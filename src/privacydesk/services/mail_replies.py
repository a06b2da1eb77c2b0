"""Letters: the replies of a conversation that is held by mail, one mail a turn.

The words are those of the chat. Buttons become numbered lines, cards become rows; a number sent
back selects the button (see ``mail_door``).
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
from privacydesk.domain.notices import Enclosure, Letter, Mailer
from privacydesk.errors import UnavailableError
from privacydesk.ports import Catalog, Changes, Job, Locks, Reader, WorkingSet, Writer
from privacydesk.services.outbox import (
    claimed,
    ended,
    out_of_time,
    postponed,
    retry_at,
    submit_claimed,
)

_log = structlog.get_logger(__name__)

_MOST_EVENTS: Final = 200
_TRIED_FOR: Final = timedelta(days=3)
"""Retried as long as a notice; the answer stays in the conversation, where staff see it."""


class Letters:
    """Works on claimed letters.

    Args:
        mailer: None without a mail server: then no conversation is held by mail either.
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

    async def work(self, row: Delivery) -> None:
        """Try a claimed letter once and settle the result."""
        conversation = await self._reader.conversation(row.conversation_id)
        if conversation is None or conversation.mail is None or self._mailer is None:
            _log.error("letter_not_sent", reason="not_set_up")
            await self._end(row, DeliveryState.FAILED)
            return
        letter = await self._written(row, conversation)
        try:
            sent = await self._mailer.post(letter, key=letter_key(row))
        except UnavailableError as error:
            await self._again(row, error)
            return
        if sent.outcome is SendOutcome.SENT:
            await self._end(row, DeliveryState.DONE)
            return
        _log.warning("letter_refused", conversation=conversation.id.hex())
        await self._end(row, DeliveryState.FAILED)

    async def _written(self, row: Delivery, conversation: Conversation) -> Letter:
        told, locale = row.payload, conversation.locale
        notes = [self._catalog.text(locale, key, {}) for key in told.get("notes", ())]
        if notes:
            return letter_of(conversation, notes, self._catalog)
        first, last = int(told["first"]), int(told["last"])
        count = min(last - first + 1, _MOST_EVENTS)
        events = await self._reader.events(conversation.id, after=first - 1, limit=count)
        letter = letter_of(conversation, lines_of(events, locale, self._catalog), self._catalog)
        return replace(letter, enclosed=await self._enclosed(events))

    async def _enclosed(self, events: Sequence[Event]) -> tuple[Enclosure, ...]:
        """Return the pictures that agents sent along."""
        found = []
        for event in events:
            for told in event.data.get("files", ()) if event.sender is Sender.AGENT else ():
                file = await self._reader.attachment(AttachmentId(bytes.fromhex(told["id"])))
                if file is not None:
                    found.append(Enclosure(file.name, file.media_type, file.body))
        return tuple(found)

    async def _again(self, row: Delivery, error: UnavailableError) -> None:
        now, reason = self._clock.now(), str(error.data.get("reason", ""))
        if out_of_time(row, now):
            _log.error("letter_not_sent", reason=reason)
            await self._end(row, DeliveryState.FAILED)
            return
        due_at = retry_at(row, error.data.get("retry_after"), now)

        def decide(rows: WorkingSet) -> Changes:
            return Changes(deliveries=(claimed(rows, row).tried(now, reason, due_at),))

        await submit_claimed(self._writer, row, postponed(row, decide))

    async def _end(self, row: Delivery, state: DeliveryState) -> None:
        def decide(rows: WorkingSet) -> Changes:
            return Changes(deliveries=(ended(claimed(rows, row), state),))

        job_id = f"result:{row.id.hex()}"
        await submit_claimed(self._writer, row, Job(job_id, Locks(deliveries=(row.id,)), decide))


def letter_row(
    conversation: ConversationId, row: DeliveryId, told: Mapping[str, Any], now: datetime
) -> Delivery:
    """Return the outbox row of a letter.

    Args:
        conversation: held by mail.
        row: its id.
        told: the events it contains, from ``first`` to ``last``, or ``notes`` instead.
        now: the present.
    """
    return Delivery(
        id=row,
        channel=Channel.LETTER,
        action="letter",
        # Letters of an exchange arrive in the order in which they were written.
        lane=b"letter|" + conversation,
        conversation_id=conversation,
        due_at=now,
        created_at=now,
        payload=told,
        give_up_at=now + _TRIED_FOR,
    )


def letter_key(row: Delivery) -> str:
    """Return the basis of a letter's ``Message-ID``: its row, and its last event's offset.

    The offset lets a number that is sent back find the buttons that it refers to.
    """
    return f"{row.id.hex()}.{row.payload.get('last', 0)}"


def lines_of(events: Sequence[Event], locale: str, catalog: Catalog) -> list[str]:
    """Return events, less the user's own, as paragraphs of a mail."""
    told = [event for event in events if event.sender is not Sender.USER]
    lines = [line for event in told for line in _lines(event, event.locale or locale, catalog)]
    if any(event.choices for event in told):
        lines.append(catalog.text(locale, "mail.choose", {}))
    return lines


def letter_of(conversation: Conversation, lines: Sequence[str], catalog: Catalog) -> Letter:
    """Return a mail to the user of a conversation held by mail."""
    mail, locale = conversation.mail, conversation.locale
    assert mail is not None
    subject = mail.subject or catalog.text(locale, "mail.subject", {})
    return Letter(
        to=mail.address,
        subject=f"Re: {subject}",
        lines=(*lines, catalog.text(locale, "mail.foot", {})),
        locale=locale.replace("_", "-"),
        answers=mail.root,
    )


def _lines(event: Event, locale: str, catalog: Catalog) -> Iterator[str]:
    if event.sender is Sender.AGENT and event.author:
        yield catalog.text(locale, "mail.agent", {"name": event.author})
    if event.text:
        yield event.text
    if event.kind is EventKind.DETAILS:
        yield "\n".join(f"{row['label']}: {row['value']}" for row in event.data.get("rows", ()))
    elif event.kind is EventKind.TICKET:
        yield from _card(event, locale, catalog)
    if event.choices:
        yield "\n".join(f"{n}. {choice.label}" for n, choice in enumerate(event.choices, 1))


def _card(event: Event, locale: str, catalog: Catalog) -> Iterator[str]:
    card = event.data.get("ticket") or {}
    if not card:
        return
    rows = [
        (catalog.text(locale, "web.ticket.number", {}), card["number"]),
        (catalog.text(locale, "web.ticket.asked", {}), card["kind_label"]),
        (catalog.text(locale, "web.ticket.state", {}), card["state_label"]),
    ]
    if card.get("due_text"):
        rows.append((catalog.text(locale, "web.ticket.due", {}), card["due_text"]))
    yield "\n".join(f"{label}: {value}" for label, value in rows)
