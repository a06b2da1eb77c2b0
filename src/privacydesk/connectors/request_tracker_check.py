"""Checks whether a Request Tracker has all that the desk needs.

What can't be seen through its interface is whether a status belongs to the queue's lifecycle, and
what the account may do on a ticket; that shows with the first ticket.
"""

from __future__ import annotations

from privacydesk.connectors import request_tracker_wire as wire
from privacydesk.connectors.request_tracker_auth import user_of_token
from privacydesk.connectors.request_tracker_rest import Rest
from privacydesk.domain.ticketing import RemoteGoneError, TicketingMap
from privacydesk.errors import UnavailableError


async def find_faults(
    rest: Rest, said: TicketingMap, *, account: str, secret: str
) -> tuple[str, ...]:
    """Return the faults, as sentences for the operator.

    Args:
        rest: the interface.
        said: the operator's mapping.
        account: the desk's user.
        secret: its token or password.

    Raises:
        UnavailableError: it can't be checked now.
    """
    try:
        await rest.get("rt")
    except RemoteGoneError:
        return ("nothing answers there as Request Tracker 5 does: look at the address",)
    except UnavailableError as error:
        if error.data.get("reason") == "credentials":
            return ("it refuses the account or its secret",)
        raise
    return (
        *await _of_account(rest, account, secret),
        *await _of_queue(rest, said),
        *await _of_users(rest, said),
    )


async def queue_of(rest: Rest, said: TicketingMap) -> wire.Queue | None:
    """Return the queue that tickets are made in; None where the account sees none of that name."""
    try:
        return wire.read_as(wire.Queue, (await rest.get("queue", said.queue)).body)
    except RemoteGoneError:
        return None


async def _of_account(rest: Rest, account: str, secret: str) -> tuple[str, ...]:
    number = user_of_token(secret)
    owner = await _name_of(rest, number) if number is not None else account
    return () if owner == account else ("the token is not one of the account",)


async def _of_queue(rest: Rest, said: TicketingMap) -> tuple[str, ...]:
    queue = await queue_of(rest, said)
    if queue is None:
        return (f"there is no queue {said.queue!r} that the account may see (right SeeQueue)",)
    faults = []
    if not any(link.ref == "create" and link.type == "ticket" for link in queue.links):
        faults.append("the account may make no tickets in the queue (right CreateTicket)")
    names = {one.name for one in queue.fields}
    faults += [
        f"the queue has no custom field {name!r} that the account may see (right SeeCustomField)"
        for name in (wire.KEY_FIELD, *said.fields)
        if name not in names
    ]
    return tuple(faults)


async def _of_users(rest: Rest, said: TicketingMap) -> tuple[str, ...]:
    faults = []
    for agent, user in sorted(said.users.items()):
        named = await _name_of(rest, user)
        if named is None:
            faults.append(f"there is no user {user!r} (of agent {agent!r})")
        elif named != user:
            faults.append(f"user {user!r} (of agent {agent!r}) is written {named!r} there")
    return tuple(faults)


async def _name_of(rest: Rest, user: str) -> str | None:
    try:
        return wire.read_as(wire.User, (await rest.get("user", user)).body).name
    except RemoteGoneError:
        return None
