"""The services that the console uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from privacydesk.clock import Clock
from privacydesk.domain.agents import Agent
from privacydesk.domain.webhooks import EndpointStatus
from privacydesk.ports import Catalog, IdGenerator
from privacydesk.services.alarms import Alarms
from privacydesk.services.attachments import Attachments
from privacydesk.services.attendance import Attendance
from privacydesk.services.commit_notifier import CommitNotifier
from privacydesk.services.desk_status import DeskStatus
from privacydesk.services.event_log import EventLog
from privacydesk.services.inbox import Inbox
from privacydesk.services.integrations.api_tokens import ApiTokens
from privacydesk.services.operator_settings import OperatorSettings
from privacydesk.services.presence import Presence
from privacydesk.services.profiles import Profiles
from privacydesk.services.receipts import Receipts
from privacydesk.services.rendering import Renderer
from privacydesk.services.staff.case_pages import CasePages
from privacydesk.services.staff.incidents import Incidents
from privacydesk.services.staff.saved_views import SavedViews
from privacydesk.services.staff.services import StaffServices
from privacydesk.services.staff.text_modules import TextModules
from privacydesk.services.staff.translations import Translations
from privacydesk.services.takeover import Takeover
from privacydesk.services.webhooks.endpoints import Endpoints
from privacydesk.services.workload import Workloads


@dataclass(frozen=True, slots=True)
class ConsoleServices:
    """Services of the console's pages, except sign-in, audit and reports.

    Attributes:
        agents: all agents by name, as of the last read of the roster.
        zone: the operator's time zone.
        endpoints: webhook endpoints; None if there is no database.
        event_log: the log of events; None if there is no database.
        tokens: tokens of the HTTP API; None if there is no database.
        failing_endpoints: returns the webhook endpoints whose deliveries fail.
    """

    inbox: Inbox
    case_pages: CasePages
    modules: TextModules
    saved_views: SavedViews
    translations: Translations
    staff: StaffServices
    takeover: Takeover
    incidents: Incidents
    workloads: Workloads
    operator_settings: OperatorSettings
    profiles: Profiles
    attachments: Attachments
    presence: Presence
    commit_notifier: CommitNotifier
    renderer: Renderer
    catalog: Catalog
    minter: IdGenerator
    clock: Clock
    agents: Mapping[str, Agent]
    zone: str
    attendance: Attendance
    alarms: Alarms
    receipts: Receipts
    endpoints: Endpoints | None
    event_log: EventLog | None
    tokens: ApiTokens | None
    failing_endpoints: Callable[[], Sequence[EndpointStatus]]
    desk_status: DeskStatus
