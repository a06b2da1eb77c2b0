"""Ports for staff: agents, sign-in, availability, alarms and text modules."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct

from privacydesk.domain.agents import Agent
from privacydesk.domain.alarms import StaffAlarm
from privacydesk.domain.api_tokens import StoredResponse
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.duty import Duty, StaffBoard
from privacydesk.domain.ids import (
    AccessEntryId,
    ConversationId,
    IncidentId,
    LookupHash,
    SavedViewId,
    StaffSessionId,
)
from privacydesk.domain.incidents import (
    Audience,
    Incident,
    IncidentProgress,
    Recipient,
    RecipientState,
)
from privacydesk.domain.policy_texts import PolicyText
from privacydesk.domain.saved_settings import SavedSetting
from privacydesk.domain.saved_views import SavedView
from privacydesk.domain.sign_on import ProviderLogin
from privacydesk.domain.signin import (
    AccessEntry,
    AuthenticatedSession,
    Credential,
    SignInAttempts,
    StaffSession,
)
from privacydesk.domain.text_modules import TextModule


class TextModuleStore(Protocol):
    """Text modules of staff."""

    async def all(self) -> tuple[TextModule, ...]:
        """Return all text modules, sorted by name."""
        ...

    async def save(self, module: TextModule, audit_entry: AuditEntry) -> None:
        """Store a module, with an audit entry.

        Raises:
            StaleError: the stored version is not the one before the module's version.
        """
        ...

    async def remove(self, name: str, seen: int, audit_entry: AuditEntry) -> None:
        """Remove a module, with an audit entry.

        Args:
            name: name of the module.
            seen: the version to remove.
            audit_entry: the audit entry.

        Raises:
            StaleError: another version is stored, or none.
        """
        ...


class PolicyTextStore(Protocol):
    """Imported texts of the policy, with the search data of their passages."""

    async def find(self, name: str, digest: str) -> PolicyText | None:
        """Return a text; None if it was not imported."""
        ...

    async def vectors(self, name: str, digest: str) -> bytes | None:
        """Return the search data of a text; None if there is none."""
        ...

    async def all(self, name: str) -> tuple[PolicyText, ...]:
        """Return the texts of a name, the one imported last first."""
        ...

    async def unready(self) -> tuple[PolicyText, ...]:
        """Return the texts without all of their search data."""
        ...

    async def save(self, text: PolicyText, vectors: bytes | None, audit_entry: AuditEntry) -> None:
        """Store a text, with an audit entry; it replaces one of the same digest."""
        ...

    async def save_vectors(self, name: str, digest: str, vectors: bytes, embedded: int) -> None:
        """Store the search data of a text that was imported before.

        Args:
            name: the text's name.
            digest: its digest.
            vectors: the search data.
            embedded: the number of its passages that they cover.
        """
        ...

    async def remove(self, name: str, digest: str, audit_entry: AuditEntry) -> None:
        """Remove a text, with an audit entry."""
        ...


class SavedSettingStore(Protocol):
    """Settings that administrators change, with all their versions."""

    async def current(self) -> Mapping[str, SavedSetting]:
        """Return the newest version of each setting, by name."""
        ...

    async def history(self, name: str, limit: int) -> tuple[SavedSetting, ...]:
        """Return the versions of a setting, the newest first."""
        ...

    async def version(self, name: str, version: int) -> SavedSetting | None:
        """Return a version of a setting; None if there is none."""
        ...

    async def add(
        self,
        setting: SavedSetting,
        audit_entry: AuditEntry,
        *,
        api_result: StoredResponse | None = None,
    ) -> None:
        """Add a version, with an audit entry and the result of the API request that asks for it.

        Raises:
            StaleError: the newest version is not the one before it, or, with the reason
                ``api_done``, the API request already has a result.
        """
        ...


class SavedViewStore(Protocol):
    """Saved views of the inbox."""

    async def all(self) -> tuple[SavedView, ...]:
        """Return all saved views, in the order in which they were saved."""
        ...

    async def save(self, view: SavedView, audit_entry: AuditEntry) -> None:
        """Store a view, with an audit entry.

        Raises:
            StaleError: the stored version is not the one before the view's version.
        """
        ...

    async def remove(self, view_id: SavedViewId, seen: int, audit_entry: AuditEntry) -> None:
        """Remove a view, with an audit entry.

        Args:
            view_id: id of the view.
            seen: the version to remove.
            audit_entry: the audit entry.

        Raises:
            StaleError: another version is stored, or none.
        """
        ...


class IncidentStore(Protocol):
    """Incidents, and the recipients of their notices."""

    async def all(self) -> tuple[Incident, ...]:
        """Return all incidents, in the order in which they were prepared."""
        ...

    async def find(self, incident_id: IncidentId) -> Incident | None:
        """Return an incident; None if it doesn't exist."""
        ...

    async def save(self, incident: Incident, audit_entry: AuditEntry) -> None:
        """Store an incident, with an audit entry.

        Raises:
            StaleError: the stored version is not the one before the incident's version.
        """
        ...

    async def add_accounts(self, incident_id: IncidentId, accounts: Sequence[Recipient]) -> None:
        """Add accounts to the recipients; those that are listed already are left out."""
        ...

    async def add_conversations(
        self, incident_id: IncidentId, audience: Audience, until: datetime, limit: int
    ) -> int:
        """Add the next conversations of an audience to the recipients; return their number.

        Args:
            incident_id: the incident.
            audience: which conversations.
            until: only conversations that began by this time.
            limit: the maximum number; fewer are added only if there are no more.
        """
        ...

    async def waiting(self, incident_id: IncidentId, limit: int) -> tuple[Recipient, ...]:
        """Return recipients that were not told yet."""
        ...

    async def settle(self, incident_id: IncidentId, key: bytes, state: RecipientState) -> None:
        """Record that a waiting recipient needs nothing more."""
        ...

    async def remove_recipients(self, incident_id: IncidentId) -> None:
        """Remove the recipients that were not told yet."""
        ...

    async def progress(self, incident_id: IncidentId) -> IncidentProgress:
        """Return how far the notice has come."""
        ...

    async def audience_size(self, audience: Audience) -> int:
        """Return how many conversations an audience has now."""
        ...

    async def mark_read(self, conversation: ConversationId, offset: int, at: datetime) -> None:
        """Record that a user has read the notices up to an offset of their conversation."""
        ...


