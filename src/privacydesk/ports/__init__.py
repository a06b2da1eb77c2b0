"""Ports: the interfaces of storage, connectors and catalogs. They depend on the domain only.

Conversations, tickets and outbox rows are changed by the writer only. A job names the rows that
its decision depends on. The writer locks and reads the rows of a batch of jobs, calls the jobs'
``decide`` functions, and commits all returned changes in one transaction. A ``decide`` function
must be pure, since it may be called again.
"""

from __future__ import annotations

from typing import Protocol

from privacydesk.ports.identifiers import Hashing, IdGenerator
from privacydesk.ports.integrations import (
    ApiTokenStore,
    EventLogStore,
    RevocationStore,
    WebhookQueue,
    WebhookStore,
)
from privacydesk.ports.language import Catalog, LanguageUnderstanding
from privacydesk.ports.maintenance import (
    AuditTrail,
    Fingerprints,
    HashRotation,
    Integrity,
    KeyWrapping,
    PackageFiles,
    PeriodicTasks,
    PurgeStore,
    ReceiptLog,
    RehashedPage,
    RowClaims,
    RowKey,
)
from privacydesk.ports.reading import Cases, Counters, HelpVisits, PresentFigures, Reader
from privacydesk.ports.staff import (
    AbandonedConversation,
    AccessChanges,
    AgentStore,
    AlarmStore,
    DutyStore,
    IncidentStore,
    PolicyTextStore,
    SavedSettingStore,
    SavedViewStore,
    SessionChange,
    StaffAccess,
    TextModuleStore,
)
from privacydesk.ports.ticketing import TicketingLinkStore
from privacydesk.ports.writing import (
    Changes,
    CommitHints,
    CommitHook,
    Committed,
    FailedJobError,
    Job,
    Locks,
    ObservationOutdated,
    WorkingSet,
    Writer,
)

__all__ = [
    "AbandonedConversation",
    "AccessChanges",
    "AgentStore",
    "AlarmStore",
    "ApiTokenStore",
    "AuditTrail",
    "Cases",
    "Catalog",
    "Changes",
    "CommitHints",
    "CommitHook",
    "Committed",
    "Counters",
    "DutyStore",
    "EventLogStore",
    "FailedJobError",
    "Fingerprints",
    "HashRotation",
    "Hashing",
    "HelpVisits",
    "IdGenerator",
    "IncidentStore",
    "Integrity",
    "Job",
    "KeyWrapping",
    "LanguageUnderstanding",
    "Locks",
    "ObservationOutdated",
    "PackageFiles",
    "PeriodicTasks",
    "PolicyTextStore",
    "PresentFigures",
    "PurgeStore",
    "Reader",
    "ReceiptLog",
    "RehashedPage",
    "RevocationStore",
    "RowClaims",
    "RowKey",
    "SavedSettingStore",
    "SavedViewStore",
    "SessionChange",
    "StaffAccess",
    "Store",
    "TextModuleStore",
    "TicketingLinkStore",
    "WebhookQueue",
    "WebhookStore",
    "WorkingSet",
    "Writer",
]


class Store(Protocol):
    """The storage interfaces that most services use."""

    @property
    def writer(self) -> Writer:
        """Runs jobs, which change conversations, tickets and outbox rows."""
        ...

    @property
    def reader(self) -> Reader:
        """Reads without locks."""
        ...

    @property
    def commit_hints(self) -> CommitHints | None:
        """Hints between processes; None where one process alone can serve the database."""
        ...

    @property
    def package_files(self) -> PackageFiles:
        """The files of access packages."""
        ...

    @property
    def claims(self) -> RowClaims:
        """Claims of due rows."""
        ...

    @property
    def policy_text_store(self) -> PolicyTextStore:
        """Imported texts of the policy."""
        ...

    @property
    def saved_setting_store(self) -> SavedSettingStore:
        """Settings that administrators change."""
        ...

    @property
    def saved_view_store(self) -> SavedViewStore:
        """Saved views of the inbox."""
        ...

    @property
    def incidents(self) -> IncidentStore:
        """Incidents and the recipients of their notices."""
        ...

    @property
    def text_module_store(self) -> TextModuleStore:
        """Text modules of staff."""
        ...

    @property
    def agent_store(self) -> AgentStore:
        """Adding agents."""
        ...

    @property
    def duties(self) -> DutyStore:
        """Agents' availability."""
        ...

    @property
    def alarm_store(self) -> AlarmStore:
        """Staff alarms."""
        ...
