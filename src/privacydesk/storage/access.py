"""Staff credentials, sessions and access log, through the writer like every other change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from msgspec.structs import replace

from privacydesk.domain.agents import Agent, Role
from privacydesk.domain.ids import AccessEntryId, LookupHash, StaffSessionId
from privacydesk.domain.instants import CLOCK_TOLERANCE
from privacydesk.domain.signin import (
    FORGOTTEN_AFTER,
    AccessEntry,
    Attempts,
    Credential,
    Holder,
    StaffSession,
    audited,
)
from privacydesk.errors import DeskError, ErrorCode, StaleError
from privacydesk.ports import AccessChanges
from privacydesk.storage import tables
from privacydesk.storage.codec import to_micros
from privacydesk.storage.damaged import open_own_rows
from privacydesk.storage.keys import load_seals, own_seal, reading_key, writing_key
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.rows.access import (
    CREDENTIAL_BOUND,
    ENTRY_BOUND,
    SESSION_BOUND,
    STAFF_KEY,
    attempts_row,
    credential_row,
    entry_row,
    read_attempts,
    read_credential,
    read_entry,
    read_session,
    session_row,
)
from privacydesk.storage.rows.agent import agent_row, read_agent
from privacydesk.storage.rows.audit import Anchor, audit_row
from privacydesk.storage.sealing import Seal, SealError, Seals
from privacydesk.storage.writer import BatchWriter

_agent = tables.agent.c
_credential = tables.agent_credential.c
_session = tables.agent_session.c
_attempt = tables.agent_attempt.c
_entry = tables.access_log.c

_AGENT: Final = sa.select(tables.agent).where(_agent.name == sa.bindparam("agent"))
_ADMINISTRATORS: Final = sa.select(_agent.name).where(
    _agent.role == Role.ADMINISTRATOR.value, _agent.active
)
_CREDENTIAL: Final = sa.select(tables.agent_credential).where(
    _credential.agent == sa.bindparam("agent")
)
_VERSION: Final = (
    sa.select(_credential.version)
    .where(_credential.agent == sa.bindparam("agent"))
    .with_for_update()
)
_SESSION: Final = sa.select(tables.agent_session).where(_session.hash == sa.bindparam("hash"))
_SESSIONS: Final = (
    sa.select(tables.agent_session)
    .where(_session.agent == sa.bindparam("agent"))
    .order_by(_session.started_at.desc(), _session.id.desc())
)
_HELD: Final = (
    sa.select(tables.agent_session).where(_session.id == sa.bindparam("id")).with_for_update()
)
_SEEN: Final = (
    sa.update(tables.agent_session)
    .where(_session.id == sa.bindparam("session"))
    .values(seen_at=sa.bindparam("to_seen_at"), body=sa.bindparam("to_body"))
)
_ATTEMPT: Final = (
    sa.select(tables.agent_attempt).where(_attempt.id == sa.bindparam("key")).with_for_update()
)


class SqlStaffAccess:
    """Implements ``ports.StaffAccess``."""

    def __init__(self, writer: BatchWriter, reader: SqlReader, seals: Seals) -> None:
        self._writer = writer
        self._reader = reader
        self._seals = seals

    # -- reading -------------------------------------------------------------------------------

    async def credential(self, agent: str) -> Credential | None:
        """Return an agent's credential."""

        def look(connection: sa.Connection) -> Credential | None:
            row = connection.execute(_CREDENTIAL, {"agent": agent}).first()
            return None if row is None else read_credential(row, self._seal(connection))

        return await self._reader.read(look)

    async def holder(self, key: LookupHash) -> Holder | None:
        """Return a session, and its agent as they are now."""

        def look(connection: sa.Connection) -> Holder | None:
            row = connection.execute(_SESSION, {"hash": key}).first()
            if row is None:
                return None
            session = read_session(row, self._seal(connection))
            agent = connection.execute(_AGENT, {"agent": session.agent}).first()
            if agent is None:
                return None
            return Holder(session, read_agent(agent, reading_key(connection, self._seals)))

        return await self._reader.read(look)

    async def sessions(self, agent: str) -> tuple[StaffSession, ...]:
        """Return an agent's sessions, the newest first, including ended ones until swept."""

        def look(connection: sa.Connection) -> tuple[StaffSession, ...]:
            rows = connection.execute(_SESSIONS, {"agent": agent})
            found, _ = open_own_rows(
                connection, self._seals, rows, SESSION_BOUND, read_session, identity=STAFF_KEY
            )
            return tuple(found)

        return await self._reader.read(look)

    async def entries(
        self, *, agent: str | None, before: AccessEntryId | None = None, limit: int
    ) -> tuple[AccessEntry, ...]:
        """Return log entries, the newest first; ids sort by creation time."""
        query = sa.select(tables.access_log).order_by(_entry.id.desc())
        if agent is not None:
            query = query.where(_entry.agent == agent)
        if before is not None:
            query = query.where(_entry.id < before)

        def look(connection: sa.Connection) -> tuple[AccessEntry, ...]:
            rows = connection.execute(query.limit(limit))
            found, _ = open_own_rows(
                connection, self._seals, rows, ENTRY_BOUND, read_entry, identity=STAFF_KEY
            )
            return tuple(found)

        return await self._reader.read(look)

    # -- writing -------------------------------------------------------------------------------

    async def commit(self, changes: AccessChanges) -> None:
        """Make all changes or none; see ``ports.StaffAccess``."""

        def write(connection: sa.Connection) -> None:
            key = writing_key(connection, self._seals)
            _check(connection, changes, key)
            seal = own_seal(connection, self._seals, STAFF_KEY)
            _write(connection, changes, seal, key)

        await self._writer.run(write)

    async def seen(self, session: StaffSessionId, at: datetime) -> None:
        """Note that a session is in use."""

        def write(connection: sa.Connection) -> None:
            row = connection.execute(_HELD, {"id": session}).first()
            if row is not None and row.seen_at < to_micros(at):
                seal = self._seal(connection)
                seen = session_row(replace(read_session(row, seal), seen_at=at), seal)
                kept = {"session": session, "to_seen_at": seen["seen_at"], "to_body": seen["body"]}
                connection.execute(_SEEN, kept)

        await self._writer.run(write)

    async def attempt(self, key: LookupHash, now: datetime) -> Attempts:
        """Count an attempt as failed, unless it has to wait; return those counted before."""

        def write(connection: sa.Connection) -> Attempts:
            signing = writing_key(connection, self._seals)
            row = connection.execute(_ATTEMPT, {"key": key}).first()
            before = Attempts(key) if row is None else read_attempts(row, signing)
            before = before.seen_at(now)
            counted = before if before.wait(now) else before.counted(now)
            _keep_attempts(connection, row, counted, signing)
            return before

        return await self._writer.run(write)

    async def sweep(
        self, now: datetime, *, idle: timedelta, keep_log: timedelta, temporary: timedelta
    ) -> None:
        """Remove what has expired, and cut what lasts too long; see ``ports.StaffAccess``."""
        over = sa.or_(
            _session.ends_at <= to_micros(now),
            _session.seen_at <= to_micros(now - idle),
            _session.seen_at > to_micros(now + CLOCK_TOLERANCE),
        )

        def write(connection: sa.Connection) -> None:
            connection.execute(sa.delete(tables.agent_session).where(over))
            forgotten = _attempt.last_at <= to_micros(now - FORGOTTEN_AFTER)
            connection.execute(sa.delete(tables.agent_attempt).where(forgotten))
            old = _entry.at <= to_micros(now - keep_log)
            connection.execute(sa.delete(tables.access_log).where(old))
            self._cut_temporary(connection, now + temporary)

        await self._writer.run(write)

    def _cut_temporary(self, connection: sa.Connection, until: datetime) -> None:
        """Cut temporary passwords to an instant; none is issued for longer."""
        longer = _credential.temporary_until > to_micros(until)
        rows = connection.execute(sa.select(tables.agent_credential).where(longer)).all()
        found, _ = open_own_rows(
            connection,
            self._seals,
            rows,
            CREDENTIAL_BOUND,
            read_credential,
            identity=STAFF_KEY,
        )
        for before in found:
            cut = replace(before, temporary_until=until, version=before.version + 1)
            _write_credential(connection, cut, self._seal(connection))

    # -- sealing -------------------------------------------------------------------------------

    def _seal(self, connection: sa.Connection) -> Seal:
        found = load_seals(connection, self._seals, [STAFF_KEY]).get(STAFF_KEY)
        if found is None:
            raise SealError("staff's data key is missing")
        return found


