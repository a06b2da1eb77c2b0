"""The services that the console uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from privacydesk.clock import Clock
from privacydesk.domain.agents import Agent
from privacydesk.domain.webhooks import Standing
from privacydesk.ports import Catalog, Minter
from privacydesk.services.alarms import Alarms
from privacydesk.services.attachments import Attachments
from privacydesk.services.attendance import Attendance
from privacydesk.services.cards import Wording
from privacydesk.services.hints import Hints
from privacydesk.services.inbox import Inbox
from privacydesk.services.integrations.tokens import Tokens
from privacydesk.services.presence import Presence
from privacydesk.services.staff.casework import Casework
from privacydesk.services.staff.modules import Modules
from privacydesk.services.staff.staff import Staff
from privacydesk.services.takeover import Takeover
from privacydesk.services.webhooks.endpoints import Endpoints


@dataclass(frozen=True, slots=True)
class Tools:
    """The services behind the inbox and the case page.

    Attributes:
        agents: everybody by name, as last read.
        zone: where the operator's days begin.
        endpoints: webhook endpoints; None where nothing is stored.
        tokens: other systems' API tokens; None there, too.
        ailing: returns the endpoints whose deliveries fail.
    """

    inbox: Inbox
    casework: Casework
    modules: Modules
    staff: Staff
    takeover: Takeover
    attaching: Attachments
    presence: Presence
    hints: Hints
    wording: Wording
    catalog: Catalog
    minter: Minter
    clock: Clock
    agents: Mapping[str, Agent]
    zone: str
    attendance: Attendance
    alarms: Alarms
    endpoints: Endpoints | None
    tokens: Tokens | None
    ailing: Callable[[], Sequence[Standing]]
