"""Staff sign-in: credentials, sessions, and the wait after wrong entries. Pure values.

password ─► own password ─► app ─► open        the first time, with a temporary password
    └─────────────────────► code ─► open       from then on
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from privacydesk.domain.agents import Agent
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.ids import AccessEntryId, LookupHash, StaffSessionId
from privacydesk.domain.instants import CLOCK_TOLERANCE

ENTRY_TIME: Final = timedelta(minutes=15)
"""The time between the password and the rest of the sign-in, at most."""

PROOF_TIME: Final = timedelta(minutes=5)
"""How long password and code, once given, stand for the agent's consent to an act on access."""

FREE_ENTRIES: Final = 5
"""Wrong entries without a wait."""

FIRST_WAIT: Final = timedelta(seconds=15)
LONGEST_WAIT: Final = timedelta(hours=1)
FORGOTTEN_AFTER: Final = timedelta(hours=24)


class Stage(StrEnum):
    """What a session still needs before it opens the console."""

    PASSWORD = "password"  # noqa: S105 - a name: the temporary password has to be replaced
    APP = "app"
    CODE = "code"
    OPEN = "open"


class Credential(Struct, frozen=True):
    """What a member of staff signs in with. Nothing in it is shown or logged.

    Attributes:
        agent: whose it is.
        password: argon2's own form of the hash.
        changed_at: when the password was set.
        temporary_until: until when a password that somebody else knows may be used once; None for
            one of the agent's own choosing.
        secret: the authenticator's, in base32; empty until one was added.
        steps: the time steps of the last codes that were accepted, in the order of their use; each
            works once.
        recovery: keyed hashes of the recovery codes that are left.
    """

    agent: str
    password: str
    changed_at: datetime
    temporary_until: datetime | None = None
    secret: str = ""
    steps: tuple[int, ...] = ()
    recovery: tuple[bytes, ...] = ()
    version: int = 1

    def stage(self) -> Stage:
        """Return the stage after the password."""
        if self.temporary_until is not None:
            return Stage.PASSWORD
        return Stage.CODE if self.secret else Stage.APP

    def usable(self, now: datetime) -> bool:
        """Return whether the password may still be used."""
        return self.temporary_until is None or now < self.temporary_until


class StaffSession(Struct, frozen=True):
    """A browser in which somebody signed in, or is about to.

    Attributes:
        id: its name on the account page; opens nothing.
        hash: keyed hash of the cookie's value, which is kept nowhere.
        ends_at: when it ends however busy it is.
        origin: the address it was opened from, as far as it tells a place.
        browser: what the browser calls itself, cut short.
        secret: an authenticator's secret that waits for its first code.
        proven_at: when password and code were given again in it; None where only at its start.
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

    def is_proven(self, now: datetime) -> bool:
        """Return whether its agent proved their identity just now."""
        since = self.proven_at or self.started_at
        return since - CLOCK_TOLERANCE <= now < since + PROOF_TIME

    def alive(self, now: datetime, idle: timedelta) -> bool:
        """Return whether it is still valid; one opened by a clock that was ahead is not."""
        return self.seen_at - CLOCK_TOLERANCE <= now < min(self.ends_at, self.seen_at + idle)


class Holder(Struct, frozen=True):
    """A session with the agent's current state: a role taken away is gone at once."""

    session: StaffSession
    agent: Agent


class Attempts(Struct, frozen=True):
    """Consecutive wrong entries under one key.

    A key joins an account with the address that entries come from, so that a stranger's wrong
    entries make the stranger wait and nobody else.

    Attributes:
        id: keyed hash of what is counted; names nobody.
        failed: how many in a row; counted before an entry is checked, so that many at once
            gain nothing.
        not_before: when the next one is checked.
    """

    id: LookupHash
    failed: int = 0
    last_at: datetime | None = None
    not_before: datetime | None = None

    def seen_at(self, now: datetime) -> Attempts:
        """Return the attempts with a wait that is possible at the present.

        A wait longer than the rule ever gives was set by a clock that was ahead: it is cut to what
        the rule gives now.
        """
        limit = now + _wait_after(self.failed)
        if self.not_before is None or self.not_before <= limit:
            return self
        return replace(self, last_at=now, not_before=limit)

    def wait(self, now: datetime) -> timedelta:
        """Return how long the next entry has to wait; zero when it may be made."""
        if self.not_before is None or now >= self.not_before:
            return timedelta(0)
        return self.not_before - now

    def counted(self, now: datetime) -> Attempts:
        """Count an entry as failed, until it proves right."""
        quiet = self.last_at is not None and now - self.last_at >= FORGOTTEN_AFTER
        failed = (0 if quiet else self.failed) + 1
        return replace(self, failed=failed, last_at=now, not_before=now + _wait_after(failed))


def _wait_after(failed: int) -> timedelta:
    over = failed - FREE_ENTRIES
    if over < 0:
        return timedelta(0)
    # Doubling further would only overflow: the longest wait is reached long before.
    return min(FIRST_WAIT * (1 << min(over, 16)), LONGEST_WAIT)


class AccessKind(StrEnum):
    """The events of the access log."""

    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - names what happened
    WRONG_CODE = "wrong_code"
    DELAYED = "delayed"
    RECOVERY_CODE_USED = "recovery_code_used"
    FORBIDDEN = "forbidden"
    SESSION_ENDED = "session_ended"
    REAUTHENTICATED = "reauthenticated"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - names what happened
    APP_ADDED = "app_added"
    APP_REMOVED = "app_removed"
    RECOVERY_CODES_MADE = "recovery_codes_made"
    AGENT_ADDED = "agent_added"
    AGENT_CHANGED = "agent_changed"
    AGENT_DISABLED = "agent_disabled"
    AGENT_ENABLED = "agent_enabled"
    ACCESS_RESET = "access_reset"


BY_COMMAND: Final = "command"
"""The actor of commands that run in nobody's name."""

DENIALS: Final = frozenset(
    {AccessKind.WRONG_PASSWORD, AccessKind.WRONG_CODE, AccessKind.DELAYED, AccessKind.FORBIDDEN}
)
"""Refused attempts; all other kinds happened."""


class AccessEntry(Struct, frozen=True):
    """One line of the access log.

    Attributes:
        agent: who it concerns; empty when the name typed is nobody's: people type passwords into
            the wrong field, so such names are not kept.
        by: who did it, where that is somebody else.
        origin: the address it came from.
        about: what was asked for, as the pattern of a route, or what was changed.
    """

    id: AccessEntryId
    at: datetime
    kind: AccessKind
    agent: str = ""
    by: str = ""
    origin: str = ""
    about: str = ""


def audited(entry: AccessEntry) -> AuditEntry | None:
    """Return the entry that the audit keeps for good: all but where it came from.

    None for unknown names and for entries that were not even checked: strangers could fill the
    audit with those.
    """
    by = entry.by or entry.agent
    if not by or entry.kind is AccessKind.DELAYED:
        return None
    denied = entry.kind in DENIALS
    detail = {
        "agent": entry.agent,
        "about": entry.about,
        "kind": entry.kind.value if denied else "",
    }
    return AuditEntry(
        at=entry.at,
        by=by,
        what="access_denied" if denied else entry.kind.value,
        detail={name: value for name, value in detail.items() if value},
    )