def _check(connection: sa.Connection, changes: AccessChanges, key: Seal) -> None:
    """Refuse changes decided on stale values, before anything is written."""
    hired, changed, credential = changes.hired, changes.changed, changes.credential
    if hired is not None and connection.execute(_AGENT, {"agent": hired.name}).first() is not None:
        raise DeskError(
            "an agent of this name exists", code=ErrorCode.CONFLICT, reason="agent_taken"
        )
    if changed is not None:
        _check_agent(connection, changed, changes.was, key)
    if credential is not None:
        version = connection.scalar(_VERSION, {"agent": credential.agent})
        if (version or 0) != credential.version - 1:
            raise StaleError("the credential has changed meanwhile")
    if (
        changes.replaces is not None
        and not connection.execute(_HELD, {"id": changes.replaces}).first()
    ):
        raise StaleError("the session has ended meanwhile")


def _check_agent(connection: sa.Connection, changed: Agent, was: Agent | None, key: Seal) -> None:
    row = connection.execute(_AGENT.with_for_update(), {"agent": changed.name}).first()
    if row is None or was is None or read_agent(row, key) != was:
        raise StaleError("the agent has changed meanwhile")
    if not _administers(was) or _administers(changed):
        return
    if {row.name for row in connection.execute(_ADMINISTRATORS)} <= {changed.name}:
        raise DeskError(
            "the last administrator stays one",
            code=ErrorCode.NOT_ALLOWED_NOW,
            reason="last_administrator",
        )


