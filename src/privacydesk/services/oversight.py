"""The services behind reports, ticket lists and the audit log."""

from __future__ import annotations

from dataclasses import dataclass

from privacydesk.ports import Cases
from privacydesk.services.audit import Audit
from privacydesk.services.audit_reader import AuditReader
from privacydesk.services.packs.packs import Packs
from privacydesk.services.reports import Reports


@dataclass(frozen=True, slots=True)
class Oversight:
    """The services that supervisors and auditors use.

    Attributes:
        reports: makes the report of a period.
        cases: reads tickets for lists.
        book: reads the hash-chained audit log.
        audit: records which lists were exported.
        packs: builds and exports packs of evidence.
    """

    reports: Reports
    cases: Cases
    book: AuditReader
    audit: Audit
    packs: Packs
