"""Messages to the group chats of staff: what waits for a chat goes out as one message.

    alarm or assignment ─► outbox row per chat ─► rows of the lane gathered ─► one post ─► closed

A chat's rows share a lane, so the process that holds the claim on the oldest holds them all. Rows
become due at instants five seconds apart (see ``next_sending``), so that no chat gets more than
twelve messages a minute, however many processes send.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import structlog
from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.dialog.naming import date_argument
from privacydesk.domain.alarms import AlarmKind
from privacydesk.domain.deliveries import Delivery, DeliveryState
from privacydesk.domain.staff_channels import (
    ASSIGNED,
    StaffChannel,
    StaffChannelSender,
    next_sending,
)
from privacydesk.domain.ticket import Ticket
from privacydesk.errors import InvalidRequestError, UnavailableError
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

_MAX_GATHERED: Final = 50
"""How many rows are read for one message; fewer fit into most."""


class StaffMessageTexts:
    """Writes messages to group chats.

    Args:
        catalog: the translated texts.
        desk_names: the desk's name by locale; falls back to the catalog's.
        console: the origin under which staff open the console; empty for messages without links.
    """

    def __init__(self, catalog: Catalog, desk_names: Mapping[str, str], console: str) -> None:
        self._catalog = catalog
        self._desk_names = desk_names
        self._console = console

    def heading(self, locale: str) -> str:
        """Return the first line of a message."""
        text = self._catalog.text
        desk = self._desk_names.get(locale, "") or text(locale, "web.desk_name", {})
        return text(locale, "staff_channel.heading", {"desk": desk})

    def test(self, locale: str) -> str:
        """Return a message that only shows that messages arrive."""
        line = self._catalog.text(locale, "staff_channel.test", {})
        return "\n".join((self.heading(locale), line, *self._link("/console/")))

    def entry(self, row: Delivery, ticket: Ticket | None, locale: str) -> str:
        """Return what a message says about one row, in one or two lines.

        Args:
            row: the outbox row.
            ticket: its ticket; None if it is about none, or if that was purged.
            locale: the language.
        """
        text, number = self._catalog.text, str(row.payload["number"])
        if row.action == ASSIGNED:
            what = text(locale, "staff_channel.assigned", {"agent": row.payload["agent"]})
        else:
            what = text(locale, f"web.duty.alarm.{row.action}", {})
        if number:
            about = self._about(number, what, ticket)
            what = text(locale, "staff_channel.request", about).rstrip()
        return "\n".join((f"• {what}", *self._link(_page_of(row, number))))

    def _about(self, number: str, what: str, ticket: Ticket | None) -> Mapping[str, Any]:
        clock = None if ticket is None else ticket.staff_clock
        due: Any = ""
        if clock is not None:
            due = {
                "$term": "staff_channel.due",
                "args": {"due": date_argument(clock.due_date)},
            }
        kind = {"$term": f"kind.{ticket.kind}"} if ticket is not None else ""
        about = {"number": number, "kind": kind}
        name = {"$term": "staff_channel.kind", "args": about} if kind else number
        return {"request": name, "what": what, "due": due}

    def _link(self, page: str) -> tuple[str, ...]:
        return (self._console + page,) if self._console and page else ()


class StaffChannels:
    """Sends the messages that this process has claimed in the outbox.

    Args:
        channels: the group chats in the settings.
        senders: posts into each of them, by name; none in commands, where ``serve`` sends.
        texts: writes the messages.
    """

    def __init__(
        self,
        *,
        channels: Sequence[StaffChannel],
        senders: Mapping[str, StaffChannelSender],
        texts: StaffMessageTexts,
        reader: Reader,
        writer: Writer,
        clock: Clock,
    ) -> None:
        self._channels = {channel.name: channel for channel in channels}
        self._senders = senders
        self._texts = texts
        self._reader = reader
        self._writer = writer
        self._clock = clock

    async def deliver(self, row: Delivery) -> None:
        """Post what waits for a claimed row's chat; record the result."""
        name = str(row.payload["channel"])
        channel, sender = self._channels.get(name), self._senders.get(name)
        if channel is None or sender is None:
            # The chat was removed from the settings after the message was queued.
            await self._close(row, [row], DeliveryState.FAILED)
            return
        waiting = [row, *await self._reader.waiting_behind(row, limit=_MAX_GATHERED)]
        text, told = await self._compose(waiting, channel, sender.max_bytes)
        try:
            await sender.send(text)
        except UnavailableError as error:
            await self._postpone(row, name, error)
            return
        except InvalidRequestError as error:
            _log.error(
                "staff_message_refused", channel=name, status=error.data.get("status"), rows=told
            )
            await self._close(row, waiting[:told], DeliveryState.FAILED)
            return
        await self._close(row, waiting[:told], DeliveryState.DONE, then=waiting[told : told + 1])

    async def _compose(
        self, rows: Sequence[Delivery], channel: StaffChannel, max_bytes: int
    ) -> tuple[str, int]:
        """Return a message about as many rows as fit, at least one, and their number."""
        text, told = self._texts.heading(channel.locale), 0
        for row in rows:
            ticket = None if row.ticket_id is None else await self._reader.ticket(row.ticket_id)
            longer = f"{text}\n{self._texts.entry(row, ticket, channel.locale)}"
            if told and len(longer.encode()) > max_bytes:
                break
            text, told = longer, told + 1
        return text, told

    async def _postpone(self, row: Delivery, name: str, error: UnavailableError) -> None:
        now, reason = self._clock.now(), str(error.data.get("reason", ""))
        if is_out_of_time(row, now):
            _log.error("staff_message_given_up", channel=name, reason=reason)
            await self._close(row, [row], DeliveryState.FAILED)
            return
        due_at = retry_at(row, error.data.get("retry_after"), now)

        def decide(rows: WorkingSet) -> Changes:
            return Changes(
                deliveries=(require_claim(rows, row).after_attempt(now, reason, due_at),)
            )

        await submit_claimed(self._writer, row, postpone_job(row, decide))

    async def _close(
        self,
        claimed: Delivery,
        told: Sequence[Delivery],
        state: DeliveryState,
        *,
        then: Sequence[Delivery] = (),
    ) -> None:
        """Close rows; those behind them wait for the next instant.

        Args:
            claimed: the claimed row, which holds all others of its lane.
            told: the rows to close.
            state: their result.
            then: the row that comes next, if any.
        """
        due_at = next_sending(self._clock.now())

        def decide(rows: WorkingSet) -> Changes:
            require_claim(rows, claimed)
            return Changes(
                deliveries=(
                    *(close_row(rows.deliveries[row.id], state) for row in told),
                    *(
                        replace(rows.deliveries[row.id], due_at=due_at, version=row.version + 1)
                        for row in then
                    ),
                )
            )

        ids = tuple(row.id for row in (*told, *then))
        job = Job(f"told:{claimed.id.hex()}:{claimed.attempts}", Locks(deliveries=ids), decide)
        await submit_claimed(self._writer, claimed, job)


def _page_of(row: Delivery, number: str) -> str:
    """Return the path of the console's page about a row."""
    if row.action == AlarmKind.TASK_ASKED:
        return f"/console/tickets/{number}/tasks"
    if number:
        return f"/console/tickets/{number}"
    conversation = row.payload["conversation"]
    return f"/console/conversations/{conversation}" if conversation else "/console/alarms"
