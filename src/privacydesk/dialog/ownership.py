"""Whose tickets a user may see: by account, proven contact, or this conversation."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from privacydesk.domain.identity import Assurance, Verification
from privacydesk.domain.ids import ConversationId
from privacydesk.domain.ticket import Ticket

_CONTACT = "contact:"


def owners_of(
    account: str, verifications: Iterable[Verification], now: datetime, fresh: timedelta
) -> str:
    """Return the owners whose tickets a user may see, one per line.

    Args:
        account: the account they are logged in to; empty for none.
        verifications: what they have proven in this conversation.
        now: the current time.
        fresh: how long a verification counts.
    """
    owners = [f"account:{account}"] if account else []
    owners += [
        proof.subject
        for proof in verifications
        if proof.subject.startswith(_CONTACT)
        and proof.covers(proof.subject, Assurance.NONE, now, fresh)
    ]
    owners.append("conversation:")
    return "\n".join(owners)


def belongs_to(ticket: Ticket, owner: str, conversation: ConversationId) -> bool:
    """Whether a ticket is that of an owner, as ``owners_of`` names them."""
    purpose, _, value = owner.partition(":")
    if purpose == "conversation":
        return ticket.conversation_id == conversation
    if purpose == "contact":
        return ticket.contact == value
    return is_of_account(ticket, value)


def is_of_account(ticket: Ticket, account: str) -> bool:
    """Whether a ticket is the account holder's own.

    The request of a guardian, relative or stranger may name the account, as may one that was proven
    by a document; those who are logged in to it are not told.
    """
    return bool(account) and ticket.account == account and ticket.account_hash is not None
