"""Notices to an account's devices, through the operator's push service.

One signed POST each, as the code gateway gets it. The body is ``{"to": {"account": …}, "locale",
"title", "text", "ticket", "about"}`` and, where the operator names one, the ``link`` that a tap
opens.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from privacydesk.clock import Clock
from privacydesk.connectors.gateway import Gateway
from privacydesk.connectors.http import Endpoint, open_session
from privacydesk.domain.code_delivery import SendAnswer
from privacydesk.domain.notices import Notice
from privacydesk.outages import Outage


class HttpPusher:
    """Hands notices to the push service; made by :func:`connect_pusher`."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def push(self, account: str, notice: Notice, *, key: str) -> SendAnswer:
        """Push one notice; see :class:`privacydesk.domain.notices.Pusher`."""
        told = {
            "to": {"account": account},
            "locale": notice.locale,
            "title": notice.title,
            # A tap leads back, so the line that says how is left out.
            "text": notice.lines[0],
            "ticket": notice.number,
            "about": notice.about.value,
            **({"link": notice.link} if notice.link else {}),
        }
        return await self._gateway.post(told, key=key)


@asynccontextmanager
async def connect_pusher(
    endpoint: Endpoint, *, clock: Clock, outage: Outage | None = None
) -> AsyncIterator[HttpPusher]:
    """Open a client for the push service and close it at the end.

    Raises:
        SettingsError: the endpoint can't be used.
    """
    checked = endpoint.checked("push_gateway")
    async with open_session(checked) as session:
        yield HttpPusher(Gateway("push_gateway", checked, session, clock=clock, outage=outage))
