"""The services with which staff work on tickets, and those of the console."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from privacydesk.app.chat_services import ChatServices
from privacydesk.app.dependencies import Dependencies
from privacydesk.app.service_settings import notice_channels
from privacydesk.app.supporting_services import SupportingServices
from privacydesk.services.alarms import Alarms
from privacydesk.services.audit import Audit
from privacydesk.services.calendar_plan import CalendarPlanner
from privacydesk.services.desk_status import DeskStatus
from privacydesk.services.inbox import Inbox
from privacydesk.services.incident_sending import IncidentSending
from privacydesk.services.notice_texts import NoticeTexts
from privacydesk.services.notices import Notices
from privacydesk.services.operator_settings import OperatorSettings
from privacydesk.services.profiles import Profiles
from privacydesk.services.staff.case_pages import CasePages
from privacydesk.services.staff.incidents import Incidents
from privacydesk.services.staff.saved_views import SavedViews
from privacydesk.services.staff.services import StaffServices, make_staff_services
from privacydesk.services.staff.text_modules import TextModules
from privacydesk.services.staff.translations import Translations
from privacydesk.services.takeover import Takeover
from privacydesk.services.workload import Workloads
from privacydesk.web.console.services import ConsoleServices


@dataclass(frozen=True, slots=True)
class CaseworkServices:
    """The services with which staff work on tickets and conversations.

    Attributes:
        notices: builds the notices that tell users about news.
        alarms: alerts agents.
        staff: the actions on tickets.
        takeover: lets agents take over conversations.
        incidents: prepares and releases incident notices.
        incident_sending: sends them.
    """

    notices: Notices
    alarms: Alarms
    staff: StaffServices
    takeover: Takeover
    incidents: Incidents
    incident_sending: IncidentSending


def build_casework_services(deps: Dependencies, chat: ChatServices) -> CaseworkServices:
    """Build the services with which staff work on tickets."""
    store, clock, profile = deps.store, deps.clock, deps.profile
    notices = Notices(deps.minter, notice_channels(deps.settings, profile))
    alarms = Alarms(store.alarm_store, store.reader, store.duties, clock)
    chat.turns.on_alarm = alarms.raise_turn_alarm
    staff = make_staff_services(
        turns=chat.turns,
        store=store,
        row_builder=deps.row_builder,
        minter=deps.minter,
        hashing=deps.hashing,
        deadlines=deps.deadlines,
        notices=notices,
        alarms=alarms,
        clock=clock,
        accounts=deps.external.accounts,
        second_eyes=profile.two_person_kinds(),
        closing_faces=profile.closing_faces.strip(),
        teams=profile.teams_by_name(),
        changed=chat.commit_notifier.notify_watchers,
        separation=timedelta(days=deps.settings.separation_days),
    )
    takeover = Takeover(
        turns=chat.turns,
        store=store,
        staff=staff,
        attendance=chat.attendance,
        presence=chat.presence,
        attaching=chat.attachments,
        minter=deps.minter,
        clock=clock,
    )
    incidents = Incidents(
        store=store.incidents,
        roster=staff.roster,
        hashing=deps.hashing,
        catalog=deps.catalogs,
        notice_texts=NoticeTexts(deps.catalogs, profile.rules().app_in, profile.notices.link),
        locales=deps.catalogs.locales,
        minter=deps.minter,
        clock=clock,
    )
    sending = IncidentSending(
        store=store,
        tasks=store.periodic_tasks,
        turns=chat.turns,
        notices=notices,
        open_conversation=chat.desk.conversation_of,
        reads=chat.incident_reads,
        clock=clock,
    )
    return CaseworkServices(notices, alarms, staff, takeover, incidents, sending)


def build_console_services(
    deps: Dependencies,
    chat: ChatServices,
    casework: CaseworkServices,
    supporting: SupportingServices,
    *,
    audit: Audit,
    profiles: Profiles,
) -> ConsoleServices:
    """Build the services behind the staff console."""
    store, clock, catalogs, profile = deps.store, deps.clock, deps.catalogs, deps.profile
    staff, ticketing = casework.staff, supporting.ticketing
    webhooks, integrations = supporting.webhooks, supporting.integrations
    return ConsoleServices(
        inbox=Inbox(store.reader, deps.hashing, deps.deadlines, clock),
        case_pages=CasePages(
            store.reader,
            staff.tickets,
            chat.presence,
            store.text_module_store,
            ticketing.link if ticketing is not None else None,
        ),
        modules=TextModules(
            store=store.text_module_store,
            roster=staff.roster,
            catalog=catalogs,
            locales=catalogs.locales,
            app_name=profile.rules().app_in,
            deadlines=deps.deadlines,
            clock=clock,
        ),
        saved_views=SavedViews(store.saved_view_store, staff.roster, deps.minter, clock),
        translations=Translations(deps.external.translator, staff.roster, audit, deps.minter),
        staff=staff,
        takeover=casework.takeover,
        incidents=casework.incidents,
        operator_settings=OperatorSettings(
            closing_faces=profile.closing_faces.strip(),
            hours=chat.attendance.hours,
            deadlines=deps.deadlines,
            policy_name=deps.policy.name,
            policies=chat.policies,
            uploads=chat.policy_uploads,
            clauses=profile.clause_map(),
            clock=clock,
            saved=chat.saved_settings,
            planner=CalendarPlanner(store.reader, deps.deadlines, clock),
        ),
        profiles=profiles,
        workloads=Workloads(store.reader, deps.deadlines, clock),
        attachments=chat.attachments,
        presence=chat.presence,
        commit_notifier=chat.commit_notifier,
        renderer=deps.renderer,
        catalog=catalogs,
        minter=deps.minter,
        clock=clock,
        agents=chat.agents,
        zone=profile.zone,
        attendance=chat.attendance,
        alarms=casework.alarms,
        receipts=chat.receipts,
        endpoints=webhooks.endpoints,
        event_log=integrations.event_log,
        tokens=integrations.tokens,
        failing_endpoints=webhooks.failing_endpoints,
        desk_status=DeskStatus(store.figures, deps.external.outages, deps.settings.data_dir, clock),
    )
