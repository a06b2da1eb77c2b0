"""The services that staff use, and the console's tools over them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from privacydesk.app.basis import Basis
from privacydesk.app.database import DatabaseRooms
from privacydesk.app.talking import Talking
from privacydesk.app.terms import ways
from privacydesk.services.alarms import Alarms
from privacydesk.services.inbox import Inbox
from privacydesk.services.notices import Notices
from privacydesk.services.staff.casework import Casework
from privacydesk.services.staff.modules import Modules
from privacydesk.services.staff.staff import Staff, make_staff
from privacydesk.services.takeover import Takeover
from privacydesk.web.console.tools import Tools


@dataclass(frozen=True, slots=True)
class Staffing:
    """The services that staff use."""

    notices: Notices
    alarms: Alarms
    staff: Staff
    takeover: Takeover


def make_staffing(basis: Basis, talking: Talking) -> Staffing:
    """Make the services that staff use."""
    store, clock, profile = basis.store, basis.clock, basis.profile
    notices = Notices(basis.minter, ways(basis.settings, profile))
    alarms = Alarms(store.alarm_book, store.reader, store.duties, clock)
    talking.turns.alarmed = alarms.raised
    staff = make_staff(
        turns=talking.turns,
        store=store,
        maker=basis.maker,
        minter=basis.minter,
        hashing=basis.hashing,
        deadlines=basis.deadlines,
        notices=notices,
        alarms=alarms,
        clock=clock,
        second_eyes=profile.decided_by_two(),
        changed=talking.hints.ticket_changed,
        separation=timedelta(days=basis.settings.separation_days),
    )
    takeover = Takeover(
        turns=talking.turns,
        store=store,
        staff=staff,
        attendance=talking.attendance,
        presence=talking.presence,
        attaching=talking.attaching,
        minter=basis.minter,
        clock=clock,
    )
    return Staffing(notices, alarms, staff, takeover)


def make_tools(
    basis: Basis, talking: Talking, staffing: Staffing, on_database: DatabaseRooms
) -> Tools:
    """Make the tools that the console uses."""
    store, clock, catalogs, profile = basis.store, basis.clock, basis.catalogs, basis.profile
    staff, ticketing = staffing.staff, on_database.ticketing
    webhooks, integrations = on_database.webhooks, on_database.integrations
    return Tools(
        inbox=Inbox(store.reader, basis.hashing, basis.deadlines, clock),
        casework=Casework(
            store.reader,
            staff.cases,
            talking.presence,
            store.text_book,
            ticketing.link if ticketing is not None else None,
        ),
        modules=Modules(
            book=store.text_book,
            roster=staff.roster,
            catalog=catalogs,
            locales=catalogs.locales,
            app=profile.rules().app_in,
            clock=clock,
        ),
        staff=staff,
        takeover=staffing.takeover,
        attaching=talking.attaching,
        presence=talking.presence,
        hints=talking.hints,
        wording=basis.wording,
        catalog=catalogs,
        minter=basis.minter,
        clock=clock,
        agents=talking.agents,
        zone=profile.zone,
        attendance=talking.attendance,
        alarms=staffing.alarms,
        endpoints=webhooks.endpoints,
        tokens=integrations.tokens,
        ailing=webhooks.ailing,
    )
