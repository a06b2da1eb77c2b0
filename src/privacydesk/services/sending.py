"""Sending one-time codes: where they go, and what the gateway said."""

from __future__ import annotations

from collections.abc import Callable

from privacydesk.domain.code_delivery import (
    AccountContact,
    CodeSender,
    MailTarget,
    PhoneTarget,
    SendOutcome,
)
from privacydesk.domain.deliveries import Delivery
from privacydesk.domain.identity import TargetKind
from privacydesk.domain.masking import mask_mail, mask_phone
from privacydesk.ports import Reader
from privacydesk.services.settlement import Answer

_TEMPLATE = "desk_code"

Reaches = Callable[[str], bool]
"""Whether anything may be sent to a phone, by the operator profile."""


class Codes:
    """Hands codes to the gateway.

    Args:
        gateway: what sends them.
        reader: finds the contact of a ticket.
        reaches: asked once more before anything leaves, since a contact may have been proven
            under an older profile.
    """

    def __init__(self, gateway: CodeSender, reader: Reader, reaches: Reaches) -> None:
        self._gateway = gateway
        self._reader = reader
        self._reaches = reaches

    async def send(self, row: Delivery) -> Answer:
        """Send the code of an outbox row.

        Raises:
            UnavailableError: the gateway can't take it now.
        """
        payload = row.payload
        to = await self._destination(str(payload["kind"]), str(payload["to"]))
        if to is None:
            # No such ticket: nothing is sent, and nobody is told so.
            return Answer("ok")
        if isinstance(to, PhoneTarget) and not self._reaches(to.number):
            return Answer("refused")
        locale = str(payload["locale"]).replace("_", "-")
        sent = await self._gateway.send(
            to, _TEMPLATE, locale, str(payload["code"]), key=row.id.hex()
        )
        if sent.outcome is not SendOutcome.SENT:
            return Answer("refused")
        masked = sent.masked
        if masked is None and isinstance(to, PhoneTarget):
            masked = mask_phone(to.number)
        elif masked is None and isinstance(to, MailTarget):
            masked = mask_mail(to.address)
        return Answer("ok", {"masked": masked or ""})

    async def _destination(
        self, kind: str, value: str
    ) -> AccountContact | PhoneTarget | MailTarget | None:
        if kind == TargetKind.ACCOUNT_PHONE.value:
            return AccountContact(value)
        if kind != TargetKind.TICKET_CONTACT.value:
            return _contact(value)
        ticket = await self._reader.ticket_by_number(value)
        if ticket is None:
            return None
        if ticket.contact:
            return _contact(ticket.contact)
        return AccountContact(ticket.account) if ticket.account else None


def _contact(value: str) -> PhoneTarget | MailTarget:
    return MailTarget(value) if "@" in value else PhoneTarget(value)
