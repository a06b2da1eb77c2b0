"""Records: matching them to their requesters, since they name nobody.

The record of a request, left after its period, holds keyed hashes of the account and the contact.
They identify users who are logged in or have typed a contact; whether these have also proven it is
for the dialog to judge, as for any request.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from privacydesk.domain.conversation import Conversation
from privacydesk.domain.ticket import Ticket
from privacydesk.ports import Hashing


def recalled(ticket: Ticket, conversation: Conversation, hashing: Hashing) -> Ticket:
    """Return a record with the speaker's account or contact filled in, if it is theirs.

    It is read within one turn and never stored: a closed request takes no move.
    """
    if ticket.purged_at is None:
        return ticket
    account = conversation.account
    if account and ticket.account_hash == hashing.lookup("account", account):
        ticket = replace(ticket, account=account)
    for contact in _contacts(conversation):
        if ticket.contact_hash == hashing.lookup("contact", contact):
            return replace(ticket, contact=contact)
    return ticket


def _contacts(conversation: Conversation) -> Iterator[str]:
    for proof in conversation.verifications:
        purpose, _, value = proof.subject.partition(":")
        if purpose == "contact":
            yield value
    for frame in conversation.stack:
        if frame.slots.get("contact"):
            yield str(frame.slots["contact"])