class AgentStore(Protocol):
    """Adds agents without credentials."""

    async def add(self, agent: Agent) -> None:
        """Add an agent.

        Raises:
            DeskError: CONFLICT if the name is taken.
        """
        ...


class AbandonedConversation(Struct, frozen=True):
    """A conversation whose agent is absent.

    Attributes:
        left: whether the agent went off duty or was disabled; else the connection was lost.
    """

    conversation: ConversationId
    agent: str
    left: bool


class DutyStore(Protocol):
    """The stored availability of agents, shared by all processes."""

    async def board(self) -> StaffBoard:
        """Return the availability and workload of all agents."""
        ...

    async def change(self, agents: Collection[str], decide: Callable[[Duty], Duty]) -> None:
        """Change the availability of agents in one transaction.

        Args:
            agents: names of the agents.
            decide: pure function from the old to the new availability; agents without a stored
                one are off duty. Unchanged results are not written.
        """
        ...

    async def abandoned_conversations(self, now: datetime) -> tuple[AbandonedConversation, ...]:
        """Return the conversations whose agent is absent."""
        ...


class AlarmStore(Protocol):
    """The alarms of agents. Most alarms are written by the job that causes them."""

    async def alarms_of(self, agent: str, *, limit: int) -> tuple[StaffAlarm, ...]:
        """Return an agent's alarms, newest first."""
        ...

    async def add_new(self, alarms: Sequence[StaffAlarm]) -> int:
        """Store the alarms that are not stored yet; return their number."""
        ...

    async def mark_seen(self, agent: str, about: Sequence[bytes] | None, now: datetime) -> int:
        """Mark an agent's alarms as seen; return their number.

        Args:
            agent: name of the agent.
            about: IDs of tickets or conversations that the alarms are about; None for all alarms.
            now: the current time.
        """
        ...

    async def unseen(self, *, after: bytes, limit: int) -> tuple[StaffAlarm, ...]:
        """Return alarms that their agents have not seen, by ID.

        Args:
            after: the ID after which they begin; empty for the first.
            limit: their maximum number.
        """
        ...

    async def mark_over(self, alarms: Sequence[bytes], now: datetime) -> int:
        """Mark alarms of any agents as seen; return the number of those that were not.

        Args:
            alarms: IDs of the alarms.
            now: the current time.
        """
        ...

    async def sweep(self, before: datetime) -> None:
        """Remove alarms raised before an instant."""
        ...


