"""Staff sign-in: credentials, sessions, delays after wrong entries, and the access log.

password ─► own password ─► app ─► open        the first time, with a temporary password
    └─────────────────────► code ─► open       from then on
passkey ────────────────────────► open         instead of both
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from privacydesk.domain.agents import Agent
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.ids import AccessEntryId, LookupHash, StaffSessionId
from privacydesk.domain.instants import CLOCK_TOLERANCE
from privacydesk.domain.sign_on import Identity, ProviderLogin

SIGN_IN_TIME: Final = timedelta(minutes=15)
"""The maximum time between entering the password and completing the sign-in."""

REAUTHENTICATION_TIME: Final = timedelta(minutes=5)
"""How long changes to access are permitted after the agent has entered password and code."""

FREE_ATTEMPTS: Final = 5
"""The number of wrong entries without a delay."""

FIRST_WAIT: Final = timedelta(seconds=15)
MAX_WAIT: Final = timedelta(hours=1)
FORGOTTEN_AFTER: Final = timedelta(hours=24)


class Stage(StrEnum):
    """What a session still lacks before it gives access to the console."""

    PASSWORD = "password"  # noqa: S105 - a stage: the temporary password has to be replaced
    APP = "app"
    CODE = "code"
    OPEN = "open"


class Passkey(Struct, frozen=True):
    """A passkey (WebAuthn credential) of a member of staff.

    Attributes:
        id: the credential id, chosen by the authenticator.
        key: the public key, as a COSE key.
        name: what its owner calls it.
        counter: how often the authenticator has signed; 0 if it doesn't count.
        used_at: when it was last used; None if never.
    """

    id: bytes
    key: bytes
    name: str
    counter: int
    added_at: datetime
    used_at: datetime | None = None

    @property
    def digest(self) -> bytes:
        """Digest of the credential id, by which the agent is found."""
        return sha256(self.id).digest()


class Credential(Struct, frozen=True):
    """The password and second factors of a member of staff. Never shown or logged.

    Attributes:
        agent: name of the agent.
        password: the hash of the password, in argon2's encoded form; empty if there is none.
        changed_at: when the password was set.
        temporary_until: when a temporary password, which may be used once, expires; None for a
            password chosen by the agent.
        secret: secret of the authenticator app, in base32; empty if there is none yet.
        steps: time steps of the last accepted codes, in order of use, so that each works once.
        recovery: keyed hashes of the unused recovery codes.
        identity: the agent's account at the identity provider; None if none is linked.
        confirmed_at: when the provider last let that account in; None if it never did, or has
            refused it or signed it out since.
        passkeys: the agent's passkeys, in order of addition.
    """

    agent: str
    password: str
    changed_at: datetime
    temporary_until: datetime | None = None
    secret: str = ""
    steps: tuple[int, ...] = ()
    recovery: tuple[bytes, ...] = ()
    identity: Identity | None = None
    confirmed_at: datetime | None = None
    passkeys: tuple[Passkey, ...] = ()
    version: int = 1

    @property
    def is_linked(self) -> bool:
        """Whether the agent is linked with an account at the identity provider."""
        return self.identity is not None

    def stage(self) -> Stage:
        """Return the stage of a session after the password was entered."""
        if self.temporary_until is not None:
            return Stage.PASSWORD
        return Stage.CODE if self.secret else Stage.APP

    def stage_after_passkey(self) -> Stage:
        """Return the stage of a session after a passkey was used.

        It is both factors at once. An authenticator app that was removed has to be added again,
        since pages without scripts ask for its codes.
        """
        return Stage.OPEN if self.secret else Stage.APP

    def is_usable(self, now: datetime) -> bool:
        """Return whether the password has not expired."""
        return self.temporary_until is None or now < self.temporary_until


class StaffSession(Struct, frozen=True):
    """A session in a browser in which an agent has signed in, or is signing in.

    Attributes:
        id: identifier for the account page; gives no access.
        hash: keyed hash of the cookie's value, which is not stored.
        ends_at: when it ends, even if it is in use.
        origin: the client's IPv4 address or IPv6 network; empty if unknown.
        browser: the browser's ``User-Agent``, truncated.
        secret: secret of a new authenticator app, until its first code is entered.
        proven_at: when the agent last authenticated again, or at the identity provider; None if
            never since the start, or not known.
        provider: the sign-in by the identity provider; None for one by password.
    """

    id: StaffSessionId
    hash: LookupHash
    agent: str
    stage: Stage
    started_at: datetime
    seen_at: datetime
    ends_at: datetime
    origin: str = ""
    browser: str = ""
    secret: str = ""
    proven_at: datetime | None = None
    provider: ProviderLogin | None = None

    def is_recently_authenticated(
        self, now: datetime, within: timedelta = REAUTHENTICATION_TIME
    ) -> bool:
        """Return whether the agent authenticated within a time: here, or at the provider.

        Signing in by the provider may have taken no authentication, so it does not count by itself.
        """
        since = self.proven_at
        if since is None and self.provider is None:
            since = self.started_at
        return since is not None and since - CLOCK_TOLERANCE <= now < since + within

    def is_valid(self, now: datetime, idle: timedelta) -> bool:
        """Return whether the session is valid.

        Sessions opened in the future, by a clock that has been set back since, are not.

        Args:
            now: the current time.
            idle: how long a session stays valid without use.
        """
        return self.seen_at - CLOCK_TOLERANCE <= now < min(self.ends_at, self.seen_at + idle)


class AuthenticatedSession(Struct, frozen=True):
    """A session with its agent as they are now, so that role changes take effect at once."""

    session: StaffSession
    agent: Agent


class SignInAttempts(Struct, frozen=True):
    """The counter of consecutive wrong entries of passwords or codes.

    The key combines an account with a client address, so that wrong entries by an attacker delay
    the attacker only.

    Attributes:
        id: keyed hash of the key; identifies nobody.
        failed: number of wrong entries in a row. An entry is counted before it is checked, so that
            parallel entries bring no advantage.
        not_before: when the next entry may be made.
    """

    id: LookupHash
    failed: int = 0
    last_at: datetime | None = None
    not_before: datetime | None = None

    def with_wait_limited(self, now: datetime) -> SignInAttempts:
        """Return the counter with its delay limited to the longest one that is possible now.

        A longer delay was set by a clock that has been set back since.
        """
        limit = now + _delay_after(self.failed)
        if self.not_before is None or self.not_before <= limit:
            return self
        return replace(self, last_at=now, not_before=limit)

    def wait(self, now: datetime) -> timedelta:
        """Return how long to wait before the next entry; zero if it may be made now."""
        if self.not_before is None or now >= self.not_before:
            return timedelta(0)
        return self.not_before - now

    def with_failure(self, now: datetime) -> SignInAttempts:
        """Return the counter after one more entry, which counts as wrong until it proves right."""
        is_forgotten = self.last_at is not None and now - self.last_at >= FORGOTTEN_AFTER
        failed = (0 if is_forgotten else self.failed) + 1
        return replace(self, failed=failed, last_at=now, not_before=now + _delay_after(failed))


def _delay_after(failed: int) -> timedelta:
    doublings = failed - FREE_ATTEMPTS
    if doublings < 0:
        return timedelta(0)
    # The exponent is limited to avoid an overflow; the longest delay is reached before.
    return min(FIRST_WAIT * (1 << min(doublings, 16)), MAX_WAIT)


class AccessKind(StrEnum):
    """The kind of an access log entry."""

    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - names what happened
    WRONG_CODE = "wrong_code"
    WRONG_PASSKEY = "wrong_passkey"
    DELAYED = "delayed"
    RECOVERY_CODE_USED = "recovery_code_used"
    SIGN_ON_REFUSED = "sign_on_refused"
    FORBIDDEN = "forbidden"
    SESSION_ENDED = "session_ended"
    REAUTHENTICATED = "reauthenticated"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - names what happened
    APP_ADDED = "app_added"
    APP_REMOVED = "app_removed"
    RECOVERY_CODES_MADE = "recovery_codes_made"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    AGENT_ADDED = "agent_added"
    AGENT_CHANGED = "agent_changed"
    AGENT_DISABLED = "agent_disabled"
    AGENT_ENABLED = "agent_enabled"
    ACCESS_RESET = "access_reset"
    IDENTITY_LINKED = "identity_linked"
    IDENTITY_UNLINKED = "identity_unlinked"


BY_COMMAND: Final = "command"
"""The actor of commands that are not run in an agent's name."""

