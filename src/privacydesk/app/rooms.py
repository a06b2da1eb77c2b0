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
from privacydesk.services.integrations.once import Once
from privacydesk.services.integrations.tokens import Tokens
from privacydesk.services.mail_door import MailDoor
from privacydesk.services.oversight import Oversight
from privacydesk.services.packages import Packages
from privacydesk.services.retention import Retention
from privacydesk.services.revocations import Revocations
from privacydesk.services.signin.doors import Doors
from privacydesk.services.staff.staff import Staff
from privacydesk.services.staged import StagedUploads
from privacydesk.services.takeover import Takeover
from privacydesk.services.ticketing.syncing import Syncing
from privacydesk.services.turns import Turns
from privacydesk.services.webhooks.endpoints import Endpoints
from privacydesk.services.webhooks.sending import Sending
from privacydesk.settings import Settings
from privacydesk.web.console.tools import Tools
from privacydesk.worker.loops import Worker
from privacydesk.worker.webhooks import WebhookWorker


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What a database needs done to it.

    Attributes:
        trail: the audit entries, for whoever looks at them or checks them.
        integrity: checks that every row is as it was written.
        sealer: chains what was audited.
        retention: takes away what was kept for its period.
        wrapping: wraps data keys anew after the ring got another key.
    """

    trail: AuditTrail
    integrity: Integrity
    sealer: Sealer
    retention: Retention
    wrapping: KeyWrapping


@dataclass(frozen=True, slots=True)
class Webhooks:
    """What tells other systems.

    Attributes:
        endpoints: looks after who is told.
        sending: tries what waits, and watches what does not get through; with its ``worker`` None
            for whoever leaves that to ``serve``.
    """

    endpoints: Endpoints
    sending: Sending | None = None
    worker: WebhookWorker | None = None

    def ailing(self) -> tuple[Standing, ...]:
        """Return the endpoints that do not take what waits for them, as last looked at."""
        return self.sending.ailing if self.sending is not None else ()

    def wake(self) -> None:
        """Look for postings that are due."""
        if self.worker is not None:
            self.worker.wake()


@dataclass(frozen=True, slots=True)
class Integrations:
    """What programs come in with.

    Attributes:
        tokens: who they are.
        once: what they asked before.
        revocations: ends tokens of the app.
    """

    tokens: Tokens
    once: Once
    revocations: Revocations


@dataclass(frozen=True, slots=True)
class Rooms:
    """Everything made and wired, for whoever serves, works or commands.

    Attributes:
        doors: how staff get in; None where ``upkeep`` is.
        oversight: what is looked at from above; None where ``upkeep`` is.
        upkeep: None with a store of the caller's own, which is gone at the end anyway.
        configuration: compares profile, policy and calendars with other processes'; None there.
        webhooks: None there, too.
        mail_door: None where no mails are taken in, and there.
        integrations: None there, too.
        ticketing: None where no ticketing system is joined, and there.
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
    upkeep: Upkeep | None
    configuration: Configuration | None
    doors: Doors | None
    oversight: Oversight | None
    webhooks: Webhooks | None
    mail_door: MailDoor | None
    integrations: Integrations | None
    ticketing: Syncing | None
    deadlines: Deadlines
    hints: Hints
    tools: Tools
    agents: dict[str, Agent]

    async def refresh_agents(self) -> None:
        """Read the agents' names anew."""
        self.agents.clear()
        self.agents.update({agent.name: agent for agent in await self.store.reader.agents()})
