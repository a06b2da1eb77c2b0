"""Assurance of a user's identity, and what was verified."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from msgspec import Struct


class Assurance(IntEnum):
    """Levels in their order; a code to a typed contact is outside of it (``VerifiedContact``)."""

    NONE = 0
    APP_SESSION = 1
    ONE_TIME_CODE = 2
    DOCUMENT_CHECKED = 3


class TargetKind(StrEnum):
    """Where a one-time code goes."""

    ACCOUNT_PHONE = "account_phone"
    """The phone bound to an account; the desk knows the account, never the number."""
    CONTACT = "contact"
    """A phone or mail address typed by the person; proves that contact alone."""
    TICKET_CONTACT = "ticket_contact"
    """The contact once verified for a ticket, when its owner comes back by number."""


class Target(Struct, frozen=True):
    """What a code is sent to; ``value`` is an account id, a contact, or a ticket number."""

    kind: TargetKind
    value: str

    def label(self) -> str:
        """Return the text that names this target and no other; codes are hashed under it."""
        return f"{self.kind.value}|{self.value}"

    def counter(self) -> str:
        """Return the text whose keyed hash names the challenge row.

        Spellings that may reach one mailbox share a row. A code works for the spelling it was sent
        to alone, since elsewhere they may belong to two people.
        """
        if self.kind is TargetKind.CONTACT:
            return f"{self.kind.value}|{_one_mailbox(self.value)}"
        return self.label()

    @classmethod
    def of_label(cls, label: str) -> Target:
        """Return the target of a label."""
        kind, _, value = label.partition("|")
        return cls(TargetKind(kind), value)


_QUOTING = str.maketrans("", "", '"\\')
_IGNORES_DOTS = frozenset({"gmail.com", "googlemail.com"})


def _one_mailbox(contact: str) -> str:
    """Return a contact without variations that mailboxes ignore: case, ``+tag``, dots, quoting."""
    local, at, host = contact.casefold().rpartition("@")
    if not at:
        return contact
    local = local.translate(_QUOTING)
    local = local.partition("+")[0] or local
    if host in _IGNORES_DOTS:
        local, host = local.replace(".", ""), "gmail.com"
    return f"{local}@{host}"


class Verification(Struct, frozen=True):
    """Proof that the speaker controls ``subject``, made at ``at``.

    Attributes:
        subject: an account id, or a contact for ``contact`` proofs.
        level: the assurance reached; ``NONE`` for a typed contact.
        at: when it was made; it is fresh for a settable time (30 minutes).
        target: the label of the target the code went to, or the ticket of the document.
    """

    subject: str
    level: Assurance
    at: datetime
    target: str = ""

    def covers(self, subject: str, level: Assurance, now: datetime, fresh: timedelta) -> bool:
        """Tell whether it still proves ``level`` for ``subject`` and nobody else."""
        return self.subject == subject and self.level >= level and is_fresh(self.at, now, fresh)


def is_fresh(at: datetime, now: datetime, fresh: timedelta) -> bool:
    """Whether a proof or statement made at an instant still counts.

    An instant further ahead than ``fresh`` is from a clock that was wrong: were it to count, it
    would do so until that clock is right.
    """
    return abs(now - at) <= fresh