def _administers(agent: Agent) -> bool:
    return agent.active and agent.role is Role.ADMINISTRATOR


def _write(connection: sa.Connection, changes: AccessChanges, seal: Seal, key: Seal) -> None:
    anchors = _write_agents(connection, changes, key)
    if changes.credential is not None:
        credential = changes.credential
        _write_credential(connection, credential, seal)
        anchors.append(("agent_credential", credential.agent, credential.version))
    _end_sessions(connection, changes)
    if changes.proven is not None:
        row = session_row(changes.proven, seal)
        own = _session.id == row.pop("id")
        connection.execute(sa.update(tables.agent_session).where(own).values(row))
    if changes.opened is not None:
        connection.execute(sa.insert(tables.agent_session), session_row(changes.opened, seal))
    if changes.forgets:
        forgotten = sa.delete(tables.agent_attempt).where(_attempt.id.in_(changes.forgets))
        connection.execute(forgotten)
    if changes.entries:
        _write_entries(connection, changes.entries, seal, key, anchors)


def _write_credential(connection: sa.Connection, credential: Credential, seal: Seal) -> None:
    row = credential_row(credential, seal)
    if credential.version == 1:
        connection.execute(sa.insert(tables.agent_credential), row)
    else:
        own = _credential.agent == row.pop("agent")
        connection.execute(sa.update(tables.agent_credential).where(own).values(row))


def _keep_attempts(
    connection: sa.Connection, row: sa.Row[Any] | None, attempts: Attempts, key: Seal
) -> None:
    kept = attempts_row(attempts, key)
    if row is None:
        connection.execute(sa.insert(tables.agent_attempt), kept)
    elif kept != row._asdict():
        own = _attempt.id == attempts.id
        connection.execute(sa.update(tables.agent_attempt).where(own).values(kept))


def _write_agents(connection: sa.Connection, changes: AccessChanges, key: Seal) -> list[Anchor]:
    """Write agents, and return anchors of their new versions."""
    anchors: list[Anchor] = []
    if changes.hired is not None:
        connection.execute(sa.insert(tables.agent), agent_row(changes.hired, key))
        anchors.append(("agent", changes.hired.name, 1))
    if changes.changed is not None:
        name = changes.changed.name
        before = connection.execute(_AGENT, {"agent": name}).one()
        row = agent_row(changes.changed, key, version=before.version + 1)
        connection.execute(sa.update(tables.agent).where(_agent.name == name).values(row))
        anchors.append(("agent", name, row["version"]))
    return anchors


def _end_sessions(connection: sa.Connection, changes: AccessChanges) -> None:
    gone = sa.delete(tables.agent_session)
    if changes.ends_of:
        kept = _session.id != (changes.keeps or b"")
        connection.execute(gone.where(_session.agent == changes.ends_of, kept))
    ended = {*changes.ends, *([changes.replaces] if changes.replaces else [])}
    if ended:
        connection.execute(gone.where(_session.id.in_(ended)))


def _write_entries(
    connection: sa.Connection,
    entries: Sequence[AccessEntry],
    seal: Seal,
    key: Seal,
    anchors: Sequence[Anchor],
) -> None:
    rows = [entry_row(one, seal) for one in entries]
    connection.execute(sa.insert(tables.access_log), rows)
    told = [one for one in map(audited, entries) if one is not None]
    if told:
        chained = [
            audit_row(one, one.at, place, key, anchors=() if place else anchors)
            for place, one in enumerate(told)
        ]
        connection.execute(sa.insert(tables.audit), chained)
