"""Idempotency of API requests: the result is stored in the transaction that carries them out."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from privacydesk.domain.api_tokens import StoredResponse
from privacydesk.errors import StaleError
from privacydesk.storage import tables

_answer = tables.api_answer.c

_LOCK_RESULT: Final = (
    sa.select(_answer.status, _answer.body)
    .where(_answer.agent == sa.bindparam("by"), _answer.key == sa.bindparam("name"))
    .with_for_update()
)


def require_no_result(connection: sa.Connection, api_result: StoredResponse | None) -> None:
    """Check that an API request has no result yet.

    Call this before writing anything: the error does not roll back the transaction.

    Args:
        connection: in the transaction that carries out the request.
        api_result: identifies the request; None if no API request is being carried out.

    Raises:
        StaleError: the request already has a result.
    """
    if api_result is None:
        return
    # The lock keeps another process from carrying out the same request at the same time.
    row = connection.execute(_LOCK_RESULT, {"by": api_result.agent, "name": api_result.key}).first()
    if row is None or row.status or row.body:
        raise StaleError("this request was done before", reason="api_done")


def store_result(connection: sa.Connection, api_result: StoredResponse | None) -> None:
    """Store the result of an API request, in the transaction that carries it out."""
    if api_result is not None:
        by_key = sa.and_(_answer.agent == api_result.agent, _answer.key == api_result.key)
        update = sa.update(tables.api_answer).where(by_key).values(body=api_result.body)
        connection.execute(update)
