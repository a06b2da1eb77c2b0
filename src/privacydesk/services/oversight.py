"""What those who look over the desk look at."""

from __future__ import annotations

from dataclasses import dataclass

from privacydesk.ports import AuditTrail
from privacydesk.services.audit import Audit
from privacydesk.services.reports import Reports


@dataclass(frozen=True, slots=True)
class Oversight:
    """Looking over the desk.

    Attributes:
        reports: figures of any period.
        trail: who did what, chained.
        audit: notes which lists were taken away.
    """

    reports: Reports
    trail: AuditTrail
    audit: Audit
