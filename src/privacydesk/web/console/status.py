"""The status page: what works, what waits to be sent, and what is to be put right."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import version
from typing import Final

from aiohttp import web
from msgspec import Struct

from privacydesk.domain.agents import Role
from privacydesk.domain.deliveries import Channel
from privacydesk.services.desk_status import Status
from privacydesk.web.console.access import agent_session, staff
from privacydesk.web.console.keys import SERVICES
from privacydesk.web.console.localizer import localizer_of
from privacydesk.web.console.page import console_page
from privacydesk.web.health import HEALTH, Component, Health

_GIGABYTE: Final = 10**9


class Part(Struct, frozen=True):
    """A part of the desk, or a service that it depends on.

    Attributes:
        name: its name, for the catalog.
        works: whether it works now.
        since: since when it does not, where that is known.
    """

    name: str
    works: bool
    since: datetime | None = None


_ROLES: Final = (Role.SUPERVISOR, Role.ADMINISTRATOR, Role.AUDITOR)


@staff(*_ROLES)
async def status_page(request: web.Request) -> web.Response:
    """Show the page."""
    return await _render(request, "console/desk_status.html")


@staff(*_ROLES, counts_as_activity=False)
async def status_now(request: web.Request) -> web.Response:
    """Return what changes on the page."""
    return await _render(request, "console/desk_status_parts.html")


async def _render(request: web.Request, template: str) -> web.Response:
    services = request.config_dict[SERVICES]
    status = await services.desk_status.read()
    parts = list(_parts(request.config_dict[HEALTH], status))
    return console_page(
        request,
        template,
        parts=parts,
        failing=[part for part in parts if not part.works],
        figures=status.figures,
        channels=list(Channel),
        now=services.clock.now(),
        disk_free=round(status.disk_free / _GIGABYTE, 1),
        disk_size=round(status.disk_size / _GIGABYTE, 1),
        missing_schedule=services.operator_settings.missing_schedule(),
        profile_gaps=len(services.profiles.gaps),
        failing_webhooks=len(services.failing_endpoints()),
        may_change=agent_session(request).agent.role is Role.ADMINISTRATOR,
        version=version("privacydesk"),
        w=localizer_of(request),
    )


def _parts(health: Health, status: Status) -> Iterator[Part]:
    """Yield the parts of this process, then what it depends on."""
    failing, outages = health.failing_components(), status.outages
    for component in Component:
        name = component.value
        yield Part(name, name not in failing, outages.get(name) if name in failing else None)
    known = {component.value for component in Component}
    for name, since in outages.items():
        if name not in known:
            yield Part(name, since is None, since)
