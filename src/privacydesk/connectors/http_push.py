"""Sends notices to an account's devices through the operator's push gateway.

One signed POST per notice, as for the code gateway. The body is ``{"to": {"account": …}, "locale",
"title", "text", "ticket", "about"}`` and, if the operator configured one, the ``link`` that a tap
opens.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from privacydesk.clock import Clock
from privacydesk.connectors.gateway import Gateway
from privacydesk.connectors.http import Endpoint, open_session
from privacydesk.domain.code_delivery import SendAnswer
from privacydesk.domain.notices import Notice, NoticeSubject
from privacydesk.outages import Outage


class HttpPusher:
    """Sends notices through the push gateway; made by :func:`connect_pusher`."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def check(self) -> None:
        """Push to nobody, which shows whether the gateway takes the secret.

        Raises:
            UnavailableError: it can't be used.
        """
        await self.push(
            "desk-start-check",
            Notice(NoticeSubject.NEWS, "", "en", "desk", ("desk",)),
            key=f"start-check-{uuid4().hex}",
        )

    async def push(self, account: str, notice: Notice, *, key: str) -> SendAnswer:
        """Send one notice; see :class:`privacydesk.domain.notices.Pusher`."""
        body = {
            "to": {"account": account},
            "locale": notice.locale,
            "title": notice.title,
            # Without the line on how to return to the chat: a tap on the notice opens it.
            "text": notice.lines[0],
            "ticket": notice.number,
            "about": notice.about.value,
            **({"link": notice.link} if notice.link else {}),
        }
        return await self._gateway.post(body, key=key)


@asynccontextmanager
async def connect_pusher(
    endpoint: Endpoint, *, clock: Clock, outage: Outage | None = None
) -> AsyncIterator[HttpPusher]:
    """Open a client for the push gateway and close it at the end.

    Raises:
        SettingsError: the endpoint can't be used.
    """
    checked = endpoint.checked("push_gateway")
    async with open_session(checked) as session:
        yield HttpPusher(Gateway("push_gateway", checked, session, clock=clock, outage=outage))
