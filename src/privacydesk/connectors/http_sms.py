"""Sends verification codes and notices through the operator's HTTP gateway.

One signed POST per message. The body is ``{"to": {"phone" | "mail" | "account": …}, "template",
"locale"}`` with a ``code``, or for a notice with the ``ticket``, the subject (``about``) and the
``link`` to the chat. A phone bound to an account is identified by the account; the gateway looks
its number up.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from privacydesk.clock import Clock
from privacydesk.connectors.breaker import CircuitBreaker
from privacydesk.connectors.gateway import Gateway
from privacydesk.connectors.http import Endpoint, open_session
from privacydesk.domain.code_delivery import AccountContact, MailTarget, PhoneTarget, SendAnswer
from privacydesk.domain.notices import Notice
from privacydesk.outages import Outage

_NOTICE_TEMPLATE = "desk_notice"


class HttpCodeSender:
    """Sends codes and notices through the code gateway; made by :func:`connect_code_sender`."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def send(
        self,
        to: PhoneTarget | MailTarget | AccountContact,
        template: str,
        locale: str,
        code: str,
        *,
        key: str,
    ) -> SendAnswer:
        """Send one code; see :class:`privacydesk.domain.code_delivery.CodeSender`."""
        body = {"to": _recipient(to), "template": template, "locale": locale, "code": code}
        return await self._gateway.post(body, key=key)

    async def notify(
        self, to: PhoneTarget | MailTarget | AccountContact, notice: Notice, *, key: str
    ) -> SendAnswer:
        """Send one notice; see :class:`privacydesk.domain.notices.NoticeGateway`."""
        body = {
            "to": _recipient(to),
            "template": _NOTICE_TEMPLATE,
            "locale": notice.locale,
            "ticket": notice.number,
            "about": notice.about.value,
            **({"link": notice.link} if notice.link else {}),
        }
        return await self._gateway.post(body, key=key)


def _recipient(to: PhoneTarget | MailTarget | AccountContact) -> dict[str, str]:
    match to:
        case PhoneTarget(number):
            return {"phone": number}
        case MailTarget(address):
            return {"mail": address}
        case AccountContact(account):
            return {"account": account}


@asynccontextmanager
async def connect_code_sender(
    endpoint: Endpoint,
    *,
    clock: Clock,
    breaker: CircuitBreaker | None = None,
    outage: Outage | None = None,
) -> AsyncIterator[HttpCodeSender]:
    """Open a client for the code gateway and close it at the end.

    Raises:
        SettingsError: the endpoint can't be used.
    """
    checked = endpoint.checked("code_gateway")
    async with open_session(checked) as session:
        gateway = Gateway(
            "code_gateway", checked, session, clock=clock, breaker=breaker, outage=outage
        )
        yield HttpCodeSender(gateway)
