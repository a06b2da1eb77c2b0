"""Repository of staff credentials, sessions, failed sign-in attempts and the access log."""

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
    AuthenticatedSession,
    Credential,
    SignInAttempts,
    StaffSession,
    audit_entry_for,
)
from privacydesk.errors import DeskError, ErrorCode, StaleError
from privacydesk.ports import AccessChanges, FailedJobError, SessionChange
from privacydesk.storage import tables
from privacydesk.storage.codec import to_micros
from privacydesk.storage.data_keys import (
    get_or_create_digest_key,
    get_or_create_seal,
    load_digest_key,
    load_own_seal,
)
from privacydesk.storage.hash_forms import both_forms, hash_params, matches
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.resilient_reads import open_rows_with_key
from privacydesk.storage.rows.access import (
    CREDENTIAL_BINDING,
    ENTRY_BINDING,
    SESSION_BINDING,
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
_passkey = tables.agent_passkey.c
_token = tables.used_token.c

_AGENT: Final = sa.select(tables.agent).where(_agent.name == sa.bindparam("agent"))
_ACTIVE_ADMINISTRATORS: Final = sa.select(_agent.name).where(
    _agent.role == Role.ADMINISTRATOR.value, _agent.active
)
_CREDENTIAL: Final = sa.select(tables.agent_credential).where(
    _credential.agent == sa.bindparam("agent")
)
_CREDENTIAL_BY_IDENTITY: Final = sa.select(tables.agent_credential).where(
    matches(_credential.identity, "identity")
)
_CREDENTIAL_BY_PASSKEY: Final = (
    sa.select(tables.agent_credential)
    .join_from(tables.agent_passkey, tables.agent_credential, _passkey.agent == _credential.agent)
    .where(_passkey.hash == sa.bindparam("passkey"))
)
_PASSKEYS_OF_AGENT: Final = sa.select(_passkey.hash).where(_passkey.agent == sa.bindparam("agent"))
_LOCK_CREDENTIAL_VERSION: Final = (
    sa.select(_credential.version)
    .where(_credential.agent == sa.bindparam("agent"))
    .with_for_update()
)
_SESSION_WITH_AGENT: Final = (
    sa.select(tables.agent_session, tables.agent)
    .join_from(tables.agent_session, tables.agent, _session.agent == _agent.name)
    .where(_session.hash == sa.bindparam("hash"))
)
_SESSIONS_OF_AGENT: Final = (
    sa.select(tables.agent_session)
    .where(_session.agent == sa.bindparam("agent"))
    .order_by(_session.started_at.desc(), _session.id.desc())
)
_LOCK_SESSION: Final = (
    sa.select(tables.agent_session).where(_session.id == sa.bindparam("id")).with_for_update()
)
_PROVIDER_SESSIONS: Final = sa.select(tables.agent_session).where(
    _session.provider_session.is_not(None)
)
_USED_TOKEN: Final = sa.select(_token.hash).where(_token.hash == sa.bindparam("key"))
_UPDATE_LAST_SEEN: Final = (
    sa.update(tables.agent_session)
    .where(_session.id == sa.bindparam("session"))
    .values(seen_at=sa.bindparam("to_seen_at"), body=sa.bindparam("to_body"))
)
_LOCK_ATTEMPTS: Final = (
    sa.select(tables.agent_attempt).where(matches(_attempt.id, "key")).with_for_update()
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

        def fetch(connection: sa.Connection) -> Credential | None:
            row = connection.execute(_CREDENTIAL, {"agent": agent}).first()
            return None if row is None else read_credential(row, self._seal(connection))

        return await self._reader.read_quickly(fetch)

    async def credential_by_identity(self, key: LookupHash) -> Credential | None:
        """Return the credential that an identity is linked with."""

        def fetch(connection: sa.Connection) -> Credential | None:
            row = connection.execute(_CREDENTIAL_BY_IDENTITY, hash_params("identity", key)).first()
            return None if row is None else read_credential(row, self._seal(connection))

        return await self._reader.read_quickly(fetch)

    async def credential_by_passkey(self, digest: bytes) -> Credential | None:
        """Return the credential with a passkey; see ``ports.StaffAccess``."""

        def fetch(connection: sa.Connection) -> Credential | None:
            row = connection.execute(_CREDENTIAL_BY_PASSKEY, {"passkey": digest}).first()
            if row is None:
                return None
            credential = read_credential(row, self._seal(connection))
            # The sealed credential says whose a passkey is; the index only finds it.
            is_own = any(passkey.digest == digest for passkey in credential.passkeys)
            return credential if is_own else None

        return await self._reader.read_quickly(fetch)

    async def session_by_cookie(self, key: LookupHash) -> AuthenticatedSession | None:
        """Return the session with this cookie hash, and its agent's current data."""

        def fetch(connection: sa.Connection) -> AuthenticatedSession | None:
            row = connection.execute(_SESSION_WITH_AGENT, {"hash": key}).first()
            if row is None:
                return None
            return AuthenticatedSession(
                read_session(row, self._seal(connection)),
                read_agent(row, load_digest_key(connection, self._seals)),
            )

        return await self._reader.read_quickly(fetch)

    async def sessions(self, agent: str) -> tuple[StaffSession, ...]:
        """Return an agent's sessions, newest first; ended ones are included until swept."""

        def fetch(connection: sa.Connection) -> tuple[StaffSession, ...]:
            rows = connection.execute(_SESSIONS_OF_AGENT, {"agent": agent})
            sessions, _ = open_rows_with_key(
                connection, self._seals, rows, SESSION_BINDING, read_session, key_id=STAFF_KEY
            )
            return tuple(sessions)

        return await self._reader.read(fetch)

    async def provider_sessions(self, key: LookupHash | None = None) -> tuple[StaffSession, ...]:
        """Return sessions by the identity provider; see ``ports.StaffAccess``."""
        query = _PROVIDER_SESSIONS
        if key is not None:
            query = query.where(_session.provider_session == key)

        def fetch(connection: sa.Connection) -> tuple[StaffSession, ...]:
            sessions, _ = open_rows_with_key(
                connection,
                self._seals,
                connection.execute(query),
                SESSION_BINDING,
                read_session,
                key_id=STAFF_KEY,
            )
            return tuple(sessions)

        return await self._reader.read(fetch)

    async def entries(
        self, *, agent: str | None, before: AccessEntryId | None = None, limit: int
    ) -> tuple[AccessEntry, ...]:
        """Return access log entries, newest first. Their ids sort by creation time."""
        query = sa.select(tables.access_log).order_by(_entry.id.desc())
        if agent is not None:
            query = query.where(_entry.agent == agent)
        if before is not None:
            query = query.where(_entry.id < before)

        def fetch(connection: sa.Connection) -> tuple[AccessEntry, ...]:
            rows = connection.execute(query.limit(limit))
            entries, _ = open_rows_with_key(
                connection, self._seals, rows, ENTRY_BINDING, read_entry, key_id=STAFF_KEY
            )
            return tuple(entries)

        return await self._reader.read(fetch)

    # -- writing -------------------------------------------------------------------------------

    async def commit(self, changes: AccessChanges) -> None:
        """Apply all changes in one transaction; see ``ports.StaffAccess``."""

        def write(connection: sa.Connection) -> None:
            key = get_or_create_digest_key(connection, self._seals)
            _check_current(connection, changes, key)
            seal = get_or_create_seal(connection, self._seals, STAFF_KEY)
            _write_changes(connection, changes, seal, key)

        await self._writer.run(write)

    async def use_token(self, key: LookupHash, now: datetime) -> bool:
        """Record the use of a token; return False if it was used before."""

        def write(connection: sa.Connection) -> bool:
            if connection.scalar(_USED_TOKEN, {"key": key}) is not None:
                return False
            row = {"hash": key, "used_at": to_micros(now)}
            connection.execute(sa.insert(tables.used_token), row)
            return True

        try:
            return await self._writer.run(write)
        except FailedJobError:
            # Another process has just inserted the same token.
            return await self._writer.run(write)

    async def touch_session(self, session: StaffSessionId, at: datetime) -> None:
        """Store when a session was last used."""

        def write(connection: sa.Connection) -> None:
            row = connection.execute(_LOCK_SESSION, {"id": session}).first()
            if row is not None and row.seen_at < to_micros(at):
                seal = self._seal(connection)
                after = session_row(replace(read_session(row, seal), seen_at=at), seal)
                update = {
                    "session": session,
                    "to_seen_at": after["seen_at"],
                    "to_body": after["body"],
                }
                connection.execute(_UPDATE_LAST_SEEN, update)

        await self._writer.run(write)

    async def count_attempt(self, key: LookupHash, now: datetime) -> SignInAttempts:
        """Count a failed attempt unless attempts are blocked; return the earlier count."""

        def write(connection: sa.Connection) -> SignInAttempts:
            digest_key = get_or_create_digest_key(connection, self._seals)
            row = connection.execute(_LOCK_ATTEMPTS, hash_params("key", key)).first()
            before = SignInAttempts(key) if row is None else read_attempts(row, digest_key)
            before = before.with_wait_limited(now)
            after = before if before.wait(now) else before.with_failure(now)
            _store_attempts(connection, row, after, digest_key)
            return before

        return await self._writer.run(write)

    async def sweep(
        self, now: datetime, *, idle: timedelta, keep_log: timedelta, temporary: timedelta
    ) -> None:
        """Delete expired rows and shorten over-long passwords; see ``ports.StaffAccess``."""
        expired = sa.or_(
            _session.ends_at <= to_micros(now),
            _session.seen_at <= to_micros(now - idle),
            _session.seen_at > to_micros(now + CLOCK_TOLERANCE),
        )

        def write(connection: sa.Connection) -> None:
            connection.execute(sa.delete(tables.agent_session).where(expired))
            old_attempts = _attempt.last_at <= to_micros(now - FORGOTTEN_AFTER)
            connection.execute(sa.delete(tables.agent_attempt).where(old_attempts))
            old_tokens = _token.used_at <= to_micros(now - FORGOTTEN_AFTER)
            connection.execute(sa.delete(tables.used_token).where(old_tokens))
            old_entries = _entry.at <= to_micros(now - keep_log)
            connection.execute(sa.delete(tables.access_log).where(old_entries))
            self._limit_temporary_passwords(connection, now + temporary)

        await self._writer.run(write)

    def _limit_temporary_passwords(self, connection: sa.Connection, until: datetime) -> None:
        """Let temporary passwords expire by ``until``: none is issued for longer."""
        too_long = _credential.temporary_until > to_micros(until)
        rows = connection.execute(sa.select(tables.agent_credential).where(too_long)).all()
        credentials, _ = open_rows_with_key(
            connection,
            self._seals,
            rows,
            CREDENTIAL_BINDING,
            read_credential,
            key_id=STAFF_KEY,
        )
        for before in credentials:
            after = replace(before, temporary_until=until, version=before.version + 1)
            _write_credential(connection, after, self._seal(connection))

    # -- sealing -------------------------------------------------------------------------------

    def _seal(self, connection: sa.Connection) -> Seal:
        seal = load_own_seal(connection, self._seals, STAFF_KEY)
        if seal is None:
            raise SealError("staff's data key is missing")
        return seal


def _check_current(connection: sa.Connection, changes: AccessChanges, key: Seal) -> None:
    """Check that the values the changes were decided on are still current.

    Raises:
        StaleError: one has changed meanwhile.
        DeskError: a new agent's name is taken, or no active administrator would be left.
    """
    hired, changed, credential = changes.new_agent, changes.changed_agent, changes.credential
    if hired is not None and connection.execute(_AGENT, {"agent": hired.name}).first() is not None:
        raise DeskError(
            "an agent of this name exists", code=ErrorCode.CONFLICT, reason="agent_taken"
        )
    if changed is not None:
        _check_agent(connection, changed, changes.previous_agent, key)
    if credential is not None:
        version = connection.scalar(_LOCK_CREDENTIAL_VERSION, {"agent": credential.agent})
        if (version or 0) != credential.version - 1:
            raise StaleError("the credential has changed meanwhile")
        _check_identity(connection, credential)
        _check_passkeys(connection, credential)
    if (
        changes.replaced_session is not None
        and not connection.execute(_LOCK_SESSION, {"id": changes.replaced_session}).first()
    ):
        raise StaleError("the session has ended meanwhile")
    if changes.changed_session is not None and changes.changed_session.cookie is not None:
        _check_cookie(connection, changes.changed_session)


def _check_cookie(connection: sa.Connection, change: SessionChange) -> None:
    row = connection.execute(_LOCK_SESSION, {"id": change.session}).first()
    if row is None or row.hash != change.replaced_cookie:
        raise StaleError("the session has ended or got another cookie meanwhile")


def _check_identity(connection: sa.Connection, credential: Credential) -> None:
    if credential.identity is None:
        return
    params = hash_params("identity", credential.identity.key)
    row = connection.execute(_CREDENTIAL_BY_IDENTITY, params).first()
    if row is not None and row.agent != credential.agent:
        raise DeskError(
            "this identity is linked with another agent",
            code=ErrorCode.CONFLICT,
            reason="identity_taken",
        )


def _check_passkeys(connection: sa.Connection, credential: Credential) -> None:
    digests = [passkey.digest for passkey in credential.passkeys]
    others = sa.select(_passkey.hash).where(
        _passkey.hash.in_(digests), _passkey.agent != credential.agent
    )
    if digests and connection.execute(others).first() is not None:
        raise DeskError(
            "this passkey is another agent's", code=ErrorCode.CONFLICT, reason="passkey_taken"
        )


def _check_agent(connection: sa.Connection, changed: Agent, was: Agent | None, key: Seal) -> None:
    row = connection.execute(_AGENT.with_for_update(), {"agent": changed.name}).first()
    if row is None or was is None or read_agent(row, key) != was:
        raise StaleError("the agent has changed meanwhile")
    if not _is_active_administrator(was) or _is_active_administrator(changed):
        return
    if {row.name for row in connection.execute(_ACTIVE_ADMINISTRATORS)} <= {changed.name}:
        raise DeskError(
            "the last administrator stays one",
            code=ErrorCode.NOT_ALLOWED_NOW,
            reason="last_administrator",
        )


def _is_active_administrator(agent: Agent) -> bool:
    return agent.active and agent.role is Role.ADMINISTRATOR


def _write_changes(
    connection: sa.Connection, changes: AccessChanges, seal: Seal, key: Seal
) -> None:
    anchors = _write_agents(connection, changes, key)
    if changes.credential is not None:
        credential = changes.credential
        _write_credential(connection, credential, seal)
        anchors.append(("agent_credential", credential.agent, credential.version))
    _end_sessions(connection, changes)
    if changes.changed_session is not None:
        _change_session(connection, changes.changed_session, seal)
    if changes.new_session is not None:
        connection.execute(sa.insert(tables.agent_session), session_row(changes.new_session, seal))
    if changes.cleared_attempts:
        connection.execute(
            sa.delete(tables.agent_attempt).where(
                _attempt.id.in_(both_forms(changes.cleared_attempts))
            )
        )
    if changes.log_entries:
        _write_entries(connection, changes.log_entries, seal, key, anchors)


def _change_session(connection: sa.Connection, change: SessionChange, seal: Seal) -> None:
    """Change what is named, and nothing that another request has changed meanwhile."""
    row = connection.execute(_LOCK_SESSION, {"id": change.session}).first()
    if row is None:
        return
    before = read_session(row, seal)
    after = session_row(
        replace(
            before,
            hash=change.cookie or before.hash,
            proven_at=change.proven_at or before.proven_at,
            provider=change.provider or before.provider,
        ),
        seal,
    )
    by_id = _session.id == after.pop("id")
    connection.execute(sa.update(tables.agent_session).where(by_id).values(after))


def _write_credential(connection: sa.Connection, credential: Credential, seal: Seal) -> None:
    row = credential_row(credential, seal)
    if credential.version == 1:
        connection.execute(sa.insert(tables.agent_credential), row)
    else:
        by_agent = _credential.agent == row.pop("agent")
        connection.execute(sa.update(tables.agent_credential).where(by_agent).values(row))
    _index_passkeys(connection, credential)


def _index_passkeys(connection: sa.Connection, credential: Credential) -> None:
    """Make the index of passkeys agree with a credential; using one changes nothing here."""
    rows = connection.execute(_PASSKEYS_OF_AGENT, {"agent": credential.agent})
    before, after = {row.hash for row in rows}, {one.digest for one in credential.passkeys}
    if before - after:
        connection.execute(sa.delete(tables.agent_passkey).where(_passkey.hash.in_(before - after)))
    if after - before:
        added = [{"hash": digest, "agent": credential.agent} for digest in sorted(after - before)]
        connection.execute(sa.insert(tables.agent_passkey), added)


def _store_attempts(
    connection: sa.Connection, before: sa.Row[Any] | None, attempts: SignInAttempts, key: Seal
) -> None:
    after = attempts_row(attempts, key)
    if before is None:
        connection.execute(sa.insert(tables.agent_attempt), after)
    elif after != before._asdict():
        by_id = _attempt.id.in_(both_forms([attempts.id]))
        connection.execute(sa.update(tables.agent_attempt).where(by_id).values(after))


def _write_agents(connection: sa.Connection, changes: AccessChanges, key: Seal) -> list[Anchor]:
    """Write new and changed agents; return audit anchors for their new versions."""
    anchors: list[Anchor] = []
    if changes.new_agent is not None:
        connection.execute(sa.insert(tables.agent), agent_row(changes.new_agent, key))
        anchors.append(("agent", changes.new_agent.name, 1))
    if changes.changed_agent is not None:
        name = changes.changed_agent.name
        before = connection.execute(_AGENT, {"agent": name}).one()
        row = agent_row(changes.changed_agent, key, version=before.version + 1)
        connection.execute(sa.update(tables.agent).where(_agent.name == name).values(row))
        anchors.append(("agent", name, row["version"]))
    return anchors


def _end_sessions(connection: sa.Connection, changes: AccessChanges) -> None:
    delete = sa.delete(tables.agent_session)
    if changes.end_all_of:
        other = _session.id != (changes.kept_session or b"")
        connection.execute(delete.where(_session.agent == changes.end_all_of, other))
    ended = {
        *changes.ended_sessions,
        *([changes.replaced_session] if changes.replaced_session else []),
    }
    if ended:
        connection.execute(delete.where(_session.id.in_(ended)))


def _write_entries(
    connection: sa.Connection,
    entries: Sequence[AccessEntry],
    seal: Seal,
    key: Seal,
    anchors: Sequence[Anchor],
) -> None:
    rows = [entry_row(entry, seal) for entry in entries]
    connection.execute(sa.insert(tables.access_log), rows)
    audit_entries = [entry for entry in map(audit_entry_for, entries) if entry is not None]
    if audit_entries:
        audit_rows = [
            audit_row(entry, entry.at, index, key, anchors=() if index else anchors)
            for index, entry in enumerate(audit_entries)
        ]
        connection.execute(sa.insert(tables.audit), audit_rows)
