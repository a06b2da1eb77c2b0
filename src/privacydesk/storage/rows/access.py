"""Staff's credentials, sessions and log of access as rows.

They belong to no conversation. What is sealed in them has one data key of the desk's own, kept
with the others under an id that no conversation has, so that rotating the ring covers it.
"""

from __future__ import annotations

from typing import Any, Final

from privacydesk.domain.ids import AccessEntryId, ConversationId, LookupHash, StaffSessionId
from privacydesk.domain.signin import (
    AccessEntry,
    AccessKind,
    Attempts,
    Credential,
    StaffSession,
    Stage,
)
from privacydesk.storage.codec import (
    from_json,
    from_micros,
    opt_instant,
    opt_micros,
    to_json,
    to_micros,
)
from privacydesk.storage.sealing import Seal

STAFF_KEY: Final = ConversationId(b"staff".ljust(16, b"\0"))
"""Stands where a conversation's id does: ids of conversations are UUIDs, and this is none."""


def _credential_place(agent: str, version: int) -> bytes:
    return b"agent_credential.body|" + agent.encode() + b"|%d" % version


def credential_row(credential: Credential, seal: Seal) -> dict[str, Any]:
    """Return a credential's row."""
    body = {
        "password": credential.password,
        "secret": credential.secret,
        "steps": credential.steps,
        "recovery": [code.hex() for code in credential.recovery],
    }
    place = _credential_place(credential.agent, credential.version)
    return {
        "agent": credential.agent,
        "version": credential.version,
        "changed_at": to_micros(credential.changed_at),
        "temporary_until": opt_micros(credential.temporary_until),
        "body": seal.seal(place, to_json(body)),
    }


def read_credential(row: Any, seal: Seal) -> Credential:
    """Return the credential of a row.

    Raises:
        SealError: the body was not sealed for this agent at this version.
    """
    body = from_json(seal.open(_credential_place(row.agent, row.version), row.body))
    return Credential(
        agent=row.agent,
        password=body["password"],
        changed_at=from_micros(row.changed_at),
        temporary_until=opt_instant(row.temporary_until),
        secret=body["secret"],
        # Credentials of an earlier version have the last one alone.
        steps=tuple(body.get("steps", [body.get("last_step", 0)])),
        recovery=tuple(bytes.fromhex(code) for code in body["recovery"]),
        version=row.version,
    )


def session_row(session: StaffSession, seal: Seal) -> dict[str, Any]:
    """Return a session's row."""
    body = {
        "origin": session.origin,
        "browser": session.browser,
        "secret": session.secret,
        "proven_at": opt_micros(session.proven_at),
    }
    return {
        "id": session.id,
        "hash": session.hash,
        "agent": session.agent,
        "stage": session.stage.value,
        "started_at": to_micros(session.started_at),
        "seen_at": to_micros(session.seen_at),
        "ends_at": to_micros(session.ends_at),
        "body": seal.seal(b"agent_session.body|" + session.id, to_json(body)),
    }


def read_session(row: Any, seal: Seal) -> StaffSession:
    """Return the session of a row.

    Raises:
        SealError: the body was not sealed for this session.
    """
    body = from_json(seal.open(b"agent_session.body|" + row.id, row.body))
    # Sessions of an earlier version have none.
    proven_at = opt_instant(body.pop("proven_at", None))
    return StaffSession(
        id=StaffSessionId(row.id),
        hash=LookupHash(row.hash),
        agent=row.agent,
        stage=Stage(row.stage),
        started_at=from_micros(row.started_at),
        seen_at=from_micros(row.seen_at),
        ends_at=from_micros(row.ends_at),
        proven_at=proven_at,
        **body,
    )


def attempts_row(attempts: Attempts) -> dict[str, Any]:
    """Return the row of counted attempts."""
    assert attempts.last_at is not None
    assert attempts.not_before is not None
    return {
        "id": attempts.id,
        "failed": attempts.failed,
        "last_at": to_micros(attempts.last_at),
        "not_before": to_micros(attempts.not_before),
    }


def read_attempts(row: Any) -> Attempts:
    """Return the attempts of a row."""
    return Attempts(
        id=LookupHash(row.id),
        failed=row.failed,
        last_at=from_micros(row.last_at),
        not_before=from_micros(row.not_before),
    )


def entry_row(entry: AccessEntry, seal: Seal) -> dict[str, Any]:
    """Return the row of an entry of the log of access."""
    body = {"by": entry.by, "origin": entry.origin, "about": entry.about}
    return {
        "id": entry.id,
        "at": to_micros(entry.at),
        "kind": entry.kind.value,
        "agent": entry.agent,
        "body": seal.seal(b"access_log.body|" + entry.id, to_json(body)),
    }


def read_entry(row: Any, seal: Seal) -> AccessEntry:
    """Return the entry of a row.

    Raises:
        SealError: the body was not sealed for this entry.
    """
    return AccessEntry(
        id=AccessEntryId(row.id),
        at=from_micros(row.at),
        kind=AccessKind(row.kind),
        agent=row.agent,
        **from_json(seal.open(b"access_log.body|" + row.id, row.body)),
    )
