"""The container of all wired services."""

from __future__ import annotations

from dataclasses import dataclass

from privacydesk.app.external_services import ExternalServices
from privacydesk.app.policies import PolicyInForce
from privacydesk.app.saved_profile import SavedProfile
from privacydesk.clock import Clock
from privacydesk.dialog.engine import Engine
from privacydesk.domain.agents import Agent
from privacydesk.domain.webhooks import EndpointStatus
from privacydesk.i18n.catalog import Catalogs
from privacydesk.ports import AuditTrail, Integrity, KeyWrapping, ReceiptLog, Store
from privacydesk.profile import OperatorProfile
from privacydesk.services.alarms import Alarms
from privacydesk.services.attendance import Attendance
from privacydesk.services.audit import Audit, Sealer
from privacydesk.services.callbacks import Callbacks
from privacydesk.services.change_waiters import ChangeWaiters
from privacydesk.services.chat import ChatDesk
from privacydesk.services.commit_notifier import CommitNotifier
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.event_log import EventLog
from privacydesk.services.hash_rotation import HashSecretRotation
from privacydesk.services.inbound_mail import MailboxPoller
from privacydesk.services.incident_sending import IncidentSending
from privacydesk.services.intake import Intake
from privacydesk.services.integrations.api_tokens import ApiTokens
from privacydesk.services.integrations.idempotency import IdempotentRequests
from privacydesk.services.oversight import Oversight
from privacydesk.services.packages import Packages
from privacydesk.services.policies import Policies
from privacydesk.services.policy_uploads import PolicyUploads
from privacydesk.services.profiles import Profiles
from privacydesk.services.receipts import Receipts
from privacydesk.services.retention_run import Retention
from privacydesk.services.revocations import Revocations
from privacydesk.services.saved_settings import SavedSettings
from privacydesk.services.signin.services import SignInServices
from privacydesk.services.staff.services import StaffServices
from privacydesk.services.staged_uploads import StagedUploads
from privacydesk.services.takeover import Takeover
from privacydesk.services.ticketing.sync_rounds import SyncRounds
from privacydesk.services.turns import Turns
from privacydesk.services.webhooks.endpoints import Endpoints
from privacydesk.services.webhooks.sending import Sending
from privacydesk.settings import Settings
from privacydesk.web.console.services import ConsoleServices
from privacydesk.worker.event_log import EventLogWorker
from privacydesk.worker.group import WorkerGroup
from privacydesk.worker.webhooks import WebhookWorker


@dataclass(frozen=True, slots=True)
class Maintenance:
    """The services that maintain a database.

    Attributes:
        trail: reads and verifies the audit trail.
        integrity: verifies that no row was changed without the keys.
        sealer: seals new audit entries into a hash chain.
        retention: purges content after its retention period.
        wrapping: re-wraps data keys when the key ring has a new key.
        hash_rotation: replaces the hashing secret.
        receipt_log: checks the logs of receipts.
    """

    trail: AuditTrail
    integrity: Integrity
    sealer: Sealer
    retention: Retention
    wrapping: KeyWrapping
    hash_rotation: HashSecretRotation
    receipt_log: ReceiptLog


@dataclass(frozen=True, slots=True)
class Webhooks:
    """The services for outgoing webhooks.

    Attributes:
        endpoints: manages the endpoints.
        sending: sends deliveries and detects failing endpoints; None in commands, where ``serve``
            sends them.
        worker: runs ``sending`` in a loop; None where ``sending`` is None.
    """

    endpoints: Endpoints
    sending: Sending | None = None
    worker: WebhookWorker | None = None

    def failing_endpoints(self) -> tuple[EndpointStatus, ...]:
        """Return the failing endpoints, as of the last check."""
        return self.sending.ailing if self.sending is not None else ()

    def wake(self) -> None:
        """Make the worker look for due deliveries at once."""
        if self.worker is not None:
            self.worker.wake()


@dataclass(frozen=True, slots=True)
class Integrations:
    """The services for clients of the HTTP API.

    Attributes:
        tokens: manages and checks API tokens.
        idempotency: returns the stored response to a repeated request.
        revocations: revokes tokens of the app's users.
        intake: files requests for users.
        event_log: the log of events.
        event_log_worker: numbers the events of the log in a loop.
        waiters: requests that wait for a change.
    """

    tokens: ApiTokens
    idempotency: IdempotentRequests
    revocations: Revocations
    intake: Intake
    event_log: EventLog
    event_log_worker: EventLogWorker
    waiters: ChangeWaiters


@dataclass(frozen=True, slots=True)
class Services:
    """All services of a process, wired by ``open_services``.

    Attributes:
        turns: runs the dialogue engine on a user's input.
        desk: the chat's API for users.
        takeover: lets agents take over conversations.
        incident_sending: sends released incident notices.
        attendance: knows which agents are available.
        worker: the loops that work on due rows.
        receipts: signs how requests ended.
        callbacks: accepts late results from the account service.
        signin: signs in staff.
        oversight: reports and the audit trail, for auditors.
        saved_profile: notices a newer version of the profile.
        profiles: the versions of the profile.
        policies: imports versions of the policy, and keeps the one in force in the data folder.
        policy_uploads: imports uploaded files, and prepares them in the background.
        saved_settings: saves settings of administrators, and goes by the newest ones.
        mailbox_poller: receives mail; None if the desk receives none.
        ticketing: synchronizes with a helpdesk; None without one.
        commit_notifier: notifies open chats and consoles after a commit.
        console: the services behind the staff console.
        agents: the agents by name; see ``refresh_agents``.
    """

    settings: Settings
    profile: OperatorProfile
    external: ExternalServices
    clock: Clock
    store: Store
    catalogs: Catalogs
    policy: PolicyInForce
    engine: Engine
    turns: Turns
    desk: ChatDesk
    staff: StaffServices
    takeover: Takeover
    incident_sending: IncidentSending
    attendance: Attendance
    alarms: Alarms
    worker: WorkerGroup
    staged_uploads: StagedUploads
    packages: Packages
    receipts: Receipts
    callbacks: Callbacks
    audit: Audit
    maintenance: Maintenance
    saved_profile: SavedProfile
    profiles: Profiles
    saved_settings: SavedSettings
    policies: Policies
    policy_uploads: PolicyUploads
    signin: SignInServices
    oversight: Oversight
    webhooks: Webhooks
    mailbox_poller: MailboxPoller | None
    integrations: Integrations
    ticketing: SyncRounds | None
    deadlines: Deadlines
    commit_notifier: CommitNotifier
    console: ConsoleServices
    agents: dict[str, Agent]

    async def refresh_agents(self) -> None:
        """Reload ``agents`` from the database."""
        agents = {agent.name: agent for agent in await self.store.reader.agents()}
        # No await between these: other tasks must never see an empty dictionary.
        self.agents.clear()
        self.agents.update(agents)