DENIALS: Final = frozenset(
    {
        AccessKind.WRONG_PASSWORD,
        AccessKind.WRONG_CODE,
        AccessKind.WRONG_PASSKEY,
        AccessKind.DELAYED,
        AccessKind.SIGN_ON_REFUSED,
        AccessKind.FORBIDDEN,
    }
)
"""The kinds of refused attempts; all other kinds are completed actions."""


class AccessEntry(Struct, frozen=True):
    """One entry of the access log.

    Attributes:
        agent: name of the agent that it concerns; empty for unknown names, which are not stored
            because people sometimes type a password into that field.
        by: the acting agent; empty if it is the same.
        origin: the client's IPv4 address or IPv6 network; empty if unknown.
        about: the requested route's pattern, or what was changed.
    """

    id: AccessEntryId
    at: datetime
    kind: AccessKind
    agent: str = ""
    by: str = ""
    origin: str = ""
    about: str = ""


def audit_entry_for(entry: AccessEntry) -> AuditEntry | None:
    """Return the permanent audit entry for an access log entry, without the client's address.

    None for unknown names and for entries that were delayed unchecked, so that strangers can't fill
    the audit log.
    """
    by = entry.by or entry.agent
    if not by or entry.kind is AccessKind.DELAYED:
        return None
    is_denial = entry.kind in DENIALS
    detail = {
        "agent": entry.agent,
        "about": entry.about,
        "kind": entry.kind.value if is_denial else "",
    }
    return AuditEntry(
        at=entry.at,
        by=by,
        what="access_denied" if is_denial else entry.kind.value,
        detail={name: value for name, value in detail.items() if value},
    )
