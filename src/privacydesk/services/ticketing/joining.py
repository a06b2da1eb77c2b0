"""Wiring of the synchronization with a ticketing system."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.ticket import ScopeItem, Ticket
from privacydesk.domain.ticketing import TicketingMap, TicketingSystem
from privacydesk.ports import Catalog, Chores, Store, TicketingBook
from privacydesk.services.staff.handling import Handling
from privacydesk.services.ticketing.bringing import Bringing
from privacydesk.services.ticketing.syncing import Syncing
from privacydesk.services.ticketing.taking import Taking
from privacydesk.services.ticketing.telling import Telling


def join_system(
    system: TicketingSystem,
    said: TicketingMap,
    *,
    store: Store,
    book: TicketingBook,
    chores: Chores,
    handling: Handling,
    catalog: Catalog,
    item: Callable[[Ticket, ScopeItem, str], str],
    zone: str,
    clock: Clock,
    every: timedelta,
) -> Syncing:
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
        zone: the operator's.
        clock: the present.
        every: the time between two rounds.
    """
    said = replace(said, states={**system.states, **said.states})
    telling = Telling(catalog, said, zone, item)
    taking = Taking(store, handling, telling, said, clock)
    bringing = Bringing(
        system=system,
        book=book,
        reader=store.reader,
        taking=taking,
        telling=telling,
        said=said,
        clock=clock,
    )
    return Syncing(
        system=system,
        book=book,
        chores=chores,
        bringing=bringing,
        taking=taking,
        clock=clock,
        every=every,
    )
