"""Delivery of one-time codes: destinations, results, and the interface of the gateway."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Protocol

from msgspec import Struct

from privacydesk.domain.account_terms import AccountReason


class PhoneTarget(Struct, frozen=True):
    """A phone number typed by the user, in E.164. A code verifies only this contact."""

    number: str

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class MailTarget(Struct, frozen=True):
    """A mail address typed by the user. A code verifies only this contact."""

    address: str

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class AccountContact(Struct, frozen=True):
    """The phone bound to an account. The gateway looks up the number; the desk never sees it."""

    account: str


class SendOutcome(StrEnum):
    """The outcome of sending. ``sent`` means accepted by the gateway, not read by a person."""

    SENT = "sent"
    NO_CONTACT = "no_contact"
    REFUSED = "refused"


class SendAnswer(Struct, frozen=True):
    """The gateway's answer.

    Attributes:
        outcome: the outcome of sending.
        masked: the destination, masked for display; None if the gateway doesn't return it.
        reason: why it was refused; None if it was not.
    """

    outcome: SendOutcome
    masked: str | None = None
    reason: AccountReason | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "outcome": self.outcome.value,
            "masked": self.masked,
            "reason": None if self.reason is None else self.reason.value,
        }


class CodeSender(Protocol):
    """Sends one-time codes."""

    async def send(
        self,
        to: PhoneTarget | MailTarget | AccountContact,
        template: str,
        locale: str,
        code: str,
        *,
        key: str,
    ) -> SendAnswer:
        """Send a code.

        Args:
            to: a typed contact, or the phone bound to an account.
            template: name of the gateway's text around the code.
            locale: language tag of the text, such as ``zh-Hant``.
            code: the digits.
            key: idempotency key: the outbox row's ID. A call with a known key sends nothing.

        Raises:
            UnavailableError: the gateway is unavailable; retry with the same key.
        """
        ...
