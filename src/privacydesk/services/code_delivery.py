"""Delivery of verification codes through the operator's gateway."""

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

IsReachable = Callable[[str], bool]
"""Return whether the operator profile allows sending to a phone number."""


class CodeDelivery:
    """Sends the codes of outbox rows.

    Args:
        gateway: sends codes.
        reader: finds the contact of a ticket.
        is_reachable: checked again before anything is sent to a phone, since the contact may have
            been verified under an older operator profile.
    """

    def __init__(self, gateway: CodeSender, reader: Reader, is_reachable: IsReachable) -> None:
        self._gateway = gateway
        self._reader = reader
        self._is_reachable = is_reachable

    async def send(self, row: Delivery) -> Answer:
        """Send the code of an outbox row; return the outcome and the masked destination.

        Raises:
            UnavailableError: the gateway can't accept it now.
        """
        payload = row.payload
        destination = await self._destination(str(payload["kind"]), str(payload["to"]))
        if destination is None:
            # There is no such ticket: nothing is sent, and the outcome does not reveal that.
            return Answer("ok")
        if isinstance(destination, PhoneTarget) and not self._is_reachable(destination.number):
            return Answer("refused")
        locale = str(payload["locale"]).replace("_", "-")
        answer = await self._gateway.send(
            destination, _TEMPLATE, locale, str(payload["code"]), key=row.id.hex()
        )
        if answer.outcome is not SendOutcome.SENT:
            return Answer("refused")
        masked = answer.masked
        if masked is None and isinstance(destination, PhoneTarget):
            masked = mask_phone(destination.number)
        elif masked is None and isinstance(destination, MailTarget):
            masked = mask_mail(destination.address)
        return Answer("ok", {"masked": masked or ""})

    async def _destination(
        self, kind: str, value: str
    ) -> AccountContact | PhoneTarget | MailTarget | None:
        """Return where to send a code: for a ticket, its contact or its account's phone.

        Args:
            kind: the ``TargetKind``.
            value: an account, a contact or a ticket number, by kind.
        """
        if kind == TargetKind.ACCOUNT_PHONE.value:
            return AccountContact(value)
        if kind != TargetKind.TICKET_CONTACT.value:
            return _contact_target(value)
        ticket = await self._reader.ticket_by_number(value)
        if ticket is None:
            return None
        if ticket.contact:
            return _contact_target(ticket.contact)
        return AccountContact(ticket.account) if ticket.account else None


def _contact_target(value: str) -> PhoneTarget | MailTarget:
    return MailTarget(value) if "@" in value else PhoneTarget(value)
