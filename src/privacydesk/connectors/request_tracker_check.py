"""Checks the set-up of a Request Tracker: account, queue, custom fields and users.

The API doesn't show whether a status belongs to the queue's lifecycle, nor what the account may do
with a ticket. Such faults show up with the first ticket.
"""

from __future__ import annotations

from privacydesk.connectors import request_tracker_wire as wire
from privacydesk.connectors.request_tracker_auth import user_of_token
from privacydesk.connectors.request_tracker_rest import Rest
from privacydesk.domain.ticketing import RemoteGoneError, TicketingMap
from privacydesk.errors import UnavailableError


async def find_faults(
    rest: Rest, mapping: TicketingMap, *, account: str, secret: str
) -> tuple[str, ...]:
    """Return the faults, as sentences for the operator.

    Args:
        rest: the API.
        mapping: the operator's mapping.
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
        *await _check_account(rest, account, secret),
        *await _check_queue(rest, mapping),
        *await _check_users(rest, mapping),
    )


async def fetch_queue(rest: Rest, mapping: TicketingMap) -> wire.Queue | None:
    """Fetch the queue for new tickets; None if the account doesn't see it."""
    try:
        return wire.parse(wire.Queue, (await rest.get("queue", mapping.queue)).body)
    except RemoteGoneError:
        return None


async def _check_account(rest: Rest, account: str, secret: str) -> tuple[str, ...]:
    user_id = user_of_token(secret)
    owner = await _fetch_user_name(rest, user_id) if user_id is not None else account
    return () if owner == account else ("the token is not one of the account",)


async def _check_queue(rest: Rest, mapping: TicketingMap) -> tuple[str, ...]:
    queue = await fetch_queue(rest, mapping)
    if queue is None:
        return (f"there is no queue {mapping.queue!r} that the account may see (right SeeQueue)",)
    faults = []
    if not any(link.ref == "create" and link.type == "ticket" for link in queue.links):
        faults.append("the account may make no tickets in the queue (right CreateTicket)")
    names = {field.name for field in queue.fields}
    faults += [
        f"the queue has no custom field {name!r} that the account may see (right SeeCustomField)"
        for name in (wire.KEY_FIELD, *mapping.fields)
        if name not in names
    ]
    return tuple(faults)


async def _check_users(rest: Rest, mapping: TicketingMap) -> tuple[str, ...]:
    faults = []
    for agent, user in sorted(mapping.users.items()):
        name = await _fetch_user_name(rest, user)
        if name is None:
            faults.append(f"there is no user {user!r} (of agent {agent!r})")
        elif name != user:
            faults.append(f"user {user!r} (of agent {agent!r}) is written {name!r} there")
    return tuple(faults)


async def _fetch_user_name(rest: Rest, user: str) -> str | None:
    try:
        return wire.parse(wire.User, (await rest.get("user", user)).body).name
    except RemoteGoneError:
        return None
