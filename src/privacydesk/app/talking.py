"""The services that talk with users: turns, the chat's desk, and files in both directions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from privacydesk.app.basis import Basis
from privacydesk.app.terms import attendance_terms
from privacydesk.domain.agents import Agent
from privacydesk.i18n.negotiation import negotiate
from privacydesk.services.access_packages.archive import Archive
from privacydesk.services.attachments import Attachments
from privacydesk.services.attendance import Attendance
from privacydesk.services.chat import ChatDesk
from privacydesk.services.credentials import TokenChecker
from privacydesk.services.hints import Hints
from privacydesk.services.hours import Hours
from privacydesk.services.open_questions import OpenQuestions
from privacydesk.services.packages import Packages
from privacydesk.services.presence import Presence
from privacydesk.services.revocations import RevokedTokens
from privacydesk.services.staged import StagedUploads
from privacydesk.services.turns import Turns
from privacydesk.services.uploads import Pictures


@dataclass(frozen=True, slots=True)
class Talking:
    """The services that talk with users.

    Attributes:
        revoked: app tokens that were revoked; ``Revocations.refresh`` fills it.
        agents: who is on the staff, by name; ``Rooms.refresh_agents`` fills it.
    """

    hints: Hints
    presence: Presence
    attendance: Attendance
    turns: Turns
    staged: StagedUploads
    pictures: Pictures
    attaching: Attachments
    packages: Packages
    desk: ChatDesk
    revoked: RevokedTokens
    agents: dict[str, Agent]


def make_talking(basis: Basis) -> Talking:
    """Make the services that talk with users."""
    store, clock, minter = basis.store, basis.clock, basis.minter
    hints, presence = Hints(), Presence(clock)
    hours = Hours(basis.profile.shifts(), basis.deadlines)
    attendance = Attendance(store.duties, hours, clock, attendance_terms(basis.settings))
    agents: dict[str, Agent] = {}
    revoked = RevokedTokens()
    turns = Turns(
        engine=basis.engine,
        writer=store.writer,
        reader=store.reader,
        maker=basis.turn_maker,
        understanding=basis.understanding,
        questions=OpenQuestions(basis.engine.flows, basis.catalogs),
        hashing=basis.hashing,
        deadlines=basis.deadlines,
        attendance=attendance,
        clock=clock,
    )
    staged = StagedUploads(store, clock, timedelta(hours=basis.settings.staged_upload_hours))
    pictures = Pictures()
    attaching = Attachments(pictures, store.reader, minter, clock)
    packages = _packages(basis, turns)
    desk = ChatDesk(
        engine=basis.engine,
        turns=turns,
        store=store,
        maker=basis.turn_maker,
        minter=minter,
        hashing=basis.hashing,
        hints=hints,
        presence=presence,
        clock=clock,
        negotiate=lambda languages: negotiate(languages, "") if languages else "",
        agent_names=lambda name: agents[name].display_name if name in agents else name,
        tokens=_token_checker(basis),
        revoked=revoked,
        staged=staged,
        pictures=pictures,
        attaching=attaching,
        packages=packages,
    )
    return Talking(
        hints=hints,
        presence=presence,
        attendance=attendance,
        turns=turns,
        staged=staged,
        pictures=pictures,
        attaching=attaching,
        packages=packages,
        desk=desk,
        revoked=revoked,
        agents=agents,
    )


def _packages(basis: Basis, turns: Turns) -> Packages:
    profile = basis.profile
    return Packages(
        archive=Archive(basis.catalogs, profile.zone, profile.rules().app_in),
        store=basis.store,
        turns=turns,
        minter=basis.minter,
        hashing=basis.hashing,
        clock=basis.clock,
        kept_for=timedelta(days=profile.package_days),
    )


def _token_checker(basis: Basis) -> TokenChecker | None:
    """Return the checker of the app's tokens; None where the app signs none."""
    settings = basis.settings
    if not settings.app_token_keys:
        return None
    return TokenChecker(settings.app_token_keys, settings.app_token_audience, basis.clock)