class SessionChange(Struct, frozen=True):
    """What changes in a session; values that are None stay as they are.

    Attributes:
        session: the session; nothing is changed if it has ended, unless its cookie is replaced.
        proven_at: when its agent has authenticated again.
        provider: a newer sign-in by the identity provider.
        cookie: the hash of a new cookie.
        replaced_cookie: the hash of the cookie that the new one replaces, which must still be the
            session's.
    """

    session: StaffSessionId
    proven_at: datetime | None = None
    provider: ProviderLogin | None = None
    cookie: LookupHash | None = None
    replaced_cookie: LookupHash | None = None


class AccessChanges(Struct, frozen=True):
    """Changes of agents, credentials and sessions that are made in one transaction.

    Attributes:
        new_agent: an agent to add.
        changed_agent: an agent with changed values.
        previous_agent: the same agent as it was read; it must not have changed since.
        credential: a new credential, or a changed one with the next version.
        new_session: a session to add.
        replaced_session: the session that the new one replaces; it must still exist.
        changed_session: a change of a session.
        ended_sessions: sessions to end; missing ones are ignored.
        end_all_of: name of the agent whose sessions are all ended, except ``kept_session``.
        kept_session: the session that isn't ended.
        cleared_attempts: IDs of attempt counters to delete.
        log_entries: entries for the access log.
    """

    new_agent: Agent | None = None
    changed_agent: Agent | None = None
    previous_agent: Agent | None = None
    credential: Credential | None = None
    new_session: StaffSession | None = None
    replaced_session: StaffSessionId | None = None
    changed_session: SessionChange | None = None
    ended_sessions: tuple[StaffSessionId, ...] = ()
    end_all_of: str = ""
    kept_session: StaffSessionId | None = None
    cleared_attempts: tuple[LookupHash, ...] = ()
    log_entries: tuple[AccessEntry, ...] = ()


class StaffAccess(Protocol):
    """Storage of staff sign-in: credentials, sessions, attempt counters and the access log."""

    async def credential(self, agent: str) -> Credential | None:
        """Return an agent's credential."""
        ...

    async def credential_by_identity(self, key: LookupHash) -> Credential | None:
        """Return the credential that an identity at the provider is linked with."""
        ...

    async def credential_by_passkey(self, digest: bytes) -> Credential | None:
        """Return the credential that has the passkey with the digest of its id."""
        ...

    async def session_by_cookie(self, key: LookupHash) -> AuthenticatedSession | None:
        """Return the session with the hash of a cookie, and its agent as they are now."""
        ...

    async def sessions(self, agent: str) -> tuple[StaffSession, ...]:
        """Return an agent's sessions, newest first; expired ones are included until ``sweep``."""
        ...

    async def entries(
        self, *, agent: str | None, before: AccessEntryId | None = None, limit: int
    ) -> tuple[AccessEntry, ...]:
        """Return access log entries, newest first.

        Args:
            agent: only entries that concern this agent; None for all.
            before: ID of the last entry of the previous page.
            limit: the maximum number of entries.
        """
        ...

    async def commit(self, changes: AccessChanges) -> None:
        """Make all changes in one transaction.

        Raises:
            StaleError: the agent, credential or session that is replaced has changed meanwhile.
            DeskError: CONFLICT if the name of a new agent is taken, or an identity is linked with
                another agent; NOT_ALLOWED_NOW if no administrator would be left.
        """
        ...

    async def provider_sessions(self, key: LookupHash | None = None) -> tuple[StaffSession, ...]:
        """Return sessions by the identity provider.

        Args:
            key: only those of this session of the provider; None for all.
        """
        ...

    async def use_token(self, key: LookupHash, now: datetime) -> bool:
        """Record the use of something that works once; return False if it was used before."""
        ...

    async def touch_session(self, session: StaffSessionId, at: datetime) -> None:
        """Record that a session was used."""
        ...

    async def count_attempt(self, key: LookupHash, now: datetime) -> SignInAttempts:
        """Count an attempt as failed, unless it has to wait; return the counter before it."""
        ...

    async def sweep(
        self, now: datetime, *, idle: timedelta, keep_log: timedelta, temporary: timedelta
    ) -> None:
        """Remove expired sessions, attempt counters and access log entries.

        Args:
            now: the current time.
            idle: how long a session stays valid without use.
            keep_log: how long access log entries are kept.
            temporary: the maximum lifetime of a temporary password; longer ones, which were issued
                by a clock that has been set back since, are shortened.
        """
        ...
