"""Sending one-time codes: targets, outcomes, and the gateway's interface."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Protocol

from msgspec import Struct

from privacydesk.domain.account_terms import AccountReason


class PhoneTarget(Struct, frozen=True):
    """A phone number that somebody typed, in E.164. A code sent there proves that contact alone."""

    number: str

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class MailTarget(Struct, frozen=True):
    """A mail address that somebody typed. A code sent there proves that contact alone."""

    address: str

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class AccountContact(Struct, frozen=True):
    """The phone bound to an account; the gateway resolves it, so the desk never holds it."""

    account: str


class SendOutcome(StrEnum):
    """The outcome of sending a code. ``sent`` means taken by the gateway, not read by a person."""

    SENT = "sent"
    NO_CONTACT = "no_contact"
    REFUSED = "refused"


class SendAnswer(Struct, frozen=True):
    """The gateway's answer.

    Attributes:
        outcome: the outcome of sending the code.
        masked: its destination, masked for display; ``None`` if the gateway gives none.
        reason: why it was refused.
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
    """Sends one-time codes to people."""

    async def send(
        self,
        to: PhoneTarget | MailTarget | AccountContact,
        template: str,
        locale: str,
        code: str,
        *,
        key: str,
    ) -> SendAnswer:
        """Send one code once.

        Args:
            to: a typed contact, or "the phone bound to this account".
            template: which text the gateway wraps around the code.
            locale: the language of that text, as in ``zh-Hant``.
            code: the digits themselves.
            key: the outbox row's id; a repeated key sends nothing more.

        Raises:
            UnavailableError: the gateway can't take it now; repeat with the same key.
        """
        ...
