"""The services behind oversight of the desk."""

from __future__ import annotations

from dataclasses import dataclass

from privacydesk.ports import Cases
from privacydesk.services.audit import Audit
from privacydesk.services.audit_book import AuditBook
from privacydesk.services.reports import Reports


@dataclass(frozen=True, slots=True)
class Oversight:
    """The services that reports, lists and the audit book are read from.

    Attributes:
        reports: figures of any period.
        cases: requests, for lists of them.
        book: who did what, chained.
        audit: notes which lists were exported.
    """

    reports: Reports
    cases: Cases
    book: AuditBook
    audit: Audit
