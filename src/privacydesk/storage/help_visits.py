"""Help visits, recorded in the transaction of the turns that change them.

A conversation has at most one open visit, and its row is locked by the job, so that each step is
one statement that reads nothing. A step of a visit that began before visits were recorded, matches
no row.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from privacydesk.domain.help_visits import (
    HelpVisit,
    VisitAnswered,
    VisitBegan,
    VisitEnded,
    VisitHandled,
    VisitOutcome,
    VisitReplied,
    VisitStep,
)
from privacydesk.storage import tables
from privacydesk.storage.codec import from_micros, opt_instant, to_micros
from privacydesk.storage.reader import SqlReader

_MICROSECOND: Final = timedelta(microseconds=1)

_visit = tables.help_visit.c
_VALUE: Final = sa.bindparam("value", type_=sa.BigInteger)
_OF_CONVERSATION: Final = _visit.conversation_id == sa.bindparam("conversation")
_OPEN: Final = sa.update(tables.help_visit).where(_OF_CONVERSATION, _visit.ended_at.is_(None))
_ANSWER: Final = _OPEN.where(_visit.waited.is_(None)).values(
    waited=_VALUE, answered_at=sa.bindparam("at", type_=sa.BigInteger)
)
_REPLY: Final = _OPEN.where(_visit.reply_time.is_(None)).values(reply_time=_VALUE)
_HANDLE: Final = _OPEN.values(handled=sa.func.coalesce(_visit.handled, 0) + _VALUE)
_END: Final = _OPEN.values(
    ended_at=sa.bindparam("at", type_=sa.BigInteger), outcome=sa.bindparam("how")
)
_RETURN: Final = (
    sa.update(tables.help_visit)
    .where(_OF_CONVERSATION, _visit.ended_at.is_not(None), _visit.returned_at.is_(None))
    .values(returned_at=sa.bindparam("at", type_=sa.BigInteger))
)
_BETWEEN: Final = sa.select(tables.help_visit).where(
    _visit.began_at >= sa.bindparam("since", type_=sa.BigInteger),
    _visit.began_at < sa.bindparam("until", type_=sa.BigInteger),
)


def record_visit_steps(connection: sa.Connection, steps: Iterable[VisitStep]) -> None:
    """Record steps in their order, within a transaction that the caller commits."""
    for step in steps:
        conversation = {"conversation": step.conversation_id}
        match step:
            case VisitBegan(at=at, queued=queued):
                if queued:
                    connection.execute(_RETURN, {**conversation, "at": to_micros(at)})
                connection.execute(sa.insert(tables.help_visit), _new_row(step))
            case VisitAnswered(at=at, waited=waited):
                values = {"at": to_micros(at), "value": waited // _MICROSECOND}
                connection.execute(_ANSWER, {**conversation, **values})
            case VisitReplied(reply_time=time):
                connection.execute(_REPLY, {**conversation, "value": time // _MICROSECOND})
            case VisitHandled(duration=duration):
                connection.execute(_HANDLE, {**conversation, "value": duration // _MICROSECOND})
            case VisitEnded(at=at, outcome=outcome):
                ended = {"at": to_micros(at), "how": outcome.value}
                connection.execute(_END, {**conversation, **ended})


def _new_row(began: VisitBegan) -> dict[str, Any]:
    return {
        "conversation_id": began.conversation_id,
        "offset": began.offset,
        "began_at": to_micros(began.at),
        "locale": began.locale,
        "queued": began.queued,
    }


class SqlHelpVisits:
    """Implements ``ports.HelpVisits``."""

    def __init__(self, reader: SqlReader) -> None:
        self._reader = reader

    async def between(self, since: datetime, until: datetime) -> tuple[HelpVisit, ...]:
        """Return the visits that began in a period."""
        params = {"since": to_micros(since), "until": to_micros(until)}
        return await self._reader.read(
            lambda connection: tuple(map(_read, connection.execute(_BETWEEN, params)))
        )


def _read(row: Any) -> HelpVisit:
    return HelpVisit(
        began_at=from_micros(row.began_at),
        locale=row.locale,
        queued=row.queued,
        answered_at=opt_instant(row.answered_at),
        waited=_opt_duration(row.waited),
        reply_time=_opt_duration(row.reply_time),
        handled=_opt_duration(row.handled),
        ended_at=opt_instant(row.ended_at),
        outcome=None if row.outcome is None else VisitOutcome(row.outcome),
        returned_at=opt_instant(row.returned_at),
    )


def _opt_duration(micros: int | None) -> timedelta | None:
    return None if micros is None else timedelta(microseconds=micros)
