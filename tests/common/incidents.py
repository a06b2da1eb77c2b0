"""Notices about incidents, as tests prepare and send them."""

from __future__ import annotations

from collections.abc import Iterable

from tests.common.stories import World

from privacydesk.domain.agents import Role
from privacydesk.domain.incidents import Audience, Incident, IncidentDraft, NoticePart
from privacydesk.services.staff.incidents import Incidents

LOCALES = ("zh_Hans", "zh_Hant", "en")
TEXTS = {
    locale: {part: f"{part} in {locale}\nsecond line" for part in NoticePart} for locale in LOCALES
}


def incidents_of(world: World) -> Incidents:
    return world.services.console.incidents


async def prepared(
    world: World,
    accounts: Iterable[str] = (),
    audience: Audience = Audience.LIST,
    *,
    urgent: bool = False,
) -> Incident:
    """Return a notice that waits for a second person, the supervisor ``lao-zhou``."""
    if "wu" not in world.services.agents:
        await world.services.staff.roster.add("wu", "吴", Role.SUPERVISOR)
        await world.services.refresh_agents()
    draft = IncidentDraft("Leak of nicknames", audience, TEXTS, urgent)
    return await incidents_of(world).prepare(draft, accounts, "wu")


async def released(
    world: World,
    accounts: Iterable[str] = (),
    audience: Audience = Audience.LIST,
    *,
    urgent: bool = False,
) -> Incident:
    """Return a notice that is to be sent."""
    incident = await prepared(world, accounts, audience, urgent=urgent)
    return await incidents_of(world).release(incident.id, "lao-zhou", seen=incident.version)


async def send(world: World) -> None:
    """Tell all recipients, and send what goes to phones and mailboxes."""
    await world.services.incident_sending.work()
    await world.work()
