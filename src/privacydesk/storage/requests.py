"""Results of API requests, stored in the transaction that carries them out, once."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from privacydesk.domain.api_tokens import KeptAnswer
from privacydesk.errors import StaleError
from privacydesk.storage import tables

_answer = tables.api_answer.c

_KEPT: Final = (
    sa.select(_answer.status, _answer.body)
    .where(_answer.agent == sa.bindparam("by"), _answer.key == sa.bindparam("name"))
    .with_for_update()
)


def check_open(connection: sa.Connection, left: KeptAnswer | None) -> None:
    """Refuse an API request that was done before; called first, as a refusal undoes nothing.

    Raises:
        StaleError: it already has a result.
    """
    if left is None:
        return
    # Locked, so that no other process does the same meanwhile.
    row = connection.execute(_KEPT, {"by": left.agent, "name": left.key}).first()
    if row is None or row.status or row.body:
        raise StaleError("this request was done before", reason="api_done")


def leave(connection: sa.Connection, left: KeptAnswer | None) -> None:
    """Store the result of an API request, in the transaction that carries it out."""
    if left is not None:
        here = sa.and_(_answer.agent == left.agent, _answer.key == left.key)
        connection.execute(sa.update(tables.api_answer).where(here).values(body=left.body))
