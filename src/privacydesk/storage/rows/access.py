"""Row mappers of staff credentials, sessions, sign-in attempts and access log entries.

These rows belong to no conversation. Their sealed values have a data key of their own, which is
stored with the others under an id that no conversation has, so that rotating the ring includes it.
"""

from __future__ import annotations

from typing import Any, Final

from privacydesk.domain.ids import AccessEntryId, ConversationId, LookupHash, StaffSessionId
from privacydesk.domain.sign_on import Identity, ProviderLogin
from privacydesk.domain.signin import (
    AccessEntry,
    AccessKind,
    Credential,
    Passkey,
    SignInAttempts,
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
from privacydesk.storage.rows.binding import Binding
from privacydesk.storage.sealing import Seal

STAFF_KEY: Final = ConversationId(b"staff".ljust(16, b"\0"))
"""The id of the key in ``data_key``; no conversation has it, as their ids are UUIDs."""

CREDENTIAL_BINDING = Binding(
    "agent_credential.body",
    "agent",
    "version",
    "changed_at",
    "temporary_until",
    added="identity",
    default=None,
)
SESSION_BINDING = Binding(
    "agent_session.body",
    "id",
    "hash",
    "agent",
    "stage",
    "started_at",
    "seen_at",
    "ends_at",
    added="provider_session",
    default=None,
)
ATTEMPTS_BINDING = Binding("agent_attempt.mac", "id", "failed", "last_at", "not_before")
ENTRY_BINDING = Binding("access_log.body", "id", "at", "kind", "agent")


def credential_row(credential: Credential, seal: Seal) -> dict[str, Any]:
    """Return the row of a credential."""
    body: dict[str, Any] = {
        "password": credential.password,
        "secret": credential.secret,
        "steps": credential.steps,
        "recovery": [code.hex() for code in credential.recovery],
    }
    identity = credential.identity
    if identity is not None:
        body |= {"issuer": identity.issuer, "subject": identity.subject}
    if credential.confirmed_at is not None:
        body["confirmed_at"] = to_micros(credential.confirmed_at)
    if credential.passkeys:
        body["passkeys"] = [
            {
                "id": passkey.id.hex(),
                "key": passkey.key.hex(),
                "name": passkey.name,
                "counter": passkey.counter,
                "added_at": to_micros(passkey.added_at),
                "used_at": opt_micros(passkey.used_at),
            }
            for passkey in credential.passkeys
        ]
    row: dict[str, Any] = {
        "agent": credential.agent,
        "version": credential.version,
        "changed_at": to_micros(credential.changed_at),
        "temporary_until": opt_micros(credential.temporary_until),
        "identity": None if identity is None else identity.key,
    }
    row["body"] = seal.seal(CREDENTIAL_BINDING.associated_data(row), to_json(body))
    return row


def read_credential(row: Any, seal: Seal) -> Credential:
    """Return the credential of a row.

    Raises:
        SealError: the body was not sealed for this agent at this version.
    """
    body = from_json(CREDENTIAL_BINDING.open(row, seal, row.body))
    identity = None
    if row.identity is not None:
        identity = Identity(body["issuer"], body["subject"], LookupHash(row.identity))
    return Credential(
        agent=row.agent,
        password=body["password"],
        changed_at=from_micros(row.changed_at),
        temporary_until=opt_instant(row.temporary_until),
        secret=body["secret"],
        steps=tuple(body["steps"]),
        recovery=tuple(bytes.fromhex(code) for code in body["recovery"]),
        identity=identity,
        confirmed_at=opt_instant(body.get("confirmed_at")),
        passkeys=tuple(
            Passkey(
                id=bytes.fromhex(one["id"]),
                key=bytes.fromhex(one["key"]),
                name=one["name"],
                counter=one["counter"],
                added_at=from_micros(one["added_at"]),
                used_at=opt_instant(one["used_at"]),
            )
            for one in body.get("passkeys", ())
        ),
        version=row.version,
    )


def session_row(session: StaffSession, seal: Seal) -> dict[str, Any]:
    """Return the row of a session."""
    body: dict[str, Any] = {
        "origin": session.origin,
        "browser": session.browser,
        "secret": session.secret,
        "proven_at": opt_micros(session.proven_at),
    }
    login = session.provider
    if login is not None:
        body["provider"] = {
            "checked_at": to_micros(login.checked_at),
            "id_token": login.id_token,
            "refresh_token": login.refresh_token,
        }
    row: dict[str, Any] = {
        "id": session.id,
        "hash": session.hash,
        "agent": session.agent,
        "stage": session.stage.value,
        "started_at": to_micros(session.started_at),
        "seen_at": to_micros(session.seen_at),
        "ends_at": to_micros(session.ends_at),
        "provider_session": None if login is None else login.key,
    }
    row["body"] = seal.seal(SESSION_BINDING.associated_data(row), to_json(body))
    return row


def read_session(row: Any, seal: Seal) -> StaffSession:
    """Return the session of a row.

    Raises:
        SealError: the body was not sealed for this session.
    """
    body = from_json(SESSION_BINDING.open(row, seal, row.body))
    proven_at, login = opt_instant(body.pop("proven_at")), body.pop("provider", None)
    provider = None
    if login is not None:
        login["checked_at"] = from_micros(login["checked_at"])
        provider = ProviderLogin(LookupHash(row.provider_session), **login)
    return StaffSession(
        id=StaffSessionId(row.id),
        hash=LookupHash(row.hash),
        agent=row.agent,
        stage=Stage(row.stage),
        started_at=from_micros(row.started_at),
        seen_at=from_micros(row.seen_at),
        ends_at=from_micros(row.ends_at),
        proven_at=proven_at,
        provider=provider,
        **body,
    )


def attempts_row(attempts: SignInAttempts, key: Seal) -> dict[str, Any]:
    """Return the signed row of a count of sign-in attempts."""
    assert attempts.last_at is not None
    assert attempts.not_before is not None
    row = {
        "id": attempts.id,
        "failed": attempts.failed,
        "last_at": to_micros(attempts.last_at),
        "not_before": to_micros(attempts.not_before),
    }
    return ATTEMPTS_BINDING.sign(row, key)


def read_attempts(row: Any, key: Seal) -> SignInAttempts:
    """Return the attempts of a row.

    Raises:
        SealError: the row was not signed with this key, or was changed since.
    """
    ATTEMPTS_BINDING.check(row, key)
    return SignInAttempts(
        id=LookupHash(row.id),
        failed=row.failed,
        last_at=from_micros(row.last_at),
        not_before=from_micros(row.not_before),
    )


def entry_row(entry: AccessEntry, seal: Seal) -> dict[str, Any]:
    """Return the row of an access log entry."""
    body = {"by": entry.by, "origin": entry.origin, "about": entry.about}
    row: dict[str, Any] = {
        "id": entry.id,
        "at": to_micros(entry.at),
        "kind": entry.kind.value,
        "agent": entry.agent,
    }
    row["body"] = seal.seal(ENTRY_BINDING.associated_data(row), to_json(body))
    return row


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
        **from_json(ENTRY_BINDING.open(row, seal, row.body)),
    )
