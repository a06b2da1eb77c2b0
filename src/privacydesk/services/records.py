"""Records of purged tickets: matching them to their requesters by keyed hashes.

Once a ticket's content has been deleted, its record keeps only keyed hashes of the account and the
contact. They match users who are logged in or have entered the contact. Whether a user has also
proven that the contact is theirs is checked by the dialog, as for any ticket.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from privacydesk.domain.conversation import Conversation
from privacydesk.domain.ticket import Ticket
from privacydesk.ports import Hashing


def restore_identity(ticket: Ticket, conversation: Conversation, hashing: Hashing) -> Ticket:
    """Return a record with the account or contact of the conversation's user, if it is theirs.

    Other tickets are returned unchanged. The result is used within one turn and never stored, since
    the state of a closed ticket does not change any more.
    """
    if ticket.purged_at is None:
        return ticket
    account = conversation.account
    if account and ticket.account_hash == hashing.lookup("account", account):
        ticket = replace(ticket, account=account)
    for contact in _entered_contacts(conversation):
        if ticket.contact_hash == hashing.lookup("contact", contact):
            return replace(ticket, contact=contact)
    return ticket


def _entered_contacts(conversation: Conversation) -> Iterator[str]:
    for proof in conversation.verifications:
        purpose, _, value = proof.subject.partition(":")
        if purpose == "contact":
            yield value
    for frame in conversation.stack:
        if frame.slots.get("contact"):
            yield str(frame.slots["contact"])
