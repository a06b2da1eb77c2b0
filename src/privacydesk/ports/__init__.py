"""Ports: the interfaces to storage, connectors and catalogs. Imports the domain only.

The writer is the only way to change anything. A job names the rows it decides on; the writer locks
and reads them in a batch, runs the job's closure over them, and commits what all closures of the
batch returned in one transaction. A closure is pure: it may be run again.
"""

from __future__ import annotations

from typing import Protocol

from privacydesk.ports.means import (
    Catalog,
    Hashing,
    Minter,
    Understanding,
)
from privacydesk.ports.programs import ApiBook, RevocationBook, WebhookBook, WebhookQueue
from privacydesk.ports.reading import Cases, Counters, Reader
from privacydesk.ports.staff import (
    AccessChanges,
    AgentBook,
    AlarmBook,
    Deserted,
    Duties,
    StaffAccess,
    TextBook,
)
from privacydesk.ports.ticketing import TicketingBook
from privacydesk.ports.upkeep import (
    AuditTrail,
    Chores,
    Claims,
    Fingerprints,
    Integrity,
    KeyWrapping,
    PackageFiles,
    Purging,
)
from privacydesk.ports.writing import (
    Changes,
    CommitHook,
    Committed,
    FailedJobError,
    Job,
    Locks,
    Reobserve,
    WorkingSet,
    Writer,
)

__all__ = [
    "AccessChanges",
    "AgentBook",
    "AlarmBook",
    "ApiBook",
    "AuditTrail",
    "Cases",
    "Catalog",
    "Changes",
    "Chores",
    "Claims",
    "CommitHook",
    "Committed",
    "Counters",
    "Deserted",
    "Duties",
    "FailedJobError",
    "Fingerprints",
    "Hashing",
    "Integrity",
    "Job",
    "KeyWrapping",
    "Locks",
    "Minter",
    "PackageFiles",
    "Purging",
    "Reader",
    "Reobserve",
    "RevocationBook",
    "StaffAccess",
    "Store",
    "TextBook",
    "TicketingBook",
    "Understanding",
    "WebhookBook",
    "WebhookQueue",
    "WorkingSet",
    "Writer",
]


class Store(Protocol):
    """Storage as a whole."""

    @property
    def writer(self) -> Writer:
        """The only way to change anything."""
        ...

    @property
    def reader(self) -> Reader:
        """Reads that take no lock."""
        ...

    @property
    def package_files(self) -> PackageFiles:
        """The files of access packages."""
        ...

    @property
    def claims(self) -> Claims:
        """Claims on due rows."""
        ...

    @property
    def text_book(self) -> TextBook:
        """Staff's text modules."""
        ...

    @property
    def agent_book(self) -> AgentBook:
        """Adding agents."""
        ...

    @property
    def duties(self) -> Duties:
        """Agents' availability."""
        ...

    @property
    def alarm_book(self) -> AlarmBook:
        """Staff alarms."""
        ...
