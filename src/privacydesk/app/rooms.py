"""Everything made and wired, as values."""

from __future__ import annotations

from dataclasses import dataclass

from privacydesk.app.outside import Outside
from privacydesk.app.policies import PolicyInForce
from privacydesk.clock import Clock
from privacydesk.dialog.engine import Engine
from privacydesk.domain.agents import Agent
from privacydesk.domain.webhooks import Standing
from privacydesk.i18n.catalog import Catalogs
from privacydesk.ports import AuditTrail, Integrity, KeyWrapping, Store
from privacydesk.profile import OperatorProfile
from privacydesk.services.alarms import Alarms
from privacydesk.services.attendance import Attendance
from privacydesk.services.audit import Audit, Sealer
from privacydesk.services.callbacks import Callbacks
from privacydesk.services.chat import ChatDesk
from privacydesk.services.configuration import Configuration
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.hints import Hints
from privacydesk.services.inbound_mail import MailDoor
from privacydesk.services.integrations.once import Once
from privacydesk.services.integrations.tokens import Tokens
from privacydesk.services.oversight import Oversight
from privacydesk.services.packages import Packages
from privacydesk.services.retention import Retention
from privacydesk.services.revocations import Revocations
from privacydesk.services.signin.doors import Doors
from privacydesk.services.staff.staff import Staff
from privacydesk.services.staged import StagedUploads
from privacydesk.services.takeover import Takeover
from privacydesk.services.ticketing.sync_rounds import SyncRounds
from privacydesk.services.turns import Turns
from privacydesk.services.webhooks.endpoints import Endpoints
from privacydesk.services.webhooks.sending import Sending
from privacydesk.settings import Settings
from privacydesk.web.console.tools import Tools
from privacydesk.worker.loops import Worker
from privacydesk.worker.webhooks import WebhookWorker


@dataclass(frozen=True, slots=True)
class Upkeep:
    """The maintenance of a database.

    Attributes:
        trail: the audit entries, for viewing and checking.
        integrity: checks that every row is as it was written.
        sealer: chains the audit entries.
        retention: purges what was kept for its period.
        wrapping: wraps data keys anew after the ring got another key.
    """

    trail: AuditTrail
    integrity: Integrity
    sealer: Sealer
    retention: Retention
    wrapping: KeyWrapping


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Outgoing webhooks.

    Attributes:
        endpoints: manages the endpoints.
        sending: tries waiting postings, and watches for failures; with its ``worker`` None in
            processes that leave that to ``serve``.
    """

    endpoints: Endpoints
    sending: Sending | None = None
    worker: WebhookWorker | None = None

    def ailing(self) -> tuple[Standing, ...]:
        """Return the endpoints that failed to take their postings, as of the last check."""
        return self.sending.ailing if self.sending is not None else ()

    def wake(self) -> None:
        """Look for postings that are due."""
        if self.worker is not None:
            self.worker.wake()


@dataclass(frozen=True, slots=True)
class Integrations:
    """The services for API clients.

    Attributes:
        tokens: identify them.
        once: answers to their earlier requests.
        revocations: ends tokens of the app.
    """

    tokens: Tokens
    once: Once
    revocations: Revocations


@dataclass(frozen=True, slots=True)
class Rooms:
    """Everything made and wired, for serving, due work and commands.

    Attributes:
        doors: staff sign-in.
        oversight: reports and the audit book.
        configuration: compares profile, policy and calendars with other processes'.
        mail_door: None where no mail is received.
        ticketing: None without a ticketing system.
    """

    settings: Settings
    profile: OperatorProfile
    outside: Outside
    clock: Clock
    store: Store
    catalogs: Catalogs
    policy: PolicyInForce
    engine: Engine
    turns: Turns
    desk: ChatDesk
    staff: Staff
    takeover: Takeover
    attendance: Attendance
    alarms: Alarms
    worker: Worker
    staged: StagedUploads
    packages: Packages
    callbacks: Callbacks
    audit: Audit
    upkeep: Upkeep
    configuration: Configuration
    doors: Doors
    oversight: Oversight
    webhooks: Webhooks
    mail_door: MailDoor | None
    integrations: Integrations
    ticketing: SyncRounds | None
    deadlines: Deadlines
    hints: Hints
    tools: Tools
    agents: dict[str, Agent]

    async def refresh_agents(self) -> None:
        """Read the agents' names anew."""
        found = {agent.name: agent for agent in await self.store.reader.agents()}
        # Nobody may look between the two.
        self.agents.clear()
        self.agents.update(found)
