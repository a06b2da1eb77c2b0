"""Verification of identity: assurance levels, targets of codes, and verifications made."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from msgspec import Struct


class Assurance(IntEnum):
    """Levels of identity verification, in order. A code to a typed contact reaches no level."""

    NONE = 0
    APP_SESSION = 1
    ONE_TIME_CODE = 2
    DOCUMENT_CHECKED = 3


class TargetKind(StrEnum):
    """The kind of destination of a one-time code."""

    ACCOUNT_PHONE = "account_phone"
    """The phone bound to an account; the desk knows the account, but not the number."""
    CONTACT = "contact"
    """A phone number or mail address typed by the user; a code verifies only that contact."""
    TICKET_CONTACT = "ticket_contact"
    """The contact verified for a ticket, for users who return with the ticket's number."""


class Target(Struct, frozen=True):
    """The destination of a code; ``value`` is an account ID, a contact, or a ticket number."""

    kind: TargetKind
    value: str

    def label(self) -> str:
        """Return a text that identifies the target; hashes of codes include it."""
        return f"{self.kind.value}|{self.value}"

    def counter(self) -> str:
        """Return the text whose keyed hash is the ID of the challenge row.

        Addresses that may lead to the same mailbox share a row. A code still works only for the
        spelling that it was sent to, since other mail servers may distinguish the spellings.
        """
        if self.kind is TargetKind.CONTACT:
            return f"{self.kind.value}|{_normalise_mailbox(self.value)}"
        return self.label()

    @classmethod
    def of_label(cls, label: str) -> Target:
        """Return the target of a label."""
        kind, _, value = label.partition("|")
        return cls(TargetKind(kind), value)


_QUOTE_REMOVAL = str.maketrans("", "", '"\\')
_HOSTS_IGNORING_DOTS = frozenset({"gmail.com", "googlemail.com"})


def _normalise_mailbox(contact: str) -> str:
    """Return a contact without variations that mail servers ignore.

    These are case, ``+tag``, quotes, and dots at some providers.
    """
    local, at, host = contact.casefold().rpartition("@")
    if not at:
        return contact
    local = local.translate(_QUOTE_REMOVAL)
    local = local.partition("+")[0] or local
    if host in _HOSTS_IGNORING_DOTS:
        local, host = local.replace(".", ""), "gmail.com"
    return f"{local}@{host}"


class Verification(Struct, frozen=True):
    """A completed verification that the user controls an account or contact.

    Attributes:
        subject: the account's ID, or the contact.
        level: the level reached; ``NONE`` for a contact.
        at: when it was made; it stays fresh for a configurable time (default 30 minutes).
        target: label of the target that the code was sent to, or the ticket of the document.
    """

    subject: str
    level: Assurance
    at: datetime
    target: str = ""

    def covers(self, subject: str, level: Assurance, now: datetime, fresh: timedelta) -> bool:
        """Return whether it is still fresh and verifies ``subject`` at ``level`` or higher."""
        return self.subject == subject and self.level >= level and is_fresh(self.at, now, fresh)


def is_fresh(at: datetime, now: datetime, fresh: timedelta) -> bool:
    """Return whether a verification or statement made at ``at`` is recent enough.

    An instant more than ``fresh`` in the future doesn't count either: it was written by a clock
    that was wrong, and would count until that time is reached.
    """
    return abs(now - at) <= fresh
