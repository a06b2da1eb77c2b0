"""Wiring of the synchronization with a ticketing system."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.ticket import ScopeItem, Ticket
from privacydesk.domain.ticketing import TicketingMap, TicketingSystem
from privacydesk.ports import Catalog, PeriodicTasks, Store, TicketingLinkStore
from privacydesk.services.alarms import AlertFailing
from privacydesk.services.staff.handling import TicketHandling
from privacydesk.services.ticketing.incoming import Incoming
from privacydesk.services.ticketing.sync_rounds import SyncRounds
from privacydesk.services.ticketing.ticket_sync import TicketSync
from privacydesk.services.ticketing.ticket_texts import Telling


def join_system(
    system: TicketingSystem,
    said: TicketingMap,
    *,
    store: Store,
    book: TicketingLinkStore,
    chores: PeriodicTasks,
    handling: TicketHandling,
    catalog: Catalog,
    item: Callable[[Ticket, ScopeItem, str], str],
    clock: Clock,
    every: timedelta,
    alert: AlertFailing | None = None,
) -> SyncRounds:
    """Wire a ticketing system to the desk.

    Args:
        system: the system.
        said: the operator's mapping; for states it leaves out, the connector's names are used.
        store: the desk's own.
        book: where links are kept.
        chores: lets one process work at a time.
        handling: what staff do.
        catalog: the texts.
        item: words for what a ticket asks for.
        clock: the present.
        every: the time between two rounds.
        alert: alerts staff to a system that has been failing; None to log that only.
    """
    said = replace(said, states={**system.states, **said.states})
    telling = Telling(catalog, said, item)
    taking = Incoming(store, handling, telling, said, clock)
    bringing = TicketSync(
        system=system,
        book=book,
        reader=store.reader,
        taking=taking,
        telling=telling,
        said=said,
        clock=clock,
    )
    return SyncRounds(
        system=system,
        book=book,
        chores=chores,
        bringing=bringing,
        taking=taking,
        clock=clock,
        every=every,
        alert=alert,
    )
