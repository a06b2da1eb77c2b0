"""The services of the chat: turns, the API for users, and files in both directions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from privacydesk.app.dependencies import Dependencies
from privacydesk.app.service_settings import attendance_settings
from privacydesk.domain.agents import Agent
from privacydesk.i18n.negotiation import negotiate
from privacydesk.policy.library import FilePolicyLibrary
from privacydesk.services.access_packages.archive import Archive
from privacydesk.services.app_tokens import TokenChecker
from privacydesk.services.attachments import Attachments
from privacydesk.services.attendance import Attendance
from privacydesk.services.chat import ChatDesk
from privacydesk.services.commit_notifier import CommitNotifier
from privacydesk.services.incident_reads import IncidentReads
from privacydesk.services.open_questions import OpenQuestions
from privacydesk.services.opening_hours import OpeningHours
from privacydesk.services.own_requests import OwnRequests
from privacydesk.services.packages import Packages
from privacydesk.services.policies import Policies
from privacydesk.services.policy_uploads import PolicyUploads
from privacydesk.services.presence import Presence
from privacydesk.services.queue_waits import QueueWaits
from privacydesk.services.receipts import Receipts
from privacydesk.services.revocations import RevokedTokens
from privacydesk.services.saved_settings import SavedSettings
from privacydesk.services.staged_uploads import StagedUploads
from privacydesk.services.turns import Turns
from privacydesk.services.uploads import PictureConverter


@dataclass(frozen=True, slots=True)
class ChatServices:
    """The services of the chat.

    Attributes:
        revoked: the revoked app tokens; loaded by ``Revocations.refresh``.
        agents: the agents by name; loaded by ``Services.refresh_agents``.
    """

    commit_notifier: CommitNotifier
    presence: Presence
    attendance: Attendance
    turns: Turns
    staged_uploads: StagedUploads
    pictures: PictureConverter
    attachments: Attachments
    packages: Packages
    receipts: Receipts
    desk: ChatDesk
    incident_reads: IncidentReads
    revoked: RevokedTokens
    agents: dict[str, Agent]
    saved_settings: SavedSettings
    policies: Policies
    policy_uploads: PolicyUploads


def build_chat_services(deps: Dependencies) -> ChatServices:
    """Build the services of the chat."""
    store, clock, minter = deps.store, deps.clock, deps.minter
    commit_notifier, presence = CommitNotifier(), Presence(clock)
    hours = OpeningHours(deps.profile.shifts(), deps.deadlines)
    saved_settings = SavedSettings(
        store.saved_setting_store,
        clock,
        deadlines=deps.deadlines,
        hours=hours,
        set_shifts=deps.engine.set_shifts,
    )
    policies = Policies(
        store.policy_text_store, saved_settings, FilePolicyLibrary(deps.settings.data_dir), clock
    )
    attendance = Attendance(store.duties, hours, clock, attendance_settings(deps.settings))
    agents: dict[str, Agent] = {}
    revoked = RevokedTokens()
    turns = Turns(
        engine=deps.engine,
        writer=store.writer,
        reader=store.reader,
        changes_builder=deps.changes_builder,
        understanding=deps.understanding,
        render_quotes=deps.policy.render_quotes,
        questions=OpenQuestions(deps.engine.flows, deps.catalogs),
        hashing=deps.hashing,
        deadlines=deps.deadlines,
        attendance=attendance,
        clock=clock,
    )
    staged_uploads = StagedUploads(store, clock, timedelta(hours=deps.settings.staged_upload_hours))
    pictures = PictureConverter()
    attachments = Attachments(pictures, store.reader, minter, clock)
    packages = _build_packages(deps, turns)
    receipts = _build_receipts(deps)
    incident_reads = IncidentReads(store.incidents, clock)
    desk = ChatDesk(
        engine=deps.engine,
        turns=turns,
        store=store,
        changes_builder=deps.changes_builder,
        minter=minter,
        hashing=deps.hashing,
        commit_notifier=commit_notifier,
        presence=presence,
        clock=clock,
        negotiate=lambda languages: negotiate(languages, "") if languages else "",
        agent_names=lambda name: agents[name].public_name if name in agents else name,
        tokens=_token_checker(deps),
        revoked=revoked,
        staged=staged_uploads,
        pictures=pictures,
        attaching=attachments,
        packages=packages,
        own_requests=OwnRequests(
            store.reader, deps.hashing, deps.renderer, deps.profile.rules(), clock
        ),
        queue_waits=QueueWaits(hours, store.help_visits, clock),
        receipts=receipts,
        incident_reads=incident_reads,
    )
    return ChatServices(
        commit_notifier=commit_notifier,
        presence=presence,
        attendance=attendance,
        turns=turns,
        staged_uploads=staged_uploads,
        pictures=pictures,
        attachments=attachments,
        packages=packages,
        receipts=receipts,
        desk=desk,
        incident_reads=incident_reads,
        revoked=revoked,
        agents=agents,
        saved_settings=saved_settings,
        policies=policies,
        policy_uploads=PolicyUploads(
            policies, store.policy_text_store, store.periodic_tasks, clock
        ),
    )


def _build_packages(deps: Dependencies, turns: Turns) -> Packages:
    profile = deps.profile
    return Packages(
        archive=Archive(deps.catalogs, profile.zone, profile.rules().app_in),
        store=deps.store,
        turns=turns,
        minter=deps.minter,
        hashing=deps.hashing,
        clock=deps.clock,
        lifetime=timedelta(days=profile.package_days),
    )


def _build_receipts(deps: Dependencies) -> Receipts:
    profile = deps.profile
    return Receipts(
        deps.store.receipt_log,
        deps.renderer,
        deps.catalogs,
        zone=profile.zone,
        issuer=profile.app,
        app_in=profile.rules().app_in,
    )


def _token_checker(deps: Dependencies) -> TokenChecker | None:
    """Return the checker of app tokens; None if the app signs none."""
    settings = deps.settings
    if not settings.app_token_keys:
        return None
    return TokenChecker(settings.app_token_keys, settings.app_token_audience, deps.clock)
